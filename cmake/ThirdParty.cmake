# Every third-party library, found once, under one name a job. A room links what it owns, PRIVATE.

if(NOT EXISTS ${JACKDAW_THIRD_PARTY}/pdfium)
  message(FATAL_ERROR "${JACKDAW_THIRD_PARTY}/pdfium is missing. Run 'make setup' once, then build again.")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(spdlog REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n data)
find_package(SQLite3 REQUIRED)
find_package(LAPACK REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
foreach(format libzip pugixml gumbo md4c uchardet)
  string(TOUPPER ${format} name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${format})
endforeach()

find_library(JACKDAW_FAISS_ARCHIVE faiss REQUIRED)
add_library(jackdaw_faiss INTERFACE)
target_link_libraries(jackdaw_faiss INTERFACE ${JACKDAW_FAISS_ARCHIVE} LAPACK::LAPACK gomp)
find_library(JACKDAW_STEMMER stemmer REQUIRED)

# The judge of the encoder engine in its tests; no part of the program.
set(openvino_default OFF)
if(JACKDAW_TESTS AND EXISTS ${JACKDAW_THIRD_PARTY}/openvino)
  set(openvino_default ON)
endif()
option(JACKDAW_OPENVINO "Compare the encoder engine with OpenVINO in the tests" ${openvino_default})
if(JACKDAW_OPENVINO)
  file(GLOB openvino_library ${JACKDAW_THIRD_PARTY}/openvino/libs/libopenvino.so.*)
  if(NOT openvino_library)
    message(FATAL_ERROR "JACKDAW_OPENVINO is on, but ${JACKDAW_THIRD_PARTY}/openvino is missing. Run 'tools/setup.sh test' "
      "once, or build with -DJACKDAW_OPENVINO=OFF.")
  endif()
  add_library(jackdaw_openvino INTERFACE)
  target_include_directories(jackdaw_openvino SYSTEM INTERFACE ${JACKDAW_THIRD_PARTY}/openvino/include)
  target_link_libraries(jackdaw_openvino INTERFACE ${openvino_library})
endif()

add_library(jackdaw_pdfium SHARED IMPORTED)
set_target_properties(jackdaw_pdfium PROPERTIES
  IMPORTED_LOCATION ${JACKDAW_THIRD_PARTY}/pdfium/lib/libpdfium.so IMPORTED_SONAME libpdfium.so)

