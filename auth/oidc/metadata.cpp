#include "auth/oidc/metadata.h"

#include "auth/oidc/http.h"
#include "auth/oidc/json.h"
#include "auth/oidc/url.h"
#include "auth/oidc/words.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

std::vector<std::string> texts_at(const Json& document, std::string_view name) {
    std::vector<std::string> out;
    const Json* member = document.member(name);
    if (member == nullptr || member->list() == nullptr) return out;
    for (const Json& each : *member->list())
        if (each.text() != nullptr) out.push_back(*each.text());
    return out;
}

bool has(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

Result<Metadata> Metadata::parse(std::string_view text, std::string_view issuer) {
    const auto document = Json::parse(text, http_answer_bytes_max);
    if (!document || document->object() == nullptr)
        return not_available("discovery: the document is no JSON object, or gives a name twice");
    Metadata out;
    out.issuer = document->text_at("issuer");
    // Discovery §4.3: exactly, or somebody else's document would speak for ours.
    if (out.issuer != issuer)
        return not_available(
            fmt::format("discovery: the document is of the issuer {}, not of {}; write the issuer as it "
                        "writes it",
                        in_quotes(out.issuer), in_quotes(issuer)));
    const std::pair<std::string_view, std::string*> places[] = {
        {"authorization_endpoint", &out.authorization_endpoint},
        {"token_endpoint", &out.token_endpoint},
        {"jwks_uri", &out.jwks_uri},
        {"userinfo_endpoint", &out.userinfo_endpoint},
        {"end_session_endpoint", &out.end_session_endpoint},
        {"device_authorization_endpoint", &out.device_authorization_endpoint},
    };
    for (const auto& [name, place] : places) {
        *place = document->text_at(name);
        if (!place->empty() && !is_askable_for(issuer, *place))
            return not_available(
                fmt::format("discovery: {} is {}, which is no https address", name, in_quotes(*place)));
    }
    if (out.jwks_uri.empty()) return not_available("discovery: the document has no jwks_uri");
    if (document->member("token_endpoint_auth_methods_supported") != nullptr) {
        const auto methods = texts_at(*document, "token_endpoint_auth_methods_supported");
        out.can_basic = has(methods, "client_secret_basic");
        out.can_post = has(methods, "client_secret_post");
    }
    const Json* names_itself = document->member("authorization_response_iss_parameter_supported");
    out.names_itself = names_itself != nullptr && names_itself->is_true();
    const Json* logout = document->member("backchannel_logout_supported");
    out.backchannel_logout = logout != nullptr && logout->is_true();
    out.algorithms = texts_at(*document, "id_token_signing_alg_values_supported");
    return out;
}

Result<void> Metadata::is_whole_for_sign_in() const {
    if (authorization_endpoint.empty()) return not_available("discovery: the document has no authorization_endpoint");
    if (token_endpoint.empty()) return not_available("discovery: the document has no token_endpoint");
    return {};
}

std::string discovery_url(std::string_view issuer) {
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    return std::string(issuer) + "/.well-known/openid-configuration";
}

std::chrono::seconds kept_for(std::string_view cache_control) {
    std::string text(cache_control);
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    if (text.contains("no-store") || text.contains("no-cache")) return kept_for_min;
    constexpr std::string_view word = "max-age=";
    std::size_t at = text.find(word);
    // "s-maxage" is spelled without the hyphen; "x-max-age=" of some proxy is another word.
    while (at != std::string::npos && at > 0 && text[at - 1] != ' ' && text[at - 1] != ',')
        at = text.find(word, at + 1);
    if (at == std::string::npos) return kept_for_default;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data() + at + word.size(), text.data() + text.size(), seconds);
    if (error == std::errc::result_out_of_range) return kept_for_max;
    if (error != std::errc()) return kept_for_default;
    return std::clamp(std::chrono::seconds(seconds), kept_for_min, kept_for_max);
}

}  // namespace bursar::oidc
