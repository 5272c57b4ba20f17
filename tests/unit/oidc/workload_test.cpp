#include "tests/unit/oidc/sign_in.h"

#include <fmt/format.h>

// Hunts: a JWT of a workload that is let in although it is for somebody else, of somebody else, or of another time, and
// a call on the data plane that waits for an issuer.
namespace bursar::oidc::testing {
namespace {

class WorkloadTest : public ::testing::Test {
  protected:
    WorkloadTest() { reset(); }
    void reset() {
        provider_ = FakeProvider(clock_);
        provider_.claims = {{"iss", text_of(issuer_name)},
                            {"aud", R"(["https://bursar.corp.example"])"},
                            {"sub", text_of("system:serviceaccount:research:batch")},
                            {"exp", fmt::format("{}", provider_.seconds(3600))},
                            {"iat", fmt::format("{}", provider_.seconds())}};
        options_ = {.name = "kube",
                    .issuer = std::string(issuer_name),
                    .audience = "https://bursar.corp.example",
                    .jwks_uri = {},
                    .ca = {},
                    .algorithms = {"RS256", "ES256"},
                    .subjects = {"system:serviceaccount:research:*", "repo:corp/tool:ref:refs/heads/main"},
                    .require = {}};
    }
    std::unique_ptr<Workload> make() {
        auto made = Workload::make(options_, provider_.http(), clock_);
        EXPECT_TRUE(made) << made.error().for_caller;
        return *std::move(made);
    }
    Result<WorkloadClaims> verify(const Workload& workload) {
        return workload.verify(provider_.id_token(), clock_.now());
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    FakeProvider provider_{clock_};
    WorkloadOptions options_;
};

TEST_F(WorkloadTest, says_what_the_token_says) {
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    const auto claims = verify(*workload);
    ASSERT_TRUE(claims) << claims.error().for_operator;
    EXPECT_EQ(claims->subject, "system:serviceaccount:research:batch");
    EXPECT_EQ(claims->expires_at, clock_.now() + std::chrono::hours(1));
    EXPECT_EQ(claims->json, object_of(provider_.claims));
    EXPECT_EQ(issuer_of(provider_.id_token()), issuer_name);
}

TEST_F(WorkloadTest, each_wrong_token_is_refused) {
    const auto put = [](const char* name, std::string value) {
        return [=](FakeProvider& at) { at.claims[name] = value; };
    };
    const auto at_seconds = [](const char* name, std::int64_t seconds) {
        return [=](FakeProvider& at) { at.claims[name] = fmt::format("{}", at.seconds(seconds)); };
    };
    const struct {
        const char* name;
        std::function<void(FakeProvider&)> edit;
        const char* why;
    } cases[] = {
        {"another audience", put("aud", text_of("https://other.example")), "aud"},
        {"for others as well", put("aud", R"(["https://bursar.corp.example","https://other.example"])"), "aud"},
        {"an audience that begins like ours", put("aud", text_of("https://bursar.corp.example.evil")), "aud"},
        {"another issuer", put("iss", text_of("https://evil.example")), "iss"},
        {"a subject of another namespace", put("sub", text_of("system:serviceaccount:finance:batch")), "sub"},
        {"a subject that only begins like a whole one", put("sub", text_of("repo:corp/tool:ref:refs/heads/main2")),
         "sub"},
        {"a subject that ends before its pattern does", put("sub", text_of("system:serviceaccount:research")), "sub"},
        {"no subject", [](FakeProvider& at) { at.claims.erase("sub"); }, "sub"},
        {"no exp", [](FakeProvider& at) { at.claims.erase("exp"); }, "exp"},
        {"no iat", [](FakeProvider& at) { at.claims.erase("iat"); }, "iat"},
        {"exp 61 s ago", at_seconds("exp", -61), "exp"},
        {"iat in 61 s", at_seconds("iat", 61), "iat"},
        {"nbf in 61 s", at_seconds("nbf", 61), "nbf"},
        {"a life of a day and a second", at_seconds("exp", 24 * 3600 + 1), "longer"},
        {"a life of a century", put("exp", "99999999999"), "longer"},
        {"an ID token", put("nonce", text_of("n")), "nonce"},
        {"a logout token", [](FakeProvider& at) { at.header["typ"] = text_of("logout+jwt"); }, "typ"},
        {"another key", [](FakeProvider& at) { at.keys = {second_key()}; }, "signature"},
        {"none",
         [](FakeProvider& at) {
             at.header["alg"] = text_of("none");
             at.id_token_instead = signing_input(object_of(at.header), object_of(at.claims)) + ".";
         },
         "algorithm"},
    };
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    for (const auto& each : cases) {
        reset();
        each.edit(provider_);
        const auto claims = verify(*workload);
        ASSERT_FALSE(claims) << each.name;
        EXPECT_EQ(claims.error().fault, Fault::unauthenticated) << each.name;
        EXPECT_NE(claims.error().for_operator.find(each.why), std::string::npos)
            << each.name << ": " << claims.error().for_operator;
    }
}

TEST_F(WorkloadTest, takes_what_platforms_write) {
    const std::pair<const char*, std::function<void(FakeProvider&)>> cases[] = {
        {"one audience as text", [](FakeProvider& at) { at.claims["aud"] = text_of("https://bursar.corp.example"); }},
        {"an access token", [](FakeProvider& at) { at.header["typ"] = text_of("at+jwt"); }},
        {"no type", [](FakeProvider& at) { at.header.erase("typ"); }},
        {"a whole subject", [](FakeProvider& at) { at.claims["sub"] = text_of("repo:corp/tool:ref:refs/heads/main"); }},
        {"a life of a day", [](FakeProvider& at) { at.claims["exp"] = fmt::format("{}", at.seconds(24 * 3600)); }},
        {"exp 60 s ago", [](FakeProvider& at) { at.claims["exp"] = fmt::format("{}", at.seconds(-60)); }},
    };
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    for (const auto& [name, edit] : cases) {
        reset();
        edit(provider_);
        const auto claims = verify(*workload);
        EXPECT_TRUE(claims) << name << ": " << claims.error().for_operator;
    }
}

TEST_F(WorkloadTest, a_required_claim_has_to_be_there) {
    options_.require = {{"environment", "production"}};
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    EXPECT_FALSE(verify(*workload));
    provider_.claims["environment"] = text_of("production");
    EXPECT_TRUE(verify(*workload));
}

TEST_F(WorkloadTest, verifying_asks_nobody) {
    const auto workload = make();
    EXPECT_EQ(verify(*workload).error().fault, Fault::directory_unavailable);
    EXPECT_TRUE(provider_.requests.empty());
    ASSERT_TRUE(workload->refresh());
    const std::size_t requests = provider_.requests.size();
    provider_.header["kid"] = text_of("second");
    provider_.keys.push_back(second_key());
    EXPECT_EQ(verify(*workload).error().fault, Fault::unauthenticated);
    EXPECT_EQ(provider_.requests.size(), requests);
    // The next refresh() learns the key, because a token asked for it.
    ASSERT_TRUE(workload->refresh());
    EXPECT_TRUE(verify(*workload));
    EXPECT_EQ(provider_.asked("/keys"), 2);
}

TEST_F(WorkloadTest, strangers_make_it_ask_once_a_minute) {
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    provider_.header["kid"] = text_of("made-up");
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(verify(*workload));
        ASSERT_TRUE(workload->refresh());
    }
    EXPECT_EQ(provider_.asked("/keys"), 2);
    clock_.advance(std::chrono::minutes(1));
    EXPECT_FALSE(verify(*workload));
    ASSERT_TRUE(workload->refresh());
    EXPECT_EQ(provider_.asked("/keys"), 3);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(workload->refresh());
    EXPECT_EQ(provider_.asked("/keys"), 3);
}

TEST_F(WorkloadTest, an_issuer_that_is_down_is_trusted_for_a_day_and_no_longer) {
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    provider_.instead["/keys"] = [](const HttpRequest&) { return answer_of(503, ""); };
    provider_.instead["/.well-known/openid-configuration"] = provider_.instead["/keys"];
    const auto token_now = [&] {
        provider_.claims["iat"] = fmt::format("{}", provider_.seconds());
        provider_.claims["exp"] = fmt::format("{}", provider_.seconds(600));
        return verify(*workload);
    };
    clock_.advance(std::chrono::hours(24));
    EXPECT_EQ(workload->refresh().error().fault, Fault::directory_unavailable);
    EXPECT_TRUE(token_now());
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(token_now().error().fault, Fault::directory_unavailable);
    provider_.instead.clear();
    ASSERT_TRUE(workload->refresh());
    EXPECT_TRUE(token_now());
}

TEST_F(WorkloadTest, keys_may_be_elsewhere_than_the_issuer_says) {
    options_.issuer = "https://kubernetes.default.svc";
    options_.jwks_uri = std::string(issuer_name) + "/keys";
    provider_.claims["iss"] = text_of(options_.issuer);
    const auto workload = make();
    ASSERT_TRUE(workload->refresh());
    EXPECT_TRUE(verify(*workload));
    EXPECT_EQ(provider_.requests.size(), 1U);
}

TEST_F(WorkloadTest, options_that_trust_too_much_are_refused_by_name) {
    const std::pair<const char*, std::function<void(WorkloadOptions&)>> cases[] = {
        {".issuer", [](WorkloadOptions& at) { at.issuer = "http://ci.corp.example"; }},
        {".issuer", [](WorkloadOptions& at) { at.issuer.clear(); }},
        {".jwks_uri", [](WorkloadOptions& at) { at.jwks_uri = "http://ci.corp.example/keys"; }},
        {".audience", [](WorkloadOptions& at) { at.audience.clear(); }},
        {".subjects", [](WorkloadOptions& at) { at.subjects.clear(); }},
        {".subjects", [](WorkloadOptions& at) { at.subjects = {"*"}; }},
        {".subjects", [](WorkloadOptions& at) { at.subjects = {"seven77*"}; }},
        {".subjects", [](WorkloadOptions& at) { at.subjects = {"repo:*/main"}; }},
        {".subjects", [](WorkloadOptions& at) { at.subjects = {"repo:corp/**"}; }},
        {".subjects", [](WorkloadOptions& at) { at.subjects = {""}; }},
        {".algorithms", [](WorkloadOptions& at) { at.algorithms = {"HS256"}; }},
    };
    for (const auto& [name, change] : cases) {
        WorkloadOptions options = options_;
        change(options);
        const auto workload = Workload::make(options, provider_.http(), clock_);
        ASSERT_FALSE(workload) << name;
        EXPECT_EQ(workload.error().fault, Fault::wrong_configuration);
        EXPECT_NE(workload.error().for_caller.find(name), std::string::npos) << workload.error().for_caller;
    }
}

TEST_F(WorkloadTest, what_is_no_jwt_has_no_issuer) {
    for (const char* text :
         {"", "sk-bursar-abc", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "..", "eyJhbGciOiJub25lIn0.W10."})
        EXPECT_EQ(issuer_of(text), "") << text;
}

}  // namespace
}  // namespace bursar::oidc::testing
