#include "service/audit/rollup.h"

#include "service/audit/batch.h"
#include "service/audit/outcomes.h"
#include "service/base/varint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>

namespace bursar::audit {
namespace {

/// About 20 MB; a company has some ten thousand combinations in use.
constexpr std::size_t known_max = 100'000;
constexpr std::int64_t batches_per_portion = 8;

struct Sql {
    std::string_view read, change, insert, read_count, write_count;
};
constexpr Sql hour_sql = {
    "SELECT sums FROM usage_hour WHERE cube = ? AND hour = ? AND combination = ?",
    "UPDATE usage_hour SET sums = ? WHERE cube = ? AND hour = ? AND combination = ?",
    "INSERT INTO usage_hour (sums, cube, hour, combination) VALUES (?, ?, ?, ?)",
    "SELECT combinations FROM usage_hour_size WHERE cube = ? AND hour = ?",
    "INSERT OR REPLACE INTO usage_hour_size (combinations, cube, hour) VALUES (?, ?, ?)",
};
constexpr Sql day_sql = {
    "SELECT sums FROM usage_day WHERE cube = ? AND day = ? AND combination = ?",
    "UPDATE usage_day SET sums = ? WHERE cube = ? AND day = ? AND combination = ?",
    "INSERT INTO usage_day (sums, cube, day, combination) VALUES (?, ?, ?, ?)",
    "SELECT combinations FROM usage_day_size WHERE cube = ? AND day = ?",
    "INSERT OR REPLACE INTO usage_day_size (combinations, cube, day) VALUES (?, ?, ?)",
};

void append_part(std::string& key, std::string_view text) {
    append_number(key, text.size());
    key.append(text);
}

/// One text for eight, no two alike.
std::string key_of(const Dimensions& dimensions) {
    std::string key;
    for (const std::string& text : dimensions) append_part(key, text);
    return key;
}

Dimensions dimensions_of(const Outcome& outcome) {
    return {outcome.team, outcome.person,  outcome.key_id, outcome.model,
            outcome.tier, outcome.channel, outcome.tags,   outcome.cost_centre};
}

/// The same text as of its dimensions, without making them.
void write_key(std::string& key, const Outcome& outcome) {
    key.clear();
    for (const std::string* text : {&outcome.team, &outcome.person, &outcome.key_id, &outcome.model, &outcome.tier,
                                    &outcome.channel, &outcome.tags, &outcome.cost_centre})
        append_part(key, *text);
}

Dimensions masked(const Dimensions& dimensions, DimensionSet has) {
    Dimensions some;
    for (std::size_t i = 0; i < dimensions.size(); ++i)
        if ((has >> i & 1) != 0) some[i] = dimensions[i];
    return some;
}

/// What is left of a combination where there are so many already. The same as before if nothing has to go.
Dimensions narrowed(Dimensions dimensions, std::int64_t combinations, const Bounds& bounds) {
    const auto lose = [&](By by) {
        std::string& text = dimensions[static_cast<std::size_t>(by)];
        if (!text.empty()) text = other;
    };
    if (combinations >= bounds.tags) lose(By::tags);
    if (combinations >= bounds.keys) {
        lose(By::key);
        lose(By::person);
    }
    if (combinations >= bounds.models) lose(By::model);
    return dimensions;
}

/// Dates of instants that mostly come in order.
class Calendar {
  public:
    explicit Calendar(const TimeZone& zone) : zone_(zone) {}
    std::int64_t day_of(Timestamp at) {
        if (!today_.contains(at)) {
            today_ = zone_.period_of(Per::day, at);
            date_ = zone_.date_of(at).time_since_epoch().count();
        }
        return date_;
    }

  private:
    const TimeZone& zone_;
    Period today_{.start = Timestamp::max(), .end = Timestamp::min()};
    std::int64_t date_ = 0;
};

/// The sums of one hour or day of one cube, while some are added to it.
class Sheet {
  public:
    Sheet(store::Transaction& transaction, Grain grain, std::int64_t cube, std::int64_t time, KnownCombinations& known)
        : transaction_(transaction),
          sql_(grain == Grain::hour ? hour_sql : day_sql),
          bounds_(bounds_of(grain)),
          cube_(cube),
          time_(time),
          known_(known) {}

    /// `day`: when the combination is in use.
    Result<void> add(const Dimensions& dimensions, const Numbers& numbers, std::int64_t day) {
        const std::string key = key_of(dimensions);
        TRY(Known known, find(key, dimensions));
        if (known.number != 0) {
            TRY(const bool there, add_to(known.number, numbers));
            if (there) return {};
        }
        TRY_VOID(read_size());
        const Dimensions fewer = narrowed(dimensions, *size_, bounds_);
        if (fewer != dimensions) return add(fewer, numbers, day);
        if (known.number == 0) {
            TRY(known, make(key, dimensions, day + days_in_use));
        } else if (known.last_day < day) {
            TRY_VOID(transaction_.run("UPDATE usage_combination SET last_day = ? WHERE number = ?",
                                      {day + days_in_use, known.number}));
            keep(key, {known.number, day + days_in_use});
        }
        ++*size_;
        size_changed_ = true;
        return transaction_.run(sql_.insert, {store::Blob{pack(numbers)}, cube_, time_, known.number});
    }
    Result<void> end() {
        if (!size_changed_) return {};
        return transaction_.run(sql_.write_count, {*size_, cube_, time_});
    }

  private:
    /// Number 0 if nobody used it yet.
    Result<Known> find(const std::string& key, const Dimensions& dimensions) {
        if (const auto found = known_.find(key); found != known_.end()) return found->second;
        Known known;
        TRY_VOID(transaction_.each(
            "SELECT number, last_day FROM usage_combination WHERE team = ? AND person = ? AND key = ? AND model = ? "
            "AND tier = ? AND channel = ? AND tags = ? AND cost_centre = ?",
            {dimensions[0], dimensions[1], dimensions[2], dimensions[3], dimensions[4], dimensions[5], dimensions[6],
             dimensions[7]},
            [&](const store::Row& row) -> Result<void> {
                known = {.number = row.integer(0), .last_day = row.integer(1)};
                return {};
            }));
        if (known.number != 0) keep(key, known);
        return known;
    }
    Result<Known> make(const std::string& key, const Dimensions& dimensions, std::int64_t last_day) {
        TRY_VOID(transaction_.run(
            "INSERT INTO usage_combination (team, person, key, model, tier, channel, tags, cost_centre, last_day) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {dimensions[0], dimensions[1], dimensions[2], dimensions[3], dimensions[4], dimensions[5], dimensions[6],
             dimensions[7], last_day}));
        Known known{.number = 0, .last_day = last_day};
        TRY_VOID(transaction_.each("SELECT last_insert_rowid()", {}, [&](const store::Row& row) -> Result<void> {
            known.number = row.integer(0);
            return {};
        }));
        keep(key, known);
        return known;
    }
    void keep(const std::string& key, Known known) {
        if (known_.size() >= known_max) known_.clear();
        known_[key] = known;
    }
    Result<bool> add_to(std::int64_t combination, const Numbers& numbers) {
        std::optional<Numbers> sums;
        TRY_VOID(transaction_.each(sql_.read, {cube_, time_, combination}, [&](const store::Row& row) -> Result<void> {
            sums = numbers;
            if (add_packed(*sums, row.text(0))) return {};
            return fail(Fault::storage_unavailable,
                        "The sums of usage cannot be read; the operator has to look at the database.",
                        "a row of usage_hour or usage_day is damaged");
        }));
        if (!sums) return false;
        TRY_VOID(transaction_.run(sql_.change, {store::Blob{pack(*sums)}, cube_, time_, combination}));
        return true;
    }
    Result<void> read_size() {
        if (size_) return {};
        size_ = 0;
        return transaction_.each(sql_.read_count, {cube_, time_}, [&](const store::Row& row) -> Result<void> {
            size_ = row.integer(0);
            return {};
        });
    }

    store::Transaction& transaction_;
    const Sql& sql_;
    const Bounds bounds_;
    const std::int64_t cube_, time_;
    KnownCombinations& known_;
    std::optional<std::int64_t> size_;
    bool size_changed_ = false;
};

struct Sum {
    Dimensions dimensions;
    Numbers numbers{};
};
using Combinations = std::unordered_map<std::string, Sum>;
/// By hour or by day.
using Sums = std::map<std::int64_t, Combinations>;

void gather(Combinations& all, const std::string& key, const Sum& sum) {
    const auto [place, fresh] = all.try_emplace(key, sum);
    if (!fresh) add(place->second.numbers, sum.numbers);
}

Result<void> write_sums(store::Transaction& transaction, Grain grain, const Cube& cube, const Sums& whole,
                        std::int64_t last_day, KnownCombinations& known) {
    for (const auto& [time, all] : whole) {
        Combinations fewer;
        if (cube.has != every_dimension)
            for (const auto& [unused, sum] : all) {
                const Sum less{.dimensions = masked(sum.dimensions, cube.has), .numbers = sum.numbers};
                gather(fewer, key_of(less.dimensions), less);
            }
        Sheet sheet(transaction, grain, cube.number, time, known);
        for (const auto& [unused, sum] : cube.has == every_dimension ? all : fewer)
            TRY_VOID(sheet.add(sum.dimensions, sum.numbers, last_day));
        TRY_VOID(sheet.end());
    }
    return {};
}

}  // namespace

std::size_t count_with(std::span<const Outcome> outcomes, std::size_t combinations_max) {
    if (outcomes.size() <= combinations_max) return outcomes.size();
    std::unordered_set<std::string> combinations;
    std::string key;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        write_key(key, outcomes[i]);
        combinations.insert(key);
        if (combinations.size() > combinations_max) return i;
    }
    return outcomes.size();
}

Result<void> add_to_sums(store::Transaction& transaction, std::span<const Outcome> outcomes, KnownCombinations& known) {
    if (outcomes.empty()) return {};
    TRY(const TimeZone zone, read_time_zone(transaction));
    Calendar calendar(zone);
    std::map<std::pair<std::int64_t, std::int64_t>, Combinations> by_hour_and_day;
    std::string key;
    for (const Outcome& outcome : outcomes) {
        const auto hour = std::chrono::floor<std::chrono::hours>(outcome.at).time_since_epoch().count();
        write_key(key, outcome);
        Combinations& here = by_hour_and_day[{hour, calendar.day_of(outcome.at)}];
        auto found = here.find(key);
        if (found == here.end()) found = here.emplace(key, Sum{.dimensions = dimensions_of(outcome)}).first;
        count(found->second.numbers, outcome);
    }
    Sums hours, days;
    for (const auto& [time, all] : by_hour_and_day)
        for (const auto& [name, sum] : all) {
            gather(hours[time.first], name, sum);
            gather(days[time.second], name, sum);
        }
    const std::int64_t last_day = days.rbegin()->first;
    for (const Cube& cube : cubes) {
        TRY_VOID(write_sums(transaction, Grain::day, cube, days, last_day, known));
        if (cube.by_hour) TRY_VOID(write_sums(transaction, Grain::hour, cube, hours, last_day, known));
    }
    return {};
}

Result<TimeZone> read_time_zone(store::Transaction& transaction) {
    std::string name;
    TRY_VOID(transaction.each("SELECT time_zone FROM usage_state", {}, [&](const store::Row& row) -> Result<void> {
        name = row.text(0);
        return {};
    }));
    auto zone = TimeZone::load(name);
    return zone ? zone : TimeZone::load("UTC");
}

Result<void> write_time_zone(store::Transaction& transaction, const TimeZone& zone) {
    return transaction.run("UPDATE usage_state SET time_zone = ?", {std::string_view(zone.name())});
}

Result<std::int64_t> sum_up_earlier(store::Transaction& transaction, KnownCombinations& known) {
    std::int64_t last = 0;
    std::vector<Outcome> outcomes;
    TRY_VOID(transaction.each(
        "SELECT at_min, names, rows, version, number FROM audit_outcome WHERE number > (SELECT summed_up FROM "
        "usage_state) AND number <= (SELECT to_sum_up FROM usage_state) ORDER BY number LIMIT ?",
        {batches_per_portion}, [&](const store::Row& row) -> Result<void> {
            last = row.integer(4);
            return each_outcome(row, [&](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
        }));
    if (last == 0) return 0;
    TRY_VOID(add_to_sums(transaction, outcomes, known));
    TRY_VOID(transaction.run("UPDATE usage_state SET summed_up = ?", {last}));
    std::int64_t left = 0;
    TRY_VOID(
        transaction.each("SELECT total(rows_count) FROM audit_outcome WHERE number > ? AND number <= (SELECT "
                         "to_sum_up FROM usage_state)",
                         {last}, [&](const store::Row& row) -> Result<void> {
                             left = row.integer(0);
                             return {};
                         }));
    return left;
}

}  // namespace bursar::audit
