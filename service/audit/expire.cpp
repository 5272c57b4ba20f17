#include "service/audit/expire.h"

#include "service/audit/rollup.h"

#include <algorithm>
#include <vector>

namespace bursar::audit {
namespace {

// Each about ten milliseconds: others wait for the group that a portion is in.
constexpr std::int64_t batches_per_portion = 8;
constexpr std::int64_t sums_per_portion = 2'000;
constexpr std::int64_t combinations_per_portion = 500;
constexpr std::int64_t pages_per_portion = 500;
/// So many free pages stay in the file: they are wanted again within minutes.
constexpr std::int64_t pages_spare = 256;

Result<std::int64_t> number(store::Transaction& transaction, std::string_view sql,
                            std::initializer_list<store::Value> values = {}) {
    std::int64_t found = 0;
    TRY_VOID(transaction.each(sql, values, [&](const store::Row& row) -> Result<void> {
        found = row.integer(0);
        return {};
    }));
    return found;
}

/// Whether the last statement deleted anything.
Result<bool> some_went(store::Transaction& transaction) {
    TRY(const std::int64_t rows, number(transaction, "SELECT changes()"));
    return rows > 0;
}

Result<bool> delete_rows(store::Transaction& transaction, std::string_view sql,
                         std::initializer_list<store::Value> values) {
    TRY_VOID(transaction.run(sql, values));
    return some_went(transaction);
}

/// True if that deleted something. Sums and their sizes are looked up by cube: a key begins with it.
Result<bool> delete_sums(store::Transaction& transaction, Grain grain, std::int64_t before) {
    const bool hours = grain == Grain::hour;
    for (const Cube& cube : cubes) {
        if (hours && !cube.by_hour) continue;
        TRY(const bool some,
            delete_rows(transaction,
                        hours ? "DELETE FROM usage_hour WHERE cube = ?1 AND (hour, combination) IN (SELECT hour, "
                                "combination FROM usage_hour WHERE cube = ?1 AND hour < ?2 LIMIT ?3)"
                              : "DELETE FROM usage_day WHERE cube = ?1 AND (day, combination) IN (SELECT day, "
                                "combination FROM usage_day WHERE cube = ?1 AND day < ?2 LIMIT ?3)",
                        {cube.number, before, sums_per_portion}));
        if (some) return true;
        TRY_VOID(transaction.run(hours ? "DELETE FROM usage_hour_size WHERE cube = ? AND hour < ?"
                                       : "DELETE FROM usage_day_size WHERE cube = ? AND day < ?",
                                 {cube.number, before}));
    }
    return false;
}

/// Pages at the end of the file change places with free ones; the file gets shorter with the next checkpoint.
Result<bool> give_pages_back(store::Transaction& transaction) {
    TRY(const std::int64_t mode, number(transaction, "PRAGMA auto_vacuum"));
    if (mode == 0) return false;
    TRY(const std::int64_t free, number(transaction, "PRAGMA freelist_count"));
    if (free <= pages_spare) return false;
    // One row for each page that moves: it is done when all have been read.
    const auto nothing = [](const store::Row&) -> Result<void> { return {}; };
    static_assert(pages_per_portion == 500);
    TRY_VOID(transaction.each("PRAGMA incremental_vacuum(500)", {}, nothing));
    return true;
}

}  // namespace

Result<Timestamp> read_expired(store::Transaction& transaction) {
    TRY(const std::int64_t before, number(transaction, "SELECT expired_before FROM usage_state"));
    return Timestamp(std::chrono::nanoseconds(before));
}

Result<Expired> expire_some(store::Transaction& transaction, Timestamp now, const Keep& keep) {
    TRY_VOID(transaction.run("UPDATE usage_state SET expired_before = max(expired_before, ?)",
                             {(now - keep.calls).time_since_epoch().count()}));
    TRY(const bool calls,
        delete_rows(
            transaction,
            "DELETE FROM audit_outcome WHERE number IN (SELECT number FROM audit_outcome WHERE at_max < ? ORDER "
            "BY at_max LIMIT ?)",
            {(now - keep.calls).time_since_epoch().count(), batches_per_portion}));
    if (calls) return Expired::calls;

    const auto hour = std::chrono::floor<std::chrono::hours>(now - keep.usage_hours).time_since_epoch().count();
    TRY(const bool hours, delete_sums(transaction, Grain::hour, hour));
    if (hours) return Expired::hours;

    TRY(const TimeZone zone, read_time_zone(transaction));
    const std::int64_t day = zone.date_of(now - keep.usage_days).time_since_epoch().count();
    TRY(const bool days, delete_sums(transaction, Grain::day, day));
    if (days) return Expired::days;

    // Nothing refers to a combination that was last used before the oldest hour and the oldest day.
    const std::int64_t unused = std::min(day, zone.date_of(now - keep.usage_hours).time_since_epoch().count()) - 1;
    TRY(const bool combinations,
        delete_rows(
            transaction,
            "DELETE FROM usage_combination WHERE number IN (SELECT number FROM usage_combination WHERE last_day "
            "< ? ORDER BY last_day LIMIT ?)",
            {unused, combinations_per_portion}));
    if (combinations) return Expired::combinations;

    TRY(const bool pages, give_pages_back(transaction));
    return pages ? Expired::pages : Expired::nothing;
}

}  // namespace bursar::audit
