// What the ledger costs, for `tests/run bench`: CPU of hold and settle on a path of five levels with 100,000 accounts
// in the books, the journal left out; and holds per second of two threads on one organisation, with the journal on a
// real disk. Prints one JSON object.
#include "service/base/json.h"
#include "service/ledger/books.h"
#include "service/store/store.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace bursar::bench {
namespace {

using ledger::Books;

constexpr std::size_t accounts_count = 100'000;

/// Takes what it is given, and keeps nothing.
class NoStore final : public store::Store, public store::Transaction {
  public:
    void attach(store::Contributor& contributor) override { contributor_ = &contributor; }
    void follow_with(store::Follower&) override {}
    void start() override {}
    void stop() override {}
    void wake() override {}
    void submit(std::move_only_function<Result<void>(store::Transaction&)> job,
                std::move_only_function<void(Result<void>)> done) override {
        done(job(*this));
    }
    Result<void> write(std::move_only_function<Result<void>(store::Transaction&)> job) override { return job(*this); }
    Result<void> read(const std::function<Result<void>(store::Transaction&)>& job) override { return job(*this); }
    store::Health health() const override { return {}; }
    bool writable() const override { return true; }
    void on_broken(std::move_only_function<void(const Error&)>) override {}
    Result<void> verify() override { return {}; }

    Result<void> run(std::string_view, std::initializer_list<store::Value>) override { return {}; }
    Result<void> each(std::string_view, std::initializer_list<store::Value>,
                      const std::function<Result<void>(const store::Row&)>&) override {
        return {};
    }
    /// One group, which the measurement leaves out.
    void group() {
        if (contributor_->contribute(*this)) contributor_->committed();
    }

  private:
    store::Contributor* contributor_ = nullptr;
};

std::chrono::nanoseconds cpu_of_this_thread() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Budget limit(std::int64_t dollars, Per per) { return {.limit = NanoUsd::dollars(dollars), .per = per}; }

/// Organisation, department, team, person, key: each with a limit or two.
std::vector<ledger::Level> path_of(std::size_t person) {
    const std::size_t team = person % 400;
    return {{.account = "org", .budgets = {limit(1'000'000, Per::month)}},
            {.account = fmt::format("team:department-{}", team % 20), .budgets = {limit(500'000, Per::quarter)}},
            {.account = fmt::format("team:{}", team), .budgets = {limit(100'000, Per::month), limit(50'000, Per::day)}},
            {.account = fmt::format("person:{}", person), .budgets = {limit(10'000, Per::month)}},
            {.account = fmt::format("key:{}", person), .budgets = {limit(5'000, Per::week)}}};
}

ledger::HoldRequest request_of(std::shared_ptr<const ledger::Scopes> scopes, Timestamp at) {
    return {.call = CallId::make(at),
            .attempt = AttemptId::make(at),
            .scopes = std::move(scopes),
            .amount = {.charge = NanoUsd{2'000'000}, .cost = NanoUsd{2'000'000}, .tokens = 2'000, .calls = 1},
            .amount_min = {.charge = NanoUsd{100'000}, .cost = NanoUsd{100'000}, .tokens = 100, .calls = 1},
            .at = at,
            .model = "gpt-4o",
            .tier = "frontier"};
}

constexpr Amounts cost{.charge = NanoUsd{1'200'000}, .cost = NanoUsd{1'200'000}, .tokens = 1'100, .calls = 1};

struct Cpu {
    double hold_us;
    double settle_us;
};

Cpu measure_cpu() {
    NoStore store;
    const SystemClock clock;
    Books books(store, {});
    store.attach(books);
    std::vector<std::shared_ptr<const ledger::Scopes>> callers;
    for (std::size_t person = 0; person < accounts_count / 2; ++person)
        callers.push_back(*books.prepare(path_of(person), "Europe/Berlin"));
    constexpr std::size_t in_a_group = 200, groups = 1'000;
    std::chrono::nanoseconds holding{}, settling{};
    std::size_t next = 0;
    std::vector<AttemptId> attempts(in_a_group);
    std::vector<ledger::HoldRequest> requests(in_a_group);
    for (std::size_t group = 0; group < groups; ++group) {
        for (auto& request : requests)
            request = request_of(callers[next = (next + 7'919) % callers.size()], clock.now());
        const auto begun = cpu_of_this_thread();
        for (std::size_t i = 0; i < in_a_group; ++i) {
            attempts[i] = requests[i].attempt;
            if (!books.hold(requests[i], {})) std::abort();
        }
        const auto held = cpu_of_this_thread();
        for (const AttemptId& attempt : attempts)
            if (!books.settle(attempt, cost)) std::abort();
        settling += cpu_of_this_thread() - held;
        holding += held - begun;
        store.group();
    }
    constexpr double calls = static_cast<double>(in_a_group * groups) * 1'000;
    return {static_cast<double>(holding.count()) / calls, static_cast<double>(settling.count()) / calls};
}

/// Threads that hold and settle as fast as they can; every hold waits in the journal of a real store.
double holds_per_second(const std::filesystem::path& folder) {
    constexpr int threads = 2, seconds = 3;
    auto opened = store::Store::open({.file = folder / "bursar.db",
                                      .key = Secret(std::string(32, 'k')),
                                      .durability = store::Durability::process,
                                      .schemas = {ledger::Ledger::schema()}});
    if (!opened) std::abort();
    const SystemClock clock;
    auto books = ledger::Ledger::recover(**opened, clock, {});
    if (!books) std::abort();
    (*opened)->attach(**books);
    (*opened)->start();
    std::atomic<std::uint64_t> durable = 0;
    std::atomic<bool> enough = false;
    std::vector<std::thread> callers;
    const auto begun = clock.moment();
    for (int thread = 0; thread < threads; ++thread)
        callers.emplace_back([&, thread] {
            std::vector<std::shared_ptr<const ledger::Scopes>> mine;
            for (std::size_t person = 0; person < 500; ++person)
                mine.push_back(*(*books)->prepare(path_of(person * threads + static_cast<std::size_t>(thread)), "UTC"));
            // No more of them at once than calls are under way in a busy service.
            std::atomic<int> waiting = 0;
            for (std::size_t i = 0; !enough.load(std::memory_order_relaxed); ++i) {
                while (waiting.load(std::memory_order_acquire) > 2'000) std::this_thread::yield();
                const auto request = request_of(mine[i % mine.size()], clock.now());
                ++waiting;
                const auto held = (*books)->hold(request, [&](const Result<void>&) {
                    ++durable;
                    waiting.fetch_sub(1, std::memory_order_release);
                });
                if (!held) std::abort();
                (*books)->settle(request.attempt, cost);
            }
            while (waiting.load(std::memory_order_acquire) > 0) std::this_thread::yield();
        });
    while (clock.moment() - begun < std::chrono::seconds(seconds)) std::this_thread::yield();
    enough = true;
    for (std::thread& caller : callers) caller.join();
    const std::chrono::duration<double> took = clock.moment() - begun;
    (*opened)->stop();
    return static_cast<double>(durable.load()) / took.count();
}

int run(const std::filesystem::path& folder) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    std::filesystem::create_directories(folder, ignored);
    const Cpu cpu = measure_cpu();
    const double rate = holds_per_second(folder);
    std::filesystem::remove_all(folder, ignored);
    fmt::print("{{\"hold_us\":{:.3f},\"settle_us\":{:.3f},\"holds_per_second\":{:.0f}}}\n", cpu.hold_us, cpu.settle_us,
               rate);
    return 0;
}

}  // namespace
}  // namespace bursar::bench

int main(int count, char** words) {
    if (count != 2) {
        std::fputs("usage: bursar-ledger-bench FOLDER\n", stderr);
        return 2;
    }
    return bursar::bench::run(words[1]);
}
