#include "service/reports/kept.h"

#include "service/base/json.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::reports {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE report_kept (number INTEGER PRIMARY KEY, name TEXT NOT NULL, team TEXT NOT NULL, label TEXT NOT "
    "NULL, period_from INTEGER NOT NULL, period_to INTEGER NOT NULL, made INTEGER NOT NULL, by TEXT NOT NULL, targets "
    "TEXT NOT NULL, formats TEXT NOT NULL, report TEXT NOT NULL);"
    "CREATE INDEX report_kept_made ON report_kept (made);"
    "CREATE TABLE report_told (name TEXT NOT NULL, team TEXT NOT NULL, told_until INTEGER NOT NULL, PRIMARY KEY (name, "
    "team)) WITHOUT ROWID;"};

constexpr std::string_view columns = "number, name, team, label, period_from, period_to, made, by, targets, formats";

std::int64_t nanoseconds(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp instant(const store::Row& row, int column) {
    return Timestamp(std::chrono::nanoseconds(row.integer(column)));
}

std::vector<std::string> list_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        out.emplace_back(word);
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return out;
}

Kept kept_of(const store::Row& row) {
    return {.number = row.integer(0),
            .name = std::string(row.text(1)),
            .team = std::string(row.text(2)),
            .label = std::string(row.text(3)),
            .period = {instant(row, 4), instant(row, 5)},
            .made = instant(row, 6),
            .by = std::string(row.text(7)),
            .to = list_of(row.text(8)),
            .formats = list_of(row.text(9))};
}

treasury::Event event_of(const Kept& kept, std::int64_t number) {
    const std::string whom = kept.team.empty() ? std::string("the organisation") : fmt::format("team {}", kept.team);
    const std::string account = kept.team.empty() ? std::string("org") : "team:" + kept.team;
    JsonWriter detail;
    detail.open().field("report", number).field("name", kept.name).field("period", kept.label);
    detail.field("by", kept.by.empty() ? std::string("schedule") : kept.by).close();
    std::string name = fmt::format("report:{}|{}|{}", kept.name, account, kept.label);
    if (!kept.by.empty()) name += fmt::format("|{}", number);
    return {.at = kept.made,
            .name = std::move(name),
            .kind = "report.due",
            .subject = "report:" + kept.name,
            .text = fmt::format("The usage report \"{}\" of {} for {} is ready; read it with: bursarctl report list",
                                kept.name, whom, kept.label),
            .detail = std::move(detail).text(),
            .team = kept.team};
}

}  // namespace

store::Schema schema() { return {.part = "reports", .steps = steps}; }

Result<std::int64_t> announce(store::Transaction& transaction, const Kept& kept, std::string_view json) {
    std::int64_t number = 0;
    TRY_VOID(transaction.each("SELECT COALESCE(MAX(number), 0) + 1 FROM report_kept", {},
                              [&](const store::Row& row) -> Result<void> {
                                  number = row.integer(0);
                                  return {};
                              }));
    TRY(const bool fresh, treasury::raise(transaction, event_of(kept, number)));
    if (!fresh) return 0;
    const std::string targets = fmt::format("{}", fmt::join(kept.to, ","));
    const std::string formats = fmt::format("{}", fmt::join(kept.formats, ","));
    TRY_VOID(transaction.run(
        fmt::format("INSERT INTO report_kept ({}, report) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns),
        {number, std::string_view(kept.name), std::string_view(kept.team), std::string_view(kept.label),
         nanoseconds(kept.period.start), nanoseconds(kept.period.end), nanoseconds(kept.made),
         std::string_view(kept.by), std::string_view(targets), std::string_view(formats), json}));
    return number;
}

Result<std::vector<Kept>> list_kept(store::Transaction& transaction, const KeptFilter& filter) {
    // A report of a team is read by its leads: few teams, so each is asked for by itself.
    std::vector<Kept> out;
    const auto read = [&](std::string_view team, bool any) {
        return transaction.each(
            fmt::format("SELECT {} FROM report_kept WHERE number < ? AND (? = '' OR name = ?) AND (? OR team = ?) "
                        "ORDER BY number DESC LIMIT ?",
                        columns),
            {filter.before, std::string_view(filter.name), std::string_view(filter.name), std::int64_t{any ? 1 : 0},
             team, static_cast<std::int64_t>(filter.count_max)},
            [&](const store::Row& row) -> Result<void> {
                out.push_back(kept_of(row));
                return {};
            });
    };
    if (filter.teams.empty()) TRY_VOID(read({}, true));
    for (const std::string& team : filter.teams) TRY_VOID(read(team, false));
    std::ranges::sort(out, std::ranges::greater{}, &Kept::number);
    out.resize(std::min(out.size(), static_cast<std::size_t>(filter.count_max)));
    return out;
}

Result<KeptWhole> read_kept(store::Transaction& transaction, std::int64_t number) {
    std::optional<KeptWhole> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {}, report FROM report_kept WHERE number = ?", columns), {number},
                              [&](const store::Row& row) -> Result<void> {
                                  found = KeptWhole{kept_of(row), std::string(row.text(10))};
                                  return {};
                              }));
    if (!found)
        return fail(Fault::not_found, "There is no report of that number. Those that are kept: bursarctl report list");
    return *std::move(found);
}

Result<void> forget_kept(store::Transaction& transaction, Timestamp before) {
    // The last one stays: numbers go on behind it.
    constexpr std::int64_t portion = 100;
    return transaction.run(
        "DELETE FROM report_kept WHERE number IN (SELECT number FROM report_kept WHERE made < ? ORDER BY made LIMIT ?) "
        "AND number < (SELECT MAX(number) FROM report_kept)",
        {nanoseconds(before), portion});
}

Result<Marks> read_marks(store::Transaction& transaction) {
    Marks marks;
    TRY_VOID(transaction.each("SELECT name, team, told_until FROM report_told", {},
                              [&](const store::Row& row) -> Result<void> {
                                  marks[{std::string(row.text(0)), std::string(row.text(1))}] = instant(row, 2);
                                  return {};
                              }));
    return marks;
}

Result<void> set_mark(store::Transaction& transaction, const Mark& mark, Timestamp told_until) {
    return transaction.run("INSERT OR REPLACE INTO report_told (name, team, told_until) VALUES (?, ?, ?)",
                           {std::string_view(mark.name), std::string_view(mark.team), nanoseconds(told_until)});
}

Result<void> erase_mark(store::Transaction& transaction, const Mark& mark) {
    return transaction.run("DELETE FROM report_told WHERE name = ? AND team = ?",
                           {std::string_view(mark.name), std::string_view(mark.team)});
}

}  // namespace bursar::reports
