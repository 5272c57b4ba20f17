#include "tests/unit/integrations/sample.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::integrations::test {
namespace {

const Timestamp at = from_unix_milliseconds(1'795'989'000'123);  // 2026-11-29T21:50:00.123Z

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

}  // namespace

Message budget_message() {
    return {.incident = "budget:team:research|per month|2026-11-01T00:00:00.000Z",
            .kind = "budget.threshold",
            .severity = Severity::warning,
            .state = State::firing,
            .at = at,
            .when = "29 November 2026, 22:50",
            .title = "research has spent 81 % of its 1,000.00 USD for November",
            .text = "At this pace the budget is used up on 30 November.\nCalls go on until then.",
            .facts = {{"Spent", "812.40 USD of 1,000.00 USD"}, {"Runs out", "30 November 2026"}},
            .bars = {{"research, November", 81}},
            .links = {{"Open the budget", "https://bursar.example.com/budgets?team=research&month=2026-11"}},
            .whom = "research",
            .footer = "Example GmbH · Bursar"};
}

Message digest_message(int items) {
    Message out{.incident = "digest:slack-ops",
                .kind = "channel.down",
                .severity = Severity::critical,
                .state = State::news,
                .at = at,
                .title = "What happened while Slack could not be reached",
                .footer = "Example GmbH · Bursar"};
    for (int i = 0; i < items; ++i)
        out.items.push_back({.at = at + std::chrono::minutes(i), .text = fmt::format("Channel gpt-{} is down.", i)});
    return out;
}

Message huge_message() {
    Message out = budget_message();
    out.title = repeated("🔥ä", 900);
    out.text = repeated("€uro & <cents> \"🪙\" ", 1500);
    for (int i = 0; i < 150; ++i) out.facts.push_back({repeated("n&", 200), repeated("🪙<", 600)});
    for (int i = 0; i < 60; ++i) out.bars.push_back({repeated("b>", 300), i * 3});
    for (int i = 0; i < 1500; ++i) out.items.push_back({.at = at, .text = repeated("i*", 500)});
    for (int i = 0; i < 18; ++i)
        out.links.push_back({repeated("l", 100), "https://bursar.example.com/" + repeated("x", 1900)});
    out.links.push_back({"too long", "https://bursar.example.com/" + repeated("x", 3500)});
    out.footer = repeated("f\n", 1900);
    out.whom = repeated("w ", 100);
    return out;
}

Message hostile_message() {
    Message out = budget_message();
    out.title = "<!channel> & <@U123> *bold* _it_ {color:red}x{color} [~admin] |cell|\r\nBcc: victim@example.com";
    out.text =
        "h1. Heading\n# list\n<script>alert(1)</script> [link](javascript:alert(1)) !image.png! \\\\ `code` ~x~ -- bq. "
        "q";
    out.facts = {{"<b>Name</b>", "{noformat}*value*{noformat}"}};
    out.links = {{"<b>x</b>", "https://bursar.example.com/?a=1&b=\"><script>"}, {"bad", "javascript:alert(1)"}};
    out.footer = "A & B <c@example.com>";
    return out;
}

void expect_golden(const char* file, const std::string& text) {
    const std::string path = std::string(BURSAR_SOURCE_DIR "/tests/golden/integrations/") + file;
    if (std::getenv("BURSAR_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text << '\n';
    std::ifstream in(path, std::ios::binary);
    std::ostringstream kept;
    kept << in.rdbuf();
    EXPECT_EQ(kept.str(), text + '\n') << path << " is old; look at it and run this test with BURSAR_UPDATE_GOLDEN=1";
}

}  // namespace bursar::integrations::test
