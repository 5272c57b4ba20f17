// Ten million calls in the books: how long the questions of the usage page take, what a settled call costs the writer,
// and how large the database is. Prints the figures; ends with 1 if one is beyond its bound.
#include "service/audit/outcomes.h"
#include "service/base/crypto.h"
#include "tests/bench/usage_traffic.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace bursar::bench {
namespace {

using audit::By;
using Watch = std::chrono::steady_clock;

constexpr std::size_t calls_per_group = 4'096;
constexpr std::uint64_t few_calls = 10'000;
constexpr double question_ms_max = 200;
/// The writer's work for a call may not grow with the books; what is measured varies by this much.
constexpr double settle_ratio_max = 1.5;

double milliseconds(Watch::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "usage bench: {}\n", error.operator_text());
    std::exit(1);
}
template <typename T>
T sure(Result<T> result) {
    if (!result) give_up(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

class Books {
  public:
    Books(const std::filesystem::path& folder, const Clock& clock) : file_(folder / "bursar.db") {
        store_ = sure(store::Store::open({.file = file_,
                                          .key = Secret(std::string(32, 'k')),
                                          .durability = store::Durability::process,
                                          .schemas = {audit::Audit::schema()}}));
        audit_ = sure(audit::Audit::open(*store_, Secret(std::string(32, 'p')), clock));
        sure(audit_->set_time_zone("Europe/Berlin"));
        store_->start();
    }
    ~Books() { store_->stop(); }
    Books(const Books&) = delete;
    Books& operator=(const Books&) = delete;

    /// One group of the writer.
    void write(const std::vector<audit::Outcome>& calls) {
        sure(store_->write(
            [&](store::Transaction& transaction) { return audit::write_outcomes(transaction, calls, known_); }));
    }
    /// Microseconds of a group's transaction for each call, commit included: the median of many groups.
    double settle_us(Traffic& traffic, Timestamp at, std::size_t per_group) {
        std::vector<double> all;
        for (int group = 0; group < 200; ++group) {
            std::vector<audit::Outcome> calls;
            for (std::size_t i = 0; i < per_group; ++i)
                calls.push_back(traffic.call_at(at + std::chrono::milliseconds(500) * group));
            const auto begun = Watch::now();
            write(calls);
            all.push_back(milliseconds(Watch::now() - begun) * 1000 / static_cast<double>(per_group));
        }
        return median(all);
    }
    audit::Audit& audit() { return *audit_; }
    std::uintmax_t bytes() const { return std::filesystem::file_size(file_); }
    /// Bytes of a table with its indexes.
    void print_tables() {
        sure(store_->read([&](store::Transaction& transaction) {
            return transaction.each(
                "SELECT (SELECT sum(length(rows) + length(names)) FROM audit_outcome), (SELECT count(*) FROM "
                "usage_hour), (SELECT count(*) FROM usage_day), (SELECT count(*) FROM usage_combination), (SELECT "
                "sum(length(sums)) FROM usage_hour)",
                {}, [](const store::Row& row) -> Result<void> {
                    fmt::print(
                        "rows of calls: {:.0f} MB packed; sums: {} by hour ({:.0f} MB packed), {} by day, of {} "
                        "combinations\n",
                        static_cast<double>(row.integer(0)) / 1e6, row.integer(1),
                        static_cast<double>(row.integer(4)) / 1e6, row.integer(2), row.integer(3));
                    return {};
                });
        }));
    }

  private:
    std::filesystem::path file_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<audit::Audit> audit_;
    audit::KnownCombinations known_;
};

struct Question {
    std::string_view name;
    std::vector<By> by;
    std::vector<std::pair<By, std::string>> only = {};
};
const std::vector<Question> questions = {
    {"team, model", {By::team, By::model}},
    {"day", {By::day}},
    {"person", {By::person}},
    {"key", {By::key}},
    {"tag", {By::tag}},
    {"provider", {By::provider}},
    {"tier, month", {By::tier, By::month}},
    {"cost centre, month", {By::cost_centre, By::month}},
    {"team, day", {By::team, By::day}},
    {"models of one team", {By::model}, {{By::team, "team-7"}}},
};

bool ask(Books& books, Timestamp end, int days, const Question& question) {
    const audit::UsageQuery query{
        .group_by = question.by, .from = end - std::chrono::days(days), .to = end, .only = question.only};
    std::vector<double> times;
    std::size_t rows = 0;
    for (int i = 0; i < 5; ++i) {
        const auto begun = Watch::now();
        rows = sure(books.audit().usage(query)).rows.size();
        times.push_back(milliseconds(Watch::now() - begun));
    }
    const double first = times.front();
    const double usual = median(times);
    fmt::print("{:<22} {:>3} days {:>8.1f} ms (first {:>6.1f} ms) {:>7} rows\n", question.name, days, usual, first,
               rows);
    return usual < question_ms_max;
}

int run(const std::filesystem::path& folder, std::uint64_t calls) {
    const SystemClock clock;
    // Midnight in Berlin, so that the questions are about whole days; no change of clocks in between.
    const Timestamp start = *parse_timestamp("2026-11-01T23:00:00Z");
    const Timestamp end = start + std::chrono::days(Traffic::days);
    Books books(folder, clock);
    bool good = true;

    Traffic few(start, few_calls, 1);
    for (auto some = few.next(calls_per_group); !some.empty(); some = few.next(calls_per_group)) books.write(some);
    const double one_before = books.settle_us(few, end, 1), many_before = books.settle_us(few, end, 200);

    Traffic traffic(start, calls, 2);
    const auto bytes_before = static_cast<double>(books.bytes());
    const auto begun = Watch::now();
    for (auto some = traffic.next(calls_per_group); !some.empty(); some = traffic.next(calls_per_group))
        books.write(some);
    const double seconds = milliseconds(Watch::now() - begun) / 1000;
    fmt::print("{} calls written in {:.0f} s, {:.1f} us each\n", calls, seconds,
               seconds * 1e6 / static_cast<double>(calls));
    fmt::print("database: {:.0f} MB for a million calls\n",
               (static_cast<double>(books.bytes()) - bytes_before) / static_cast<double>(calls));
    books.print_tables();

    const double one_after = books.settle_us(few, end + std::chrono::hours(1), 1),
                 many_after = books.settle_us(few, end + std::chrono::hours(1), 200);
    fmt::print("the writer, for a call alone:        {:.0f} us with {} calls in the books, {:.0f} us with {}\n",
               one_before, few_calls, one_after, calls);
    fmt::print("the writer, for each of 200 calls:   {:.1f} us with {} calls in the books, {:.1f} us with {}\n",
               many_before, few_calls, many_after, calls);
    if (one_after > one_before * settle_ratio_max || many_after > many_before * settle_ratio_max) {
        fmt::print("the writer got slower with the books\n");
        good = false;
    }
    const Timestamp asked = start + std::chrono::days(Traffic::days);
    for (const int days : {30, 90})
        for (const Question& question : questions)
            if (!ask(books, asked, days, question)) {
                fmt::print("slower than {} ms\n", question_ms_max);
                good = false;
            }
    fmt::print("{}\n", good ? "every figure is within its bound" : "a figure is beyond its bound");
    return good ? 0 : 1;
}

}  // namespace
}  // namespace bursar::bench

int main(int count, char** words) {
    const std::uint64_t calls = count > 1 ? std::strtoull(words[1], nullptr, 10) : 10'000'000;
    if (calls == 0 || count > 2) {
        fmt::print(stderr, "usage: bursar-usage-bench [CALLS]\n");
        return 2;
    }
    const auto folder =
        std::filesystem::temp_directory_path() / ("bursar-usage-" + bursar::to_hex(bursar::random_bytes(8)));
    std::filesystem::create_directory(folder);
    const int result = bursar::bench::run(folder, calls);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return result;
}
