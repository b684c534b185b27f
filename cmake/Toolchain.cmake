# Warnings, sanitizers, hardening, compiler cache. Applied to our own targets by jackdaw_compile_options().

find_program(JACKDAW_CCACHE ccache)
if(JACKDAW_CCACHE)
  # Objects are found again in another checkout of the same source.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${JACKDAW_CCACHE})
endif()

find_program(JACKDAW_MOLD mold)
if(JACKDAW_MOLD AND NOT JACKDAW_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()

function(jackdaw_compile_options target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2
    -Wno-missing-field-initializers  # designated initializers leave defaults alone on purpose
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these inside its own headers and inside coroutines.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-mismatched-new-delete)
  endif()
  if(JACKDAW_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_definitions(${target} PRIVATE BOOST_ASIO_NO_DEPRECATED)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT JACKDAW_SANITIZE)
    target_compile_options(${target} PRIVATE -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE)
    target_compile_definitions(${target} PRIVATE _FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
    target_link_options(${target} PRIVATE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
  endif()
endfunction()

# Sanitizers apply to all targets but those that call jackdaw_no_sanitizers (the confined parser).
function(jackdaw_sanitize target)
  if(JACKDAW_SANITIZE STREQUAL "address")
    set(flags -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  elseif(JACKDAW_SANITIZE STREQUAL "thread")
    # ThreadSanitizer does not know the stand-alone fences of Asio; without them Asio uses what it does know.
    set(flags -fsanitize=thread -fno-omit-frame-pointer -DBOOST_ASIO_DISABLE_FENCED_BLOCK)
  else()
    return()
  endif()
  target_compile_options(${target} PRIVATE ${flags})
  target_link_options(${target} PUBLIC ${flags})
endfunction()

# UBSan needs a free descriptor whenever it meets a dynamic type for the first time. For what runs in the test that takes
# all descriptors away.
function(jackdaw_no_vptr_check target)
  if(TARGET ${target} AND JACKDAW_SANITIZE STREQUAL "address")
    target_compile_options(${target} PRIVATE -fno-sanitize=vptr)
  endif()
endfunction()
