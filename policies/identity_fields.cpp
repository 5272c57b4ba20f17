#include "policies/identity_fields.h"

#include "service/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array units{Unit{'d', 86'400}, Unit{'h', 3'600}, Unit{'m', 60}, Unit{'s', 1}};

constexpr std::array<std::string_view, 6> algorithms_known{"RS256", "RS384", "RS512", "PS256", "ES256", "ES384"};

bool loopback(std::string_view host) {
    return host == "localhost" || host == "::1" ||
           (host.starts_with("127.") && !host.ends_with('.') &&
            host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool base64(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=';
}

/// Whether this may be the inside of a certificate: base 64 of a sequence (DER begins with 0x30).
bool certificate_like(std::string_view body) {
    std::size_t letters = 0;
    for (const char c : body) {
        if (c == '\n' || c == '\r' || c == ' ') continue;
        if (!base64(c) || (letters == 0 && c != 'M')) return false;
        ++letters;
    }
    constexpr std::size_t letters_min = 64;
    return letters >= letters_min && letters % 4 == 0;
}

/// Whether `text` is a number as JSON writes them (RFC 8259 §6), and not beyond what programs read.
bool json_number(std::string_view text) {
    const auto digits = [](std::string_view& rest) {
        const std::size_t count = std::min(rest.find_first_not_of("0123456789"), rest.size());
        rest.remove_prefix(count);
        return count;
    };
    std::string_view rest = text;
    if (rest.starts_with('-')) rest.remove_prefix(1);
    if (rest.size() > 1 && rest[0] == '0' && rest[1] >= '0' && rest[1] <= '9') return false;
    if (digits(rest) == 0) return false;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        if (digits(rest) == 0) return false;
    }
    if (rest.starts_with('e') || rest.starts_with('E')) {
        rest.remove_prefix(1);
        if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
        if (digits(rest) == 0) return false;
    }
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return rest.empty() && read.ec == std::errc() && std::isfinite(number);
}

void write_json(JsonWriter& json, const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::nothing:
            json.null();
            return;
        case YamlNode::Kind::list:
            json.open_list();
            for (const YamlNode& item : node.items) write_json(json, item);
            json.close_list();
            return;
        case YamlNode::Kind::map:
            json.open();
            for (const Entry& entry : node.entries) {
                json.key(entry.key.text);
                write_json(json, entry.value);
            }
            json.close();
            return;
        case YamlNode::Kind::text:
            break;
    }
    // The words of YAML's core schema (YAML 1.2 §10.3.2).
    const std::string& text = node.text;
    if (!node.quoted && (text == "true" || text == "True" || text == "TRUE"))
        json.value(true);
    else if (!node.quoted && (text == "false" || text == "False" || text == "FALSE"))
        json.value(false);
    else if (!node.quoted && json_number(text))
        json.raw(text);
    else
        json.value(text);
}

}  // namespace

std::vector<Named> read_sources(const Value& value, std::string_view one, std::size_t most) {
    std::vector<Named> out;
    for (Named& named : read_entries(value, one, most))
        if (named.name.find_first_of(":/@+") == std::string::npos)
            out.push_back(std::move(named));
        else
            value.problems.add(
                named.at,
                fmt::format("{} name \"{}\" becomes part of addresses; use letters, digits or . _ -", one, named.name));
    return out;
}

std::optional<std::string> read_endpoint(const Value& value) {
    const auto url = read_url(value);
    if (!url) return {};
    if (!url->tls && !loopback(url->host))
        return value.wrong("must begin with https://; http:// is for this machine itself");
    return value.node.text;
}

std::optional<std::string> read_certificates(const Value& value) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
    if (value.node.kind != YamlNode::Kind::text) return value.wrong("must be a single value");
    // Whole certificates would drown the sentence, and a private key must not be in it.
    const auto wrong = [&](std::string_view rest) -> std::optional<std::string> {
        value.problems.add(value.node.at, fmt::format("{} {}", value.what, rest));
        return {};
    };
    std::string_view text = value.node.text;
    if (text.contains("PRIVATE KEY"))
        return wrong("holds a private key; write the certificates alone, and take that key out of use");
    if (text.size() > certificates_bytes_max)
        return wrong(fmt::format("has {} bytes; at most {} are read", text.size(), certificates_bytes_max));
    std::size_t count = 0;
    for (;;) {
        const std::size_t from = text.find(begin);
        if (from == std::string_view::npos) break;
        text.remove_prefix(from + begin.size());
        const std::size_t to = text.find(end);
        if (to == std::string_view::npos || !certificate_like(text.substr(0, to)))
            return wrong(fmt::format("number {} is no certificate; copy the whole file, from BEGIN to END", count + 1));
        text.remove_prefix(to + end.size());
        ++count;
    }
    if (count == 0)
        return wrong(
            "has no certificate; write ca: | and below it, indented, the file that begins with -----BEGIN "
            "CERTIFICATE-----");
    return value.node.text;
}

std::optional<std::chrono::seconds> read_time(const Value& value, std::chrono::seconds least,
                                              std::chrono::seconds most) {
    const auto text = single(value);
    if (!text) return {};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text->data() + text->size() - end));
    const auto* const known =
        std::ranges::find_if(units, [&](const Unit& each) { return unit.size() == 1 && unit.front() == each.letter; });
    if (error != std::errc() || known == units.end() || number < 0)
        return value.wrong("is not a time; write it like 30s, 15m, 12h or 1d");
    if (number > most.count() / known->seconds || number * known->seconds < least.count())
        return value.wrong(fmt::format("must be from {} to {}", words_of(least), words_of(most)));
    return std::chrono::seconds(number * known->seconds);
}

std::string words_of(std::chrono::seconds time) {
    for (const Unit& unit : units)
        if (time.count() > 0 && time.count() % unit.seconds == 0)
            return fmt::format("{}{}", time.count() / unit.seconds, unit.letter);
    return "0s";
}

std::vector<std::string> read_texts(const Value& value, std::string_view one, std::size_t most) {
    std::vector<std::string> out;
    for (const Value& item : read_list(value, one, most)) {
        auto text = read_text(item);
        if (!text) continue;
        if (std::ranges::find(out, *text) != out.end())
            item.wrong("stands twice; keep one of them");
        else
            out.push_back(*std::move(text));
    }
    return out;
}

std::vector<std::string> read_algorithms(const Value& value) {
    std::vector<std::string> out = read_texts(value, "algorithm", algorithms_known.size());
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("names none; leave it out for the usual ones");
    for (const std::string& name : out)
        if (std::ranges::find(algorithms_known, name) == algorithms_known.end())
            value.wrong(
                fmt::format("names \"{}\"; it may have: {}", name.substr(0, 16), fmt::join(algorithms_known, ", ")));
    return out;
}

std::vector<std::pair<std::string, std::string>> read_required_claims(const Value& value) {
    constexpr std::size_t claims_max = 16;
    std::vector<std::pair<std::string, std::string>> out;
    for (const Named& named : read_entries(value, "required claim", claims_max))
        if (auto text = read_text(named.value)) out.emplace_back(named.name, *std::move(text));
    return out;
}

std::optional<std::string> read_as_json(const Value& value) {
    if (value.node.kind != YamlNode::Kind::map) return value.wrong("must be a mapping such as {name: value}");
    JsonWriter json;
    write_json(json, value.node);
    std::string text = std::move(json).text();
    if (text.size() > settings_bytes_max)
        return value.wrong(fmt::format("has {} bytes as JSON; at most {} are served", text.size(), settings_bytes_max));
    return text;
}

}  // namespace bursar::policies
