// Hunts: words that nobody can act on, a label that a target cannot take, and text that is cut within a letter.
#include "service/outbox/messages.h"

#include "policies/event_kinds.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::outbox {
namespace {

policies::Snapshot company() {
    policies::Snapshot rules;
    rules.organisation.name = "Example GmbH";
    rules.organisation.time_zone = "Europe/Berlin";
    return rules;
}

Event mark() {
    return {.number = 7,
            .at = *parse_timestamp("2026-11-20T09:30:00Z"),
            .name = "budget:team:research|per month|2026-11|80",
            .kind = "budget.threshold",
            .subject = "team:research",
            .text =
                "Team research has spent 80 % of its 1,000.00 USD for November; at this pace it lasts until 24 "
                "November",
            .detail = R"({"account":"team:research","limit":"per month","percent":80,"measure":"money",)"
                      R"("amount":"1000.00","spent":"812.40","hard":true})",
            .incident = "budget:team:research|per month|2026-11",
            .team = "research",
            .severity = Severity::warning};
}

std::string fact(const integrations::Message& message, const std::string& name) {
    const auto found = std::ranges::find(message.facts, name, &integrations::Fact::name);
    return found == message.facts.end() ? "" : found->value;
}

TEST(Message, says_what_a_budget_has_reached_in_words_and_as_a_bar) {
    const auto rules = company();
    const Context context{.rules = rules, .public_url = "https://bursar.example.com", .now = mark().at};
    const Event event = mark();
    const Incident incident{.number = 7, .name = event.incident, .latest = event, .begun = event.at, .ended = {}};
    const auto message = message_of(incident, {&event, 1}, integrations::State::firing, context);
    EXPECT_EQ(message.title, "Team research has spent 80 % of its 1,000.00 USD for November");
    EXPECT_EQ(message.text, "At this pace it lasts until 24 November.");
    EXPECT_EQ(message.when, "20 November 2026, 10:30 (Europe/Berlin)");
    EXPECT_EQ(message.footer, "Example GmbH · Bursar");
    EXPECT_EQ(message.whom, "research");
    EXPECT_EQ(message.incident, "budget:team:research|per month|2026-11#7");
    EXPECT_EQ(fact(message, "Spent"), "812.40 USD of 1,000.00 USD");
    EXPECT_EQ(fact(message, "Team"), "research");
    ASSERT_EQ(message.bars.size(), 1U);
    EXPECT_EQ(message.bars[0].percent, 81);
    ASSERT_EQ(message.links.size(), 1U);
    EXPECT_EQ(message.links[0].url, "https://bursar.example.com/team");
}

TEST(Message, has_a_label_of_plain_characters_whatever_the_incident_is_called) {
    Incident incident{.number = 12, .name = "budget:team:Öl & Gas|pro Monat", .latest = {}, .begun = {}, .ended = {}};
    const std::string first = label_of(incident);
    EXPECT_TRUE(std::ranges::all_of(first, [](char c) { return c >= 0x20 && c < 0x7F; })) << first;
    incident.name = "budget:team:Ül & Gas|pro Monat";
    EXPECT_NE(label_of(incident), first) << "two names, two labels";
    incident.name = std::string(5'000, 'x');
    EXPECT_LE(label_of(incident).size(), 200U);
}

TEST(Message, is_cut_between_letters) {
    const auto rules = company();
    Event event = mark();
    event.text.clear();
    for (int i = 0; i < 300; ++i) event.text += "ü";
    const Incident incident{.number = 7, .name = "x", .latest = event, .begun = {}, .ended = {}};
    const auto message =
        message_of(incident, {&event, 1}, integrations::State::news, {.rules = rules, .public_url = "", .now = {}});
    EXPECT_LE(message.title.size(), 250U);
    EXPECT_TRUE(message.title.ends_with("ü…")) << message.title;
    EXPECT_NE(message.text.find(event.text), std::string::npos) << "the whole sentence is in the text";
    EXPECT_TRUE(message.links.empty());
}

TEST(Message, puts_times_and_amounts_into_words) {
    const auto rules = company();
    Event event = mark();
    event.detail = R"({"spent_usd":"12.5","hour":"2026-11-20T09:00:00Z","silent":false,"list":[1],"why":"a \"b\""})";
    const Incident incident{.number = 7, .name = "x", .latest = event, .begun = {}, .ended = {}};
    const auto message =
        message_of(incident, {&event, 1}, integrations::State::news, {.rules = rules, .public_url = "", .now = {}});
    EXPECT_EQ(fact(message, "Spent"), "12.50 USD");
    EXPECT_EQ(fact(message, "Hour"), "20 November 2026, 10:00 (Europe/Berlin)");
    EXPECT_EQ(fact(message, "Why"), "a \"b\"");
    EXPECT_EQ(fact(message, "Silent"), "");
}

TEST(Preview, is_there_for_every_kind_and_for_nothing_else) {
    const auto rules = company();
    const Context context{.rules = rules, .public_url = "", .now = mark().at};
    for (const policies::EventKind& kind : policies::event_kinds()) {
        const auto message = preview_of(kind.name, context);
        ASSERT_TRUE(message) << kind.name;
        EXPECT_TRUE(message->test) << kind.name;
        EXPECT_FALSE(message->title.empty()) << kind.name;
    }
    EXPECT_EQ(preview_of("budget", context).error().fault, Fault::not_found);
}

TEST(Digest, tells_what_lasts_first_and_the_worst_of_it_before_the_rest) {
    const auto rules = company();
    integrations::Message small{.severity = Severity::warning, .title = "small"},
        bad{.severity = Severity::critical, .title = "bad"}, over{.severity = Severity::critical, .title = "gone"};
    std::vector<Missed> missed{{.message = &over, .now = Missed::Now::over},
                               {.message = &small, .now = Missed::Now::lasts},
                               {.message = &bad, .now = Missed::Now::lasts}};
    for (int i = 0; i < 30; ++i) missed.push_back({.message = &small});
    const auto message = digest_of({.target = "ops", .number = 3, .ended_meanwhile = 4, .missed = missed},
                                   {.rules = rules, .public_url = "", .now = mark().at});
    EXPECT_EQ(message.title, "33 messages that could not be told in time");
    EXPECT_EQ(message.text, "4 more began and ended meanwhile.");
    EXPECT_EQ(message.severity, Severity::critical);
    ASSERT_EQ(message.items.size(), items_max);
    EXPECT_EQ(message.items[0].text, "bad");
    EXPECT_EQ(message.items_left_out, 13);
}

}  // namespace
}  // namespace bursar::outbox
