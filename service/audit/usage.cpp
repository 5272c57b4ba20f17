// Questions about usage, answered from the sums.
#include "service/audit/usage.h"

#include "service/audit/rollup.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::audit {
namespace {

constexpr std::size_t groups_max = 100'000;
constexpr std::array<std::string_view, 13> words = {"team",    "person", "key",         "model",    "tier",
                                                    "channel", "tags",   "cost_centre", "provider", "tag",
                                                    "day",     "hour",   "month"};

constexpr bool is_time(By by) { return by == By::day || by == By::hour || by == By::month; }

/// The stored dimension that it is worked out from.
constexpr By stored(By by) {
    if (by == By::provider) return By::channel;
    if (by == By::tag) return By::tags;
    return by;
}

const Cube& smallest_with(DimensionSet needed, Grain grain) {
    const auto fits = [&](const Cube& cube) {
        return (cube.has & needed) == needed && (cube.by_hour || grain == Grain::day);
    };
    return *std::ranges::find_if(cubes, fits);
}

std::string_view text_of(const store::Row& combination, By by) {
    const std::string_view text = combination.text(static_cast<int>(stored(by)));
    return by == By::provider ? text.substr(0, text.find('/')) : text;
}

std::vector<std::string> tags_of(std::string_view list) {
    std::vector<std::string> tags;
    while (!list.empty()) {
        std::string_view tag = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), tag.size() + 1));
        // As limits of a tag read it: blanks around a comma mean nothing.
        while (tag.starts_with(' ')) tag.remove_prefix(1);
        while (tag.ends_with(' ')) tag.remove_suffix(1);
        if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.emplace_back(tag);
    }
    return tags;
}

/// [from, to) of one grain, in its own unit.
struct Stretch {
    Grain grain;
    std::int64_t from;
    std::int64_t to;
};

std::int64_t hours_of(Timestamp at) { return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count(); }
Timestamp hour_at(std::int64_t hour) { return Timestamp(std::chrono::hours(hour)); }
bool on_the_hour(Timestamp at) { return hour_at(hours_of(at)) == at; }

/// Days where whole days were asked for, hours for the rest.
std::vector<Stretch> stretches(UsageAnswer& answer, const TimeZone& zone, bool by_hour) {
    const auto day_from = [&](Timestamp at) {  // the first that begins at `at` or later
        const auto date = zone.date_of(at);
        return zone.start_of(date) == at ? date : date + std::chrono::days(1);
    };
    const auto number = [](std::chrono::sys_days date) -> std::int64_t { return date.time_since_epoch().count(); };
    const auto first = day_from(answer.from);
    const auto last = zone.date_of(answer.to);
    const bool days_only = zone.start_of(first) == answer.from && zone.start_of(last) == answer.to;
    if (days_only && !by_hour) return {{Grain::day, number(first), number(last)}};

    answer.from = hour_at(hours_of(answer.from));
    if (!on_the_hour(answer.to)) answer.to = hour_at(hours_of(answer.to) + 1);
    const auto day_one = day_from(answer.from);
    const auto day_end = zone.date_of(answer.to);
    // Where midnight is not on the hour of UTC, days and hours do not fit together.
    if (by_hour || day_one >= day_end || !on_the_hour(zone.start_of(day_one)) || !on_the_hour(zone.start_of(day_end)))
        return {{Grain::hour, hours_of(answer.from), hours_of(answer.to)}};
    return {{Grain::hour, hours_of(answer.from), hours_of(zone.start_of(day_one))},
            {Grain::day, number(day_one), number(day_end)},
            {Grain::hour, hours_of(zone.start_of(day_end)), hours_of(answer.to)}};
}

class Summing {
  public:
    Summing(store::Transaction& transaction, const UsageQuery& query, const TimeZone& zone)
        : transaction_(transaction), query_(query), zone_(zone) {
        for (const By by : query.group_by) {
            if (!is_time(by)) needed_ |= only(stored(by));
            by_time_ = by_time_ || is_time(by);
        }
        for (const auto& [by, unused] : query.only) needed_ |= only(stored(by));
    }

    Result<void> add(const Stretch& stretch) {
        const bool hours = stretch.grain == Grain::hour;
        const Cube& cube = smallest_with(needed_, stretch.grain);
        std::int64_t time = -1;
        return transaction_.each(
            hours ? "SELECT hour, combination, sums FROM usage_hour WHERE cube = ? AND hour >= ? AND hour < ?"
                  : "SELECT day, combination, sums FROM usage_day WHERE cube = ? AND day >= ? AND day < ?",
            {cube.number, stretch.from, stretch.to}, [&](const store::Row& row) -> Result<void> {
                if (row.integer(0) != time) {
                    time = row.integer(0);
                    begin(stretch.grain, time);
                }
                return add(row.integer(1), row.text(2));
            });
    }
    void finish(UsageAnswer& answer) {
        answer.total = sums_of(total_);
        answer.rows.reserve(groups_.size());
        for (const auto& [labels, numbers] : groups_) {
            UsageRow& row = answer.rows.emplace_back();
            row.sums = sums_of(numbers);
            for (const std::uint32_t label : labels) row.group.push_back(texts_[label]);
        }
        const auto dearer = [](const UsageRow& a, const UsageRow& b) {
            return a.sums.cost != b.sums.cost ? a.sums.cost > b.sums.cost : a.group < b.group;
        };
        std::ranges::sort(answer.rows, dearer);
        if (answer.rows.size() <= query_.rows_max) return;
        answer.left_out = answer.rows.size() - query_.rows_max;
        answer.rows.resize(query_.rows_max);
    }

  private:
    /// Numbers of texts_, one for each of group_by.
    using Labels = std::vector<std::uint32_t>;
    /// The groups that a combination counts in: several where it has several tags, none where it was not asked for.
    struct Meaning {
        std::vector<Labels> labels;
        std::vector<Numbers*> groups;  ///< of labels, at the time that is being read
        std::uint64_t groups_of = 0;
    };

    std::uint32_t label(std::string text) {
        const auto [place, fresh] = labels_.try_emplace(std::move(text), static_cast<std::uint32_t>(texts_.size()));
        if (fresh) texts_.push_back(place->first);
        return place->second;
    }
    /// Rows of another hour or day follow: groups by time are others.
    void begin(Grain grain, std::int64_t time) {
        if (!by_time_) return;
        ++round_;
        const auto date =
            grain == Grain::day ? std::chrono::sys_days(std::chrono::days(time)) : zone_.date_of(hour_at(time));
        const std::string day = to_text(Timestamp(date)).substr(0, 10);
        for (const By by : query_.group_by) {
            if (by == By::day) day_ = label(day);
            if (by == By::month) month_ = label(day.substr(0, 7));
            if (by == By::hour) hour_ = label(to_text(hour_at(time)).substr(0, 19) + "Z");
        }
    }
    Result<void> add(std::int64_t combination, std::string_view sums) {
        auto found = meanings_.find(combination);
        if (found == meanings_.end()) {
            TRY(Meaning meaning, read_meaning(combination));
            found = meanings_.emplace(combination, std::move(meaning)).first;
        }
        Meaning& meaning = found->second;
        if (meaning.labels.empty()) return {};
        if (meaning.groups_of != round_) {
            TRY_VOID(find_groups(meaning));
        }
        bool good = add_packed(total_, sums);
        for (Numbers* group : meaning.groups) good = add_packed(*group, sums) && good;
        if (good) return {};
        return fail(Fault::storage_unavailable,
                    "The sums of usage cannot be read; the operator has to look at the database.",
                    "a row of usage_hour or usage_day is damaged");
    }
    Result<void> find_groups(Meaning& meaning) {
        meaning.groups.clear();
        for (Labels& labels : meaning.labels) {
            for (std::size_t i = 0; i < labels.size(); ++i) {
                if (query_.group_by[i] == By::day) labels[i] = day_;
                if (query_.group_by[i] == By::month) labels[i] = month_;
                if (query_.group_by[i] == By::hour) labels[i] = hour_;
            }
            meaning.groups.push_back(&groups_[labels]);
        }
        meaning.groups_of = round_;
        if (groups_.size() <= groups_max) return {};
        return fail(Fault::too_large,
                    fmt::format("More than {} groups. Ask for a shorter time, fewer groups or only a part of them.",
                                groups_max));
    }
    Result<Meaning> read_meaning(std::int64_t combination) {
        Meaning meaning;
        TRY_VOID(transaction_.each(
            "SELECT team, person, key, model, tier, channel, tags, cost_centre FROM usage_combination WHERE number = ?",
            {combination}, [&](const store::Row& row) -> Result<void> {
                interpret(row, meaning);
                return {};
            }));
        return meaning;
    }
    void interpret(const store::Row& row, Meaning& meaning) {
        std::vector<std::string> tags = tags_of(row.text(static_cast<int>(By::tags)));
        for (const auto& [by, wanted] : query_.only) {
            if (by != By::tag) {
                if (text_of(row, by) != wanted) return;
            } else {
                if (std::ranges::find(tags, wanted) == tags.end()) return;
                tags = {wanted};
            }
        }
        if (tags.empty() || std::ranges::find(query_.group_by, By::tag) == query_.group_by.end()) tags = {""};
        for (const std::string& tag : tags) {
            Labels& labels = meaning.labels.emplace_back();
            for (const By by : query_.group_by)
                labels.push_back(is_time(by) ? 0 : label(by == By::tag ? tag : std::string(text_of(row, by))));
        }
    }

    store::Transaction& transaction_;
    const UsageQuery& query_;
    const TimeZone& zone_;
    DimensionSet needed_ = 0;
    bool by_time_ = false;
    std::uint64_t round_ = 1;
    std::uint32_t day_ = 0, month_ = 0, hour_ = 0;
    std::unordered_map<std::string, std::uint32_t> labels_;
    std::vector<std::string> texts_;
    std::unordered_map<std::int64_t, Meaning> meanings_;
    std::map<Labels, Numbers> groups_;
    Numbers total_{};
};

Result<void> check(const UsageQuery& query) {
    for (std::size_t i = 0; i < query.group_by.size(); ++i)
        if (std::ranges::count(query.group_by, query.group_by[i]) > 1)
            return fail(Fault::invalid_request,
                        fmt::format("Usage is grouped by \"{}\" twice. Name it once.", name_of(query.group_by[i])));
    for (const auto& [by, unused] : query.only)
        if (is_time(by))
            return fail(Fault::invalid_request,
                        fmt::format("Usage of one {} is asked for with from and to.", name_of(by)));
    return {};
}

}  // namespace

std::string_view name_of(By by) { return words.at(static_cast<std::size_t>(by)); }

Result<By> parse_by(std::string_view word) {
    const auto found = std::ranges::find(words, word);
    if (found == words.end())
        return fail(Fault::invalid_request,
                    fmt::format("Usage cannot be grouped by \"{}\". Choose from: {}.", word, fmt::join(words, ", ")));
    return static_cast<By>(found - words.begin());
}

Result<UsageAnswer> read_usage(store::Transaction& transaction, const UsageQuery& query) {
    TRY_VOID(check(query));
    UsageAnswer answer;
    // Times beyond these are in no calendar.
    const Timestamp first = Timestamp(std::chrono::sys_days(std::chrono::year(1970) / 1 / 2));
    const Timestamp last = Timestamp(std::chrono::sys_days(std::chrono::year(2200) / 1 / 1));
    answer.from = std::clamp(query.from, first, last);
    answer.to = std::clamp(query.to, first, last);
    if (answer.from >= answer.to) return answer;
    TRY(const TimeZone zone, read_time_zone(transaction));
    Summing summing(transaction, query, zone);
    const bool by_hour = std::ranges::find(query.group_by, By::hour) != query.group_by.end();
    for (const Stretch& stretch : stretches(answer, zone, by_hour)) TRY_VOID(summing.add(stretch));
    summing.finish(answer);
    return answer;
}

}  // namespace bursar::audit
