#include "integrations/redact.h"

#include "integrations/address.h"
#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

/// Shorter ones would be found in words that have nothing to do with them.
constexpr std::size_t secret_bytes_least = 6;
constexpr std::string_view hidden = "[hidden]";
constexpr std::string_view word_ends = " \t\"'<>|)]}";

void hide(std::string& text, std::string_view secret) {
    if (secret.size() < secret_bytes_least) return;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += hidden.size())
        text.replace(at, secret.size(), hidden);
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
    return std::min(text.find_first_of(word_ends, at), text.size());
}

/// Of addresses that begin so, what is behind the host: the secret of a webhook, which may be another target's.
void hide_paths(std::string& text, std::string_view scheme) {
    for (std::size_t at = 0; (at = text.find(scheme, at)) != std::string::npos;) {
        at += scheme.size();
        const std::size_t end = end_of_word(text, at), path = std::min(text.find_first_of("/?#\\", at), end);
        if (end - path < 2 || text.substr(path).starts_with("/[hidden]")) continue;
        text.replace(path, end - path, "/[hidden]");
    }
}

void hide_words(std::string& text, std::string_view begin) {
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos; at += hidden.size())
        text.replace(at, end_of_word(text, at) - at, hidden);
}

}  // namespace

std::string without_secrets(std::string text, const Target& target) {
    // Slashes may be escaped, as some write JSON.
    for (const std::string_view scheme : {"http://", "https://", "http:\\/\\/", "https:\\/\\/"})
        hide_paths(text, scheme);
    for (const std::string_view token : {"xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xapp-"}) hide_words(text, token);
    const auto user = target.settings.find("user");
    for (const auto& [name, secret] : target.secrets) {
        const std::string_view value = secret.reveal();
        hide(text, value);
        hide(text, percent_encoded(value));
        if (user != target.settings.end()) hide(text, to_base64(fmt::format("{}:{}", user->second, value)));
        // The origin of a webhook is no secret, and its path alone is one.
        const std::string origin = origin_of(value);
        if (value.starts_with(origin)) hide(text, value.substr(origin.size()));
    }
    return text;
}

}  // namespace bursar::integrations
