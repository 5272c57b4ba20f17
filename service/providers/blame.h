#pragma once

#include "service/base/clock.h"
#include "service/edge/http.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// What a refusal of a provider says about whom: the caller, the key, or the channel.
namespace bursar::providers {

enum class Fit : std::uint8_t {
    caller,            ///< the request is wrong: no other channel would take it either
    context_too_long,  ///< the prompt is longer than this model's window
    content_refused,   ///< the provider's own content policy refused the prompt
    elsewhere,         ///< this channel cannot (no such model or path there), which says nothing about its health
    channel,           ///< it fails
    key_refused,       ///< the key is wrong, revoked or may not use the model
    key_limited,       ///< too many requests or tokens for this key; later again
    key_used_up        ///< nothing is left of the account's money or quota
};

struct Judgement {
    Fit fit = Fit::channel;
    std::optional<std::chrono::milliseconds> retry_after;  ///< as the provider asked, at most `retry_after_max`
};

/// Longer than this nobody is left alone because of one answer.
constexpr std::chrono::milliseconds retry_after_max = std::chrono::minutes(15);

/// Of an answer outside 200-299. Only the first `judged_bytes_max` bytes of the body are looked at.
constexpr std::size_t judged_bytes_max = 16 * 1024;
Judgement judge(int status, const std::vector<edge::Header>& headers, std::string_view body, Timestamp now);

/// Of an error that came without a status: in the first events of a stream, or in the body of a success. What these say
/// besides the error is not looked at: it may repeat the prompt, or report what was looked for in it.
Judgement judge_words(std::string_view text);

/// The value of the last `error` in it that says anything; empty if there is none.
std::string_view error_in(std::string_view text);

/// retry-after-ms, or Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3).
std::optional<std::chrono::milliseconds> retry_after(const std::vector<edge::Header>& headers, Timestamp now);

}  // namespace bursar::providers
