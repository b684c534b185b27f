# One room of src/ is one static library with its unit tests beside it.
#
#   jackdaw_module(index USES core OWNS faiss LIBRARIES ...)
#
# The sources are all *.cpp of the folder, the tests all *_test.cpp. USES names the rooms it may include (the same rule
# that tools/check_includes.py checks), LIBRARIES the third-party targets that only this room sees.
function(jackdaw_module name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES;EXCLUDE;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  foreach(excluded ${arg_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${excluded})
  endforeach()

  add_library(jackdaw_${name} STATIC ${sources})
  jackdaw_compile_options(jackdaw_${name})
  jackdaw_sanitize(jackdaw_${name})
  foreach(used ${arg_USES})
    target_link_libraries(jackdaw_${name} PUBLIC jackdaw_${used})
  endforeach()
  target_link_libraries(jackdaw_${name} PRIVATE ${arg_LIBRARIES})

  if(JACKDAW_TESTS AND tests)
    jackdaw_test(jackdaw_${name}_tests SOURCES ${tests} LIBRARIES jackdaw_${name} ${arg_LIBRARIES} ${arg_TEST_LIBRARIES})
  endif()
endfunction()

# A GoogleTest program whose tests ctest lists one by one.
function(jackdaw_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  jackdaw_compile_options(${name})
  jackdaw_sanitize(${name})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    JACKDAW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" JACKDAW_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest GTest::gtest_main)
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
endfunction()
