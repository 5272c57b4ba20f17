// What sets a provider apart from others that speak its dialect.
#include "policies/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t headers_max = 32;

/// Headers that are the gateway's: they carry keys, frame a message, or say in which form a body is.
constexpr std::array<std::string_view, 21> headers_of_the_gateway = {"host",
                                                                     "authorization",
                                                                     "x-api-key",
                                                                     "api-key",
                                                                     "x-goog-api-key",
                                                                     "cookie",
                                                                     "content-length",
                                                                     "content-type",
                                                                     "content-encoding",
                                                                     "connection",
                                                                     "keep-alive",
                                                                     "proxy-connection",
                                                                     "te",
                                                                     "proxy-authenticate",
                                                                     "trailer",
                                                                     "transfer-encoding",
                                                                     "proxy-authorization",
                                                                     "upgrade",
                                                                     "expect",
                                                                     "accept-encoding",
                                                                     "http2-settings"};

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, fits);
}

/// RFC 9110 §5.5, without what is obsolete in it: visible ASCII and blanks.
bool is_header_value(std::string_view text) {
    const auto fits = [](char c) { return c >= 0x20 && c < 0x7f; };
    return !text.empty() && text.size() <= text_bytes_max && std::ranges::all_of(text, fits) && text.front() != ' ' &&
           text.back() != ' ';
}

bool looks_like_a_secret(std::string_view text) {
    const std::string lower = lower_case(text);
    return lower.starts_with("sk-") || lower.starts_with("bearer ") || lower.starts_with("basic ");
}

std::vector<std::pair<std::string, std::string>> read_headers(const Value& value) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Named& named : read_entries(value, "header", headers_max, "headers")) {
        const std::string name = lower_case(named.name);
        const auto wrong = [&](std::string_view rest) {
            value.problems.add(named.at, fmt::format("header \"{}\" {}", named.name, rest));
        };
        if (!is_token(named.name))
            wrong("is no name that a header can have; use letters, digits or -");
        else if (std::ranges::find(headers_of_the_gateway, name) != headers_of_the_gateway.end() ||
                 name.starts_with("x-bursar-"))
            wrong("is the gateway's own; take it out (how the key is sent, auth says)");
        else if (std::ranges::any_of(out, [&](const auto& other) { return lower_case(other.first) == name; }))
            wrong("stands twice; keep one of them");
        else if (looks_like_a_secret(named.value.node.text))
            // What looks like a key is not repeated.
            wrong(
                "looks as if it held a key; put the key into the vault (bursarctl secret put NAME) and name it under "
                "keys");
        else if (named.value.node.kind != YamlNode::Kind::text || !is_header_value(named.value.node.text))
            wrong(fmt::format("must have a value of 1 to {} visible ASCII characters", text_bytes_max));
        else
            out.emplace_back(named.name, named.value.node.text);
    }
    return out;
}

/// "/models"; empty for none.
std::optional<std::string> read_models_path(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    if (*text == "none") return std::string();
    if (!text->starts_with('/') || !good_path(*text) || text->size() > name_bytes_max)
        return value.wrong("is not a path behind base_url; write it like /models, or none where there is none");
    return text;
}

void only_for(Dialect dialect, const Provider& provider, const std::optional<Value>& setting) {
    if (setting && provider.dialect != dialect)
        setting->wrong(fmt::format("is for the dialect {} only; take it out", name_of(dialect)));
}

}  // namespace

void read_quirks(Fields& fields, Provider& provider) {
    Quirks& quirks = provider.quirks;
    const auto deployments = fields.find("deployments");
    const auto version = fields.find("api_version");
    const auto limit = fields.find("max_tokens_name");
    const auto usage = fields.find("stream_usage");
    const auto responses = fields.find("responses");
    const auto in_path = fields.find("version_in_path");
    const auto raw_predict = fields.find("raw_predict");
    if (raw_predict) quirks.raw_predict = read_truth(*raw_predict).value_or(quirks.raw_predict);
    only_for(Dialect::anthropic, provider, raw_predict);
    if (deployments) quirks.deployments = read_truth(*deployments).value_or(quirks.deployments);
    if (version)
        if (auto name = read_name(*version)) quirks.api_version = *std::move(name);
    if (limit)
        if (const auto word = read_word(*limit, {"max_tokens", "max_completion_tokens"}))
            quirks.max_tokens_name = *word == 0 ? "max_tokens" : "max_completion_tokens";
    if (usage) quirks.stream_usage = read_truth(*usage).value_or(quirks.stream_usage);
    if (responses) quirks.responses = read_truth(*responses).value_or(quirks.responses);
    if (in_path) quirks.version_in_path = read_truth(*in_path).value_or(quirks.version_in_path);
    for (const auto* setting : {&deployments, &version, &limit, &usage, &responses})
        only_for(Dialect::openai, provider, *setting);
    only_for(Dialect::anthropic, provider, in_path);
    if (const auto headers = fields.find("headers")) quirks.headers = read_headers(*headers);
    if (const auto path = fields.find("models_path"))
        quirks.models_path = read_models_path(*path).value_or(quirks.models_path);
}

}  // namespace bursar::policies
