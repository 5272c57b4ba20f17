#pragma once

#include "service/base/money.h"
#include "service/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::shelf {

inline constexpr std::size_t lines_max = 50'000;  ///< of one batch: OpenAI's own limit (API reference, November 2026)

/// One request of a batch, as far as its cost must be known later.
struct Line {
    std::uint64_t name = 0;  ///< of its custom_id, see name_of()
    Tokens input = 0;        ///< at most
    Tokens output = 0;       ///< at most, over all its choices
    bool operator==(const Line&) const = default;
};

/// The first eight bytes of the SHA-256 of a custom_id.
std::uint64_t name_of(std::string_view custom_id);

std::string pack(const std::vector<Line>& lines);
/// wrong_configuration: the bytes are none that pack() made.
Result<std::vector<Line>> unpack(std::string_view bytes);

}  // namespace bursar::shelf
