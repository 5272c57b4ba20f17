# What nearly every file reads of the standard library and fmt, compiled once for all libraries and once for all tests: reading it is most of
# what a file costs. A name of these that a header of ours has from nowhere is found by tests/rules/includes_test.py.
set(bursar_common_headers
    <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <cstring> <expected> <filesystem> <fstream> <functional>
    <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant>
    <vector> <fmt/format.h> <fmt/ranges.h>)

# Two, since code of libraries and of programs is position-independent in two ways, which one precompiled header cannot serve.
file(CONFIGURE OUTPUT common_headers/library.cpp CONTENT "namespace {}\n")
file(CONFIGURE OUTPUT common_headers/program.cpp CONTENT "int main() {}\n")

add_library(bursar_library_headers STATIC EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/common_headers/library.cpp")
target_link_libraries(bursar_library_headers PRIVATE bursar_options third::fmt)
target_precompile_headers(bursar_library_headers PRIVATE ${bursar_common_headers})

# Of tests, optimising is half of the cost and nobody's gain: what they try is in the libraries.
set(bursar_test_options -O0)
function(bursar_test_headers)
    add_executable(bursar_test_headers EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/common_headers/program.cpp")
    target_compile_options(bursar_test_headers PRIVATE ${bursar_test_options})
    target_link_libraries(bursar_test_headers PRIVATE bursar_options third::fmt GTest::gtest)
    target_precompile_headers(bursar_test_headers PRIVATE ${bursar_common_headers} <gtest/gtest.h>)
endfunction()
