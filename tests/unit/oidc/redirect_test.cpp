#include "auth/oidc/base64url.h"
#include "auth/oidc/metadata.h"
#include "auth/oidc/url.h"
#include "service/base/crypto.h"
#include "tests/unit/oidc/sign_in.h"

#include <set>

#include <fmt/format.h>

// Hunts: a redirect of one provider that is taken for another's (mix-up), a document that sends us somewhere else, a
// secret in the wrong place, and values that should be fresh and are not.
namespace bursar::oidc::testing {
namespace {

/// The value of a field in a query or form, still encoded; empty if there is none.
std::string field(std::string_view text, std::string_view name) {
    const std::string marked = std::string("&") + std::string(name) + "=";
    const std::string whole =
        "&" + std::string(text.substr(text.find('?') == std::string_view::npos ? 0 : text.find('?') + 1));
    const std::size_t at = whole.find(marked);
    if (at == std::string::npos) return {};
    const std::size_t from = at + marked.size();
    return whole.substr(from, whole.find('&', from) - from);
}

const HttpRequest& token_request(const FakeProvider& provider) {
    for (const HttpRequest& each : provider.requests)
        if (each.url == provider.issuer + "/token") return each;
    ADD_FAILURE() << "the token endpoint was not asked";
    return provider.requests.front();
}

TEST_F(SignInTest, begins_with_fresh_values_and_a_challenge) {
    provider_.document["authorization_endpoint"] = text_of(provider_.issuer + "/authorize?p=b2c");
    auto client = *make(provider_.options());
    std::set<std::string> values;
    for (int i = 0; i < 20; ++i) {
        const auto begun = client->begin(callback, "alice@corp.example");
        ASSERT_TRUE(begun);
        EXPECT_TRUE(begun->url.starts_with(provider_.issuer + "/authorize?p=b2c&response_type=code&")) << begun->url;
        EXPECT_EQ(field(begun->url, "client_id"), "bursar");
        EXPECT_EQ(field(begun->url, "scope"), "openid%20profile%20email");
        EXPECT_EQ(field(begun->url, "redirect_uri"), form_encoded(callback));
        EXPECT_EQ(field(begun->url, "login_hint"), "alice%40corp.example");
        EXPECT_EQ(field(begun->url, "state"), begun->state);
        EXPECT_EQ(field(begun->url, "nonce"), begun->pending.nonce);
        EXPECT_EQ(field(begun->url, "code_challenge_method"), "S256");
        const std::string verifier(begun->pending.verifier.reveal());
        EXPECT_EQ(field(begun->url, "code_challenge"), to_base64url(as_text(sha256(verifier))));
        EXPECT_EQ(begun->url.find(verifier), std::string::npos);
        for (const std::string& each : {begun->state, begun->pending.nonce, verifier}) {
            EXPECT_EQ(each.size(), 43U);
            EXPECT_TRUE(values.insert(each).second);
        }
    }
    EXPECT_EQ(provider_.asked("/.well-known/openid-configuration"), 1);
    const auto bare = client->begin(callback, std::string(256, 'a'));
    EXPECT_EQ(bare->url.find("login_hint"), std::string::npos);
}

TEST_F(SignInTest, a_redirect_of_somebody_else_is_refused) {
    const Change names_itself = [](Way& way) {
        way.provider.document["authorization_response_iss_parameter_supported"] = "true";
    };
    const struct {
        const char* name;
        Change before, after;
        const char* why;
    } cases[] = {
        {"another iss", {}, [](Way& way) { way.redirected.issuer = "https://evil.example"; }, "the redirect is of"},
        {"iss with a slash",
         {},
         [](Way& way) { way.redirected.issuer = "https://login.corp.example/"; },
         "redirect is of"},
        {"no iss of a provider that always names itself", names_itself, {}, "no iss"},
        {"another iss with an error",
         {},
         [](Way& way) {
             way.redirected.issuer = "https://evil.example";
             way.redirected.error = "access_denied";
         },
         "the redirect is of"},
        {"begun with another provider of ours", {}, [](Way& way) { way.pending.provider = "other"; }, "was begun with"},
        {"no code", {}, [](Way& way) { way.redirected.code.clear(); }, "code"},
        {"a code of 5 KiB", {}, [](Way& way) { way.redirected.code.assign(5 * 1024, 'c'); }, "code"},
        {"the person said no",
         {},
         [](Way& way) {
             way.redirected.error = "access_denied";
             way.redirected.error_description = "a\nline <script>";
         },
         R"("access_denied": "a\nline <script>")"},
    };
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        const auto identity = sign_in(each.before, each.after);
        ASSERT_FALSE(identity) << each.name;
        EXPECT_EQ(identity.error().fault, Fault::unauthenticated) << each.name;
        EXPECT_NE(identity.error().for_operator.find(each.why), std::string::npos) << identity.error().for_operator;
        EXPECT_EQ(identity.error().for_operator.find('\n'), std::string::npos) << each.name;
        EXPECT_EQ(identity.error().for_caller.find("script"), std::string::npos) << each.name;
        EXPECT_EQ(provider_.asked("/token"), 0) << each.name << ": the code went out";
    }
}

TEST_F(SignInTest, a_token_of_one_provider_is_nobody_at_another) {
    FakeProvider other(clock_, "https://other.example");
    other.keys = {second_key()};
    other.header["kid"] = text_of("second");
    const auto identity = sign_in({}, [&](Way& way) {
        other.claims["nonce"] = text_of(way.pending.nonce);
        way.provider.id_token_instead = other.id_token();
    });
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().fault, Fault::unauthenticated);
}

TEST_F(SignInTest, a_document_that_is_not_the_issuers_or_leads_elsewhere_is_an_outage) {
    const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
        {"another issuer", {"issuer", "https://evil.example"}},
        {"the issuer with a slash", {"issuer", "https://login.corp.example/"}},
        {"keys by http", {"jwks_uri", "http://login.corp.example/keys"}},
        {"keys on our loopback", {"jwks_uri", "http://127.0.0.1:8080/keys"}},
        {"keys in a file", {"jwks_uri", "file:///etc/passwd"}},
        {"keys of gopher", {"jwks_uri", "gopher://login.corp.example/"}},
        {"a token endpoint by http", {"token_endpoint", "http://login.corp.example/token"}},
        {"a token endpoint with a user", {"token_endpoint", "https://login.corp.example@evil.example/token"}},
        {"a token endpoint with a line break", {"token_endpoint", "https://login.corp.example/token\r\nX: y"}},
        {"an authorization endpoint of script", {"authorization_endpoint", "javascript:alert(1)"}},
        {"a userinfo endpoint by http", {"userinfo_endpoint", "http://login.corp.example/userinfo"}},
        {"a logout by http", {"end_session_endpoint", "http://login.corp.example/logout"}},
        {"no keys", {"jwks_uri", ""}},
        {"no token endpoint", {"token_endpoint", ""}},
        {"no authorization endpoint", {"authorization_endpoint", ""}},
    };
    for (const auto& [name, member] : cases) {
        provider_ = FakeProvider(clock_);
        provider_.document[member.first] = text_of(member.second);
        auto client = *make(provider_.options());
        const auto begun = client->begin(callback, "");
        ASSERT_FALSE(begun) << name;
        EXPECT_EQ(begun.error().fault, Fault::directory_unavailable) << name;
        EXPECT_EQ(provider_.requests.size(), 1U) << name;
    }
}

TEST_F(SignInTest, the_code_goes_with_its_verifier_and_the_secret_as_the_provider_takes_it) {
    const struct {
        const char* methods;  // null: it does not say
        bool basic, post;
    } cases[] = {{nullptr, true, false},
                 {R"(["client_secret_post","client_secret_basic"])", true, false},
                 {R"(["client_secret_post"])", false, true}};
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        std::string verifier;
        const auto identity = sign_in(
            [&](Way& way) {
                if (each.methods != nullptr)
                    way.provider.document["token_endpoint_auth_methods_supported"] = each.methods;
            },
            [&](Way& way) { verifier = way.pending.verifier.reveal(); });
        ASSERT_TRUE(identity) << identity.error().for_operator;
        const HttpRequest& request = token_request(provider_);
        EXPECT_EQ(field(request.form, "grant_type"), "authorization_code");
        EXPECT_EQ(field(request.form, "code"), "a-code");
        EXPECT_EQ(field(request.form, "redirect_uri"), form_encoded(callback));
        EXPECT_EQ(field(request.form, "code_verifier"), verifier);
        // RFC 6749 §2.3.1: encoded as a form, then joined: "bursar:s3cret%3A%2F%2B%C3%BC".
        EXPECT_EQ(request.authorization, each.basic ? "Basic YnVyc2FyOnMzY3JldCUzQSUyRiUyQiVDMyVCQw==" : "");
        EXPECT_EQ(field(request.form, "client_secret"), each.post ? "s3cret%3A%2F%2B%C3%BC" : "");
        EXPECT_EQ(field(request.form, "client_id"), each.post ? "bursar" : "");
        for (const HttpRequest& any : provider_.requests)
            if (&any != &request) EXPECT_EQ(any.url.find("s3cret"), std::string::npos);
    }
}

TEST_F(SignInTest, a_public_client_sends_its_name_and_no_secret) {
    auto client = *Client::make(provider_.options(), {}, provider_.http(), clock_);
    auto begun = *client->begin(callback, "");
    provider_.claims["nonce"] = text_of(begun.pending.nonce);
    Redirected redirected;
    redirected.code = "a-code";
    ASSERT_TRUE(client->finish(begun.pending, redirected));
    EXPECT_EQ(token_request(provider_).authorization, "");
    EXPECT_EQ(field(token_request(provider_).form, "client_id"), "bursar");
    EXPECT_EQ(field(token_request(provider_).form, "code_verifier").size(), 43U);
}

TEST_F(SignInTest, a_sealed_vault_is_said_as_such) {
    auto client = *Client::make(
        provider_.options(), []() -> Result<Secret> { return fail(Fault::sealed, "The vault is sealed."); },
        provider_.http(), clock_);
    auto begun = *client->begin(callback, "");
    Redirected redirected;
    redirected.code = "a-code";
    EXPECT_EQ(client->finish(begun.pending, redirected).error().fault, Fault::sealed);
}

TEST_F(SignInTest, an_answer_of_the_token_endpoint_says_whose_fault_it_is) {
    const struct {
        const char* name;
        int status;
        const char* body;
        Fault fault;
        const char* why;
    } cases[] = {
        {"an old code", 400, R"({"error":"invalid_grant"})", Fault::unauthenticated, "invalid_grant"},
        {"a wrong secret", 401, R"({"error":"invalid_client"})", Fault::directory_unavailable, "client secret"},
        {"a client that may not", 400, R"({"error":"unauthorized_client"})", Fault::directory_unavailable, "client_id"},
        {"a page", 502, "<html>", Fault::directory_unavailable, "502"},
        {"a redirect", 302, "", Fault::directory_unavailable, "302"},
        {"no JSON", 200, "id_token=x", Fault::directory_unavailable, "no JSON"},
        {"no ID token", 200, R"({"access_token":"a","token_type":"Bearer"})", Fault::directory_unavailable, "id_token"},
        {"two ID tokens", 200, R"({"id_token":"a","id_token":"b"})", Fault::directory_unavailable, "twice"},
    };
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        provider_.instead["/token"] = [&](const HttpRequest&) { return answer_of(each.status, each.body); };
        const auto identity = sign_in();
        ASSERT_FALSE(identity) << each.name;
        EXPECT_EQ(identity.error().fault, each.fault) << each.name;
        EXPECT_NE(identity.error().for_operator.find(each.why), std::string::npos) << identity.error().for_operator;
        EXPECT_EQ(identity.error().for_operator.find("s3cret"), std::string::npos);
    }
}

TEST_F(SignInTest, a_logout_there_is_asked_for_with_the_id_token) {
    auto client = *make(provider_.options());
    EXPECT_EQ(client->logout_url("ey.J.x", "https://bursar.corp.example/"), "");
    provider_.document["end_session_endpoint"] = text_of(provider_.issuer + "/logout");
    client = *make(provider_.options());
    EXPECT_EQ(client->logout_url("ey.J.x", "https://bursar.corp.example/"),
              provider_.issuer + "/logout?id_token_hint=ey.J.x&client_id=bursar&post_logout_redirect_uri=" +
                  form_encoded("https://bursar.corp.example/"));
    provider_.instead["/.well-known/openid-configuration"] = [](const HttpRequest&) { return answer_of(503, ""); };
    EXPECT_EQ((*make(provider_.options()))->logout_url("ey.J.x", ""), "");
}

TEST_F(SignInTest, options_that_cannot_work_are_refused_by_name) {
    const std::pair<const char*, std::function<void(Options&)>> cases[] = {
        {".issuer", [](Options& at) { at.issuer = "http://login.corp.example"; }},
        {".issuer", [](Options& at) { at.issuer = "https://user@login.corp.example"; }},
        {".issuer", [](Options& at) { at.issuer = "https://login.corp.example?tenant=1"; }},
        {".client_id", [](Options& at) { at.client_id.clear(); }},
        {".scopes", [](Options& at) { at.scopes = {"profile"}; }},
        {".algorithms", [](Options& at) { at.algorithms = {"RS256", "HS256"}; }},
        {".algorithms", [](Options& at) { at.algorithms = {"none"}; }},
        {".algorithms", [](Options& at) { at.algorithms.clear(); }},
        {".groups_cut_at", [](Options& at) { at.groups_cut_at = 0; }},
        {".subject_claim", [](Options& at) { at.subject_claim.clear(); }},
    };
    for (const auto& [name, change] : cases) {
        Options options = provider_.options();
        change(options);
        const auto client = make(options);
        ASSERT_FALSE(client) << name;
        EXPECT_EQ(client.error().fault, Fault::wrong_configuration);
        EXPECT_NE(client.error().for_caller.find(name), std::string::npos) << client.error().for_caller;
    }
    EXPECT_TRUE(provider_.requests.empty());
}

TEST(Urls, only_https_and_http_on_loopback_are_asked) {
    for (const char* good : {"https://a.example", "https://a.example:8443/x?y=z", "http://127.0.0.1:8080/x",
                             "http://[::1]/x", "http://localhost:1/", "https://10.0.0.1/"})
        EXPECT_TRUE(is_askable(good)) << good;
    for (const char* wrong :
         {"", "https://", "https:///x", "https://:443/", "http://a.example", "http://127.0.0.1.evil.example",
          "http://localhost.evil.example", "http://localhost:1x/", "http://127.0.0.1@evil.example/",
          "https://u:p@a.example", "https://a.example/ x", "https://a.example/#f", "https://a.example\\@evil.example",
          "HTTPS://a.example", "ftp://a.example", "file:///etc/passwd", "//a.example", "https://a.example/\x7f"})
        EXPECT_FALSE(is_askable(wrong)) << wrong;
    EXPECT_TRUE(is_askable_for("http://localhost:1", "http://localhost:2/x"));
    EXPECT_FALSE(is_askable_for("https://a.example", "http://localhost:2/x"));
}

TEST(Caching, keeps_within_five_minutes_and_a_day) {
    const std::pair<const char*, std::chrono::seconds> cases[] = {
        {"", std::chrono::hours(1)},
        {"public", std::chrono::hours(1)},
        {"max-age=600", std::chrono::minutes(10)},
        {"public, Max-Age=7200, must-revalidate", std::chrono::hours(2)},
        {"max-age=0", std::chrono::minutes(5)},
        {"max-age=-5", std::chrono::minutes(5)},
        {"no-store", std::chrono::minutes(5)},
        {"no-cache, max-age=9000", std::chrono::minutes(5)},
        {"max-age=99999999999999999999", std::chrono::hours(24)},
        {"max-age=31536000", std::chrono::hours(24)},
        {"max-age=soon", std::chrono::hours(1)},
        {"x-max-age=600", std::chrono::hours(1)},
    };
    for (const auto& [text, kept] : cases) EXPECT_EQ(kept_for(text), kept) << text;
}

}  // namespace
}  // namespace bursar::oidc::testing
