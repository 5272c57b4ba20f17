// Hunts: words about issues that arrive changed, values beyond their limits that are taken, and a move that is told as
// that of somebody else.
#include "integrations/watch.h"

#include "integrations/jira/moves.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::integrations {
namespace {

Watch full_watch() {
    Watch out{.id = "wch_1", .target = {.name = "tickets", .kind = TargetKind::jira}};
    out.target.settings = {{"url", "https://jira.example.com"}, {"project", "OPS"}, {"flavour", "data_center"}};
    out.target.secrets.emplace("token", Secret::copy_of("s3cr\"et\x01"));
    out.issues = {{.key = "OPS-1", .incident = "request:1#7"}, {.key = "OPS-2", .incident = "request:2#9"}};
    out.statuses = {"Approved", "10004"};
    return out;
}

TEST(WatchWire, AWatchArrivesAsItWasSent) {
    const Secret json = write_watch(full_watch());
    EXPECT_TRUE(is_watch(json.reveal()));
    EXPECT_FALSE(is_sighting(json.reveal()));
    const auto read = read_watch(json.reveal());
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->id, "wch_1");
    EXPECT_EQ(read->target.settings, full_watch().target.settings);
    EXPECT_EQ(read->target.secrets.at("token").reveal(), "s3cr\"et\x01");
    ASSERT_EQ(read->issues.size(), 2U);
    EXPECT_EQ(read->issues[1].key, "OPS-2");
    EXPECT_EQ(read->issues[1].incident, "request:2#9");
    EXPECT_EQ(read->statuses, full_watch().statuses);
}

TEST(WatchWire, ASightingArrivesAsItWasSent) {
    const Sighting sent{.id = "wch_1",
                        .outcome = Outcome::sent,
                        .moves = {{.key = "OPS-1",
                                   .change = "10101",
                                   .status = "Approved",
                                   .account = "5b10",
                                   .email = "lea@example.com",
                                   .name = "Lea",
                                   .at = from_unix_milliseconds(1'795'989'000'123)}},
                        .wait = std::chrono::seconds(11),
                        .reason = "Jira told.",
                        .answer = "HTTP 200"};
    const std::string json = write_sighting(sent);
    EXPECT_TRUE(is_sighting(json));
    const auto read = read_sighting(json);
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->moves, sent.moves);
    EXPECT_EQ(read->wait, sent.wait);
    EXPECT_EQ(read->outcome, Outcome::sent);
    EXPECT_EQ(read->reason + read->answer, sent.reason + sent.answer);
}

TEST(WatchWire, WhatIsBeyondALimitIsRefused) {
    Watch many = full_watch();
    many.issues.assign(watched_issues_max + 1, {.key = "OPS-1", .incident = "a"});
    EXPECT_FALSE(read_watch(write_watch(many).reveal()));
    Watch statuses = full_watch();
    statuses.statuses.assign(watched_statuses_max + 1, "x");
    EXPECT_FALSE(read_watch(write_watch(statuses).reveal()));
    Watch nameless = full_watch();
    nameless.issues[0].key.clear();
    EXPECT_FALSE(read_watch(write_watch(nameless).reveal()));
    Sighting talkative{.id = "w", .outcome = Outcome::sent, .moves = {}};
    talkative.moves.assign(
        1, {.key = "OPS-1", .change = "1", .status = "s", .account = std::string(account_bytes_max + 1, 'x')});
    EXPECT_FALSE(read_sighting(write_sighting(talkative)));
    EXPECT_FALSE(read_sighting(
        R"({"sighting":{"id":"w","outcome":"sent","moves":[{"key":"A-1","change":"1","status":"s","at":"noon"}]}})"));
}

Json parsed(std::string_view text) {
    const auto read = Json::parse(text, 1 << 20);
    EXPECT_TRUE(read) << text;
    return read.value_or(Json());
}

jira::Project project() {
    auto read = jira::Project::read(full_watch().target);
    EXPECT_TRUE(read);
    return *std::move(read);
}

TEST(JiraMoves, AllIssuesAreLookedForByOneSearchOfTheirLabels) {
    const Json body = parsed(jira::watch_body(project(), full_watch()));
    EXPECT_EQ(body.at("jql").text(),
              fmt::format(R"(project = "OPS" AND labels in ("{}", "{}") ORDER BY created ASC)",
                          jira::incident_label("request:1#7"), jira::incident_label("request:2#9")));
    EXPECT_EQ(body.at("fields").list().at(0).text(), "status");
}

TEST(JiraMoves, OnlyIssuesOfTheWatchInOneOfItsStatusesAreSeen) {
    const Json found = parsed(R"({"issues":[
        {"key":"OPS-1","fields":{"status":{"id":"7","name":"Approved"}}},
        {"key":"OPS-2","fields":{"status":{"id":"10004","name":"Abgelehnt"}}},
        {"key":"OPS-9","fields":{"status":{"id":"7","name":"Approved"}}},
        {"key":"OPS-1","fields":{"status":{"id":"7","name":"Approved"}}}]})");
    const auto seen = jira::seen_in(found, full_watch());
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].key + seen[0].status, "OPS-1Approved");
    EXPECT_EQ(seen[1].key + seen[1].status, "OPS-210004");
}

std::string entry(int id, std::string_view author, std::string_view at, std::string_view to,
                  std::string_view field = "status") {
    return fmt::format(R"({{"id":"{}","author":{},"created":"{}","items":[{{"field":"{}","from":"1","to":"{}"}}]}})",
                       id, author, at, field, to);
}
std::string history(std::string_view entries, std::string_view status = R"({"id":"7","name":"Approved"})") {
    return fmt::format(R"({{"key":"OPS-1","fields":{{"status":{}}},"changelog":{{"histories":[{}]}}}})", status,
                       entries);
}
constexpr std::string_view
    lea = R"({"accountId":"5b10","emailAddress":"lea@example.com","displayName":"Lea","accountType":"atlassian"})",
    bob = R"({"name":"bob","emailAddress":"bob@example.com","displayName":"Bob"})";

TEST(JiraMoves, TheNewestMoveIsTheOneThatCountsWhateverTheOrder) {
    const std::string older = entry(10, bob, "2026-11-30T08:00:00.000+0000", "7"),
                      newer = entry(12, lea, "2026-11-30T10:00:00.000+0100", "7"),
                      other = entry(13, bob, "2026-11-30T09:30:00.000+0000", "x", "labels");
    for (const std::string& entries : {older + "," + newer + "," + other, other + "," + newer + "," + older}) {
        const auto move = jira::last_move(parsed(history(entries)), {"OPS-1", "Approved"});
        ASSERT_TRUE(move);
        EXPECT_EQ(*move, (Move{.key = "OPS-1",
                               .change = "12",
                               .status = "Approved",
                               .account = "5b10",
                               .email = "lea@example.com",
                               .name = "Lea",
                               .at = *parse_timestamp("2026-11-30T09:00:00Z")}));
    }
}

TEST(JiraMoves, OfTwoMovesInOneMomentTheLaterEntryCounts) {
    const std::string entries =
        entry(9, bob, "2026-11-30T08:00:00.000+0000", "7") + "," + entry(10, lea, "2026-11-30T08:00:00.000+0000", "7");
    EXPECT_EQ(jira::last_move(parsed(history(entries)), {"OPS-1", "Approved"})->name, "Lea");
}

TEST(JiraMoves, NobodyIsNamedWhereTheHistoryDoesNotShowTheMove) {
    const std::string away = entry(9, bob, "2026-11-30T08:00:00.000+0000", "3");
    EXPECT_FALSE(jira::last_move(parsed(history(away)), {"OPS-1", "Approved"})) << "the last move went elsewhere";
    EXPECT_FALSE(jira::last_move(parsed(history("")), {"OPS-1", "Approved"}));
    const std::string good = entry(9, bob, "2026-11-30T08:00:00.000+0000", "7");
    EXPECT_FALSE(jira::last_move(parsed(history(good, R"({"id":"1","name":"Open"})")), {"OPS-1", "Approved"}))
        << "it was set back";
    EXPECT_FALSE(jira::last_move(parsed(history(good)), {"OPS-2", "Approved"})) << "another issue";
}

TEST(JiraMoves, TheAddressOfACustomerOrAnAppIsNotBelieved) {
    for (const std::string_view type : {"customer", "app"}) {
        const std::string author = fmt::format(
            R"({{"accountId":"c1","emailAddress":"lea@example.com","displayName":"Lea","accountType":"{}"}})", type);
        const auto move = jira::last_move(parsed(history(entry(9, author, "2026-11-30T08:00:00.000+0000", "7"))),
                                          {"OPS-1", "Approved"});
        ASSERT_TRUE(move);
        EXPECT_EQ(move->email, "") << type;
        EXPECT_EQ(move->account, "c1");
    }
    EXPECT_EQ(
        jira::last_move(parsed(history(entry(9, bob, "2026-11-30T08:00:00.000+0000", "7"))), {"OPS-1", "Approved"})
            ->account,
        "bob");
}

}  // namespace
}  // namespace bursar::integrations
