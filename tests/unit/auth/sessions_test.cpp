#include "auth/sessions.h"

#include "tests/unit/auth/signed_in_staff.h"

#include <chrono>

#include <gtest/gtest.h>

// Hunts: a sign-in that outlives its person, its limits or its end, a token that passes for another, and tokens in the
// database.
namespace bursar::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using SessionsTest = SignedInStaff;

TEST_F(SessionsTest, a_cookie_says_who_has_signed_in_before_and_after_a_restart) {
    ann();
    const ConsoleTicket ticket = begin_console();
    EXPECT_TRUE(ticket.cookie.reveal().starts_with("bsc_" + ticket.session.id + "_"));
    for (const char* when : {"at once", "after a restart"}) {
        const auto who = sessions_->identify(ticket.cookie.reveal(), clock_.now());
        ASSERT_TRUE(who) << when << who.error().operator_text();
        EXPECT_EQ(who->person, people_->find("ann")) << when;
        EXPECT_EQ(who->session->client, "Firefox") << when;
        EXPECT_EQ(who->session->address, "10.1.2.3") << when;
        EXPECT_EQ(who->session->way, "ldap:corp") << when;
        EXPECT_EQ(who->session->provider_session, "sid-1") << when;
        EXPECT_EQ(who->session->began_at, clock_.now()) << when;
        EXPECT_EQ(who->session->ends_at, clock_.now() + limits_.absolute) << when;
        EXPECT_EQ(who->session->proved_at, clock_.now()) << when;
        ASSERT_TRUE(who->caller) << when;
        EXPECT_EQ(who->caller->key_id, ticket.session.id) << when;
        EXPECT_EQ(who->caller->team, "research") << when;
        EXPECT_EQ(who->caller->person, "ann") << when;
        EXPECT_EQ(sessions_->identify(ticket.cookie.reveal(), clock_.now())->caller, who->caller)
            << "others cache by this pointer";
        open();
    }
}

TEST_F(SessionsTest, no_token_passes_for_another_kind) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    EXPECT_TRUE(works(pair.access));
    EXPECT_FALSE(works(pair.refresh)) << "a refresh token opens nothing";
    for (const Secret* token : {&ticket.cookie, &pair.access, &pair.refresh})
        for (const std::string_view prefix : {"bsc_", "bsa_", "bsf_", "bsr_"}) {
            std::string other(token->reveal());
            if (other.starts_with(prefix)) continue;
            other.replace(0, prefix.size(), prefix);
            EXPECT_FALSE(sessions_->identify(other, clock_.now())) << other.substr(0, 4);
            EXPECT_FALSE(sessions_->refresh(other, {})) << other.substr(0, 4);
        }
    EXPECT_FALSE(sessions_->refresh(ticket.cookie.reveal(), {}));
    EXPECT_FALSE(sessions_->refresh(pair.access.reveal(), {}));
}

TEST_F(SessionsTest, a_stranger_is_told_the_same_whatever_is_wrong) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const Secret wrong = make_credential_text(console_prefix, ticket.session.id);
    const Credential unknown = make_credential(console_prefix);
    const auto first = sessions_->identify(wrong.reveal(), clock_.now());
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().fault, Fault::unauthenticated);
    for (const std::string_view text : {unknown.text.reveal(), std::string_view("bsc_"), std::string_view()}) {
        const auto refused = sessions_->identify(text, clock_.now());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().for_caller, first.error().for_caller);
    }
    EXPECT_TRUE(works(ticket.cookie));
}

TEST_F(SessionsTest, nothing_in_the_database_is_a_token) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    const auto next = refresh(pair.refresh);
    ASSERT_TRUE(next);
    std::string all;
    for (const char* table : {"auth_sessions", "auth_session_tokens"})
        ASSERT_TRUE(store_.read([&](store::Transaction& transaction) {
            return transaction.each("SELECT * FROM " + std::string(table), {},
                                    [&](const store::Row& row) -> Result<void> {
                                        for (int column = 0; column < 4; ++column) all.append(row.text(column));
                                        if (table == std::string_view("auth_sessions")) all.append(row.text(12));
                                        return {};
                                    });
        }));
    ASSERT_NE(all.find(ticket.session.id), std::string::npos);
    for (const Secret* token : {&ticket.cookie, &pair.access, &pair.refresh, &next->access, &next->refresh})
        EXPECT_EQ(all.find(token->reveal().substr(17, 32)), std::string::npos);
}

TEST_F(SessionsTest, a_console_ends_when_nobody_uses_it_and_after_its_time_in_any_case) {
    ann();
    const ConsoleTicket idle = begin_console();
    const ConsoleTicket used = begin_console();
    for (int i = 0; i < 59; ++i) {
        clock_.advance(minutes(1));
        ASSERT_TRUE(works(used.cookie));
    }
    clock_.advance(seconds(59));
    EXPECT_TRUE(works(used.cookie));
    clock_.advance(seconds(1));
    EXPECT_FALSE(works(idle.cookie)) << "60 minutes without a use";
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(works(used.cookie)) << i;
        clock_.advance(hours(1));
        clock_.advance(seconds(-1));
    }
    clock_.set(used.session.ends_at - seconds(1));
    const ConsoleTicket fresh = begin_console();
    ASSERT_FALSE(works(used.cookie)) << "idle again";
    EXPECT_TRUE(works(fresh.cookie));
}

TEST_F(SessionsTest, the_absolute_end_holds_for_whoever_never_stops) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    Secret token = pair.refresh.duplicate();
    while (clock_.now() + minutes(30) < ticket.session.ends_at) {
        clock_.advance(minutes(30));
        ASSERT_TRUE(works(ticket.cookie));
    }
    clock_.set(ticket.session.ends_at - seconds(1));
    EXPECT_TRUE(works(ticket.cookie));
    clock_.set(ticket.session.ends_at);
    EXPECT_FALSE(works(ticket.cookie));
    while (clock_.now() + hours(1) < pair.session.ends_at) {
        auto next = refresh(token);
        ASSERT_TRUE(next);
        token = std::move(next->refresh);
        clock_.advance(hours(1));
    }
    const auto last = refresh(token);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->expires_in, std::chrono::floor<seconds>(pair.session.ends_at - clock_.now()))
        << "no access token outlives its family";
    clock_.set(pair.session.ends_at);
    EXPECT_FALSE(works(last->access));
    EXPECT_FALSE(refresh(last->refresh));
}

TEST_F(SessionsTest, shorter_limits_count_for_sessions_that_have_begun_and_longer_ones_do_not) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    sessions_->set_limits({.idle = hours(99), .absolute = hours(1), .access = hours(1), .refresh = minutes(30)});
    clock_.advance(minutes(30));
    EXPECT_TRUE(works(ticket.cookie));
    EXPECT_FALSE(works(pair.access));
    sessions_->set_limits({.idle = hours(99), .absolute = hours(99), .access = hours(1), .refresh = hours(99)});
    clock_.advance(hours(12));
    EXPECT_FALSE(works(ticket.cookie));
}

TEST_F(SessionsTest, whoever_is_put_out_or_not_let_in_has_no_session_at_once) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    ASSERT_TRUE(people_->put_out("ann", {}));
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_FALSE(works(ticket.cookie)) << when;
        EXPECT_FALSE(works(pair.access)) << when;
        EXPECT_FALSE(refresh(pair.refresh)) << when;
        EXPECT_FALSE(sessions_->owner_of_refresh(pair.refresh.reveal())) << when;
        EXPECT_TRUE(sessions_->of("ann").empty()) << when;
        open();
    }
    const ConsoleTicket again = begin_console();
    EXPECT_TRUE(works(again.cookie)) << "at the same instant, but after";

    for (const PersonState state : {PersonState::suspended, PersonState::gone}) {
        const ConsoleTicket before = begin_console();
        const TokenPair tokens = begin_tokens();
        ASSERT_TRUE(people_->set_state("ann", PersonState::missing, "", {}));
        EXPECT_TRUE(works(before.cookie)) << "missing is let in";
        ASSERT_TRUE(people_->set_state("ann", state, "left", {}));
        const auto refused = sessions_->identify(before.cookie.reveal(), clock_.now());
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
        EXPECT_NE(refused.error().for_operator.find("left"), std::string::npos);
        EXPECT_EQ(refused.error().for_caller.find("left"), std::string::npos) << "the reason is for operators";
        EXPECT_FALSE(refresh(tokens.refresh));
        EXPECT_FALSE(sessions_->begin_console(console(), {}));
        EXPECT_FALSE(sessions_->begin_tokens(agent(), {}));
        ASSERT_TRUE(people_->set_state("ann", PersonState::active, "", {}));
        EXPECT_FALSE(works(before.cookie)) << "back, but what began before is over";
        EXPECT_FALSE(works(tokens.access));
        EXPECT_FALSE(refresh(tokens.refresh));
    }
    EXPECT_FALSE(sessions_->begin_console(console("nobody"), {}));
}

TEST_F(SessionsTest, the_local_operator_needs_no_directory) {
    NewSession local = console("ada");
    local.way = break_glass_way;
    const auto ticket = sessions_->begin_console(local, {});
    ASSERT_TRUE(ticket);
    open();
    const auto who = sessions_->identify(ticket->cookie.reveal(), clock_.now());
    ASSERT_TRUE(who);
    EXPECT_EQ(who->person, nullptr);
    EXPECT_EQ(who->caller, nullptr);
    EXPECT_EQ(who->session->person, "ada");
}

TEST_F(SessionsTest, who_calls_follows_the_persons_teams) {
    ann();
    const TokenPair pair = begin_tokens();
    EXPECT_EQ(sessions_->identify(pair.access.reveal(), clock_.now())->caller->team, "research");
    see(facts_of("1", "ann", {{"", "sales"}}));
    EXPECT_EQ(sessions_->identify(pair.access.reveal(), clock_.now())->caller->team, "sales");
    people_->restand([](const PersonFacts&) { return Standing{.teams = {"law"}, .leads = {}}; });
    EXPECT_EQ(sessions_->identify(pair.access.reveal(), clock_.now())->caller->team, "law");
    people_->restand({});
    const auto who = sessions_->identify(pair.access.reveal(), clock_.now());
    ASSERT_TRUE(who) << "signed in, though nothing may be called";
    EXPECT_EQ(who->caller, nullptr);
}

TEST_F(SessionsTest, to_prove_oneself_again_gives_a_new_cookie_and_kills_the_old_one) {
    ann();
    const ConsoleTicket ticket = begin_console();
    clock_.advance(minutes(30));
    EXPECT_FALSE(sessions_->step_up(ticket.session.id, no_audit));
    EXPECT_TRUE(works(ticket.cookie));
    const auto proved = sessions_->step_up(ticket.session.id, counted());
    ASSERT_TRUE(proved);
    EXPECT_EQ(audited_, 1);
    EXPECT_EQ(proved->session.id, ticket.session.id);
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_FALSE(works(ticket.cookie)) << when;
        const auto who = sessions_->identify(proved->cookie.reveal(), clock_.now());
        ASSERT_TRUE(who) << when;
        EXPECT_EQ(who->session->proved_at, clock_.now()) << when;
        EXPECT_EQ(who->session->ends_at, ticket.session.ends_at) << "it does not begin anew, " << when;
        open();
    }
    EXPECT_EQ(sessions_->step_up("nosuchid", {}).error().fault, Fault::not_found);
    EXPECT_EQ(sessions_->step_up(begin_tokens().session.id, {}).error().fault, Fault::conflict);
}

TEST_F(SessionsTest, what_is_ended_is_over_at_once_and_for_good) {
    ann();
    const ConsoleTicket ticket = begin_console();
    const TokenPair pair = begin_tokens();
    const TokenPair other = begin_tokens();
    EXPECT_FALSE(sessions_->end(ticket.session.id, no_audit));
    EXPECT_TRUE(works(ticket.cookie));
    ASSERT_TRUE(sessions_->end(ticket.session.id, counted()));
    EXPECT_EQ(sessions_->end(ticket.session.id, counted()).error().fault, Fault::not_found);
    EXPECT_EQ(sessions_->step_up(ticket.session.id, {}).error().fault, Fault::not_found);
    EXPECT_TRUE(*sessions_->end_by_token(pair.access.reveal(), counted()));
    EXPECT_FALSE(*sessions_->end_by_token(pair.access.reveal(), counted()));
    EXPECT_TRUE(*sessions_->end_by_token(other.refresh.reveal(), counted()));
    EXPECT_FALSE(*sessions_->end_by_token("nothing", counted()));
    EXPECT_EQ(audited_, 3);
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_FALSE(works(ticket.cookie)) << when;
        EXPECT_FALSE(works(pair.access)) << when;
        EXPECT_FALSE(refresh(pair.refresh)) << when;
        EXPECT_FALSE(works(other.access)) << when;
        EXPECT_TRUE(sessions_->all().empty()) << when;
        open();
    }
    EXPECT_EQ(rows("auth_sessions") + rows("auth_session_tokens"), 0);
}

TEST_F(SessionsTest, a_provider_ends_its_own_sessions_and_no_others) {
    struct Case {
        const char* sentence;
        std::string way, person, session;
        int ended;
    };
    for (const Case& c : {Case{"all of a person", "oidc:entra", "ann", "", 2},
                          Case{"one session of the provider", "oidc:entra", "", "sid-2", 1},
                          Case{"one session of a person", "oidc:entra", "ann", "sid-3", 1},
                          Case{"of somebody else", "oidc:entra", "bob", "sid-2", 0},
                          Case{"of another provider", "oidc:other", "ann", "", 0},
                          Case{"of nobody in particular", "oidc:entra", "", "", 0}}) {
        ann();
        see(facts_of("2", "bob"));
        begin_console();
        begin_tokens();
        NewSession third = agent();
        third.provider_session = "sid-3";
        ASSERT_TRUE(sessions_->begin_tokens(third, {}));
        audited_ = 0;
        EXPECT_EQ(sessions_->end_by_provider(c.way, c.person, c.session, counted()), c.ended) << c.sentence;
        EXPECT_EQ(audited_, c.ended > 0 ? 1 : 0) << c.sentence;
        EXPECT_EQ(sessions_->of("ann").size(), static_cast<std::size_t>(3 - c.ended)) << c.sentence;
        ASSERT_TRUE(people_->put_out("ann", {}));
    }
}

TEST_F(SessionsTest, a_provider_finds_somebody_by_its_own_id_of_them_as_long_as_they_are_in) {
    ann();
    NewSession by_provider = agent();
    by_provider.provider_subject = "sub-of-ann";
    const auto pair = sessions_->begin_tokens(by_provider, {});
    ASSERT_TRUE(pair);
    EXPECT_EQ(sessions_->identify(pair->access.reveal(), clock_.now())->session->provider_subject, "sub-of-ann");
    begin_console();  // of which no provider knows
    open();
    EXPECT_EQ(sessions_->person_by_provider("oidc:entra", "sub-of-ann"), "ann");
    EXPECT_EQ(sessions_->person_by_provider("oidc:other", "sub-of-ann"), "") << "another provider's ids are its own";
    EXPECT_EQ(sessions_->person_by_provider("oidc:entra", "sub-of-an"), "");
    EXPECT_EQ(sessions_->person_by_provider("oidc:entra", ""), "");
    EXPECT_EQ(sessions_->person_by_provider("ldap:corp", ""), "");
    ASSERT_TRUE(sessions_->end(pair->session.id, {}));
    EXPECT_EQ(sessions_->person_by_provider("oidc:entra", "sub-of-ann"), "");
    by_provider.provider_subject = std::string(1'025, 's');
    EXPECT_EQ(sessions_->begin_tokens(by_provider, {}).error().fault, Fault::invalid_request);
}

TEST_F(SessionsTest, a_person_has_fifty_sessions_and_the_oldest_gives_way) {
    ann();
    see(facts_of("2", "bob"));
    const auto bobs = sessions_->begin_console(console("bob"), {});
    ASSERT_TRUE(bobs);
    const ConsoleTicket first = begin_console();
    clock_.advance(seconds(1));
    const ConsoleTicket second = begin_console();
    for (int i = 0; i < 48; ++i) {
        clock_.advance(seconds(1));
        begin_tokens();
    }
    EXPECT_EQ(sessions_->of("ann").size(), 50U);
    EXPECT_TRUE(works(first.cookie));
    clock_.advance(seconds(1));
    begin_tokens();
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_EQ(sessions_->of("ann").size(), 50U) << when;
        EXPECT_FALSE(works(first.cookie)) << when;
        EXPECT_TRUE(works(second.cookie)) << when;
        EXPECT_TRUE(works(bobs->cookie)) << when;
        open();
    }
}

TEST_F(SessionsTest, what_has_ended_by_itself_is_forgotten) {
    ann();
    see(facts_of("2", "bob"));
    begin_console();
    begin_tokens();
    ASSERT_TRUE(sessions_->begin_console(console("bob"), {}));
    ASSERT_TRUE(sessions_->tidy(clock_.now()));
    EXPECT_EQ(rows("auth_sessions"), 3);
    ASSERT_TRUE(people_->put_out("bob", {}));
    clock_.advance(hours(2));
    ASSERT_TRUE(sessions_->tidy(clock_.now()));
    EXPECT_EQ(rows("auth_sessions"), 1) << "the idle console and who was put out";
    const TokenPair pair = begin_tokens();
    clock_.advance(hours(24));
    ASSERT_TRUE(sessions_->tidy(clock_.now()));
    EXPECT_EQ(rows("auth_sessions") + rows("auth_session_tokens"), 0);
    clock_.advance(hours(1));
    ASSERT_TRUE(sessions_->tidy(clock_.now()));
    EXPECT_FALSE(works(pair.access));
    EXPECT_TRUE(works(begin_console().cookie));
}

TEST_F(SessionsTest, the_last_use_is_known_to_the_minute_and_stored_without_a_write_per_request) {
    ann();
    const ConsoleTicket ticket = begin_console();
    clock_.advance(minutes(5));
    for (int i = 0; i < 1'000; ++i) {
        ASSERT_TRUE(works(ticket.cookie));
        clock_.advance(std::chrono::milliseconds(1));
    }
    ASSERT_TRUE(store_.step());
    EXPECT_EQ(sessions_->of("ann").front().last_used_at, *parse_timestamp("2026-11-23T17:59:00Z"));
    EXPECT_FALSE(works(make_credential_text(console_prefix, ticket.session.id)));
    open();
    EXPECT_EQ(sessions_->of("ann").front().last_used_at, *parse_timestamp("2026-11-23T17:59:00Z"));
}

TEST_F(SessionsTest, what_cannot_be_stored_has_not_begun) {
    ann();
    EXPECT_FALSE(sessions_->begin_console(console(), no_audit));
    EXPECT_FALSE(sessions_->begin_tokens(agent(), no_audit));
    for (int statement = 1; statement <= 2; ++statement) {
        store_.fail_statement(statement);
        EXPECT_FALSE(sessions_->begin_tokens(agent(), {})) << statement;
    }
    store_.fail_statement(0);
    EXPECT_TRUE(sessions_->all().empty());
    EXPECT_EQ(rows("auth_sessions") + rows("auth_session_tokens"), 0);
}

}  // namespace
}  // namespace bursar::auth
