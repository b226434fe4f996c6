# cairn_module(<folder under src> [DEPS target...] [NO_PCH])
#
# Makes from src/<folder>:
#   cairn_<folder>            a static library of *.cpp (without *_test.cpp, *_fuzz.cpp, main.cpp)
#   cairn_<folder>_test       one program of all *_test.cpp, registered with ctest
#   cairn_<folder>_<x>_fuzz   one program per <x>_fuzz.cpp: libFuzzer's with CAIRN_FUZZ, else it
#                             replays tests/fuzz/corpus/<x>, registered with ctest as fuzz/...
# Slashes in the folder become underscores. A module with sub-modules of its own does not glob into
# a folder that has its own cairn_module() line: say so with EXCLUDE.
# A precompiled header holds absolute paths, so its bytes differ in every checkout, and ccache would
# share nothing between two. It takes the text of a file beside it instead (pch_external_checksum):
# what the header includes, and the versions of the packages that bring it.
function(cairn_name_pch target header)
  set(versions "")
  find_program(DPKG_QUERY dpkg-query)
  if(DPKG_QUERY)
    execute_process(COMMAND ${DPKG_QUERY} -W libboost1.81-dev libboost-json1.81-dev
                            libstdc++-12-dev libc6-dev libgtest-dev libgmock-dev OUTPUT_VARIABLE versions ERROR_QUIET)
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
  file(READ "${header}" text)
  if(text MATCHES "base/pch\\.h")  # What the header of tests begins with.
    file(READ "${CMAKE_SOURCE_DIR}/src/base/pch.h" more)
    string(APPEND text "${more}")
  endif()
  string(SHA256 sum "${text}${versions}")
  file(WRITE "${CMAKE_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum" "${sum}\n")
endfunction()

function(cairn_module folder)
  cmake_parse_arguments(ARG "NO_PCH" "" "DEPS;EXCLUDE" ${ARGN})
  string(REPLACE "/" "_" name "${folder}")
  set(dir "${CMAKE_SOURCE_DIR}/src/${folder}")
  if(NOT IS_DIRECTORY "${dir}")
    return()
  endif()
  file(GLOB_RECURSE all CONFIGURE_DEPENDS "${dir}/*.cpp")
  foreach(ex IN LISTS ARG_EXCLUDE)
    list(FILTER all EXCLUDE REGEX "^${dir}/${ex}/")
  endforeach()
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cpp$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  if(NOT sources)
    return()
  endif()
  add_library(cairn_${name} STATIC ${sources})
  target_include_directories(cairn_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(cairn_${name} PUBLIC ${ARG_DEPS})
  if(NOT ARG_NO_PCH)
    if(folder STREQUAL "base")
      target_precompile_headers(cairn_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src/base/pch.h")
      cairn_name_pch(cairn_${name} "${CMAKE_SOURCE_DIR}/src/base/pch.h")
    else()
      target_precompile_headers(cairn_${name} REUSE_FROM cairn_base)
    endif()
  endif()

  if(tests)
    add_executable(cairn_${name}_test ${tests})
    target_link_libraries(cairn_${name}_test PRIVATE cairn_${name} GTest::gtest GTest::gmock
                                                     GTest::gtest_main)
    # Code that runs once is not worth optimizing: -O0 halves the time to compile it.
    target_compile_options(cairn_${name}_test PRIVATE "$<$<CONFIG:Release>:-O0>")
    if(NOT ARG_NO_PCH)
      if(folder STREQUAL "base")
        target_precompile_headers(cairn_${name}_test PRIVATE "${CMAKE_SOURCE_DIR}/src/base/pch_test.h")
        cairn_name_pch(cairn_${name}_test "${CMAKE_SOURCE_DIR}/src/base/pch_test.h")
      else()
        target_precompile_headers(cairn_${name}_test REUSE_FROM cairn_base_test)
      endif()
    endif()
    add_test(NAME ${folder} COMMAND cairn_${name}_test --gtest_brief=1)
    set_tests_properties(${folder} PROPERTIES
      TIMEOUT 900 ENVIRONMENT "CAIRN_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  endif()

  foreach(source IN LISTS fuzzers)
    get_filename_component(stem "${source}" NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject "${stem}")
    add_executable(cairn_${name}_${stem} "${source}")
    target_link_libraries(cairn_${name}_${stem} PRIVATE cairn_${name})
    if(CAIRN_FUZZ)
      target_compile_options(cairn_${name}_${stem} PRIVATE -fsanitize=fuzzer)
      target_link_options(cairn_${name}_${stem} PRIVATE -fsanitize=fuzzer)
    else()
      # Every build replays the corpus; the file has no main of its own.
      target_sources(cairn_${name}_${stem} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/fuzz_replay.cpp")
      add_test(NAME fuzz/${folder}/${subject}
               COMMAND cairn_${name}_${stem} "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${subject}")
      set_tests_properties(fuzz/${folder}/${subject} PROPERTIES TIMEOUT 300 LABELS fuzz)
    endif()
  endforeach()
endfunction()
