#pragma once

#include "service/treasury/decision.h"
#include "service/treasury/events.h"
#include "tests/sim/sim_store.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::treasury::test {

/// A store, a clock and a small company to decide about: rnd with 1,000 USD a month, below it research with 100 USD a
/// month and 1,000,000 tokens a day, sales apart, and a prepaid team.
struct Office {
    explicit Office(std::vector<store::Schema> schemas) : store(with_events(std::move(schemas))) {}

    static std::vector<store::Schema> with_events(std::vector<store::Schema> schemas) {
        schemas.push_back(events_schema());
        return schemas;
    }

    static std::shared_ptr<const policies::Snapshot> company() {
        policies::Snapshot rules;
        rules.revision = 1;
        rules.organisation.time_zone = "Europe/Berlin";
        rules.organisation.budgets = {{.limit = NanoUsd::dollars(5'000), .measure = Measure::cost}};
        const auto add = [&](const char* name, const char* parent, std::vector<Budget> budgets) {
            auto team = std::make_shared<policies::Team>();
            team->name = name;
            team->parent = parent;
            team->budgets = std::move(budgets);
            rules.teams[name] = std::move(team);
        };
        add("rnd", "", {{.limit = NanoUsd::dollars(1'000)}});
        add("research", "rnd",
            {{.limit = NanoUsd::dollars(100), .warn_percent = {80, 100}},
             {.limit = Quantity(1'000'000), .per = Per::day, .measure = Measure::tokens}});
        add("sales", "", {});
        add("prepaid", "", {{.limit = {}, .per = Per::ever, .warn_percent = {80}}});
        rules.people["alice"] = {{.limit = NanoUsd::dollars(20)}};
        return std::make_shared<const policies::Snapshot>(std::move(rules));
    }

    static std::vector<Caller> keys() {
        return {{.key_id = "k1", .name = "ci", .team = "research", .person = "", .models = {}, .budgets = {}},
                {.key_id = "k2", .name = "alice", .team = "research", .person = "alice", .models = {}, .budgets = {}},
                {.key_id = "k3", .name = "bob", .team = "research", .person = "bob", .models = {}, .budgets = {}},
                {.key_id = "k4", .name = "bob", .team = "sales", .person = "bob", .models = {}, .budgets = {}}};
    }

    std::vector<Event> events() {
        std::vector<Event> all;
        EXPECT_TRUE(store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(all, read_events(transaction, INT64_MAX, 1'000));
            return {};
        }));
        return all;
    }

    ManualClock clock{*parse_timestamp("2026-11-20T12:00:00Z")};
    sim::SimStore store;
    policies::Rules rules{company()};
    Desk desk{store, rules, clock};
};

}  // namespace bursar::treasury::test
