#pragma once

#include "service/audit/audit.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

// Sums as they are stored: a mask of those that are not zero and a variable-length number for each of them. Most are
// zero, and a row has to be read in well under a microsecond.
namespace bursar::audit {

/// Every number of UsageSums, in the order in which they are stored; it never changes, further ones come behind.
inline constexpr std::size_t numbers_count = 37;
using Numbers = std::array<std::int64_t, numbers_count>;

/// Adds a row to the sums of its combination.
void count(Numbers& numbers, const Outcome& outcome);
void add(Numbers& numbers, const Numbers& others);
std::string pack(const Numbers& numbers);
/// Adds packed numbers. False if the bytes are none.
bool add_packed(Numbers& numbers, std::string_view bytes);
UsageSums sums_of(const Numbers& numbers);

}  // namespace bursar::audit
