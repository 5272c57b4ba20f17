// What becomes of requests and raises by the time alone, told to people.
#include "service/base/json.h"
#include "service/base/zone.h"
#include "service/treasury/accounts.h"
#include "service/treasury/events.h"
#include "service/treasury/requests.h"

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;

constexpr auto ahead = 24h;
/// Who asked for less knows when it ends.
constexpr auto worth_a_warning = 48h;

struct Due {
    std::int64_t number = 0;
    AccountName account;
    Budget like;
    Quantity amount;
    Quantity granted;
    Timestamp from;
    Timestamp until;
    bool open = false;
};

/// Of open requests and raises whose time is over, or nearly.
Result<std::vector<Due>> due_at(store::Transaction& transaction, Timestamp now) {
    std::vector<Due> all;
    TRY_VOID(transaction.each(
        "SELECT number, account, fields, amount, granted, coalesce(decided_at, asked_at), until, state FROM "
        "treasury_request WHERE until <= ? AND told < CASE WHEN until <= ? THEN 2 ELSE 1 END AND (state = 'approved' "
        "OR "
        "(state = 'open' AND until <= ?)) ORDER BY until, number LIMIT ?",
        {stored(now + ahead), stored(now), stored(now), Requests::due_at_once_max},
        [&](const store::Row& row) -> Result<void> {
            Due& due = all.emplace_back();
            due.number = row.integer(0);
            due.account = row.text(1);
            TRY(due.like, limit_from(row.text(2)));
            due.amount = Quantity(row.integer(3));
            due.granted = Quantity(row.integer(4));
            due.from = restored(row.integer(5));
            due.until = restored(row.integer(6));
            due.open = row.text(7) == "open";
            return {};
        }));
    return all;
}

std::string text_of(const Due& due, bool over, const std::string& time_zone) {
    const std::string account = account_words(due.account);
    if (due.open)
        return fmt::format("Nobody has answered request {} in time: {} more for {} ({})", due.number,
                           due.amount.for_people(due.like.measure), due.account, kind_words(due.like));
    const std::string what = fmt::format("{}: its raise by {} ({})", account, due.granted.for_people(due.like.measure),
                                         kind_words(due.like));
    return over ? what + " has ended; the limit is what it was before"
                : fmt::format("{} ends on {}. Who still needs it asks again", what, for_people(due.until, time_zone));
}

std::optional<Event> event_of(const Due& due, const std::string& time_zone, Timestamp now) {
    const bool over = due.until <= now;
    if (!over && due.until - due.from <= worth_a_warning) return {};
    const std::string_view verb = due.open ? "expired" : over ? "ended" : "expiring";
    JsonWriter detail;
    detail.open().field("number", due.number).field("account", due.account).field("limit", kind_words(due.like));
    detail.field("amount", due.amount.text(due.like.measure)).field("granted", due.granted.text(due.like.measure));
    detail.field("until", to_text(due.until)).close();
    return Event{.number = 0,
                 .at = now,
                 .name = fmt::format("request:{}|{}", due.number, verb),
                 .kind = fmt::format("request.{}", verb),
                 .subject = due.account,
                 .text = text_of(due, over, time_zone),
                 .detail = std::move(detail).text(),
                 .incident = fmt::format("{}:{}", due.open ? "request" : "raise", due.number)};
}

}  // namespace

Result<void> Requests::tell_due(Timestamp now) {
    const MutexLock one_at_a_time(desk_.deciding);
    bool any = false;
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(const auto due, due_at(transaction, now));
        any = !due.empty();
        return {};
    }));
    if (!any) return {};
    const std::string time_zone = desk_.rules.get()->organisation.time_zone;
    return desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        // Read again: whoever withdraws a request waits for nobody.
        TRY(const auto all, due_at(transaction, now));
        for (const Due& due : all) {
            const std::int64_t told = due.until <= now ? 2 : 1;
            TRY_VOID(transaction.run("UPDATE treasury_request SET told = ? WHERE number = ?", {told, due.number}));
            if (due.open)
                TRY_VOID(
                    transaction.run("UPDATE treasury_request SET state = 'expired' WHERE number = ?", {due.number}));
            auto event = event_of(due, time_zone, now);
            if (!event) continue;
            event->team = team_of(desk_, due.account);
            TRY_VOID(raise(transaction, *event));
        }
        return {};
    });
}

}  // namespace bursar::treasury
