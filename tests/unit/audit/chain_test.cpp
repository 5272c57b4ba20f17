#include "service/base/log.h"
#include "tests/unit/audit/audit_fixture.h"

#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace bursar::audit {
namespace {

// Hunts: any change to the trail that verify() does not name.
TEST_F(Trails, every_kind_of_tampering_is_found_at_its_row) {
    struct Case {
        const char* name;
        std::vector<const char*> statements;
        const char* finding;
    };
    const std::vector<Case> cases = {
        {"an edited word", {"UPDATE audit_entry SET actor = 'operator:eve' WHERE number = 3"}, "Entry 3 "},
        {"an edited detail", {"UPDATE audit_entry SET detail = '{}' WHERE number = 1"}, "Entry 1 "},
        {"an edited time", {"UPDATE audit_entry SET at = at + 1 WHERE number = 4"}, "Entry 4 "},
        {"text moved from one column into the next",
         {"UPDATE audit_entry SET action = 'key.rev', object = 'okekey:7f3a' WHERE number = 5"},
         "Entry 5 "},
        {"a removed row", {"DELETE FROM audit_entry WHERE number = 4"}, "Entry 4 is missing"},
        {"the first row removed", {"DELETE FROM audit_entry WHERE number = 1"}, "Entry 1 is missing"},
        {"a row removed and the rest moved up",
         {"DELETE FROM audit_entry WHERE number = 4", "UPDATE audit_entry SET number = number - 1 WHERE number > 4"},
         "Entry 4 "},
        {"two rows in each other's place",
         {"UPDATE audit_entry SET number = 100 WHERE number = 2", "UPDATE audit_entry SET number = 2 WHERE number = 3",
          "UPDATE audit_entry SET number = 3 WHERE number = 100"},
         "Entry 2 "},
        {"the last row cut off", {"DELETE FROM audit_entry WHERE number = 6"}, "Entry 6 is missing"},
        {"everything cut off", {"DELETE FROM audit_entry"}, "Entry 1 is missing"},
        {"the tail cut off and the end's number with it",
         {"DELETE FROM audit_entry WHERE number > 4", "UPDATE audit_head SET number = 4"},
         "(entry 4) is not"},
        {"the tail cut off and the end moved back to a row that fits",
         {"DELETE FROM audit_entry WHERE number > 4",
          "UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit_entry WHERE number = 4)"},
         "(entry 4) is not"},
        {"everything cut off, as if nothing had ever been written",
         {"DELETE FROM audit_entry", "UPDATE audit_head SET number = 0, hash = zeroblob(32)"},
         "(entry 0) is not"},
        {"the record of the end removed", {"DELETE FROM audit_head"}, "end is missing"},
        {"a row added behind the end",
         {"INSERT INTO audit_entry SELECT 7, at, actor, address, action, object, outcome, detail, hash FROM "
          "audit_entry WHERE number = 6"},
         "Entry 7 "},
        {"a row with its hash copied over another",
         {"UPDATE audit_entry SET hash = (SELECT hash FROM audit_entry WHERE number = 2) WHERE number = 5"},
         "Entry 5 "},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        close();
        std::filesystem::remove(folder / "a.db");
        open();
        for (int i = 0; i < 6; ++i) {
            clock.advance(std::chrono::seconds(1));
            ASSERT_TRUE(append("key.revoke"));
        }
        ASSERT_EQ(audit->verify().value().number, 6);
        for (const char* sql : c.statements) tamper(sql);
        const auto verified = audit->verify();
        ASSERT_FALSE(verified) << "not found";
        EXPECT_EQ(verified.error().fault, Fault::conflict);
        EXPECT_NE(verified.error().for_caller.find(c.finding), std::string::npos) << told(verified);
    }
}

// Hunts: a trail that somebody writes anew who has the key of the file: the hashes are those of another pepper then.
TEST_F(Trails, the_key_of_the_file_is_not_enough_to_write_a_chain) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("key.issue"));
    const auto forger = Audit::open(*store, Secret(std::string(32, 'q')), clock);
    ASSERT_FALSE(forger) << "a chain under another key";
    tamper("DELETE FROM audit_entry");
    tamper("UPDATE audit_head SET number = 0, hash = zeroblob(32), seal = x''");
    const auto rewritten = *Audit::open(*store, Secret(std::string(32, 'q')), clock);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(store->write([&](store::Transaction& transaction) {
            return rewritten->append(transaction, {"operator:eve", "", "key.issue", "key:1", "ok", "{}"});
        }));
    ASSERT_TRUE(rewritten->verify()) << "it fits in itself";
    EXPECT_FALSE(audit->verify());
}

TEST_F(Trails, an_end_that_was_noted_is_an_entry_of_the_trail_later) {
    ASSERT_TRUE(append("key.issue"));
    const End noted = audit->verify().value();
    EXPECT_EQ(noted.number, 1);
    ASSERT_TRUE(append("key.revoke"));
    EXPECT_EQ(audit->entries(noted.number + 1, 1)->front().hash, noted.hash);
    EXPECT_NE(audit->verify()->hash, noted.hash);
}

TEST_F(Trails, the_log_has_the_end_at_the_start_every_thousand_rows_and_at_the_stop) {
    const std::filesystem::path file = folder / "log";
    const int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    close();
    log::set_output(descriptor);
    open();
    for (int i = 0; i < 1005; ++i) audit->note({"operator:ada", "", "key.issue", "key:1", "ok", "{}"});
    const End end = audit->verify().value();
    ASSERT_EQ(end.number, 1005);
    ASSERT_TRUE(append("key.revoke"));
    close();
    log::set_output(STDERR_FILENO);
    ::close(descriptor);
    std::ifstream lines(file);
    std::vector<std::string> ends;
    for (std::string line; std::getline(lines, line);)
        if (line.contains("audit_chain_end")) ends.push_back(line);
    ASSERT_EQ(ends.size(), 3U);
    EXPECT_NE(ends[0].find(R"("entries":0)"), std::string::npos) << ends[0];
    EXPECT_NE(ends[1].find(end.hash), std::string::npos) << ends[1];
    EXPECT_NE(ends[2].find(R"("entries":1006)"), std::string::npos) << ends[2];
}

TEST_F(Trails, a_cut_tail_stays_visible_when_the_trail_goes_on) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("key.issue"));
    tamper("DELETE FROM audit_entry WHERE number = 3");
    close();
    open();
    ASSERT_TRUE(append("key.issue"));
    const auto verified = audit->verify();
    ASSERT_FALSE(verified);
    EXPECT_NE(verified.error().for_caller.find("Entry 3 is missing"), std::string::npos) << told(verified);
}

TEST_F(Trails, goes_on_where_it_ended_after_a_restart) {
    ASSERT_TRUE(append("key.issue", "key:1"));
    close();
    open();
    clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(append("key.revoke", "key:2"));
    EXPECT_EQ(audit->verify().value().number, 2);
    const auto entries = audit->entries(0, 10);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    const Entry& newest = entries->front();
    EXPECT_EQ(newest.number, 2);
    EXPECT_EQ(newest.at, noon + std::chrono::seconds(1));
    EXPECT_EQ(newest.action.actor, "operator:ada");
    EXPECT_EQ(newest.action.address, "10.0.0.7");
    EXPECT_EQ(newest.action.action, "key.revoke");
    EXPECT_EQ(newest.action.object, "key:2");
    EXPECT_EQ(newest.action.outcome, "ok");
    EXPECT_EQ(newest.action.detail, R"({"n":1})");
    EXPECT_EQ(newest.hash.size(), 64U);
    EXPECT_EQ(audit->entries(2, 10)->front().number, 1);
    EXPECT_EQ(audit->entries(INT64_MAX, 1)->size(), 1U);
}

// Hunts: a filter that leaves out what it was asked for, or lets through what begins alike.
TEST_F(Trails, is_filtered_by_who_what_and_when) {
    const auto add = [&](std::string actor, std::string action, std::string object, std::string outcome) {
        ASSERT_TRUE(store->write([&](store::Transaction& transaction) {
            return audit->append(transaction, {.actor = actor,
                                               .address = "",
                                               .action = action,
                                               .object = object,
                                               .outcome = outcome,
                                               .detail = "{}"});
        }));
        clock.advance(std::chrono::hours(1));
    };
    add("person:ann", "key.issue", "key:1", "ok");             // 1, at noon
    add("person:anna", "key.revoke", "key:1", "ok");           // 2
    add("operator:ada", "keys.list", "", "not_permitted");     // 3
    add("person:ann", "policy.apply", "revision:2", "begun");  // 4
    add("person:ann", "policy.apply", "revision:2", "ok");     // 5
    add("p*", "key.\xc3\xa4", "100%", "storage_unavailable");  // 6
    using Filter = Audit::EntryFilter;
    struct Case {
        std::string_view name;
        Filter filter;
        std::vector<std::int64_t> wanted;
    };
    const auto at = [](int hours) { return noon + std::chrono::hours(hours); };
    const Case cases[] = {
        {"nothing asked", {}, {6, 5, 4, 3, 2, 1}},
        {"a name is the whole name", {.actor = "person:ann"}, {5, 4, 1}},
        {"a star is whatever follows", {.actor = "person:ann*"}, {5, 4, 2, 1}},
        {"a star alone is anybody", {.actor = "*"}, {6, 5, 4, 3, 2, 1}},
        {"a star in a name is found by one", {.actor = "p**"}, {6}},
        {"a dot ends a word", {.action = "key.*"}, {6, 2, 1}},
        {"letters beyond ASCII are behind", {.action = "key*"}, {6, 3, 2, 1}},
        {"what an SQL pattern would take for anything", {.object = "%"}, {}},
        {"an object", {.object = "key:1"}, {2, 1}},
        {"an outcome", {.outcome = "begun"}, {4}},
        {"whatever went wrong", {.outcome = "not_ok"}, {6, 3}},
        {"from a moment on", {.from = at(4)}, {6, 5}},
        {"before a moment", {.to = at(1)}, {1}},
        {"between two", {.from = at(1), .to = at(3)}, {3, 2}},
        {"before all", {.to = noon}, {}},
        {"after all", {.from = at(6)}, {}},
        {"everything at once",
         {.actor = "person:*",
          .action = "policy.apply",
          .object = "revision:*",
          .outcome = "ok",
          .from = at(1),
          .to = at(9)},
         {5}},
        {"the next page", {.actor = "person:ann", .before = 5}, {4, 1}},
        {"a page of one", {.actor = "person:ann", .count_max = 1}, {5}},
        {"nobody", {.actor = "' OR 1=1 --"}, {}},
    };
    for (const Case& each : cases) {
        const auto entries = audit->entries(each.filter);
        ASSERT_TRUE(entries) << each.name;
        std::vector<std::int64_t> numbers;
        for (const Entry& entry : *entries) numbers.push_back(entry.number);
        EXPECT_EQ(numbers, each.wanted) << each.name;
    }
}

// Hunts: a chain that counts on an append which its transaction undid.
TEST_F(Trails, an_append_stands_or_falls_with_its_transaction) {
    ASSERT_TRUE(append("key.issue"));
    const auto undone = store->write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(audit->append(
            transaction,
            {.actor = "x", .address = "", .action = "key.issue", .object = "", .outcome = "ok", .detail = "{}"}));
        return fail(Fault::not_permitted, "after all not");
    });
    EXPECT_FALSE(undone);
    ASSERT_TRUE(append("key.revoke"));
    EXPECT_EQ(audit->verify().value().number, 2);
}

TEST_F(Trails, a_note_is_in_the_trail_before_anybody_can_ask) {
    audit->note({.actor = "anonymous",
                 .address = "10.0.0.9",
                 .action = "call.refused",
                 .object = "",
                 .outcome = "unauthenticated",
                 .detail = "{}"});
    const auto entries = audit->entries(0, 10);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().action.outcome, "unauthenticated");
    EXPECT_EQ(audit->verify().value().number, 1);
}

TEST_F(Trails, a_flood_of_refusals_becomes_one_row_that_says_how_many) {
    const auto refuse = [&](int count) {
        for (int i = 0; i < count; ++i)
            audit->note({.actor = "anonymous",
                         .address = "10.0.0.9",
                         .action = "call.refused",
                         .object = "",
                         .outcome = "unauthenticated",
                         .detail = "{}"});
    };
    refuse(1000);
    audit->note({.actor = "operator:ada",
                 .address = "",
                 .action = "vault.seal",
                 .object = "",
                 .outcome = "ok",
                 .detail = "{}"});
    clock.advance(std::chrono::seconds(1));
    refuse(3);
    const auto entries = audit->entries(0, 1000);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 200U + 1 + 1 + 3);
    int summaries = 0;
    int seals = 0;
    for (const Entry& entry : *entries) {
        seals += entry.action.action == "vault.seal" ? 1 : 0;
        if (entry.action.actor != "service") continue;
        ++summaries;
        EXPECT_NE(entry.action.detail.find(R"("refusals":800)"), std::string::npos) << entry.action.detail;
    }
    EXPECT_EQ(summaries, 1);
    EXPECT_EQ(seals, 1) << "what was done is never summed up";
    EXPECT_TRUE(audit->verify());
}

TEST_F(Trails, no_field_can_fill_the_disk) {
    audit->note({.actor = std::string(100'000, 'a'),
                 .address = "",
                 .action = "call.refused",
                 .object = std::string(100'000, 'o'),
                 .outcome = "ok",
                 .detail = std::string(100'000, 'd')});
    const auto entries = audit->entries(0, 10);
    ASSERT_EQ(entries->size(), 1U);
    const Action& action = entries->front().action;
    EXPECT_LT(action.actor.size() + action.object.size() + action.detail.size(), 8192U);
    EXPECT_EQ(action.detail, R"({"left_out_bytes":100000})");
}

}  // namespace
}  // namespace bursar::audit
