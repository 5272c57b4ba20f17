#include "auth/oidc/jwt.h"

#include "auth/oidc/base64url.h"
#include "auth/oidc/public_key.h"
#include "auth/oidc/words.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

constexpr std::size_t header_text_bytes_max = 64;  // of `alg` and `typ`

/// A member that has to be text where there is one.
Result<std::string> header_text(const Json& header, std::string_view name, std::size_t bytes_max) {
    const Json* member = header.member(name);
    if (member == nullptr) return std::string();
    if (member->text() == nullptr || member->text()->size() > bytes_max)
        return not_accepted(fmt::format("the header's {} is no text of at most {} bytes", name, bytes_max));
    return *member->text();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return text;
}

}  // namespace

Result<void> Jwt::read_header(std::string_view text) {
    const auto header = Json::parse(text, jwt_bytes_max);
    if (!header || header->object() == nullptr)
        return not_accepted("the header is no JSON object, or gives a name twice");
    // RFC 7515 §4.1.11: whoever does not understand an extension must refuse; we understand none.
    if (header->member("crit") != nullptr) return not_accepted("the header asks for extensions (crit)");
    TRY(algorithm_, header_text(*header, "alg", header_text_bytes_max));
    if (algorithm_.empty()) return not_accepted("the header has no alg");
    TRY(key_id_, header_text(*header, "kid", key_id_bytes_max));
    TRY(std::string type, header_text(*header, "typ", header_text_bytes_max));
    type_ = lower(std::move(type));
    constexpr std::string_view media = "application/";
    if (type_.starts_with(media)) type_.erase(0, media.size());
    return {};
}

Result<Jwt> Jwt::parse(std::string_view compact) {
    if (compact.size() > jwt_bytes_max)
        return not_accepted(fmt::format("a token of {} bytes; at most {} are read", compact.size(), jwt_bytes_max));
    const std::size_t first = compact.find('.');
    const std::size_t second = first == std::string_view::npos ? first : compact.find('.', first + 1);
    if (second == std::string_view::npos) return not_accepted("not a compact JWT: it has no three parts");
    const auto header = from_base64url(compact.substr(0, first));
    auto payload = from_base64url(compact.substr(first + 1, second - first - 1));
    // A fourth part (of an encrypted token) has a dot, which is no letter of the alphabet.
    auto signature = from_base64url(compact.substr(second + 1));
    if (!header || !payload || !signature) return not_accepted("not a compact JWT: a part is not base64url");
    Jwt jwt;
    TRY_VOID(jwt.read_header(*header));
    auto claims = Json::parse(*payload, jwt_bytes_max);
    if (!claims || claims->object() == nullptr)
        return not_accepted("the claims are no JSON object, or give a name twice");
    jwt.compact_ = compact;
    jwt.signed_bytes_ = second;
    jwt.claims_ = *std::move(claims);
    jwt.payload_ = *std::move(payload);
    jwt.signature_ = *std::move(signature);
    return jwt;
}

}  // namespace bursar::oidc
