#include "service/providers/blame.h"

#include "service/providers/blame_aws.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace bursar::providers {
namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;

// Wordings in small letters, as the providers' error references and the issue threads about them have them, November
// 2026. Codes come first, sentences after them.
constexpr std::array used_up_words = {"insufficient_quota"sv,
                                      "billing_hard_limit_reached"sv,
                                      "billing_not_active"sv,
                                      "exceeded your current quota"sv,
                                      "credit balance is too low"sv,
                                      "insufficient balance"sv,
                                      "insufficient credits"sv,
                                      "insufficient_credits"sv,
                                      "requires more credits"sv,
                                      "exceeded your monthly included credits"sv,
                                      "out of credits"sv,
                                      "account is in arrears"sv,
                                      "spending limit"sv,
                                      "spend limit"sv,
                                      "daily quota"sv,
                                      "quota has been exhausted"sv,
                                      "usage limits"sv,
                                      "api calls / month"sv};
/// google.rpc.RetryInfo and QuotaFailure (ai.google.dev/gemini-api/docs/rate-limits, November 2026), in small letters.
constexpr std::string_view google_retry = "\"retrydelay\"";
constexpr std::array google_daily = {"perday"sv, "per_day"sv};
constexpr std::array used_up_beginnings = {"your credit balance is too low"sv, "you exceeded your current quota"sv,
                                           "insufficient balance"sv, "insufficient credits"sv,
                                           "you have reached your specified api usage limits"sv};
constexpr std::array too_long_words = {"context_length_exceeded"sv,
                                       "exceed_context_size"sv,
                                       "prompt is too long"sv,
                                       "maximum context length"sv,
                                       "context window"sv,
                                       "max_model_len"sv,
                                       "input token count"sv,
                                       "input is too long"sv,
                                       "exceed context limit"sv,
                                       "prompt contains too many tokens"sv,
                                       "too many tokens in the prompt"sv,
                                       "exceeds the available context size"sv,
                                       "maximum number of tokens allowed"sv,
                                       "reduce the length of the messages"sv,
                                       "request_too_large"sv,
                                       "number of tokens in the prompt cannot exceed"sv,
                                       "number of tokens in the prompt exceeds the limit"sv,
                                       "too many tokens: size limit exceeded"sv};
constexpr std::array content_words = {"content_policy_violation"sv,
                                      "content_filter"sv,
                                      "responsibleaipolicyviolation"sv,
                                      "content management policy"sv,
                                      "blocked by content filtering"sv,
                                      "prohibited_content"sv,
                                      "data_inspection_failed"sv,
                                      "flagged as potentially violating"sv,
                                      "safety system"sv,
                                      "content exists risk"sv,
                                      "moderation"sv};
constexpr std::array model_words = {"model_not_found"sv, "does not exist"sv, "not_found_error"sv, "unknown model"sv,
                                    "deploymentnotfound"sv};
constexpr std::array no_access_words = {"access to model"sv, "access to the model"sv, "not have access to"sv,
                                        "model_not_allowed"sv, "model_access_denied"sv};
/// A restricted key that may call one endpoint and not another: its other calls are fine.
constexpr std::array scope_words = {"missing scopes"sv, "missing_scope"sv};
/// OpenAI's 429 for one request above the tokens of a minute: no pause makes it smaller.
constexpr std::array larger_than_limit_words = {"request too large"sv};
/// In an error without a status, the request's own fault.
constexpr std::array request_codes = {
    "invalid_request_error"sv,        "validationexception"sv, "invalid_prompt"sv,          "invalid_image"sv,
    "invalid_base64_image"sv,         "image_too_"sv,          "image_parse_error"sv,       "image_file_"sv,
    "unsupported_image_media_type"sv, "empty_image_file"sv,    "failed_to_download_image"sv};
/// Google answers a wrong key with 400.
constexpr std::array key_beginnings = {"api key not valid"sv, "incorrect api key"sv, "invalid api key"sv};
constexpr std::array key_words = {"api_key_invalid"sv, "api key not valid"sv, "invalid_api_key"sv,
                                  "incorrect api key"sv};

template <typename Words>
bool says(std::string_view text, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

std::string small_letters(std::string_view text) {
    std::string out(text.substr(0, judged_bytes_max));
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

std::optional<std::string_view> find(const std::vector<edge::Header>& headers, std::string_view name) {
    for (const edge::Header& header : headers)
        if (edge::equal_without_case(header.name, name)) return header.value;
    return {};
}

/// Whole or with a fraction: "2", "0.5".
std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0) return {};
    return value;
}

milliseconds bounded(double of_milliseconds) {
    return milliseconds(
        static_cast<std::int64_t>(std::min(of_milliseconds, static_cast<double>(retry_after_max.count()))));
}

constexpr std::string_view white = " \t\r\n";

/// The JSON value that follows a member's name; empty if none does. A value that is cut off reaches to the end.
std::string_view value_of(std::string_view after_name) {
    const std::size_t colon = after_name.find_first_not_of(white);
    if (colon == std::string_view::npos || after_name[colon] != ':') return {};
    const std::size_t begin = after_name.find_first_not_of(white, colon + 1);
    if (begin == std::string_view::npos) return {};
    const std::string_view value = after_name.substr(begin);
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            if (c != '"' || depth > 0) continue;
            return value.substr(0, i + 1);
        }
        if (c == '"') in_string = true;
        if (c == '{' || c == '[') ++depth;
        const bool closes = c == '}' || c == ']';
        if (closes && depth > 0) --depth;
        if (closes && depth == 0 && i > 0)
            return value.substr(0, value.front() == '{' || value.front() == '[' ? i + 1 : i);
        if (depth == 0 && !in_string && (closes || c == ',' || white.contains(c))) return value.substr(0, i);
    }
    return value;
}

/// The text of a member of the error, without its quotes. In a string, where a caller's own words may be repeated, its
/// quotes would be escaped.
std::string_view member(std::string_view error, std::string_view quoted_name) {
    const std::size_t at = error.find(quoted_name);
    if (at == std::string_view::npos) return {};
    std::string_view value = value_of(error.substr(at + quoted_name.size()));
    if (value.starts_with('"')) value.remove_prefix(1);
    if (value.ends_with('"')) value.remove_suffix(1);
    return value;
}

/// What an error says of the key. Other people's calls depend on it, so only the provider's own words count: its codes,
/// and how its sentence begins; further on a sentence may repeat what the caller wrote.
std::optional<Fit> fit_of_key(std::string_view text) {
    const std::string_view found = error_in(text);
    const std::string_view error = found.empty() ? text : found;
    const std::string_view code = member(error, "\"code\""), type = member(error, "\"type\"");
    const std::string_view message = error.starts_with('"') ? error.substr(1) : member(error, "\"message\"");
    const auto begins = [&](std::string_view word) { return message.starts_with(word); };
    if (says(code, used_up_words) || says(type, used_up_words) || std::ranges::any_of(used_up_beginnings, begins))
        return Fit::key_used_up;
    if (says(code, key_words) || says(type, key_words) || std::ranges::any_of(key_beginnings, begins))
        return Fit::key_refused;
    return {};
}

/// "retryDelay": "12s", "0.5s".
std::optional<milliseconds> google_delay(std::string_view text) {
    std::string_view value = member(text, google_retry);
    if (!value.ends_with('s')) return {};
    value.remove_suffix(1);
    const auto seconds = number(value);
    return seconds ? std::optional(bounded(*seconds * 1000)) : std::nullopt;
}

Fit fit_of_bad_request(std::string_view text) {
    if (const auto of_key = fit_of_key(text)) return *of_key;
    if (says(text, too_long_words)) return Fit::context_too_long;
    if (says(text, content_words)) return Fit::content_refused;
    return Fit::caller;
}

Fit fit_of(int status, std::string_view text) {
    switch (status) {
        case 401:
            return says(text, scope_words) ? Fit::elsewhere : Fit::key_refused;
        case 402:
            return Fit::key_used_up;
        case 403:
            // Azure and Gemini refuse contents with it, too; a key is not at fault for that.
            if (says(text, used_up_words)) return Fit::key_used_up;
            if (says(text, content_words)) return Fit::content_refused;
            // A key that may not use this model is as good as any for the others.
            return says(text, model_words) || says(text, no_access_words) || says(text, scope_words) ? Fit::elsewhere
                                                                                                     : Fit::key_refused;
        case 429:
            // Google says that the quota is exceeded also of one that comes back within the minute.
            if (text.find(google_retry) != std::string_view::npos)
                return says(text, google_daily) ? Fit::key_used_up : Fit::key_limited;
            if (says(text, used_up_words)) return Fit::key_used_up;
            return says(text, larger_than_limit_words) ? Fit::elsewhere : Fit::key_limited;
        case 413:
            return Fit::context_too_long;
        case 404:
        case 405:
        case 410:
        case 501:
            return Fit::elsewhere;
        case 400:
        case 422:
            return says(text, model_words) && fit_of_bad_request(text) == Fit::caller ? Fit::elsewhere
                                                                                      : fit_of_bad_request(text);
        case 498:
            // Cohere: a word that it refuses in the prompt or in the answer. Groq: a tier that is full.
            return text.find("capacity_exceeded") != std::string_view::npos ? Fit::channel : Fit::content_refused;
        case 409:
        case 425:
            return Fit::elsewhere;
        case 408:
            return Fit::channel;
        default:
            return status >= 400 && status < 500 ? Fit::caller : Fit::channel;
    }
}

}  // namespace

std::optional<milliseconds> retry_after(const std::vector<edge::Header>& headers, Timestamp now) {
    if (const auto text = find(headers, "retry-after-ms"))
        if (const auto value = number(*text)) return bounded(*value);
    const auto text = find(headers, "retry-after");
    if (!text) return {};
    if (const auto value = number(*text)) return bounded(*value * 1000);
    std::tm parts{};
    const std::string date(text->substr(0, 64));
    const char* end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return {};
    const std::int64_t seconds =
        timegm(&parts) - std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return bounded(static_cast<double>(std::max<std::int64_t>(seconds, 0)) * 1000);
}

std::string_view error_in(std::string_view text) {
    constexpr std::string_view name = "\"error\"";
    // Within a string its quotes would be escaped, so this is a member's name or a string by itself.
    for (std::size_t at = text.rfind(name); at != std::string_view::npos; at = text.rfind(name, at - 1)) {
        const std::string_view value = value_of(text.substr(at + name.size()));
        if (!value.empty() && value != "null") return value;
        if (at == 0) break;
    }
    return {};
}

Judgement judge_words(std::string_view text) {
    constexpr std::array limited_codes = {"rate_limit"sv, "too_many_requests"sv, "429"sv};
    const std::string_view found = error_in(text);
    const std::string error = small_letters(found.empty() ? text : found);
    if (const auto fit = fit_of_exception(member(error, "\"type\""), error)) return {.fit = *fit, .retry_after = {}};
    const Fit fit = fit_of_bad_request(error);
    if (fit != Fit::caller) return {.fit = fit, .retry_after = {}};
    const std::string_view code = member(error, "\"code\""), type = member(error, "\"type\"");
    if (says(code, limited_codes) || says(type, limited_codes)) return {.fit = Fit::key_limited, .retry_after = {}};
    const bool refused = says(code, request_codes) || says(type, request_codes);
    return {.fit = refused ? Fit::caller : Fit::channel, .retry_after = {}};
}

Judgement judge(int status, const std::vector<edge::Header>& headers, std::string_view body, Timestamp now) {
    const std::string text = small_letters(body);
    if (const auto exception = find(headers, "x-amzn-errortype"); exception && status >= 400)
        if (const auto fit = fit_of_exception(small_letters(*exception), text))
            return {.fit = *fit, .retry_after = retry_after(headers, now)};
    auto wait = retry_after(headers, now);
    if (!wait && status >= 400) wait = google_delay(text);
    return {.fit = fit_of(status, text), .retry_after = wait};
}

}  // namespace bursar::providers
