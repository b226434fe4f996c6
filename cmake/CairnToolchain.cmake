set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Programs share the precompiled header of the libraries, so both are compiled as -fPIC.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness is what ccache's manual asks for with precompiled headers (section
  # "Precompiled headers"); the base folder makes two checkouts share one cache.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

# The precompiled header by an option whose path ccache makes relative; CMake's own names the header
# as well, absolutely, and no two checkouts would ever share an object.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-unused-parameter
                    -Wno-missing-field-initializers -Wno-gnu-zero-variadic-macro-arguments
                    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>"
                    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." -fcolor-diagnostics)
add_link_options(-fuse-ld=lld)

# Boost.Asio: coroutines only, no deprecated names; one place decides for every target, or two
# translation units would disagree about the layout of its types.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
                        BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)

set(CAIRN_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as clang spells them")
if(CAIRN_SANITIZE)
  add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CAIRN_SANITIZE})
endif()
option(CAIRN_FUZZ "Build the libFuzzer targets (*_fuzz.cpp)" OFF)
if(CAIRN_FUZZ OR CAIRN_SANITIZE MATCHES "address")
  # Coverage of the whole program, not only of the file with the fuzz target; and the same for the
  # sanitized tests, so that the two builds share their objects.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
