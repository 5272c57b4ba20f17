#include "service/base/crypto.h"
#include "service/ledger/books.h"
#include "tests/sim/short_memory.h"
#include "tests/unit/store/faulty_disk.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

// Hunts: a power cut at any write or sync, or an allocation that fails anywhere, after which a call that was let go on
// is in no book, one is booked twice, or more is spent than the limit. The real store with its writer thread on real
// files; of what was not synced, any part is lost.
//   BURSAR_SIM_SEED=n runs that cut only; BURSAR_SIM_CUTS says how many there are.
namespace bursar::sim {
namespace {

using ledger::Found;
using store::FaultyDisk;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Figures {
    unsigned long long cuts, calls, told, lost_writes, settled_found, lost_found;
};
Figures figures{};

constexpr NanoUsd limit = NanoUsd::dollars(40);

/// What the callers know.
struct Told {
    NanoUsd held;
    bool durable = false;  ///< it was let go on
    bool released = false;
    std::optional<NanoUsd> cost;
};

class Cut {
  public:
    explicit Cut(std::uint64_t seed) : random_(seed) {
        std::string name = (std::filesystem::temp_directory_path() / "bursar-power-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    ~Cut() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// Where memory is short, one allocation of the database fails instead of the power.
    enum class Trouble { power, memory };
    void run(Trouble trouble) {
        // A few lives one after the other, so that a recovery is cut as well.
        for (int life = 0; life < 4 && !testing::Test::HasFailure(); ++life) {
            disk_.cut_power_at(trouble == Trouble::power ? static_cast<int>(1 + below(220)) : never);
            short_at_ = trouble == Trouble::memory ? static_cast<int>(1 + below(300)) : 0;
            live();
            memory_.heal();
            figures.lost_writes += static_cast<unsigned long long>(disk_.come_back([this] { return below(3) != 0; }));
            ++figures.cuts;
            look();
        }
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    static Amounts dollars(NanoUsd amount) { return {.charge = amount, .cost = amount, .tokens = 1, .calls = 1}; }

    Result<std::unique_ptr<store::Store>> open() const {
        return store::Store::open({.file = folder_ / "bursar.db",
                                   .key = Secret(std::string(32, 'k')),
                                   .durability = store::Durability::power,
                                   .schemas = {ledger::Ledger::schema()},
                                   .ballast_bytes = 0});
    }

    void live();
    void call(ledger::Ledger& books, const std::shared_ptr<const ledger::Scopes>& scopes);
    void look();

    static constexpr int never = 1'000'000'000;
    ShortMemory& memory_ = ShortMemory::installed();
    int short_at_ = 0;  ///< which allocation of the next life fails; 0: none
    FaultyDisk& disk_ = FaultyDisk::installed();
    std::mt19937_64 random_;
    SystemClock clock_;
    std::filesystem::path folder_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<AttemptId, Told> told_;        // of this life
    std::map<AttemptId, NanoUsd> settled_;  // of all lives, as found
    std::map<AttemptId, NanoUsd> lost_;
};

/// One call: held, perhaps grown, and settled, released or left open. What the journal answers is waited for.
void Cut::call(ledger::Ledger& books, const std::shared_ptr<const ledger::Scopes>& scopes) {
    const AttemptId attempt = AttemptId::make(clock_.now());
    const NanoUsd amount{static_cast<std::int64_t>(1 + below(400'000'000))};
    bool answered = false;
    {
        const std::lock_guard lock(mutex_);
        told_[attempt] = {.held = amount, .durable = false, .released = false, .cost = {}};
    }
    const auto held = books.hold({.call = CallId::make(clock_.now()),
                                  .attempt = attempt,
                                  .scopes = scopes,
                                  .amount = dollars(amount),
                                  .amount_min = dollars(amount),
                                  .at = clock_.now()},
                                 [&, attempt](const Result<void>& result) {
                                     const std::lock_guard lock(mutex_);
                                     told_[attempt].durable = result.has_value();
                                     answered = true;
                                     changed_.notify_all();
                                 });
    std::unique_lock lock(mutex_);
    if (!held) {
        told_.erase(attempt);
        return;
    }
    ++figures.calls;
    changed_.wait(lock, [&] { return answered; });
    Told& told = told_[attempt];
    if (!told.durable) return;
    ++figures.told;
    const std::uint64_t end = below(10);
    const NanoUsd cost{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(amount.nanos())))};
    if (end < 6) {
        told.cost = cost;
        books.settle(attempt, dollars(cost));
    } else if (end < 7) {
        told.released = true;
        books.release(attempt);
    }
}

void Cut::live() {
    told_.clear();
    auto store = open();
    if (!store) return;
    // Not before: SQLCipher 4.6 now and then spoils its own heap when an allocation of its codec fails as a database is
    // opened, and nobody has been promised anything by then.
    if (short_at_ > 0) memory_.fail_at(short_at_);
    auto books = ledger::Ledger::recover(**store, clock_, {});
    if (books) {
        (*store)->attach(**books);
        (*store)->on_broken([](const Error&) {});
        (*store)->start();
        const auto scopes = (*books)->prepare(
            {{"org", {{.limit = limit, .per = Per::ever, .measure = Measure::cost}}}, {"key:1", {}}}, "UTC");
        ASSERT_TRUE(scopes);
        for (int calls = 0; calls < 60 && !disk_.is_off(); ++calls) call(**books, *scopes);
        (*store)->stop();
    }
    store->reset();
}

/// With the power back: what is in the books, against what was told.
void Cut::look() {
    auto store = open();
    ASSERT_TRUE(store) << store.error().operator_text();
    Found found;
    auto books = ledger::Ledger::recover(**store, clock_, [&](store::Transaction&, const Found& all) -> Result<void> {
        found = all;
        return {};
    });
    ASSERT_TRUE(books) << books.error().operator_text();
    std::set<AttemptId> seen;
    for (const auto& each : found.settled) {
        ASSERT_TRUE(seen.insert(each.attempt).second) << "settled twice";
        settled_[each.attempt] = each.amount.cost;
    }
    for (const auto& each : found.lost) {
        ASSERT_TRUE(seen.insert(each.attempt).second) << "settled and lost";
        lost_[each.attempt] = each.amount.cost;
    }
    figures.settled_found += found.settled.size();
    figures.lost_found += found.lost.size();
    for (const auto& [attempt, told] : told_) {
        // What was never let go on may be in the books all the same: nobody knows how far it came.
        if (!told.durable) continue;
        const auto settled = settled_.find(attempt);
        const auto lost = lost_.find(attempt);
        if (settled != settled_.end()) {
            ASSERT_TRUE(told.cost);
            ASSERT_EQ(settled->second, *told.cost);
        } else if (lost != lost_.end()) {
            ASSERT_EQ(lost->second, told.held);
        } else {
            ASSERT_TRUE(told.released) << "a call that was let go on is in no book";
        }
    }
    NanoUsd sum;
    for (const auto& [attempt, cost] : settled_) sum += cost;
    for (const auto& [attempt, cost] : lost_)
        if (!settled_.contains(attempt)) sum += cost;
    for (const auto& each : (*books)->spending()) {
        EXPECT_EQ(each.spent.cost, sum) << each.account;
        EXPECT_EQ(each.held, Amounts{});
    }
    EXPECT_LE(sum, limit);
}

void run_all(Cut::Trouble trouble, std::string_view what) {
    figures = {};
    (void)ShortMemory::installed();
    if (const std::uint64_t seed = number_from_environment("BURSAR_SIM_SEED", 0); seed != 0)
        return Cut(seed).run(trouble);
    std::uint64_t seed = 0;
    fill_random({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
    for (std::uint64_t left = number_from_environment("BURSAR_SIM_CUTS", 60) / 4; left > 0; --left) {
        SCOPED_TRACE("BURSAR_SIM_SEED=" + std::to_string(seed));
        Cut(seed++).run(trouble);
        if (testing::Test::HasFailure()) break;
    }
    fmt::print(
        "{}: {} lives, {} calls, of which {} were let go on; {} unsynced writes lost; found {} settled and {} lost; "
        "last seed {}\n",
        what, figures.cuts, figures.calls, figures.told, figures.lost_writes, figures.settled_found, figures.lost_found,
        seed - 1);
}

TEST(Power, cut_at_any_write_or_sync_loses_no_call_that_was_let_go_on) {
    run_all(Cut::Trouble::power, "power");
    EXPECT_GT(figures.lost_writes, 0U) << "no cut lost anything: this proves nothing";
}

TEST(Memory, that_is_short_at_any_allocation_loses_no_call_that_was_let_go_on) {
    const auto before = ShortMemory::installed().failed();
    run_all(Cut::Trouble::memory, "memory");
    EXPECT_GT(ShortMemory::installed().failed(), before) << "no allocation failed: this proves nothing";
}

}  // namespace
}  // namespace bursar::sim
