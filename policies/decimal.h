#pragma once

#include "policies/price.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Decimals as people and price lists write them, read exactly or not at all.
namespace bursar::policies {

/// The decimal `text` ("2.5", "0.075", "2.5e-06") times ten to the power of `shift`, if that is a whole number from 0
/// to `at_most`.
std::optional<std::int64_t> parse_decimal(std::string_view text, int shift, std::int64_t at_most);

/// A million dollars for a million tokens: a typing error beyond it.
constexpr NanoUsd rate_max = NanoUsd::dollars(1'000'000);

/// "2.50": nano-USD, as exact as prices are kept.
std::optional<NanoUsd> parse_rate(std::string_view text);

/// "0.5", "1.75", "5/3": from 0 to 100, at most four digits after the point, parts of a fraction at most 1000; in
/// lowest terms.
std::optional<Factor> parse_factor(std::string_view text);

/// "1.75"
std::string to_text(const Factor& factor);

}  // namespace bursar::policies
