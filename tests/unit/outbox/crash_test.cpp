// Hunts: a message that a crash, a failed commit or a courier's death loses, tells twice without a mark, or tells out
// of order; a second issue for one incident.
#include "tests/unit/outbox/bureau.h"

#include <algorithm>

namespace bursar::outbox::test {
namespace {

/// Jira as the courier speaks with it: an issue has its incident as a label, and is looked for before one is made.
struct Tickets {
    std::map<std::string, std::string> issues;  ///< by incident
    int made = 0;

    std::string take(const integrations::Delivery& delivery) {
        const auto& label = delivery.message.incident;
        const auto key = delivery.thread.find("key");
        if (key != delivery.thread.end()) return key->second;
        if (!issues.contains(label)) issues[label] = "OPS-" + std::to_string(++made);
        return issues.at(label);
    }
};

struct World {
    explicit World(unsigned seed) : dice(seed) {
        bureau.put([](policies::Snapshot& rules) {
            Bureau::add_target(rules, "tickets", "jira", 100'000);
            rules.alerts.targets.at("ops").per_minute = 100'000;
            rules.alerts.routes = {Bureau::at_once({"ops", "tickets"})};
        });
        EXPECT_TRUE(bureau.clerk->look(bureau.clock.now()));
    }

    bool luck(int in) { return std::uniform_int_distribution<>(1, in)(dice) == 1; }
    int number(int most) { return std::uniform_int_distribution<>(1, most)(dice); }

    void restart() {
        ++crashes;
        bureau.restart();
    }
    /// The courier died: it may have sent what it had, or not.
    void lose_courier(const std::vector<integrations::Delivery>& out, std::size_t from) {
        for (std::size_t i = from; i < out.size(); ++i)
            if (luck(2)) arrives(out[i]);
        ++crashes;
        lost += static_cast<int>(out.size() - from);
        if (luck(2)) {
            bureau.restart();
            return;
        }
        if (!bureau.clerk->courier_gone(bureau.clock.now())) bureau.restart();
    }
    void arrives(const integrations::Delivery& delivery) {
        bureau.keep(delivery);
        if (delivery.target.name == "tickets") tickets.take(delivery);
    }
    /// Hands out and brings receipts, and lets things go wrong between any two steps.
    void serve() {
        if (luck(10)) bureau.store.fail_statement(number(40));
        auto looked = bureau.clerk->look(bureau.clock.now());
        if (luck(20)) return restart();
        auto out = bureau.clerk->hand_out(4, bureau.clock.now(), Bureau::prepare);
        bureau.store.fail_statement(0);
        if (!out) return;
        for (std::size_t i = 0; i < out->size(); ++i) {
            const integrations::Delivery& each = (*out)[i];
            if (luck(30)) return lose_courier(*out, i);
            Receipt receipt{.id = each.id, .outcome = Outcome::sent};
            if (luck(15)) {
                receipt.outcome = Outcome::later;
                receipt.wait = 1s;
            } else {
                arrives(each);
                if (each.target.name == "tickets") receipt.thread["key"] = tickets.take(each);
                if (luck(30)) return lose_courier(*out, i + 1 > out->size() ? i : i + 1), void(forgotten(each));
            }
            bring(receipt);
        }
    }
    /// It arrived, and its receipt went down with the courier.
    void forgotten(const integrations::Delivery&) { ++lost; }
    void bring(const Receipt& receipt) {
        if (luck(10)) bureau.store.fail_statement(number(8));
        Result<void> stored = bureau.clerk->receive(receipt, bureau.clock.now());
        bureau.store.fail_statement(0);
        // As the post office does: a receipt that cannot be stored is kept.
        if (!stored) EXPECT_TRUE(bureau.clerk->receive(receipt, bureau.clock.now()));
    }

    Bureau bureau;
    Tickets tickets;
    std::mt19937 dice;
    int crashes = 0;
    int lost = 0;  ///< deliveries whose receipt nobody will ever see
};

class Crashes : public testing::TestWithParam<unsigned> {};

TEST_P(Crashes, lose_nothing_and_repeat_only_what_is_marked) {
    World world(GetParam());
    Bureau& bureau = world.bureau;
    constexpr int incidents = 125;
    for (int i = 0; i < incidents; ++i) {
        for (const int percent : {10, 20, 30, 40, 50, 60, 80, 100})
            if (i < incidents) {
                const std::string name = "incident " + std::to_string(i);
                bureau.mark(percent, {.incident = name, .name = name + "|" + std::to_string(percent)});
                if (world.luck(2)) world.serve();
                bureau.clock.advance(100ms);
            }
        world.serve();
    }
    const auto is_done = [&] { return bureau.clerk->look(bureau.clock.now()) && bureau.clerk->summary().waiting == 0; };
    for (int i = 0; i < 5'000 && !is_done(); ++i) {
        bureau.clock.advance(1s);
        world.serve();
    }
    ASSERT_TRUE(is_done());
    ASSERT_EQ(bureau.clerk->summary().waiting, 0);

    // Digests say more than one thing; every mark stands in some message.
    std::map<std::string, int> copies;
    std::map<std::pair<std::string, std::string>, int> last;
    int repeated = 0, unmarked = 0;
    for (const Bureau::Told& each : bureau.told) {
        const int count = ++copies[each.target + each.id];
        if (count > 1) {
            ++repeated;
            if (!each.perhaps_sent) ++unmarked;
        }
    }
    EXPECT_EQ(unmarked, 0);
    EXPECT_LE(repeated, world.lost);
    EXPECT_GT(world.crashes, 20);
    // One issue of each incident, and no more.
    EXPECT_EQ(world.tickets.made, incidents);
    EXPECT_EQ(world.tickets.issues.size(), static_cast<std::size_t>(incidents));

    std::map<std::string, std::set<std::int64_t>> marks;
    for (const Bureau::Told& each : bureau.told) {
        if (each.target != "tickets") continue;
        const auto at = each.message.title.find(" %");
        ASSERT_NE(at, std::string::npos) << each.message.title;
        const auto start = each.message.title.rfind(' ', at - 1) + 1;
        const int percent = std::stoi(each.message.title.substr(start, at - start));
        marks[each.message.incident].insert(percent);
        int& before = last[{each.target, each.message.incident}];
        EXPECT_GE(percent, before) << each.message.incident;
        before = percent;
    }
    EXPECT_EQ(marks.size(), static_cast<std::size_t>(incidents));
    for (const auto& [incident, percents] : marks) EXPECT_TRUE(percents.contains(100)) << incident;
    int told = 0;
    for (const auto& [incident, percents] : marks) told += static_cast<int>(percents.size());
    EXPECT_EQ(told, incidents * 8);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Crashes, testing::Range(1U, 7U));

TEST(Crash, at_every_statement_of_a_step_leaves_what_a_run_without_would_leave) {
    const auto story = [](int failing) {
        Bureau bureau;
        bureau.put([](policies::Snapshot& rules) {
            Bureau::add_target(rules, "tickets", "jira");
            rules.alerts.routes = {Bureau::at_once({"ops", "tickets"})};
        });
        EXPECT_TRUE(bureau.clerk->look(bureau.clock.now()));
        bureau.mark(50);
        bureau.happens("channel.down", {.incident = "channel:a/m", .text = "a is out", .name = "down"});
        bureau.mark(80);
        bureau.store.fail_statement(failing);
        bool failed = true;
        for (int i = 0; i < 6; ++i) {
            bureau.clock.advance(1s);
            if (!bureau.clerk->look(bureau.clock.now())) bureau.restart(), bureau.store.fail_statement(0);
            auto out = bureau.clerk->hand_out(8, bureau.clock.now(), Bureau::prepare);
            if (!out) bureau.restart();
            if (out)
                for (const auto& each : *out) {
                    bureau.keep(each);
                    const Receipt receipt{.id = each.id, .outcome = Outcome::sent};
                    if (!bureau.clerk->receive(receipt, bureau.clock.now()))
                        EXPECT_TRUE(bureau.clerk->receive(receipt, bureau.clock.now()));
                }
            failed = failing == 0 || bureau.store.statement_has_failed();
        }
        auto heard = bureau.heard();
        std::ranges::sort(heard);
        return std::pair(heard, failed);
    };
    const Lines wanted = story(0).first;
    EXPECT_EQ(wanted.size(), 6U);
    int n = 1;
    for (;; ++n) {
        const auto [heard, failed] = story(n);
        EXPECT_EQ(heard, wanted) << "statement " << n;
        if (!failed) break;
        ASSERT_LT(n, 500);
    }
    EXPECT_GT(n, 30);
}

TEST(Courier, that_dies_has_its_deliveries_handed_out_again_with_a_mark) {
    Bureau bureau;
    bureau.put([](policies::Snapshot& rules) { rules.alerts.routes = {Bureau::at_once({"ops"})}; });
    bureau.step();
    bureau.mark(80);
    ASSERT_TRUE(bureau.clerk->look(bureau.clock.now()));
    const auto first = bureau.clerk->hand_out(8, bureau.clock.now(), Bureau::prepare);
    ASSERT_TRUE(first && first->size() == 1U);
    EXPECT_FALSE(first->front().perhaps_sent);
    const auto none = bureau.clerk->hand_out(8, bureau.clock.now(), Bureau::prepare);
    EXPECT_TRUE(none && none->empty()) << "it is under way";
    ASSERT_TRUE(bureau.clerk->courier_gone(bureau.clock.now()));
    const auto second = bureau.clerk->hand_out(8, bureau.clock.now(), Bureau::prepare);
    ASSERT_TRUE(second && second->size() == 1U);
    EXPECT_TRUE(second->front().perhaps_sent);
    EXPECT_EQ(second->front().id, first->front().id);
    // A receipt that comes twice, or of a delivery that nobody knows, changes nothing.
    for (const std::string& id : {second->front().id, second->front().id, std::string("dlv_other")})
        EXPECT_TRUE(bureau.clerk->receive({.id = id, .outcome = Outcome::sent}, bureau.clock.now()));
    EXPECT_EQ(bureau.deliveries(Delivery::State::sent).size(), 1U);
}

}  // namespace
}  // namespace bursar::outbox::test
