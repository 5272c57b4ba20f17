#include "service/treasury/requests.h"

#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/treasury/accounts.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_request (number INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT "
    "NOT NULL, amount INTEGER NOT NULL, granted INTEGER NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL, state "
    "TEXT NOT NULL, asked_by TEXT NOT NULL, asker TEXT NOT NULL, asked_at INTEGER NOT NULL, decided_by TEXT NOT NULL, "
    "decided_at INTEGER, answer TEXT NOT NULL);",
    "CREATE INDEX treasury_request_asked ON treasury_request (asked_by, asked_at);",
    "CREATE INDEX treasury_request_until ON treasury_request (until);",
    // Of its end: 1, that it comes; 2, that it is over.
    "ALTER TABLE treasury_request ADD COLUMN told INTEGER NOT NULL DEFAULT 0;",
};

constexpr std::array states{RequestState::open, RequestState::approved, RequestState::declined, RequestState::expired,
                            RequestState::withdrawn};

#define REQUEST_COLUMNS                                                                                              \
    "SELECT number, account, fields, amount, granted, until, reason, state, asked_by, asker, asked_at, decided_by, " \
    "decided_at, answer FROM treasury_request "

Result<Request> request_of(const store::Row& row, Timestamp now) {
    Request request{.number = row.integer(0), .account = std::string(row.text(1))};
    TRY(request.like, limit_from(row.text(2)));
    request.amount = Quantity(row.integer(3));
    request.granted = Quantity(row.integer(4));
    request.until = restored(row.integer(5));
    request.reason = row.text(6);
    request.state = request_state_of(row.text(7)).value_or(RequestState::declined);
    if (request.state == RequestState::open && request.until <= now) request.state = RequestState::expired;
    request.asked_by = row.text(8);
    request.asker = row.text(9);
    request.asked_at = restored(row.integer(10));
    request.decided_by = row.text(11);
    if (!row.is_null(12)) request.decided_at = restored(row.integer(12));
    request.answer = row.text(13);
    return request;
}

Result<Request> find(store::Transaction& transaction, std::int64_t number, Timestamp now) {
    std::optional<Request> found;
    TRY_VOID(transaction.each(REQUEST_COLUMNS "WHERE number = ?", {number}, [&](const store::Row& row) -> Result<void> {
        TRY(found, request_of(row, now));
        return {};
    }));
    if (!found)
        return fail(Fault::not_found,
                    fmt::format("There is no request {}. All of them: bursarctl budget requests.", number));
    return *std::move(found);
}

/// "50.00 USD more for team research (per month) until 2026-12-24"
std::string words_of(const Request& request, Quantity amount) {
    return fmt::format("{} more for {} ({}) until {}", amount.for_people(request.like.measure), request.account,
                       kind_words(request.like), to_text(request.until).substr(0, 16));
}

std::string who(const Request& request) {
    return request.asker.empty() ? request.asked_by : fmt::format("{} ({})", request.asker, request.asked_by);
}

Result<void> tell(store::Transaction& transaction, const Desk& desk, const Request& request, Timestamp at) {
    const bool asked = request.state == RequestState::open;
    const std::string_view verb = asked ? "made" : name_of(request.state);
    std::string text;
    if (asked)
        text = fmt::format("{} asks for {}: {}", who(request), words_of(request, request.amount), request.reason);
    else if (request.state == RequestState::withdrawn)
        text = fmt::format("{} has withdrawn request {}: {}", who(request), request.number,
                           words_of(request, request.amount));
    else
        text =
            fmt::format("{} has {} request {} of {}: {}{}{}", request.decided_by, verb, request.number, who(request),
                        words_of(request, request.state == RequestState::approved ? request.granted : request.amount),
                        request.answer.empty() ? "" : ". ", request.answer);
    JsonWriter detail;
    detail.open().field("number", request.number).field("account", request.account);
    detail.field("limit", kind_words(request.like)).field("amount", request.amount.text(request.like.measure));
    detail.field("granted", request.granted.text(request.like.measure)).field("until", to_text(request.until)).close();
    TRY_VOID(raise(transaction, {.number = 0,
                                 .at = at,
                                 .name = fmt::format("request:{}|{}", request.number, verb),
                                 .kind = fmt::format("request.{}", verb),
                                 .subject = request.account,
                                 .text = std::move(text),
                                 .detail = std::move(detail).text(),
                                 .incident = fmt::format("request:{}", request.number),
                                 .team = team_of(desk, request.account)}));
    return {};
}

/// Who asks without end is asked to stop: every request is read by people.
Result<void> check_pace(store::Transaction& transaction, const std::string& by, Timestamp now) {
    std::int64_t open = 0, today = 0;
    TRY_VOID(transaction.each(
        "SELECT count(*) FILTER (WHERE state = 'open' AND until > ?), count(*) FILTER (WHERE asked_at > ?) FROM "
        "treasury_request WHERE asked_by = ?",
        {stored(now), stored(now - std::chrono::hours(24)), std::string_view(by)},
        [&](const store::Row& row) -> Result<void> {
            open = row.integer(0);
            today = row.integer(1);
            return {};
        }));
    if (open >= Requests::open_max)
        return fail(Fault::rate_limited,
                    fmt::format("{} of your requests are open, which is the most at once. Withdraw one, or wait for an "
                                "answer.",
                                open));
    if (today >= Requests::per_day_max)
        return fail(Fault::rate_limited,
                    fmt::format("You have asked {} times in 24 hours, which is the most. Ask again tomorrow.", today));
    return {};
}

Result<void> check_amount(const Budget& limit, Quantity amount, Timestamp now) {
    if (amount <= Quantity{}) return fail(Fault::invalid_request, "\"amount\" must be more than nothing.");
    const Quantity in_force = limit.limit_at(now);
    if (in_force == Quantity{})
        return fail(Fault::invalid_request,
                    fmt::format("The limit \"{}\" is at nothing now, so there is no measure for an increase. A prepaid "
                                "balance is topped up: bursarctl budget credit.",
                                kind_words(limit)));
    if (amount.units() / Requests::limit_times_max > in_force.units() ||
        (amount.units() / Requests::limit_times_max == in_force.units() &&
         amount.units() % Requests::limit_times_max != 0))
        return fail(Fault::invalid_request,
                    fmt::format("{} is more than {} times the limit of {}. Ask for less; a limit that is wrong by so "
                                "much is changed in the policy.",
                                amount.for_people(limit.measure), Requests::limit_times_max,
                                in_force.for_people(limit.measure)));
    return check_bearable(limit, amount);
}

Result<void> check_until(Timestamp until, Timestamp now) {
    if (until > now && until <= now + Requests::ahead_max) return {};
    return fail(Fault::invalid_request, fmt::format("\"until\" must be a time to come, at most {} days ahead; a limit "
                                                    "for good belongs into the policy.",
                                                    Requests::ahead_max.count()));
}

Result<void> insert(store::Transaction& transaction, Request& request) {
    const std::string kind = kind_words(request.like), fields = fields_of(request.like);
    TRY_VOID(transaction.run(
        "INSERT INTO treasury_request (account, kind, fields, amount, granted, until, reason, state, asked_by, asker, "
        "asked_at, decided_by, decided_at, answer) VALUES (?, ?, ?, ?, 0, ?, ?, 'open', ?, ?, ?, '', NULL, '')",
        {std::string_view(request.account), std::string_view(kind), std::string_view(fields), request.amount.units(),
         stored(request.until), std::string_view(request.reason), std::string_view(request.asked_by),
         std::string_view(request.asker), stored(request.asked_at)}));
    return transaction.each("SELECT last_insert_rowid()", {}, [&](const store::Row& row) -> Result<void> {
        request.number = row.integer(0);
        return {};
    });
}

Result<void> update(store::Transaction& transaction, const Request& request) {
    return transaction.run(
        "UPDATE treasury_request SET state = ?, granted = ?, decided_by = ?, decided_at = ?, answer = ? WHERE number = "
        "?",
        {name_of(request.state), request.granted.units(), std::string_view(request.decided_by),
         stored(*request.decided_at), std::string_view(request.answer), request.number});
}

Result<void> check_open(const Request& request) {
    if (request.state == RequestState::open) return {};
    return fail(Fault::conflict,
                fmt::format("Request {} is {}{}; only an open one can be answered. Who still needs more asks again.",
                            request.number, name_of(request.state),
                            request.decided_by.empty() ? "" : " by " + request.decided_by));
}

/// What of the request is granted, by the limits as they are now.
Result<Quantity> granted_of(const Request& request, const Requests::Decision& decision, Timestamp now) {
    const auto limit =
        std::ranges::find_if(decision.limits, [&](const Budget& each) { return each.is_like(request.like); });
    if (limit == decision.limits.end())
        return fail(Fault::conflict, fmt::format("{} has no limit \"{}\" any more, so there is nothing to raise. "
                                                 "Decline the request.",
                                                 account_words(request.account), kind_words(request.like)));
    if (!decision.amount) {
        TRY_VOID(check_amount(*limit, request.amount, now));
        return request.amount;
    }
    TRY(const Quantity granted, parse_quantity(*decision.amount, request.like.measure));
    if (granted > request.amount)
        return fail(Fault::invalid_request,
                    fmt::format("Request {} is for {}; it can be granted in part, not exceeded.", request.number,
                                request.amount.for_people(request.like.measure)));
    TRY_VOID(check_amount(*limit, granted, now));
    return granted;
}

}  // namespace

std::string_view name_of(RequestState state) {
    switch (state) {
        case RequestState::open:
            return "open";
        case RequestState::approved:
            return "approved";
        case RequestState::declined:
            return "declined";
        case RequestState::expired:
            return "expired";
        case RequestState::withdrawn:
            return "withdrawn";
    }
    ENSURE(false);
}

std::optional<RequestState> request_state_of(std::string_view name) {
    const auto found = std::ranges::find(states, name, [](RequestState state) { return name_of(state); });
    return found == states.end() ? std::nullopt : std::optional(*found);
}

store::Schema Requests::schema() { return {.part = "treasury_requests", .steps = steps}; }

Result<std::unique_ptr<Requests>> Requests::open(Desk& desk) {
    const Timestamp now = desk.clock.now();
    std::vector<Request> granted;
    TRY_VOID(desk.store.read([&](store::Transaction& transaction) {
        return transaction.each(REQUEST_COLUMNS "WHERE state = 'approved' AND until > ? ORDER BY number", {stored(now)},
                                [&](const store::Row& row) -> Result<void> {
                                    TRY(Request request, request_of(row, now));
                                    granted.push_back(std::move(request));
                                    return {};
                                });
    }));
    if (!granted.empty())
        desk.rules.change([&](policies::InForce& in_force) {
            for (const Request& each : granted)
                in_force.raises[each.account].push_back({.like = each.like,
                                                         .adjustment = {.amount = each.granted,
                                                                        .from = each.decided_at.value_or(each.asked_at),
                                                                        .until = each.until}});
        });
    return std::unique_ptr<Requests>(new Requests(desk));
}

Result<Request> Requests::ask(const Ask& ask, const std::vector<Budget>& limits, const Also& also) {
    const Timestamp now = desk_.clock.now();
    TRY(const Budget limit, limit_called(ask.account, limits, ask.limit));
    TRY(const Quantity amount, parse_quantity(ask.amount, limit.measure));
    TRY_VOID(check_amount(limit, amount, now));
    TRY_VOID(check_until(ask.until, now));
    TRY_VOID(check_reason(ask.reason, "reason"));
    Request request{.number = 0,
                    .account = ask.account,
                    .like = likeness_of(limit),
                    .amount = amount,
                    .granted = {},
                    .until = ask.until,
                    .reason = ask.reason,
                    .state = RequestState::open,
                    .asked_by = ask.by,
                    .asker = ask.asker,
                    .asked_at = now,
                    .decided_by = {},
                    .decided_at = {},
                    .answer = {}};
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(check_pace(transaction, ask.by, now));
        TRY_VOID(insert(transaction, request));
        TRY_VOID(tell(transaction, desk_, request, now));
        return also ? also(transaction, request) : Result<void>{};
    }));
    return request;
}

Result<Request> Requests::answer(std::int64_t number, RequestState state, const Decision& decision, const Also& also) {
    const Timestamp now = desk_.clock.now();
    Request request;
    const MutexLock one_at_a_time(desk_.deciding);
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(request, find(transaction, number, now));
        TRY_VOID(check_open(request));
        if (request.asked_by == decision.by || (!request.asker.empty() && request.asker == decision.name))
            return fail(Fault::not_permitted, "Nobody decides about what he asked for himself. Somebody else must.");
        if (state == RequestState::approved) {
            TRY(request.granted, granted_of(request, decision, now));
        }
        request.state = state;
        request.decided_by = decision.by;
        request.decided_at = now;
        request.answer = decision.answer;
        TRY_VOID(update(transaction, request));
        TRY_VOID(tell(transaction, desk_, request, now));
        return also ? also(transaction, request) : Result<void>{};
    }));
    if (state == RequestState::approved)
        put_in_force(
            desk_.rules, request.account,
            {.like = request.like, .adjustment = {.amount = request.granted, .from = now, .until = request.until}},
            now);
    return request;
}

Result<Request> Requests::approve(std::int64_t number, const Decision& decision, const Also& also) {
    if (!decision.answer.empty()) TRY_VOID(check_reason(decision.answer, "reason"));
    return answer(number, RequestState::approved, decision, also);
}

Result<Request> Requests::decline(std::int64_t number, const Decision& decision, const Also& also) {
    TRY_VOID(check_reason(decision.answer, "reason"));
    return answer(number, RequestState::declined, decision, also);
}

Result<Request> Requests::withdraw(std::int64_t number, const std::string& by, const Also& also) {
    const Timestamp now = desk_.clock.now();
    Request request;
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(request, find(transaction, number, now));
        if (request.asked_by != by)
            return fail(Fault::not_permitted, "A request is withdrawn by whoever made it. Others decline it.");
        TRY_VOID(check_open(request));
        request.state = RequestState::withdrawn;
        request.decided_by = by;
        request.decided_at = now;
        TRY_VOID(update(transaction, request));
        TRY_VOID(tell(transaction, desk_, request, now));
        return also ? also(transaction, request) : Result<void>{};
    }));
    return request;
}

Result<Request> Requests::read(std::int64_t number) {
    Request request;
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(request, find(transaction, number, desk_.clock.now()));
        return {};
    }));
    return request;
}

Result<std::vector<Request>> Requests::list(const Filter& filter) {
    const Timestamp now = desk_.clock.now();
    std::vector<Request> found;
    const auto take = [&](const store::Row& row) -> Result<void> {
        if (found.size() >= static_cast<std::size_t>(filter.count_max)) return {};
        TRY(Request request, request_of(row, now));
        if ((!filter.state || request.state == *filter.state) && (!filter.fits || filter.fits(request)))
            found.push_back(std::move(request));
        return {};
    };
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) {
        if (filter.asked_by.empty())
            return transaction.each(REQUEST_COLUMNS "WHERE number < ? ORDER BY number DESC", {filter.before}, take);
        return transaction.each(REQUEST_COLUMNS "WHERE asked_by = ? AND number < ? ORDER BY number DESC",
                                {std::string_view(filter.asked_by), filter.before}, take);
    }));
    return found;
}

}  // namespace bursar::treasury
