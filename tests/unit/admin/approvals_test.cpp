// Hunts: a request that is decided twice, done after its time or after a crash, a body that outlives the decision, a
// queue without an end.
#include "service/admin/approvals.h"

#include "tests/unit/admin/plant.h"

#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class ApprovalStates : public testing::Test {
  protected:
    Timestamp now() const { return plant_.clock.now(); }
    static Result<void> also(store::Transaction&, const Approval&) { return {}; }
    Result<Approval> ask(std::string asker = "ada", std::size_t bytes = 4) {
        Approval asked;
        asked.action = "secret.put";
        asked.method = "PUT";
        asked.route = "/api/v1/secrets/{name}";
        asked.path = "/api/v1/secrets/x";
        asked.what = "Give another value to the secret \"x\".";
        asked.changes = {"one", "two"};
        asked.warnings = {"three"};
        asked.asker = std::move(asker);
        asked.asked_by = "operator:" + asked.asker;
        return Approvals::ask(
            *plant_.store, asked, now(),
            [&](const Approval&) -> Result<std::string> { return std::string(bytes, 'b'); }, also);
    }
    Result<Approval> decide(const std::string& id, ApprovalState state) {
        return Approvals::decide(*plant_.store, id, {.state = state, .by = "operator:bob", .reason = {}, .outcome = {}},
                                 now(), also);
    }
    ApprovalState state_of(const std::string& id) { return Approvals::read(*plant_.store, id, now())->state; }
    std::int64_t bodies() {
        std::int64_t count = -1;
        EXPECT_TRUE(plant_.store->read([&](store::Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM approval_body", {}, [&](const store::Row& row) {
                count = row.integer(0);
                return Result<void>{};
            });
        }));
        return count;
    }
    bool sweep() { return Approvals::sweep(*plant_.store, *plant_.audit, now()).has_value(); }

    Plant plant_;
};

TEST_F(ApprovalStates, have_names_that_come_back) {
    for (const auto state :
         {ApprovalState::open, ApprovalState::running, ApprovalState::done, ApprovalState::failed,
          ApprovalState::declined, ApprovalState::withdrawn, ApprovalState::expired, ApprovalState::unknown})
        EXPECT_EQ(approval_state_of(name_of(state)), state);
    EXPECT_EQ(approval_state_of("approved"), std::nullopt);
}

TEST_F(ApprovalStates, what_is_asked_for_is_kept_whole_until_somebody_decides) {
    const auto asked = ask();
    ASSERT_TRUE(asked.has_value());
    const auto read = Approvals::read(*plant_.store, asked->id, now());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->changes, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(read->warnings, std::vector<std::string>{"three"});
    EXPECT_EQ(read->expires_at, now() + 24h);
    EXPECT_EQ(*Approvals::locked_body(*plant_.store, asked->id, now()), "bbbb");
    EXPECT_EQ(Approvals::read(*plant_.store, "nothing", now()).error().fault, Fault::not_found);
}

TEST_F(ApprovalStates, every_decision_is_the_only_one_and_takes_the_body_away) {
    for (const auto state : {ApprovalState::running, ApprovalState::declined, ApprovalState::withdrawn}) {
        const std::string id = ask()->id;
        ASSERT_EQ(bodies(), 1);
        ASSERT_TRUE(decide(id, state).has_value());
        EXPECT_EQ(bodies(), 0) << name_of(state);
        for (const auto again : {ApprovalState::running, ApprovalState::declined, ApprovalState::withdrawn})
            EXPECT_EQ(decide(id, again).error().fault, Fault::conflict) << name_of(state);
        EXPECT_EQ(state_of(id), state);
        EXPECT_EQ(Approvals::locked_body(*plant_.store, id, now()).error().fault, Fault::conflict);
    }
}

TEST_F(ApprovalStates, nothing_is_decided_after_its_time_and_the_body_goes_with_the_next_sweep) {
    const std::string id = ask()->id;
    plant_.clock.advance(24h - 1ns);
    EXPECT_EQ(state_of(id), ApprovalState::open);
    plant_.clock.advance(1ns);
    EXPECT_EQ(state_of(id), ApprovalState::expired) << "by the time alone";
    EXPECT_EQ(decide(id, ApprovalState::running).error().fault, Fault::conflict);
    ASSERT_TRUE(sweep());
    EXPECT_EQ(bodies(), 0);
    EXPECT_EQ(state_of(id), ApprovalState::expired);
    EXPECT_EQ(plant_.audit_rows("approval.decide", "expired", "approval:" + id), 1);
    ASSERT_TRUE(sweep());
    EXPECT_EQ(plant_.audit_rows("approval.decide", "expired", "approval:" + id), 1) << "said once";
}

TEST_F(ApprovalStates, what_was_cut_off_is_unknown_and_never_done_again) {
    const std::string waiting = ask()->id, id = ask()->id;
    ASSERT_TRUE(decide(id, ApprovalState::running).has_value());
    ASSERT_TRUE(sweep());
    EXPECT_EQ(state_of(id), ApprovalState::running) << "it may still be at it";
    ASSERT_TRUE(Approvals::close_cut_off(*plant_.store, *plant_.audit, now()));
    EXPECT_EQ(state_of(id), ApprovalState::unknown);
    EXPECT_EQ(plant_.audit_rows("approval.decide", "unknown", "approval:" + id), 1);
    EXPECT_EQ(decide(id, ApprovalState::running).error().fault, Fault::conflict);
    EXPECT_EQ(state_of(waiting), ApprovalState::open) << "a restart takes nothing from what waits";

    ASSERT_TRUE(decide(waiting, ApprovalState::running).has_value());
    plant_.clock.advance(Approvals::running_max);
    ASSERT_TRUE(sweep());
    EXPECT_EQ(state_of(waiting), ApprovalState::unknown);
}

TEST_F(ApprovalStates, the_queue_has_an_end_for_each_person_for_all_and_in_bytes) {
    for (int i = 0; i < Approvals::open_per_person_max; ++i) ASSERT_TRUE(ask().has_value()) << i;
    EXPECT_EQ(ask().error().fault, Fault::rate_limited);
    for (int i = Approvals::open_per_person_max; i < Approvals::open_max; ++i)
        ASSERT_TRUE(ask("p" + std::to_string(i)).has_value()) << i;
    EXPECT_EQ(ask("bob").error().fault, Fault::rate_limited);
    plant_.clock.advance(24h);
    ASSERT_TRUE(ask("bob").has_value()) << "what is over makes room";
    ASSERT_TRUE(sweep());
    EXPECT_EQ(ask("bob", Approvals::waiting_bytes_max).error().fault, Fault::rate_limited);
    EXPECT_EQ(bodies(), 1);
}

TEST_F(ApprovalStates, are_listed_newest_first_and_forgotten_in_the_end) {
    const std::string first = ask()->id;
    plant_.clock.advance(1s);
    const std::string second = ask()->id;
    ASSERT_TRUE(decide(first, ApprovalState::declined).has_value());
    const auto all = Approvals::list(*plant_.store, std::nullopt, now());
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ(all->front().id, second);
    EXPECT_EQ(all->back().changes.size(), 2U);
    EXPECT_EQ(Approvals::list(*plant_.store, ApprovalState::declined, now())->size(), 1U);
    plant_.clock.advance(Approvals::kept_for + 1s);
    ASSERT_TRUE(sweep());
    EXPECT_EQ(Approvals::list(*plant_.store, std::nullopt, now())->size(), 1U) << "the other one expires now";
}

TEST_F(ApprovalStates, a_body_is_bound_to_what_it_was_asked_for) {
    const Approval asked = *ask();
    const Secret body = Secret::copy_of("the body"), nothing = Secret::copy_of("");
    const std::string locked = *plant_.vault->lock_away(binding_of(asked), body);
    EXPECT_EQ(locked.find("the body"), std::string::npos);
    EXPECT_EQ(plant_.vault->take_back(binding_of(asked), locked)->reveal(), "the body");
    for (std::string Approval::* part : {&Approval::id, &Approval::method, &Approval::path, &Approval::if_match,
                                         &Approval::asked_by, &Approval::proof}) {
        Approval other = asked;
        (other.*part) += "x";
        EXPECT_EQ(plant_.vault->take_back(binding_of(other), locked).error().fault, Fault::wrong_configuration);
    }
    EXPECT_TRUE(plant_.vault->take_back("a", *plant_.vault->lock_away("a", nothing))->empty());
}

}  // namespace
}  // namespace bursar::admin::test
