// Where a provider's tokens come from that takes no keys.
#include "policies/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// A credential goes there: nobody on the way may read it.
std::optional<Url> read_token_url(const Value& value) {
    constexpr std::array<std::string_view, 3> loopback = {"127.0.0.1", "::1", "localhost"};
    auto url = read_url(value);
    if (url && !url->tls && std::ranges::find(loopback, url->host) == loopback.end())
        return value.wrong("must begin with https://, because credentials are sent there");
    return url;
}

/// RFC 6749 §3.3, one of them.
std::optional<std::string> read_scope(const Value& value) {
    auto text = read_text(value);
    const auto fits = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    if (text && (text->empty() || text->size() > name_bytes_max || !std::ranges::all_of(*text, fits)))
        return value.wrong(
            fmt::format("is no scope; write one word of 1 to {} characters, such as "
                        "https://cognitiveservices.azure.com/.default",
                        name_bytes_max));
    return text;
}

}  // namespace

TokenAsk read_tokens(const Value& value) {
    Fields fields(value.node, "tokens", value.problems);
    TokenAsk ask;
    if (const auto from = fields.need("from"))
        if (const auto word = read_word(*from, {"entra", "google"}))
            ask.source = *word == 0 ? TokenSource::entra : TokenSource::google;
    if (const auto url = fields.find("url")) ask.url = read_token_url(*url);
    if (const auto scope = fields.find("scope")) ask.scope = read_scope(*scope).value_or("");
    return ask;
}

}  // namespace bursar::policies
