# The compiler, its warnings and the hardening that tests/rules reads back from the built programs.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(FATAL_ERROR "g++ below 13 miscompiles coroutines (docs/decisions/0002-clang-19.md); use clang++-19: cmake --preset dev")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_LINK_LIBRARIES_ONLY_TARGETS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
include(CheckPIESupported)
check_pie_supported()

find_program(BURSAR_CCACHE ccache)
if(BURSAR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Precompiled headers carry times and macros of their own; ccache must be told not to mind.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_NOHASHDIR=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" "${BURSAR_CCACHE}")
endif()

# Everything of ours gets these; third-party headers come in as SYSTEM.
add_library(bursar_options INTERFACE)
target_compile_options(bursar_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough -Werror -Wno-missing-designated-field-initializers
    -fstack-protector-strong -fstack-clash-protection -fcf-protection -fno-plt -Winvalid-pch)
target_compile_definitions(bursar_options INTERFACE _GLIBCXX_ASSERTIONS BURSAR_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(bursar_options INTERFACE -fpch-instantiate-templates -Xclang -fno-pch-timestamp -Wthread-safety)
endif()
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT BURSAR_SANITIZE)
    target_compile_options(bursar_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
target_link_options(bursar_options INTERFACE -fuse-ld=lld -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)

set(BURSAR_SANITIZE "" CACHE STRING "Sanitisers, as clang names them: address,undefined or thread")
if(BURSAR_SANITIZE)
    add_compile_options(-fsanitize=${BURSAR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${BURSAR_SANITIZE})
endif()
if(BURSAR_FUZZ)
    # The libraries report their branches, or the fuzzer would be blind.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
