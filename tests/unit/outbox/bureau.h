#pragma once

#include "service/outbox/clerk.h"
#include "service/treasury/events.h"
#include "tests/sim/sim_store.h"

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::outbox::test {

using integrations::Outcome;
using integrations::Receipt;
using namespace std::chrono_literals;

/// What an event says besides its kind.
struct Happens {
    std::string incident = {};
    std::string team = {};
    std::optional<Severity> severity = {};
    std::string text = "Something has happened";
    std::string detail = "{}";
    std::string subject = "org";
    std::string name = {};
};

/// A store, a clock, a policy and targets that answer as a test wants: all of the outbox but sockets and threads.
struct Bureau {
    struct Told {
        Timestamp at;
        std::string id;
        std::string target;
        integrations::Message message;
        std::map<std::string, std::string> thread;
        bool perhaps_sent = false;
    };

    Bureau() {
        put([](policies::Snapshot&) {});
    }

    /// A policy with one Slack target "ops", changed by the test.
    void put(const std::function<void(policies::Snapshot&)>& change) {
        policies::Snapshot rules;
        rules.revision = ++revision;
        rules.organisation.name = "Example";
        rules.organisation.time_zone = "Europe/Berlin";
        for (const auto& [name, parent] :
             {std::pair{"rnd", ""}, std::pair{"research", "rnd"}, std::pair{"sales", ""}}) {
            auto team = std::make_shared<policies::Team>();
            team->name = name;
            team->parent = parent;
            rules.teams[name] = std::move(team);
        }
        add_target(rules, "ops", "slack");
        change(rules);
        policy.put(std::make_shared<const policies::Snapshot>(std::move(rules)));
    }
    static void add_target(policies::Snapshot& rules, const std::string& name, const std::string& kind,
                           int per_minute = 600) {
        rules.alerts.targets[name] = {
            .name = name, .kind = kind, .settings = {}, .secrets = {}, .per_minute = per_minute};
    }
    /// All of it, at once, to these.
    static policies::AlertRoute at_once(std::vector<std::string> targets) {
        return {.name = "all",
                .kinds = {},
                .teams = {},
                .targets = std::move(targets),
                .group_wait = 0s,
                .group_interval = 0s,
                .repeat_interval = 0s,
                .quiet = {}};
    }

    void happens(const std::string& kind, Happens with) {
        ++events;
        const Event event{.at = clock.now(),
                          .name = with.name.empty() ? kind + "|" + std::to_string(events) : with.name,
                          .kind = kind,
                          .subject = with.subject,
                          .text = with.text,
                          .detail = with.detail,
                          .incident = with.incident,
                          .team = with.team,
                          .severity = with.severity};
        ASSERT_TRUE(store.write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(treasury::raise(transaction, event));
            return {};
        }));
    }
    void mark(int percent, Happens with = {}) {
        with.incident = with.incident.empty() ? "budget:team:research|per month|2026-11" : with.incident;
        with.text = "research has spent " + std::to_string(percent) + " % of its limit; at this pace it is enough";
        with.detail = R"({"percent":)" + std::to_string(percent) + "}";
        with.team = "research";
        happens(percent == 100 ? "budget.exhausted" : "budget.threshold", with);
    }

    std::unique_ptr<Clerk> new_clerk() {
        return std::make_unique<Clerk>(
            Clerk::Parts{.store = store,
                         .rules = policy,
                         .public_url = "https://bursar.example.com",
                         .chance = {.make_id = [this](Timestamp) { return "dlv_" + std::to_string(++ids); },
                                    .random = [this] { return std::uniform_real_distribution<>(0, 1)(chance); }}});
    }
    void restart() {
        store.crash();
        clerk = new_clerk();
    }

    static Result<integrations::Target> prepare(const policies::AlertTarget& target) {
        return integrations::Target{.name = target.name, .kind = *integrations::target_kind_of(target.kind)};
    }
    /// One look, and what goes out by it.
    void step() {
        ASSERT_TRUE(clerk->look(clock.now()));
        for (;;) {
            auto out = clerk->hand_out(8, clock.now(), lend);
            ASSERT_TRUE(out) << out.error().operator_text();
            if (out->empty()) break;
            for (const integrations::Delivery& each : *out) {
                ++tries;
                Receipt receipt = answer(each);
                receipt.id = each.id;
                if (receipt.outcome == Outcome::sent) keep(each);
                ASSERT_TRUE(clerk->receive(receipt, clock.now()));
            }
            ASSERT_TRUE(clerk->look(clock.now()));
        }
    }
    void keep(const integrations::Delivery& each) {
        told.push_back({.at = clock.now(),
                        .id = each.id,
                        .target = each.target.name,
                        .message = each.message,
                        .thread = each.thread,
                        .perhaps_sent = each.perhaps_sent});
    }
    void run(std::chrono::nanoseconds time, std::chrono::nanoseconds every = 1s) {
        for (const Timestamp end = clock.now() + time; clock.now() < end;) {
            clock.advance(every);
            step();
        }
    }
    /// "ops: title | …" of what was told since the last call.
    std::vector<std::string> heard() {
        std::vector<std::string> all;
        for (; heard_ < told.size(); ++heard_) all.push_back(told[heard_].target + ": " + told[heard_].message.title);
        return all;
    }
    std::vector<Event> events_of(const std::string& kind) {
        std::vector<Event> all;
        EXPECT_TRUE(store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(all, treasury::read_events(transaction, INT64_MAX, 1'000, kind));
            return {};
        }));
        return all;
    }
    std::vector<Delivery> deliveries(Delivery::State state) {
        std::vector<Delivery> all;
        EXPECT_TRUE(store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(all, list_deliveries(transaction, {state}, INT64_MAX, 10'000));
            return {};
        }));
        return all;
    }

    ManualClock clock{*parse_timestamp("2026-11-18T12:00:00Z")};  // a Wednesday
    sim::SimStore store{{treasury::events_schema(), reports::schema(), outbox::schema()}};
    policies::Rules policy{std::make_shared<const policies::Snapshot>()};
    std::int64_t revision = 0;
    int events = 0, ids = 0, tries = 0;
    std::mt19937 chance{1};
    std::function<Receipt(const integrations::Delivery&)> answer = [](const integrations::Delivery&) {
        return Receipt{.outcome = Outcome::sent};
    };
    Clerk::Prepare lend = prepare;
    std::vector<Told> told;
    std::unique_ptr<Clerk> clerk = new_clerk();

  private:
    std::size_t heard_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace bursar::outbox::test
