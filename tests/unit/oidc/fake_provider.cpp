#include "tests/unit/oidc/fake_provider.h"

#include "service/base/json.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::oidc::testing {

std::string text_of(std::string_view value) {
    std::string out;
    append_json_string(out, value);
    return out;
}

std::string object_of(const Members& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        if (out.size() > 1) out += ",";
        out += text_of(name) + ":" + value;
    }
    return out + "}";
}

const Signer& first_key() {
    static const Signer key(Signer::Kind::rsa, "first");
    return key;
}

const Signer& second_key() {
    static const Signer key(Signer::Kind::rsa, "second");
    return key;
}

HttpAnswer answer_of(int status, std::string body) {
    return {
        .status = status, .content_type = "application/json", .cache_control = {}, .date = {}, .body = std::move(body)};
}

FakeProvider::FakeProvider(const Clock& at, std::string name)
    : clock(&at), issuer(std::move(name)), keys({first_key()}) {
    document = {{"issuer", text_of(issuer)},
                {"authorization_endpoint", text_of(issuer + "/authorize")},
                {"token_endpoint", text_of(issuer + "/token")},
                {"jwks_uri", text_of(issuer + "/keys")}};
    header = {{"alg", text_of("RS256")}, {"kid", text_of("first")}, {"typ", text_of("JWT")}};
    claims = {{"iss", text_of(issuer)},
              {"aud", text_of(client_id)},
              {"sub", text_of("00u-alice")},
              {"exp", fmt::format("{}", seconds(300))},
              {"iat", fmt::format("{}", seconds())},
              {"preferred_username", text_of("alice")},
              {"name", text_of("Alice Ünal")},
              {"email", text_of("alice@corp.example")},
              {"groups", R"(["research","staff"])"}};
    token_answer = {{"access_token", text_of("an-access-token")}, {"token_type", text_of("Bearer")}};
}

std::int64_t FakeProvider::seconds(std::int64_t from_now) const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock->now().time_since_epoch()).count() + from_now;
}

Options FakeProvider::options() const {
    return {.name = "corp",
            .issuer = issuer,
            .client_id = std::string(client_id),
            .scopes = {"openid", "profile", "email"},
            .algorithms = {"RS256", "ES256"},
            .groups_claim = "groups",
            .groups_cut_at = {},
            .user_name_claim = "preferred_username",
            .email_claim = "email",
            .name_claim = "name",
            .source = "oidc:corp",
            .subject_claim = "sub",
            .require = {},
            .ca = {}};
}

std::string FakeProvider::key_set() const {
    if (!key_set_instead.empty()) return key_set_instead;
    std::string out = R"({"keys":[)";
    for (const Signer& each : keys) out += (out.back() == '[' ? "" : ",") + each.jwk(R"("use":"sig")");
    return out + "]}";
}

std::string FakeProvider::id_token() const {
    if (!id_token_instead.empty()) return id_token_instead;
    return keys.back().token(algorithm, object_of(header), object_of(claims));
}

int FakeProvider::asked(const std::string& path) const {
    return static_cast<int>(
        std::ranges::count_if(requests, [&](const HttpRequest& each) { return each.url == issuer + path; }));
}

Result<HttpAnswer> FakeProvider::answer(const HttpRequest& request) {
    requests.push_back(request);
    const std::string path = request.url.starts_with(issuer) ? request.url.substr(issuer.size()) : request.url;
    if (const auto other = instead.find(path); other != instead.end()) return other->second(request);
    HttpAnswer out = answer_of(200, {});
    out.cache_control = cache_control;
    if (path == "/.well-known/openid-configuration") {
        out.body = object_of(document);
    } else if (path == "/keys") {
        out.body = key_set();
    } else if (path == "/userinfo") {
        out.body = object_of(userinfo);
    } else if (path == "/token") {
        Members members = token_answer;
        members.emplace("id_token", text_of(id_token()));
        out.body = object_of(members);
    } else {
        out.status = 404;
    }
    return out;
}

Http FakeProvider::http() {
    return [this](const HttpRequest& request) { return answer(request); };
}

}  // namespace bursar::oidc::testing
