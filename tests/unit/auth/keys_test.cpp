#include "auth/keys.h"

#include "auth/credential.h"
#include "tests/sim/sim_store.h"

#include <set>

#include <gtest/gtest.h>

// Hunts: a key that works when it must not (wrong, expired, revoked, rotated, from elsewhere), one that does not when
// it should, an answer that tells a stranger what exists, and a change that is in force but not stored.
namespace bursar::auth {
namespace {

class KeysTest : public testing::Test {
  protected:
    KeysTest() { open(); }
    void open() {
        keys_.reset();
        store_.crash();
        auto opened = Keys::open(store_, Secret(std::string(32, 'p')), clock_);
        ASSERT_TRUE(opened) << opened.error().for_caller;
        keys_ = *std::move(opened);
    }
    Issued issue(const NewKey& key = {.name = "ci", .team = "research"}) {
        auto issued = keys_->issue(key, {});
        EXPECT_TRUE(issued) << issued.error().for_caller;
        return *std::move(issued);
    }
    Result<std::shared_ptr<const Caller>> identify(std::string_view text, std::string_view address = "10.0.0.1") const {
        return keys_->identify(text, address, clock_.now());
    }
    KeyFacts facts(std::string_view id) const {
        for (KeyFacts& each : keys_->list())
            if (each.id == id) return each;
        ADD_FAILURE() << "no key " << id;
        return {};
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    sim::SimStore store_{{Keys::schema()}};
    std::unique_ptr<Keys> keys_;
};

TEST_F(KeysTest, a_key_says_who_calls_before_and_after_a_restart) {
    const NewKey key{.name = "Überwachung №1",
                     .team = "research",
                     .person = "alice",
                     .models = {"gpt-4o", "tier:frontier"},
                     .networks = {"10.0.0.0/8"},
                     .budgets = {{.limit = NanoUsd(10'000'000'001), .per = Per::month, .warn_percent = {50, 100}},
                                 {.limit = NanoUsd{}, .per = Per::ever, .hard = false},
                                 {.limit = Quantity{5'000'000},
                                  .per = Per::hour,
                                  .measure = Measure::tokens,
                                  .of = "tier:frontier",
                                  .rolling = true}}};
    const Issued issued = issue(key);
    const std::string text(issued.text.reveal());
    for (const char* when : {"at once", "after a restart"}) {
        const auto caller = identify(text);
        ASSERT_TRUE(caller) << when << ": " << caller.error().for_caller;
        EXPECT_EQ((*caller)->key_id, issued.facts.id) << when;
        EXPECT_EQ((*caller)->name, key.name) << when;
        EXPECT_EQ((*caller)->team, key.team) << when;
        EXPECT_EQ((*caller)->person, key.person) << when;
        EXPECT_EQ((*caller)->models, key.models) << when;
        EXPECT_EQ((*caller)->budgets, key.budgets) << when;
        EXPECT_EQ(facts(issued.facts.id).networks, key.networks) << when;
        EXPECT_EQ(facts(issued.facts.id).created_at, clock_.now()) << when;
        EXPECT_EQ(identify(text)->get(), caller->get()) << "others cache by this pointer";
        open();
    }
}

TEST_F(KeysTest, the_text_has_the_form_that_scanners_look_for_and_no_two_are_alike) {
    std::set<std::string> texts, ids;
    for (int i = 0; i < 200; ++i) {
        const Issued issued = issue();
        const std::string text(issued.text.reveal());
        EXPECT_EQ(text.size(), 56U);
        EXPECT_TRUE(text.starts_with("bsr_" + issued.facts.id + "_"));
        EXPECT_EQ(credential_id(key_prefix, text), issued.facts.id);
        texts.insert(text);
        ids.insert(issued.facts.id);
    }
    EXPECT_EQ(texts.size(), 200U);
    EXPECT_EQ(ids.size(), 200U);
}

TEST_F(KeysTest, a_typing_error_anywhere_is_found) {
    const std::string text(issue().text.reveal());
    for (std::size_t i = 0; i < text.size(); ++i)
        for (const char other : {'0', 'z', 'U', ' ', '\0'}) {
            std::string wrong = text;
            if (wrong[i] == other) continue;
            wrong[i] = other;
            EXPECT_FALSE(credential_id(key_prefix, wrong)) << i;
            EXPECT_FALSE(identify(wrong)) << i;
        }
    for (std::size_t cut = 0; cut < text.size(); ++cut) EXPECT_FALSE(identify(text.substr(0, cut)));
    EXPECT_FALSE(identify(text + "0"));
    EXPECT_FALSE(identify(" " + text));
}

TEST_F(KeysTest, a_stranger_is_told_the_same_whatever_is_wrong) {
    const Issued issued = issue();
    const auto other_secret = make_credential_text(key_prefix, issued.facts.id);
    const auto other_key = make_credential(key_prefix);
    ASSERT_TRUE(keys_->revoke(issue().facts.id, {}));
    const auto first = identify(other_secret.reveal());
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().fault, Fault::unauthenticated);
    for (const std::string_view text : {other_key.text.reveal(), std::string_view("sk-proj-abc"),
                                        std::string_view("bsr_"), std::string_view("bsr_0_0")}) {
        const auto refused = identify(text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
        EXPECT_EQ(refused.error().for_caller, first.error().for_caller);
        EXPECT_EQ(refused.error().for_operator.find(text.substr(0, 8)), std::string::npos)
            << "what was presented is never repeated";
    }
    const auto missing = identify("");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().for_caller.find("Authorization: Bearer"), std::string::npos);
}

TEST_F(KeysTest, one_that_was_revoked_says_so_only_to_who_has_it_and_for_good) {
    const Issued issued = issue();
    const std::string text(issued.text.reveal());
    ASSERT_TRUE(identify(text));
    bool also = false;
    ASSERT_TRUE(keys_->revoke(issued.facts.id, [&](store::Transaction&) -> Result<void> {
        also = true;
        EXPECT_TRUE(identify(text)) << "not before it is stored";
        return {};
    }));
    EXPECT_TRUE(also);
    for (int again = 0; again < 2; ++again) {
        const auto refused = identify(text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
        EXPECT_NE(refused.error().for_caller.find("revoked"), std::string::npos);
        EXPECT_EQ(
            identify(make_credential_text(key_prefix, issued.facts.id).reveal()).error().for_caller.find("revoked"),
            std::string::npos);
        EXPECT_EQ(facts(issued.facts.id).revoked_at, clock_.now());
        open();
    }
    EXPECT_TRUE(keys_->revoke(issued.facts.id, {})) << "once more does no harm";
    EXPECT_EQ(keys_->rotate(issued.facts.id, std::chrono::seconds(0), {}).error().fault, Fault::conflict);
    EXPECT_EQ(keys_->revoke("nosuchkey", {}).error().fault, Fault::not_found);
    EXPECT_EQ(keys_->rotate("nosuchkey", std::chrono::seconds(0), {}).error().fault, Fault::not_found);
}

TEST_F(KeysTest, one_that_expires_works_until_that_instant) {
    const Timestamp end = clock_.now() + std::chrono::hours(1);
    const std::string text(issue({.name = "ci", .team = "a", .expires_at = end}).text.reveal());
    clock_.set(end - std::chrono::nanoseconds(1));
    EXPECT_TRUE(identify(text));
    clock_.set(end);
    const auto refused = identify(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
    EXPECT_NE(refused.error().for_caller.find("expired"), std::string::npos);
}

TEST_F(KeysTest, the_end_can_be_moved_there_and_back_and_is_stored) {
    using std::chrono::hours;
    const Timestamp now = clock_.now();
    const Issued issued = issue({.name = "ci", .team = "a", .expires_at = now + hours(2)});
    const std::string text(issued.text.reveal());
    int audited = 0;
    const Also also = [&](store::Transaction&) -> Result<void> {
        ++audited;
        return {};
    };
    EXPECT_EQ(keys_->expire(issued.facts.id, now, also).error().fault, Fault::invalid_request);
    EXPECT_EQ(keys_->expire("nosuchkey", now + hours(1), also).error().fault, Fault::not_found);
    EXPECT_EQ(audited, 0);
    ASSERT_TRUE(keys_->expire(issued.facts.id, now + hours(1), also));
    EXPECT_EQ(audited, 1);
    open();
    clock_.advance(hours(1));
    EXPECT_FALSE(identify(text)) << "the earlier end holds after a restart";
    ASSERT_EQ(keys_->expire(issued.facts.id, now + hours(3), {})->expires_at, now + hours(3));
    EXPECT_TRUE(identify(text));
    const Also refuse = [](store::Transaction&) -> Result<void> { return fail(Fault::storage_unavailable, "full"); };
    EXPECT_FALSE(keys_->expire(issued.facts.id, now + hours(9), refuse));
    EXPECT_EQ(facts(issued.facts.id).expires_at, now + hours(3)) << "what is not recorded is not done";
    ASSERT_TRUE(keys_->revoke(issued.facts.id, {}));
    EXPECT_EQ(keys_->expire(issued.facts.id, now + hours(9), {}).error().fault, Fault::conflict);
}

TEST_F(KeysTest, rotation_keeps_the_former_secret_for_its_grace_and_no_longer) {
    const Issued issued = issue();
    const std::string first(issued.text.reveal());
    const auto rotated = keys_->rotate(issued.facts.id, std::chrono::hours(1), {});
    ASSERT_TRUE(rotated);
    const std::string second(rotated->text.reveal());
    EXPECT_EQ(rotated->facts.id, issued.facts.id);
    EXPECT_NE(first, second);
    for (int again = 0; again < 2; ++again) {
        EXPECT_TRUE(identify(first));
        EXPECT_TRUE(identify(second));
        EXPECT_EQ(facts(issued.facts.id).old_secret_until, clock_.now() + std::chrono::hours(1));
        open();
    }
    clock_.advance(std::chrono::hours(1));
    EXPECT_TRUE(identify(second));
    const auto refused = identify(first);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().for_caller.find("rotated"), std::string::npos);
    const auto third = keys_->rotate(issued.facts.id, std::chrono::seconds(0), {});
    ASSERT_TRUE(third);
    EXPECT_FALSE(identify(first));
    EXPECT_FALSE(identify(second)) << "without a grace the former secret ends at once";
    EXPECT_TRUE(identify(third->text.reveal()));
    EXPECT_FALSE(keys_->rotate(issued.facts.id, std::chrono::seconds(-1), {}));
    EXPECT_FALSE(keys_->rotate(issued.facts.id, std::chrono::days(91), {}));
}

TEST_F(KeysTest, a_change_that_cannot_be_stored_is_not_in_force) {
    const Issued issued = issue();
    const std::string text(issued.text.reveal());
    const auto no_audit = [](store::Transaction&) -> Result<void> {
        return fail(Fault::storage_unavailable, "No audit, no change.");
    };
    EXPECT_FALSE(keys_->revoke(issued.facts.id, no_audit));
    EXPECT_FALSE(keys_->rotate(issued.facts.id, std::chrono::seconds(0), no_audit));
    EXPECT_FALSE(keys_->issue({.name = "x", .team = "a"},
                              [&](store::Transaction& transaction, const KeyFacts&) { return no_audit(transaction); }));
    for (int statement = 1; statement <= 2; ++statement) {
        store_.fail_statement(statement);
        EXPECT_FALSE(keys_->revoke(issued.facts.id, {}));
    }
    EXPECT_TRUE(identify(text));
    EXPECT_EQ(keys_->list().size(), 1U);
    open();
    EXPECT_TRUE(identify(text));
    EXPECT_EQ(keys_->list().size(), 1U);
}

TEST_F(KeysTest, networks_are_kept_to) {
    const std::string text(
        issue({.name = "ci", .team = "a", .networks = {"10.1.0.0/16", "2001:db8::/32"}}).text.reveal());
    for (const char* address : {"10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1::5"})
        EXPECT_TRUE(identify(text, address)) << address;
    for (const char* address : {"10.2.0.1", "::ffff:10.2.0.1", "2001:db9::1", "", "unix", "10.1.2.3:443"}) {
        const auto refused = identify(text, address);
        ASSERT_FALSE(refused) << address;
        EXPECT_EQ(refused.error().fault, Fault::not_permitted) << address;
    }
    EXPECT_EQ(identify(make_credential(key_prefix).text.reveal(), "10.2.0.1").error().fault, Fault::unauthenticated);
}

TEST_F(KeysTest, the_last_use_is_known_to_the_minute_and_stored_without_a_write_per_call) {
    const Issued issued = issue();
    const std::string text(issued.text.reveal());
    EXPECT_FALSE(facts(issued.facts.id).last_used_at);
    for (int i = 0; i < 1'000; ++i) {
        ASSERT_TRUE(identify(text));
        clock_.advance(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(facts(issued.facts.id).last_used_at, *parse_timestamp("2026-11-23T17:54:00Z"));
    clock_.advance(std::chrono::minutes(5));
    ASSERT_FALSE(identify(make_credential_text(key_prefix, issued.facts.id).reveal()));
    EXPECT_EQ(facts(issued.facts.id).last_used_at, *parse_timestamp("2026-11-23T17:54:00Z"))
        << "a wrong secret is no use";
    ASSERT_TRUE(store_.step());
    ASSERT_TRUE(keys_->rotate(issued.facts.id, std::chrono::hours(1), {}));
    EXPECT_EQ(facts(issued.facts.id).last_used_at, *parse_timestamp("2026-11-23T17:54:00Z"));
    open();
    EXPECT_EQ(facts(issued.facts.id).last_used_at, *parse_timestamp("2026-11-23T17:54:00Z"));
}

TEST_F(KeysTest, what_a_key_may_say_has_limits) {
    struct Case {
        const char* sentence;
        NewKey key;
        bool good;
    };
    const std::string long_name(100, 'n');
    for (const Case& c :
         {Case{"a name of 100 characters", {.name = long_name, .team = "a"}, true},
          Case{"a name of 101 characters", {.name = long_name + "n", .team = "a"}, false},
          Case{"100 characters of two bytes each",
               {.name =
                    [] {
                        std::string s;
                        for (int i = 0; i < 100; ++i) s += "ü";
                        return s;
                    }(),
                .team = "a"},
               true},
          Case{"no name", {.name = "", .team = "a"}, false},
          Case{"no team", {.name = "n", .team = ""}, false},
          Case{"a line end in the name", {.name = "a\nb", .team = "a"}, false},
          Case{"a name that is not UTF-8", {.name = "a\xff", .team = "a"}, false},
          Case{"an overlong encoding", {.name = "a\xc0\xaf", .team = "a"}, false},
          Case{"a name that changes the direction of text", {.name = "a\xe2\x80\xae", .team = "a"}, false},
          Case{"half a surrogate pair", {.name = "\xed\xa0\x80", .team = "a"}, false},
          Case{"a line end in a model", {.name = "n", .team = "a", .models = {"x\ny"}}, false},
          Case{"101 models", {.name = "n", .team = "a", .models = std::vector<std::string>(101, "m")}, false},
          Case{"a network that is none", {.name = "n", .team = "a", .networks = {"10.0.0.1/33"}}, false},
          Case{"a budget below zero", {.name = "n", .team = "a", .budgets = {{.limit = NanoUsd(-1)}}}, false},
          Case{"a budget beyond all measure",
               {.name = "n", .team = "a", .budgets = {{.limit = NanoUsd::dollars(1'000'000'001)}}},
               false},
          Case{"a budget of what would end its line",
               {.name = "n", .team = "a", .budgets = {{.limit = NanoUsd(1), .of = "tag:a\nb"}}},
               false},
          Case{"two budgets that are alike",
               {.name = "n", .team = "a", .budgets = {{.limit = NanoUsd(1)}, {.limit = NanoUsd(2)}}},
               false},
          Case{"two budgets of other measures",
               {.name = "n",
                .team = "a",
                .budgets = {{.limit = NanoUsd(1)}, {.limit = NanoUsd(1), .measure = Measure::cost}}},
               true},
          Case{"a budget of nothing", {.name = "n", .team = "a", .budgets = {{.limit = NanoUsd{}}}}, true},
          Case{"an expiry in the past", {.name = "n", .team = "a", .expires_at = Timestamp{}}, false}}) {
        const auto issued = keys_->issue(c.key, {});
        EXPECT_EQ(issued.has_value(), c.good) << c.sentence;
        if (!issued) EXPECT_EQ(issued.error().fault, Fault::invalid_request) << c.sentence;
    }
}

TEST(CredentialOf, finds_our_credential_where_clients_put_it) {
    struct Case {
        const char* sentence;
        Presented presented;
        std::string_view found;
    };
    for (const Case& c :
         {Case{"as a bearer", {.authorization = "Bearer bsr_1"}, "bsr_1"},
          Case{"whatever the case of the scheme", {.authorization = "bEARER  bsr_1 "}, "bsr_1"},
          Case{"without a scheme", {.authorization = "bsr_1"}, "bsr_1"},
          Case{"in x-api-key", {.x_api_key = "bsr_1"}, "bsr_1"}, Case{"in api-key", {.api_key = "bsr_1"}, "bsr_1"},
          Case{"in x-goog-api-key", {.x_goog_api_key = "bsr_1"}, "bsr_1"},
          Case{"ours wins over a provider's before it",
               {.authorization = "Bearer sk-1", .x_goog_api_key = "bsr_1"},
               "bsr_1"},
          Case{"an agent's sign-in", {.authorization = "Bearer bsa_1"}, "bsa_1"},
          Case{"an agent's sign-in without a scheme", {.authorization = "bsa_1"}, "bsa_1"},
          Case{"a sign-in where another client puts it", {.authorization = "Bearer x", .x_api_key = "bsa_1"}, "bsa_1"},
          Case{"a workload's JWT", {.authorization = "Bearer eyJ1"}, "eyJ1"},
          Case{"a workload's JWT without a scheme", {.authorization = "eyJ1"}, "eyJ1"},
          Case{"our key beside somebody's JWT", {.authorization = "Bearer eyJ1", .x_api_key = "bsr_1"}, "bsr_1"},
          Case{"a browser's cookie is not looked for", {.authorization = "Bearer x", .x_api_key = "bsc_1"}, "x"},
          Case{"the first at all if none looks like ours", {.x_api_key = "sk-2", .api_key = "sk-3"}, "sk-2"},
          Case{"another scheme is no key", {.authorization = "Basic YTpi"}, ""},
          Case{"a scheme alone is no key", {.authorization = "Bearer "}, ""}, Case{"nothing", {}, ""}})
        EXPECT_EQ(credential_of(c.presented), c.found) << c.sentence;
}

}  // namespace
}  // namespace bursar::auth
