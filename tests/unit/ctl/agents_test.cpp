// Hunts: settings of a coding agent that are lost or broken by ours, a key in a settings file, a path that a shell
// takes apart.
#include "service/ctl/agents.h"

#include <algorithm>
#include <string>

#include <QByteArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

const AgentWishes wishes{.origin = "https://gateway.example:8443",
                         .key_file = "/home/o'neil/.config/bursar/keys/x",
                         .ca_file = "/etc/ca.pem",
                         .models = {"gpt-5", "claude-opus-5"}};

Outcome<std::string> merged(std::string_view agent, std::string_view before) {
    const auto found = std::ranges::find(all_agents(), agent, &Agent::name);
    return found->merge(before, wishes);
}

QJsonObject json(const std::string& text) { return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object(); }

constexpr std::string_view codex_ours = R"(
[model_providers.bursar]
name = "Bursar"
base_url = "https://gateway.example:8443/v1"
wire_api = "responses"

[model_providers.bursar.auth]
command = "cat"
args = ["/home/o'neil/.config/bursar/keys/x"]
)";

struct Case {
    const char* name;
    std::string before;
    std::string kept;  ///< between our first line and our tables
};

TEST(Codex, keeps_every_line_that_is_not_ours) {
    const Case cases[] = {
        {"no file", "", ""},
        {"keys at the top", "model = \"gpt-5\"\n# mine\n", "model = \"gpt-5\"\n# mine\n"},
        {"another provider in force", "model_provider = \"x\"\nmodel = \"m\"\n", "model = \"m\"\n"},
        {"a key whose name begins alike", "model_provider_note = \"x\"\n", "model_provider_note = \"x\"\n"},
        {"a table of somebody else", "[model_providers.other]\nname = \"O\"\n",
         "[model_providers.other]\nname = \"O\"\n"},
        {"the same key within a table", "[profiles.a]\nmodel_provider = \"x\"\n",
         "[profiles.a]\nmodel_provider = \"x\"\n"},
        {"ours of before, between others", "[a]\nx = 1\n[model_providers.bursar]\nname = \"Old\"\n[b]\ny = 2\n",
         "[a]\nx = 1\n[b]\ny = 2\n"},
        {"ours in quotation marks", "[ model_providers . \"bursar\" ]\nname = \"Old\"\n", ""},
        {"a text of several lines that looks like a table", "note = \"\"\"\n[model_providers.bursar]\n\"\"\"\n[a]\n",
         "note = \"\"\"\n[model_providers.bursar]\n\"\"\"\n[a]\n"},
        {"no line end at the end", "model = \"gpt-5\"", "model = \"gpt-5\"\n"},
    };
    for (const Case& each : cases) {
        const auto after = merged("codex", each.before);
        ASSERT_TRUE(after) << each.name << ": " << after.error().text;
        EXPECT_EQ(*after, "model_provider = \"bursar\"\n" + each.kept + std::string(codex_ours)) << each.name;
    }
}

TEST(Codex, is_the_same_after_a_second_time) {
    const auto once = merged("codex", "model = \"gpt-5\"\n\n[a]\nx = 1\n");
    ASSERT_TRUE(once);
    const auto twice = merged("codex", *once);
    ASSERT_TRUE(twice);
    EXPECT_EQ(*twice, *once);
}

TEST(Codex, refuses_a_file_that_no_table_can_be_added_to) {
    for (const char* before : {"model_providers = {}\n", "model_providers.x.name = \"X\"\n"})
        EXPECT_FALSE(merged("codex", before)) << before;
}

TEST(Claude, gets_an_address_and_a_command_and_keeps_the_rest) {
    const auto after = merged("claude", R"({"env":{"A":"1"},"permissions":{"deny":["x"]},"big":9007199254740991})");
    ASSERT_TRUE(after) << after.error().text;
    const QJsonObject settings = json(*after);
    const QJsonObject environment = settings.value("env").toObject();
    EXPECT_EQ(environment.value("A").toString(), "1");
    EXPECT_EQ(environment.value("ANTHROPIC_BASE_URL").toString(), "https://gateway.example:8443");
    EXPECT_EQ(environment.value("NODE_EXTRA_CA_CERTS").toString(), "/etc/ca.pem");
    EXPECT_EQ(settings.value("apiKeyHelper").toString(), R"(cat '/home/o'\''neil/.config/bursar/keys/x')");
    EXPECT_EQ(settings.value("big").toInteger(), 9007199254740991);
    EXPECT_TRUE(settings.contains("permissions"));
}

TEST(Claude, refuses_what_would_send_another_key_or_lose_something) {
    for (const char* before : {R"({"env":{"ANTHROPIC_AUTH_TOKEN":"sk"}})", R"({"env":{"ANTHROPIC_API_KEY":"sk"}})",
                               "{\"a\":1} // mine", "[]", "{"})
        EXPECT_FALSE(merged("claude", before)) << before;
}

TEST(Opencode, gets_a_provider_with_the_models_of_its_user) {
    const auto after = merged("opencode", R"({"theme":"dark","provider":{"x":{"name":"X"},"bursar":{"name":"Old"}}})");
    ASSERT_TRUE(after) << after.error().text;
    const QJsonObject settings = json(*after), providers = settings.value("provider").toObject();
    EXPECT_EQ(settings.value("theme").toString(), "dark");
    EXPECT_TRUE(providers.contains("x"));
    const QJsonObject ours = providers.value("bursar").toObject();
    EXPECT_EQ(ours.value("options").toObject().value("apiKey").toString(), "{file:/home/o'neil/.config/bursar/keys/x}");
    EXPECT_EQ(ours.value("models").toObject().keys().join(' '), "claude-opus-5 gpt-5");
}

TEST(Gemini, is_refused_as_it_cannot_renew_its_key) { EXPECT_FALSE(merged("gemini", "")); }

}  // namespace
}  // namespace bursar::ctl
