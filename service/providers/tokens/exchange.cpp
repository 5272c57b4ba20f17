#include "service/providers/tokens/exchange.h"

#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/providers/tokens/assertion.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::providers::tokens {
namespace {

/// Both take an hour; nothing needs more than the way there. Clocks may differ by the first of them.
constexpr std::chrono::seconds clock_slack{30}, assertion_lasts{600};
constexpr std::size_t code_bytes_max = 64;

std::int64_t seconds_of(Timestamp at) {
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

/// application/x-www-form-urlencoded, one value.
void append_field(std::string& form, std::string_view name, std::string_view value) {
    constexpr std::string_view hex = "0123456789ABCDEF", marks = "-._~";
    form.append(form.empty() ? "" : "&").append(name).append("=");
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || marks.contains(c)) {
            form += c;
            continue;
        }
        const auto code = static_cast<unsigned char>(c);
        form.append({'%', hex[code >> 4U], hex[code & 15U]});
    }
}

// learn.microsoft.com/entra/identity-platform/certificate-credentials (read in November 2026).
Result<Secret> entra_assertion(const Credential& credential, const Place& place, Timestamp now,
                               std::string_view unique) {
    const std::int64_t at = seconds_of(now);
    JsonWriter header, claims;
    header.open().field("alg", name_of(Algorithm::ps256)).field("typ", "JWT").field("x5t#S256", credential.key_id);
    header.close();
    claims.open().field("aud", place.url + path_of(credential, ""));
    claims.field("iss", credential.client).field("sub", credential.client).field("jti", to_hex(unique));
    claims.field("nbf", at - clock_slack.count()).field("iat", at).field("exp", at + assertion_lasts.count()).close();
    return sign(Algorithm::ps256, header.text(), claims.text(), credential.private_key);
}

// developers.google.com/identity/protocols/oauth2/service-account (read in November 2026). Google refuses what was made
// in its future, so the time is a little earlier.
Result<Secret> google_assertion(const Credential& credential, const Place& place, Timestamp now) {
    const std::int64_t at = seconds_of(now) - clock_slack.count();
    JsonWriter header, claims;
    header.open().field("alg", name_of(Algorithm::rs256)).field("typ", "JWT").field("kid", credential.key_id).close();
    claims.open().field("iss", credential.client).field("scope", place.scope).field("aud", place.url);
    claims.field("iat", at).field("exp", at + assertion_lasts.count()).close();
    return sign(Algorithm::rs256, header.text(), claims.text(), credential.private_key);
}

/// A code that is one word; Entra's own number stands in the description.
std::string code_in(const simdjson::dom::object& answer) {
    std::string_view code, description;
    const bool has_code = answer["error"].get(code) == simdjson::SUCCESS;
    const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (!has_code || code.size() > code_bytes_max || !std::ranges::all_of(code, is_word)) return {};
    std::string out(code);
    if (answer["error_description"].get(description) != simdjson::SUCCESS) return out;
    constexpr std::string_view mark = "AADSTS";
    if (!description.starts_with(mark)) return out;
    const std::size_t end = description.find_first_not_of("0123456789", mark.size());
    return fmt::format("{} ({})", out, description.substr(0, std::min(end, code_bytes_max)));
}

/// A number, or digits in a text, as some servers have it.
std::optional<std::int64_t> seconds_in(const simdjson::dom::element& value) {
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS) return number;
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return {};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return {};
    return number;
}

bool is_bearer(std::string_view type) {
    constexpr std::string_view bearer = "bearer";
    return std::ranges::equal(type, bearer, [](char a, char b) { return (a | 0x20) == b; });
}

/// It becomes a part of a header (RFC 6750 §2.1).
bool is_token(std::string_view text) {
    const auto fits = [](char c) { return c > 0x20 && c < 0x7f; };
    return !text.empty() && text.size() <= token_bytes_max && std::ranges::all_of(text, fits);
}

std::unexpected<Failure> failed(std::string why, bool refused = false) {
    return std::unexpected(Failure{.why = std::move(why), .refused = refused});
}

std::unexpected<Failure> refusal(int status, const simdjson::dom::object* answer) {
    const std::string code = answer == nullptr ? std::string() : code_in(*answer);
    const bool of_credential = status == 400 || status == 401 || status == 403;
    if (code.empty()) return failed(fmt::format("the token endpoint answered {}", status), of_credential);
    return failed(fmt::format("the token endpoint answered {} with the error {}", status, code), of_credential);
}

std::expected<Token, Failure> read_document(int status, simdjson::dom::parser& parser,
                                            const simdjson::padded_string& body) {
    simdjson::dom::element root;
    simdjson::dom::object answer;
    const bool readable = parser.parse(body).get(root) == simdjson::SUCCESS && root.get(answer) == simdjson::SUCCESS;
    if (status != 200) return refusal(status, readable ? &answer : nullptr);
    if (!readable) return failed("the token endpoint answered 200 with something that is no JSON object");
    std::string_view token, type;
    simdjson::dom::element lasts;
    if (answer["access_token"].get(token) != simdjson::SUCCESS || !is_token(token))
        return failed(fmt::format("the token endpoint answered without an access_token of 1 to {} visible characters",
                                  token_bytes_max));
    if (answer["token_type"].get(type) != simdjson::SUCCESS || !is_bearer(type))
        return failed("the token endpoint gave a token that is no bearer token");
    if (answer["expires_in"].get(lasts) != simdjson::SUCCESS)
        return failed("the token endpoint did not say how long its token lasts (expires_in)");
    const auto seconds = seconds_in(lasts);
    if (!seconds || *seconds < 1)
        return failed("the token endpoint gave a token that has ended, or did not say how long it lasts (expires_in)");
    return Token{.value = Secret::copy_of(token),
                 .lasts = std::chrono::seconds(std::min<std::int64_t>(*seconds, lasts_max.count()))};
}

}  // namespace

std::string path_of(const Credential& credential, std::string_view base_path) {
    std::string path(base_path);
    if (credential.kind == Kind::entra) path.append("/").append(credential.tenant).append("/oauth2/v2.0/token");
    return path.empty() ? "/" : path;
}

Result<Secret> form_of(const Credential& credential, const Place& place, Timestamp now, std::string_view unique) {
    // Long enough from the start: a string that grows leaves what it held in freed memory.
    constexpr std::size_t form_bytes = 32 * 1024;
    std::string form;
    form.reserve(form_bytes);
    if (credential.kind == Kind::google) {
        TRY(const Secret assertion, google_assertion(credential, place, now));
        append_field(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        append_field(form, "assertion", assertion.reveal());
        return Secret(std::move(form));
    }
    append_field(form, "grant_type", "client_credentials");
    append_field(form, "client_id", credential.client);
    append_field(form, "scope", place.scope);
    if (!credential.client_secret.empty()) {
        append_field(form, "client_secret", credential.client_secret.reveal());
        return Secret(std::move(form));
    }
    TRY(const Secret assertion, entra_assertion(credential, place, now, unique));
    append_field(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    append_field(form, "client_assertion", assertion.reveal());
    return Secret(std::move(form));
}

std::expected<Token, Failure> read_answer(int status, std::string_view body) {
    if (body.size() > answer_bytes_max) body = {};
    simdjson::padded_string padded(body);
    simdjson::dom::parser parser;
    auto got = read_document(status, parser, padded);
    // simdjson keeps every string of the document in its own buffers.
    wipe(padded.data(), padded.size());
    if (parser.doc.string_buf) wipe(parser.doc.string_buf.get(), padded.size() * 5 / 3);
    return got;
}

}  // namespace bursar::providers::tokens
