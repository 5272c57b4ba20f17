#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"
#include "service/base/usage.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Prices as dated versions; costs in whole nano-dollars, rounded up once per call. No floating point.
namespace bursar::policies {

/// Nano-USD per million tokens of each class. Absent: not stated; a class that a call uses without a price of its own
/// is billed at the class it belongs to (cache and image and audio input at input, reasoning at output), never at
/// nothing. A cache write for an hour costs at least one for five minutes; output without a price costs what input
/// does. In a tier, a class without a price there costs what it costs below the tier or what its class costs in it,
/// whichever is dearer.
struct Rates {
    std::optional<NanoUsd> input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input,
        audio_output, image_input, image_output;
    bool operator==(const Rates&) const = default;
};

/// A factor as a decimal fraction: 0.5 is {5, 10}.
struct Factor {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;
    bool operator==(const Factor&) const = default;
};

struct Tier {
    Tokens above = 0;  ///< the whole request is billed at these rates when its input_total() is greater
    Rates rates;
    bool operator==(const Tier&) const = default;
};

/// Hours of a UTC day at which other rates hold: [from, until), on the days of the mask (bit 0 Monday).
struct Hours {
    int from_hour = 0;
    int until_hour = 24;
    std::uint8_t days = 0x7f;
    Factor factor;
    bool operator==(const Hours&) const = default;
};

struct Price {
    std::uint64_t version = 0;  ///< first 8 bytes of the SHA-256 of its canonical text; what a hold pins
    std::string canonical;      ///< the text that was hashed: enough to bill again years later
    Rates rates;
    std::vector<Tier> tiers;  ///< ascending by `above`
    NanoUsd per_request;
    NanoUsd per_web_search;
    NanoUsd per_image;
    NanoUsd per_minute;              ///< of sound that is listened to
    NanoUsd per_million_characters;  ///< that are read aloud
    NanoUsd per_search_unit;         ///< of a rerank
    /// Of a picture whose quality and size have a price of their own, by "hd/1024x1792", "1024x1024" or "hd"; of the
    /// others, where any stand here, the dearest, but of what nobody asked for `per_image`.
    std::vector<std::pair<std::string, NanoUsd>> pictures;
    /// By what the answer says was served; {1,1} where not stated. Factors multiply what tokens cost, not the fees.
    Factor batch{1, 2}, priority, flex, fast;
    std::vector<std::pair<std::string, Factor>> regions;  ///< Served::region
    std::vector<Hours> hours;
    Timestamp from = Timestamp::min();
    Timestamp until = Timestamp::max();
    /// The model may bill output that its stream does not show. Whoever knows better says so.
    bool hidden_reasoning = true;
    std::string source;  ///< who says so and when
};

/// Every version of the price of one model at one provider.
struct PriceBook {
    std::string provider;
    std::string model;
    std::vector<Price> versions;  ///< not overlapping, ascending
    const Price* at(Timestamp when) const;
};

/// Fills in `canonical` and `version` once everything else stands.
void seal(Price& price, std::string_view catalogue, std::string_view model);

/// More is a lie of whoever counted: counts are cut to the first, costs to the second, so that no answer can overflow
/// an account.
constexpr Tokens call_tokens_max = 1'000'000'000;
constexpr NanoUsd call_cost_max = NanoUsd::dollars(1'000'000);

/// Whether a caller may ask for this service tier: whether we know what it costs.
bool known_service_tier(std::string_view asked);

/// What a call cost. Rounds up once.
NanoUsd cost(const Price& price, const Usage& usage, const Served& served, Timestamp at);

/// What one picture of that quality and size costs.
NanoUsd picture_fee(const Price& price, std::string_view picture);
/// What one that is asked for so costs at most: whoever leaves quality or size open gets any.
NanoUsd picture_fee_at_most(const Price& price, std::string_view picture);

/// What bounds a call's cost besides its output.
struct Bounds {
    Tokens input = 0;
    std::int64_t images = 0;        ///< made, and billed each
    std::int64_t web_searches = 0;  ///< made by the provider, and billed each
    std::int64_t characters = 0;
    std::int64_t seconds = 0;
    std::int64_t search_units = 0;
    std::string_view picture = {};  ///< quality and size, as asked for
    /// Asked for: "priority", "flex", ... or empty; "auto" may be served as priority.
    std::string_view service_tier = {};
    Timestamp at = {};
};

/// An upper bound before the call, whatever tier, cache class, factor or region the answer may name, as long as it is
/// not served in a dearer service tier than was asked for. `output_at_most` counts reasoning too.
NanoUsd cost_at_most(const Price& price, const Bounds& bounds, Tokens output_at_most);

/// The most output tokens that `money` surely buys within such bounds; 0 if not even the rest; at most call_tokens_max.
Tokens output_bought(const Price& price, NanoUsd money, const Bounds& bounds);

/// One price that is at least as dear as each of `prices` for any output, within these very bounds.
Price ceiling_of(std::span<const Price* const> prices, const Bounds& bounds);

}  // namespace bursar::policies
