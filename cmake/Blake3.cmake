# blake3: the reference implementation in C with its assembly; what the processor can do is found out
# at run time. Sources: scripts/fetch-crates.
enable_language(ASM)
execute_process(COMMAND "${CMAKE_SOURCE_DIR}/scripts/fetch-crates" COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             cmake/crates/Cargo.toml cmake/crates/Cargo.lock scripts/fetch-crates)

set(dir "${CMAKE_SOURCE_DIR}/build/crates/blake3")
add_library(blake3 STATIC "${dir}/blake3.c" "${dir}/blake3_dispatch.c" "${dir}/blake3_portable.c")
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  foreach(set sse2 sse41 avx2 avx512)
    target_sources(blake3 PRIVATE "${dir}/blake3_${set}_x86-64_unix.S")
  endforeach()
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  target_sources(blake3 PRIVATE "${dir}/blake3_neon.c")
endif()
# SYSTEM and -w: our warnings are not its affair.
target_include_directories(blake3 SYSTEM PUBLIC "${dir}")
target_compile_options(blake3 PRIVATE -w)
