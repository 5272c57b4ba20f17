#pragma once

#include "auth/keys.h"
#include "auth/people.h"
#include "auth/sessions.h"
#include "tests/sim/sim_store.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::auth {

inline PersonFacts facts_of(std::string subject, std::string user_name, std::vector<Group> groups = {}) {
    return {.origin = {.source = "ldap:corp", .subject = std::move(subject)},
            .user_name = std::move(user_name),
            .display_name = "Ann Example",
            .email = "ann@corp.example",
            .groups = std::move(groups)};
}

/// Each group is the team of its name.
inline Standing teams_of(const PersonFacts& facts) {
    Standing standing;
    for (const Group& group : facts.groups) standing.teams.push_back(group.name);
    return standing;
}

/// People and their sessions on a database that survives a crash.
class Staff : public testing::Test {
  protected:
    Staff() { open(); }
    /// As after the end of the process.
    void open() {
        sessions_.reset();
        people_.reset();
        store_.crash();
        auto people = People::open(store_, clock_, teams_of);
        ASSERT_TRUE(people) << people.error().operator_text();
        people_ = *std::move(people);
        auto sessions = Sessions::open(store_, Secret(std::string(32, 'p')), *people_, clock_);
        ASSERT_TRUE(sessions) << sessions.error().operator_text();
        sessions_ = *std::move(sessions);
        sessions_->set_limits(limits_);
    }
    std::shared_ptr<const Person> see(const PersonFacts& facts) {
        auto seen = people_->see(facts, {});
        EXPECT_TRUE(seen) << seen.error().operator_text();
        return seen ? *seen : nullptr;
    }
    std::shared_ptr<const Person> ann() { return see(facts_of("1", "ann", {{"", "research"}})); }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    SessionLimits limits_;
    sim::SimStore store_{{People::schema(), Sessions::schema()}};
    std::unique_ptr<People> people_;
    std::unique_ptr<Sessions> sessions_;
};

}  // namespace bursar::auth
