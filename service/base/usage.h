#pragma once

#include "service/base/endpoint.h"
#include "service/base/money.h"

#include <cstdint>
#include <string>

namespace bursar {

/// What a call used, in classes that never overlap: a token is counted in exactly one of them.
/// Reasoning tokens are here only where the provider bills them on top of its output count.
struct Usage {
    Tokens input = 0;  ///< neither cached nor audio nor image
    Tokens cache_read = 0;
    Tokens cache_write_5m = 0;
    Tokens cache_write_1h = 0;
    Tokens output = 0;
    Tokens reasoning = 0;
    Tokens audio_input = 0;
    Tokens audio_output = 0;
    Tokens image_input = 0;
    Tokens image_output = 0;
    std::int64_t images = 0;
    std::int64_t web_searches = 0;
    std::int64_t characters = 0;    ///< read aloud
    std::int64_t seconds = 0;       ///< of sound that was listened to, begun ones in full
    std::int64_t search_units = 0;  ///< of a rerank

    /// All input of the request, cached or not: what whole-request price tiers look at.
    Tokens input_total() const {
        return input + cache_read + cache_write_5m + cache_write_1h + audio_input + image_input;
    }
    /// Of every class.
    Tokens total() const { return input_total() + output + reasoning + audio_output + image_output; }
    bool operator==(const Usage&) const = default;
};

/// What the answer says was served, where that changes the price. Empty: standard.
struct Served {
    std::string service_tier;  ///< "priority", "flex", "batch", "default", "standard", ...
    std::string speed;         ///< Anthropic: "standard" or "fast"
    std::string region;        ///< Anthropic's inference_geo, such as "us"
    std::string picture;       ///< quality and size of the pictures made, such as "hd/1024x1792"
    bool operator==(const Served&) const = default;
};

/// Where the numbers come from.
enum class UsageSource : std::uint8_t {
    provider,   ///< the provider's own count
    estimated,  ///< counted by us from what was delivered
    none,       ///< nothing was served
    lost,       ///< the service ended during the call; booked at what was held
};

}  // namespace bursar
