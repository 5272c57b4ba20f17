// Single values of a policy: names, amounts, times, addresses.
#include "policies/fields.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

std::optional<std::int64_t> digits(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

/// "80%"
std::optional<std::int64_t> percent_of(std::string_view text) {
    return text.ends_with('%') ? digits(text.substr(0, text.size() - 1)) : std::nullopt;
}

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

constexpr std::string_view url_advice = "is not an address; write it like https://api.example.com/v1";

}  // namespace

std::optional<std::string_view> single(const Value& value) {
    if (value.node.kind == YamlNode::Kind::text) return value.node.text;
    value.wrong("must be a single value");
    return {};
}

bool good_path(std::string_view path) {
    static constexpr std::string_view allowed = "/._~%!$&'()*+,;=:@-";
    const auto in_path = [](char c) { return letter_or_digit(c) || allowed.contains(c); };
    return std::ranges::all_of(path, in_path) && !path.contains("/../") && !path.ends_with("/..") &&
           !path.contains("//");
}

bool good_name(std::string_view text) {
    static constexpr std::string_view marks = "._:/@+-";
    const auto allowed = [](char c) { return letter_or_digit(c) || marks.contains(c); };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, allowed);
}

std::optional<std::string> read_name(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    if (!good_name(*text))
        return value.wrong(fmt::format("must be 1 to {} letters, digits or . _ : / @ + -", name_bytes_max));
    return std::string(*text);
}

std::optional<std::string> read_text(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (text->empty() || text->size() > text_bytes_max || std::ranges::any_of(*text, control))
        return value.wrong(fmt::format("must be one line of 1 to {} bytes", text_bytes_max));
    return std::string(*text);
}

std::optional<int> read_percent(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const auto number = percent_of(*text);
    if (!number || *number < 1 || *number > 100)
        return value.wrong("must be a part from 1% to 100%; write it like 50%");
    return static_cast<int>(*number);
}

std::optional<int> read_part(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const auto number = percent_of(*text);
    if (!number || *number < 1 || *number > 200) return value.wrong("is not a part of the limit; write it like 80%");
    return static_cast<int>(*number);
}

std::optional<std::string> read_secret_name(const Value& value) {
    if (value.node.text.starts_with("sk-")) {
        // A key that was pasted where its name belongs is not repeated.
        value.problems.add(value.node.at,
                           fmt::format("{} looks like a key itself; put the key into the vault (bursarctl "
                                       "secret put NAME) and write its name here",
                                       value.what));
        return {};
    }
    auto name = read_name(value);
    if (name && name->find_first_of(":/@+") != std::string::npos)
        return value.wrong("is no name that the vault can have; use letters, digits or . _ -");
    return name;
}

std::optional<std::int64_t> read_integer(const Value& value, std::int64_t least, std::int64_t most) {
    const auto text = single(value);
    if (!text) return {};
    const auto number = digits(*text);
    if (!number || *number < least || *number > most)
        return value.wrong(fmt::format("must be a whole number from {} to {}", least, most));
    return number;
}

std::optional<bool> read_truth(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    if (*text == "true") return true;
    if (*text == "false") return false;
    return value.wrong("must be true or false");
}

std::optional<std::size_t> read_word(const Value& value, std::initializer_list<std::string_view> words) {
    const auto text = single(value);
    if (!text) return {};
    const auto found = std::ranges::find(words, *text);
    if (found == words.end()) return value.wrong(fmt::format("must be one of: {}", fmt::join(words, ", ")));
    return static_cast<std::size_t>(found - words.begin());
}

std::optional<std::chrono::milliseconds> read_duration(const Value& value, std::chrono::milliseconds most) {
    const auto text = single(value);
    if (!text) return {};
    constexpr std::string_view advice = "is not a duration; write it like 250ms, 5s, 15m or 1h";
    const std::size_t unit_at = std::min(text->find_first_not_of("0123456789"), text->size());
    const auto number = digits(text->substr(0, unit_at));
    const std::string_view unit = text->substr(unit_at);
    std::int64_t scale = 0;
    if (unit == "ms") scale = 1;
    if (unit == "s") scale = 1'000;
    if (unit == "m") scale = 60'000;
    if (unit == "h") scale = 3'600'000;
    if (!number || scale == 0) return value.wrong(advice);
    if (*number < 1 || *number > most.count() / scale)
        return value.wrong(fmt::format("must be more than nothing and at most {}s", most.count() / 1'000));
    return std::chrono::milliseconds(*number * scale);
}

std::optional<NanoUsd> read_amount(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    constexpr std::string_view advice = "is not an amount; write it like 2000 USD";
    constexpr std::string_view currency = " USD";
    if (!text->ends_with(currency)) return value.wrong(advice);
    const auto amount = NanoUsd::parse(text->substr(0, text->size() - currency.size()));
    if (!amount) return value.wrong(advice);
    constexpr NanoUsd most = NanoUsd::dollars(1'000'000'000);
    if (*amount < NanoUsd{} || *amount > most) return value.wrong("must be from 0 USD to 1,000,000,000 USD");
    return *amount;
}

bool read_authority(std::string_view text, Url& url) {
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return false;
        url.host = text.substr(1, end - 1);
        const auto in_address = [](char c) { return letter_or_digit(c) || c == ':' || c == '.'; };
        if (url.host.find(':') == std::string::npos || !std::ranges::all_of(url.host, in_address)) return false;
        text.remove_prefix(end + 1);
        if (!text.empty() && !text.starts_with(':')) return false;
        port = text.empty() ? text : text.substr(1);
        if (!text.empty() && port.empty()) return false;
    } else {
        const std::size_t colon = text.find(':');
        url.host = text.substr(0, colon);
        const auto in_host = [](char c) { return letter_or_digit(c) || c == '.' || c == '-' || c == '_'; };
        if (url.host.empty() || url.host.front() == '.' || !std::ranges::all_of(url.host, in_host)) return false;
        if (colon != std::string_view::npos) {
            port = text.substr(colon + 1);
            if (port.empty()) return false;
        }
    }
    constexpr std::size_t host_bytes_max = 253;
    if (url.host.size() > host_bytes_max) return false;
    if (port.empty()) return true;
    const auto number = digits(port);
    if (!number || *number < 1 || *number > 65'535) return false;
    url.port = static_cast<std::uint16_t>(*number);
    return true;
}

std::optional<Url> read_url(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    Url url;
    std::string_view rest = *text;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        url.tls = false;
        url.port = 80;
    } else {
        return value.wrong("must begin with https:// or http://");
    }
    if (rest.size() > text_bytes_max) return value.wrong(url_advice);
    if (rest.contains('@')) {
        // Not even a password in the wrong place is repeated.
        value.problems.add(value.node.at,
                           fmt::format("{} must name no user or password; keys belong into the vault", value.what));
        return {};
    }
    if (rest.contains('?') || rest.contains('#')) return value.wrong("must end before any ? or #");
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    url.path = rest.substr(slash);
    while (url.path.ends_with('/')) url.path.pop_back();
    if (!read_authority(rest.substr(0, slash), url) || !good_path(url.path)) return value.wrong(url_advice);
    return url;
}

bool is_day(const Value& value) {
    constexpr std::size_t date_bytes = 10;
    return value.node.kind == YamlNode::Kind::text && value.node.text.size() == date_bytes;
}

std::optional<Timestamp> read_instant(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const std::string full = is_day(value) ? std::string(*text) + "T00:00:00Z" : std::string(*text);
    const auto at = parse_timestamp(full);
    if (!at) return value.wrong("is not a date; write it like 2027-01-01 or 2027-01-01T08:00:00Z");
    return *at;
}

}  // namespace bursar::policies
