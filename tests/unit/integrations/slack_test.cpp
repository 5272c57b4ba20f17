// Hunts: messages that Slack would refuse as a whole because one part is too long, texts that become markup or
// mentions, and answers that are taken for what they are not.
#include "integrations/json.h"
#include "integrations/slack/answers.h"
#include "integrations/slack/blocks.h"
#include "tests/unit/integrations/sample.h"

#include <gtest/gtest.h>

namespace bursar::integrations::slack {
namespace {

constexpr std::size_t payload_bytes_max = 1 << 20;
const Timestamp now = from_unix_milliseconds(1'795'989'000'000);

/// One text object: within its limit, and without a letter that Slack would read as markup.
void check_text(const Json& text, std::size_t units_max, bool dates_allowed = false) {
    EXPECT_GE(units(text.text()), 1U);
    EXPECT_LE(units(text.text()), units_max);
    std::string words(text.text());
    for (std::size_t at = 0; dates_allowed && (at = words.find("<!date^")) != std::string::npos;)
        words.erase(at, words.find('>', at) - at + 1);
    EXPECT_EQ(words.find_first_of("<>"), std::string::npos) << words;
}

void check_block(const Json& block) {
    const std::string_view type = block.at("type").text();
    if (type == "header") {
        EXPECT_EQ(block.at("text").at("type").text(), "plain_text");
        check_text(block.at("text").at("text"), header_units_max);
    } else if (type == "section" && block.at("fields").is_null()) {
        check_text(block.at("text").at("text"), section_units_max, true);
        EXPECT_TRUE(block.at("text").at("verbatim").is_true());
    } else if (type == "section") {
        EXPECT_LE(block.at("fields").list().size(), fields_max);
        EXPECT_GE(block.at("fields").list().size(), 1U);
        for (const Json& field : block.at("fields").list()) check_text(field.at("text"), field_units_max);
    } else if (type == "actions") {
        EXPECT_LE(block.at("elements").list().size(), 25U);
        for (const Json& button : block.at("elements").list()) {
            check_text(button.at("text").at("text"), button_units_max);
            EXPECT_LE(button.at("url").text().size(), button_url_bytes_max);
            EXPECT_TRUE(button.at("url").text().starts_with("https://"));
        }
    } else {
        EXPECT_EQ(type, "context");
        EXPECT_LE(block.at("elements").list().size(), 10U);
        for (const Json& element : block.at("elements").list()) check_text(element.at("text"), context_units_max);
    }
}

/// What Slack's published limits say of any message.
void check_payload(const std::string& payload) {
    const auto read = Json::parse(payload, payload_bytes_max);
    ASSERT_TRUE(read) << payload;
    check_text(read->at("text"), fallback_units_max);
    const Json::List& blocks = read->at("blocks").list();
    EXPECT_LE(blocks.size(), blocks_max);
    std::size_t characters = 0;
    for (const Json& block : blocks) {
        check_block(block);
        JsonWriter json;
        block.write(json);
        characters += units(json.text());
    }
    EXPECT_LE(characters, total_units_max);
}

TEST(SlackBlocks, OfAnyMessageAreWithinEveryLimitOfSlack) {
    check_payload(payload(test::budget_message(), Copy::first));
    check_payload(payload(test::huge_message(), Copy::perhaps_second));
    check_payload(payload(test::hostile_message(), Copy::first));
    for (const int items : {1, 10, 49, 50, 51, 300, 1900})
        check_payload(payload(test::digest_message(items), Copy::first));
    Message texts = test::budget_message();
    for (std::size_t length = 2950; length < 3050; ++length) {
        texts.text = std::string(length, '&');
        texts.title = std::string(length / 20, '<');
        check_payload(payload(texts, Copy::first));
    }
    Message facts = test::digest_message(0);
    for (int i = 0; i < 200; ++i) {
        facts.facts.push_back(
            {std::string(static_cast<std::size_t>(i), 'n'), std::string(static_cast<std::size_t>(i) * 10, 'v')});
        check_payload(payload(facts, Copy::first));
    }
}

TEST(SlackBlocks, ReadAsTheyDidBefore) {
    test::expect_golden("slack-firing.json", payload(test::budget_message(), Copy::first));
    Message resolved = test::budget_message();
    resolved.state = State::resolved;
    resolved.test = true;
    test::expect_golden("slack-resolved.json", payload(resolved, Copy::perhaps_second, {.channel = "C1", .ts = "1.2"}));
    test::expect_golden("slack-digest.json", payload(test::digest_message(3), Copy::first));
    test::expect_golden("slack-hostile.json", payload(test::hostile_message(), Copy::first));
}

TEST(SlackBlocks, SayHowMuchHadNoRoom) {
    const std::string text = payload(test::digest_message(1900), Copy::first);
    EXPECT_TRUE(text.contains(" more events are in the console.")) << text;
    EXPECT_FALSE(payload(test::digest_message(3), Copy::first).contains(" more events"));
}

TEST(SlackBlocks, AnEntityIsNotCutInTwo) {
    for (std::size_t max = 0; max < 40; ++max) {
        const std::string out = escaped("a&b<c>🔥&&&&&&&&&&", max);
        EXPECT_LE(units(out), max);
        for (std::size_t at = out.find('&'); at != std::string::npos; at = out.find('&', at + 1))
            EXPECT_TRUE(out.substr(at, 5) == "&amp;" || out.substr(at, 4) == "&lt;" || out.substr(at, 4) == "&gt;")
                << out;
    }
}

struct WebhookCase {
    const char* sentence;
    int status;
    const char* body;
    Outcome outcome;
};

TEST(SlackWebhook, ItsAnswersMeanWhatSlackMeans) {
    const WebhookCase cases[] = {
        {"taken", 200, "ok", Outcome::sent},
        {"taken, with a line end", 200, "ok\n", Outcome::sent},
        {"a proxy's page", 200, "<html><body>Please sign in</body></html>", Outcome::later},
        {"no words", 200, "", Outcome::later},
        {"a payload that is none", 400, "invalid_payload", Outcome::refused},
        {"blocks that are none", 400, "invalid_blocks", Outcome::refused},
        {"nothing to show", 400, "no_text", Outcome::refused},
        {"a user who is gone", 400, "user_not_found", Outcome::closed},
        {"a token that is none", 400, "invalid_token", Outcome::closed},
        {"not allowed there", 403, "action_prohibited", Outcome::closed},
        {"a webhook that was taken away", 404, "no_service", Outcome::closed},
        {"a channel that is gone", 404, "channel_not_found", Outcome::closed},
        {"an archived channel", 410, "channel_is_archived", Outcome::closed},
        {"gone, in no words", 410, "<html>Gone</html>", Outcome::closed},
        {"too fast", 429, "rate_limited", Outcome::later},
        {"trouble", 500, "rollup_error", Outcome::later},
        {"a gateway's page", 502, "<html>Bad gateway</html>", Outcome::later},
        {"too large", 413, "", Outcome::refused},
        {"a word that nobody has seen", 400, "some_new_word", Outcome::refused},
        {"moved for good", 301, "", Outcome::closed},
        {"a sign-in page elsewhere", 302, "", Outcome::later},
    };
    for (const WebhookCase& each : cases) {
        const Verdict verdict = judge_webhook({.status = each.status, .body = each.body}, now);
        EXPECT_EQ(verdict.outcome, each.outcome) << each.sentence << ": " << verdict.reason;
        EXPECT_FALSE(verdict.reason.empty()) << each.sentence;
    }
}

TEST(SlackWebhook, SaysHowLongToWait) {
    const Verdict verdict =
        judge_webhook({.status = 429, .headers = {{"retry-after", "30"}}, .body = "rate_limited"}, now);
    EXPECT_EQ(verdict.wait, std::chrono::seconds(30));
}

TEST(SlackApi, ItsAnswersMeanWhatSlackMeans) {
    struct Case {
        const char* body;
        Outcome outcome;
    };
    for (const Case& each : {Case{R"({"ok":true,"ts":"1.2"})", Outcome::sent},
                             {R"({"ok":false,"error":"invalid_auth"})", Outcome::closed},
                             {R"({"ok":false,"error":"channel_not_found"})", Outcome::closed},
                             {R"({"ok":false,"error":"ratelimited"})", Outcome::later},
                             {R"({"ok":false,"error":"msg_too_long"})", Outcome::refused},
                             {R"({"ok":"yes"})", Outcome::later},
                             {"<html>", Outcome::later},
                             {"", Outcome::later}}) {
        const ApiAnswer read = read_api({.status = 200, .body = each.body}, now);
        EXPECT_EQ(read.verdict.outcome, each.outcome) << each.body;
    }
    const ApiAnswer scope =
        read_api({.status = 200, .body = R"({"ok":false,"error":"missing_scope","needed":"files:write"})"}, now);
    EXPECT_EQ(scope.verdict.outcome, Outcome::closed);
    EXPECT_TRUE(scope.verdict.reason.contains("files:write")) << scope.verdict.reason;
    EXPECT_TRUE(message_is_gone("message_not_found"));
    EXPECT_FALSE(message_is_gone(""));
}

}  // namespace
}  // namespace bursar::integrations::slack
