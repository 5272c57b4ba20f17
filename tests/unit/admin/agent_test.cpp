// Hunts: settings that an agent takes for altered, a checksum of other bytes than the client's, a file of the console
// without its headers.
#include "service/admin/agent_settings.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

// Computed by the client itself, which compares.
TEST(AgentSettings, have_the_checksum_that_the_client_computes) {
    const std::pair<const char*, const char*> vectors[] = {
        {"{}", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        {R"({"model":"claude-haiku-4-5"})", "a681938feb4c27d0e760e7bc56d6c89273f3175f174e8b407b144825f619a2ba"},
        {R"({"modelOverrides":{"9":"y","10":"x","B":"2","b":"1","é":"g","😀":"e","￮":"f"}})",
         "eabef2aca76ac1a8ae5be37e3a0d1a7c92c25a74992fecad8b8a7e69e7f647aa"},
        {R"({ "modelOverrides" : {"￮":"f","b":"1","10":"x","😀":"e","é":"g","B":"2","9":"y"} })",
         "eabef2aca76ac1a8ae5be37e3a0d1a7c92c25a74992fecad8b8a7e69e7f647aa"},
    };
    for (const auto& [settings, digest] : vectors) {
        const auto checksum = settings_checksum(settings);
        ASSERT_TRUE(checksum) << settings;
        EXPECT_EQ(*checksum, fmt::format("sha256:{}", digest)) << settings;
    }
}

TEST(AgentSettings, are_written_as_javascript_writes_them) {
    const std::pair<const char*, const char*> cases[] = {
        {"30.0", "30"},
        {"-0.0", "0"},
        {"0.0000001", "1e-7"},
        {"0.000001", "0.000001"},
        {"1e21", "1e+21"},
        {"1e20", "100000000000000000000"},
        {"0.1", "0.1"},
        {"1.5e300", "1.5e+300"},
        {R"("\u007f\u2028\/")", "\"\x7f\u2028/\""},
        {R"("\u0001\b\t\n\f\r\"\\")", R"("\u0001\b\t\n\f\r\"\\")"},
        {R"({"01":1,"1":2,"4294967295":3,"4294967294":4,"a":5})",
         R"({"1":2,"4294967294":4,"01":1,"4294967295":3,"a":5})"},
        {"[ true , false , null ]", "[true,false,null]"},
    };
    for (const auto& [json, canonical] : cases) {
        const auto written = canonical_json(json);
        ASSERT_TRUE(written) << json;
        EXPECT_EQ(*written, canonical) << json;
    }
    EXPECT_FALSE(canonical_json("{"));
    EXPECT_FALSE(canonical_json(std::string(70, '[') + std::string(70, ']')));
}

class AgentApi : public testing::Test {
  protected:
    void start(std::string_view more) {
        const HttpReply applied = plant_.apply(documents_json(staff_yaml(more)), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research"});
        static_cast<void>(plant_.sign_in("alice"));
        token_ = plant_.access_token("alice", auth::SessionKind::agent);
    }
    HttpReply settings(std::string extra = {}) {
        return plant_.ask("GET", "/managed/settings", {.token = token_, .extra = std::move(extra)});
    }

    Plant plant_;
    std::string token_;
};

TEST_F(AgentApi, settings_are_the_policys_and_are_sent_once) {
    start("  agents: {settings: {model: claude-haiku-4-5}}\n");
    const std::string checksum = "sha256:a681938feb4c27d0e760e7bc56d6c89273f3175f174e8b407b144825f619a2ba";
    const HttpReply reply = settings();
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.at("/checksum"), checksum);
    EXPECT_EQ(reply.at("/settings"), R"({"model":"claude-haiku-4-5"})");
    EXPECT_EQ(reply.at("/uuid"), "policy-1");
    EXPECT_EQ(reply.headers.at("etag"), "\"" + checksum + "\"");
    EXPECT_EQ(settings("if-none-match: \"" + checksum + "\"\r\n").status, 304);
    EXPECT_EQ(settings("if-none-match: *\r\n").status, 200) << "somebody who only asks whether there are any";
    EXPECT_EQ(settings("if-none-match: \"sha256:00\"\r\n").status, 200);
}

TEST_F(AgentApi, no_settings_are_not_the_same_as_empty_ones) {
    start("");
    EXPECT_EQ(settings().status, 404);
    ASSERT_EQ(plant_.apply(documents_json(staff_yaml("  agents: {settings: {}}\n")), "\"1\"").status, 200);
    EXPECT_EQ(settings().at("/settings"), "{}");
    EXPECT_EQ(plant_.ask("GET", "/managed/settings").status, 401);
    EXPECT_EQ(plant_.ask("GET", "/managed/settings", {.token = plant_.operator_token}).status, 401);
}

TEST_F(AgentApi, the_fullest_limit_is_told_first_and_measurements_are_taken) {
    start("");
    const HttpReply usage = plant_.ask("GET", "/api/oauth/usage", {.token = token_});
    ASSERT_EQ(usage.status, 200) << usage.body;
    EXPECT_EQ(usage.at("/extra_usage/is_enabled"), "true");
    EXPECT_EQ(usage.at("/extra_usage/monthly_limit"), "10000") << "in cents";
    EXPECT_EQ(usage.at("/extra_usage/used_credits"), "0");
    EXPECT_EQ(usage.at("/extra_usage/currency"), "USD");
    EXPECT_EQ(usage.at("/limits/0/group"), "monthly");
    EXPECT_EQ(usage.at("/limits/0/resets_at"), "2026-11-30T23:00:00.000Z");
    for (const char* kind : {"/v1/metrics", "/v1/logs", "/v1/traces"})
        EXPECT_EQ(plant_.ask("POST", kind, {.token = token_, .body = "\x0a\x01 not json"}).status, 200) << kind;
}

TEST(Console, every_page_is_the_same_file_with_headers_that_let_nothing_else_in) {
    Plant plant;
    for (const char* page : {"/", "/sign-in", "/keys", "/usage", "/index.html"}) {
        const HttpReply reply = plant.ask("GET", page);
        ASSERT_EQ(reply.status, 200) << page;
        EXPECT_EQ(reply.headers.at("content-type"), "text/html; charset=utf-8") << page;
        EXPECT_NE(reply.body.find("<title>Bursar</title>"), std::string::npos) << page;
        const std::string& policy = reply.headers.at("content-security-policy");
        for (const char* part : {"default-src 'none'", "script-src 'self';", "style-src 'self';", "object-src 'none'",
                                 "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"})
            EXPECT_NE(policy.find(part), std::string::npos) << page << " " << part;
        EXPECT_EQ(policy.find("unsafe"), std::string::npos);
        EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff");
        EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer");
        EXPECT_EQ(reply.headers.at("cross-origin-opener-policy"), "same-origin");
        EXPECT_EQ(reply.headers.at("strict-transport-security"), "max-age=31536000");
        EXPECT_EQ(reply.headers.at("cache-control"), "no-cache") << page;
        EXPECT_EQ(plant.ask("GET", page, {.extra = "if-none-match: " + reply.headers.at("etag") + "\r\n"}).status, 304);
    }
    const HttpReply script = plant.ask("GET", "/assets/x1.js");
    EXPECT_EQ(script.status, 200);
    EXPECT_EQ(script.headers.at("content-type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(script.headers.at("cache-control"), "public, max-age=31536000, immutable");
    for (const char* nothing : {"/favicon.ico", "/assets/x2.js", "/assets/index.html", "/assets/", "/keys/1"})
        EXPECT_EQ(plant.ask("GET", nothing).status, 404) << nothing;
    EXPECT_EQ(plant.ask("POST", "/keys").status, 405);
}

}  // namespace
}  // namespace bursar::admin::test
