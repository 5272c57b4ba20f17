#include "service/treasury/corrections.h"

#include "service/base/json.h"
#include "service/treasury/accounts.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_correction (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, booked_at INTEGER NOT NULL, "
    "call TEXT NOT NULL, account TEXT NOT NULL, accounts TEXT NOT NULL, charge INTEGER NOT NULL, cost INTEGER NOT "
    "NULL, tokens INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL);",
    "CREATE INDEX treasury_correction_call ON treasury_correction (call);",
};

/// Accounts are stored a line each; names have no line ends. The line end at either side makes each one findable.
std::string lines_of(const std::vector<AccountName>& accounts) {
    return fmt::format("\n{}\n", fmt::join(accounts, "\n"));
}

std::vector<AccountName> accounts_from(std::string_view lines) {
    std::vector<AccountName> accounts;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!line.empty()) accounts.emplace_back(line);
    }
    return accounts;
}

Result<NanoUsd> money_of(std::string_view text, std::string_view field) {
    TRY(const Quantity amount, parse_quantity(text, Measure::money));
    if (amount.usd() <= Corrections::amount_max && -amount.usd() <= Corrections::amount_max) return amount.usd();
    return fail(Fault::invalid_request, fmt::format("\"{}\" is at most {} either way in one correction.", field,
                                                    Corrections::amount_max.for_people()));
}

Result<Amounts> amounts_of(const Corrections::Entry& entry) {
    Amounts amounts;
    TRY(amounts.charge, money_of(entry.amount, "amount"));
    amounts.cost = amounts.charge;
    if (entry.cost) {
        TRY(amounts.cost, money_of(*entry.cost, "cost"));
    }
    if (entry.tokens > Corrections::tokens_max || entry.tokens < -Corrections::tokens_max)
        return fail(Fault::invalid_request,
                    fmt::format("\"tokens\" is at most {} either way in one correction.", Corrections::tokens_max));
    amounts.tokens = entry.tokens;
    amounts.calls = entry.calls;
    if (amounts == Amounts{} && !entry.from_first)
        return fail(Fault::invalid_request, "This corrects nothing: every amount is 0.");
    return amounts;
}

/// The team that is nearest to what is corrected.
std::string team_of(const Correction& correction) {
    constexpr std::string_view prefix = "team:";
    std::string team;
    for (const AccountName& account : correction.accounts)
        if (account.starts_with(prefix)) team = account.substr(prefix.size());
    return team;
}

Result<void> store_correction(store::Transaction& transaction, const Correction& correction) {
    const std::string accounts = lines_of(correction.accounts);
    TRY_VOID(transaction.run(
        "INSERT INTO treasury_correction (number, at, booked_at, call, account, accounts, charge, cost, tokens, "
        "reason, "
        "by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {correction.number, stored(correction.at), stored(correction.booked_at), std::string_view(correction.call),
         std::string_view(correction.account), std::string_view(accounts), correction.amounts.charge.nanos(),
         correction.amounts.cost.nanos(), correction.amounts.tokens, std::string_view(correction.reason),
         std::string_view(correction.by)}));
    const Amounts& amounts = correction.amounts;
    JsonWriter detail;
    detail.open().field("number", correction.number).field("call", correction.call);
    detail.field("charge_usd", amounts.charge.text()).field("cost_usd", amounts.cost.text());
    detail.field("tokens", amounts.tokens).close();
    TRY_VOID(raise(transaction, {.number = 0,
                                 .at = correction.at,
                                 .name = fmt::format("correction:{}", correction.number),
                                 .kind = "correction.entered",
                                 .subject = correction.account,
                                 .text = fmt::format("{} has corrected {} by {}: {}", correction.by,
                                                     correction.call.empty() ? correction.account : correction.call,
                                                     amounts.charge.for_people(), correction.reason),
                                 .detail = std::move(detail).text(),
                                 .team = team_of(correction)}));
    return {};
}

Result<Amounts> corrected_so_far(store::Store& store, const std::string& call) {
    Amounts sum;
    TRY_VOID(store.read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT coalesce(sum(charge), 0), coalesce(sum(cost), 0), coalesce(sum(tokens), 0) FROM "
            "treasury_correction WHERE call = ?",
            {std::string_view(call)}, [&](const store::Row& row) -> Result<void> {
                sum = {.charge = NanoUsd{row.integer(0)}, .cost = NanoUsd{row.integer(1)}, .tokens = row.integer(2)};
                return {};
            });
    }));
    return sum;
}

/// What reports by team, person and key are to find: the last of each kind, which is the nearest to the call.
void place(audit::Outcome& row, const std::vector<AccountName>& accounts) {
    for (const AccountName& account : accounts) {
        if (account.starts_with("team:")) row.team = account.substr(5);
        if (account.starts_with("person:")) row.person = account.substr(7);
        if (account.starts_with("key:")) row.key_id = account.substr(4);
    }
}

/// What the row of a correction has of the call's own.
void copy_facts(const audit::Outcome& own, audit::Outcome& row) {
    row.call = own.call;
    row.tags = own.tags;
    row.dialect = own.dialect;
    row.endpoint = own.endpoint;
    row.served.service_tier = own.served.service_tier;
    row.model = own.model;
    row.channel = own.channel;
    row.tier = own.tier;
    row.cost_centre = own.cost_centre;
}

}  // namespace

store::Schema Corrections::schema() { return {.part = "treasury_corrections", .steps = steps}; }

Result<Corrections::Concerned> Corrections::of_call(const Entry& entry, Amounts amounts) const {
    if (!CallId::parse(entry.call))
        return fail(Fault::invalid_request,
                    "\"call\" must be a call id such as call_… of the header x-bursar-call-id.");
    audit::Audit::CallFilter filter;
    filter.call = entry.call;
    TRY(const std::vector<audit::Outcome> rows, audit_.calls(filter));
    const auto own = std::ranges::find(rows, false, &audit::Outcome::superseded);
    if (own == rows.end())
        return fail(Fault::not_found,
                    fmt::format("There is no call {} in the books. See: bursarctl calls.", entry.call));
    // Former corrections are of their own table: rows of the audit are found up to the call's own only.
    TRY(const Amounts corrected, corrected_so_far(desk_.store, entry.call));
    if (entry.from_first) amounts -= corrected;
    NanoUsd charged = amounts.charge + corrected.charge, paid = amounts.cost + corrected.cost;
    for (const audit::Outcome& row : rows) {
        if (row.fault == audit::correction_fault) continue;
        charged += row.charge;
        paid += row.cost;
    }
    if ((amounts.charge < NanoUsd{} && charged < NanoUsd{}) || (amounts.cost < NanoUsd{} && paid < NanoUsd{}))
        return fail(
            Fault::conflict,
            fmt::format("With all its corrections {} was charged {} and cost {}; no more than that can be taken "
                        "back.",
                        entry.call, (charged - amounts.charge).for_people(), (paid - amounts.cost).for_people()));
    Concerned concerned;
    concerned.correction.call = entry.call;
    concerned.correction.booked_at = own->at;
    concerned.correction.account = "key:" + own->key_id;
    concerned.correction.amounts = amounts;
    if (!entry.accounts.empty()) {
        concerned.books = entry.accounts;
        // Books of some calls only are those of the same accounts.
        std::ranges::copy_if(entry.accounts, std::back_inserter(concerned.correction.accounts),
                             [](const AccountName& account) { return !account.contains('|'); });
        copy_facts(*own, concerned.row);
        return concerned;
    }
    concerned.correction.accounts = {"org"};
    for (AccountName& team : teams_above(*desk_.rules.get(), own->team))
        concerned.correction.accounts.push_back(std::move(team));
    if (!own->person.empty()) concerned.correction.accounts.push_back("person:" + own->person);
    concerned.correction.accounts.push_back(concerned.correction.account);
    concerned.books = concerned.correction.accounts;
    copy_facts(*own, concerned.row);
    return concerned;
}

Result<Correction> Corrections::enter(const Entry& entry, const Also& also) {
    const Timestamp now = desk_.clock.now();
    if (entry.call.empty() == entry.account.empty())
        return fail(Fault::invalid_request, "Give either \"call\" or \"account\": what is to be corrected.");
    TRY(const Amounts amounts, amounts_of(entry));
    TRY_VOID(check_reason(entry.reason, "reason"));
    // Two corrections of one call would not see each other.
    const MutexLock one_at_a_time(desk_.deciding);
    Concerned concerned;
    if (entry.call.empty()) {
        concerned.correction.account = entry.account;
        concerned.correction.accounts = concerned.books = entry.accounts;
        concerned.correction.booked_at = now;
        concerned.correction.amounts = amounts;
        concerned.row.call = CallId::make(now);
    } else {
        TRY(concerned, of_call(entry, amounts));
    }
    Correction& correction = concerned.correction;
    correction.at = now;
    correction.reason = entry.reason;
    correction.by = entry.by;
    TRY_VOID(write(concerned, entry, also));
    return std::move(correction);
}

Result<void> Corrections::write(Concerned& concerned, const Entry& entry, const Also& also) {
    Correction& correction = concerned.correction;
    audit::Outcome& row = concerned.row;
    place(row, correction.accounts);
    row.attempt = AttemptId::make(correction.at);
    row.at = correction.booked_at;
    row.fault = audit::correction_fault;
    row.cost = correction.amounts.cost;
    row.charge = correction.amounts.charge;
    row.superseded = true;
    if (entry.from_first) {
        row.usage = entry.usage;
        row.usage_source = UsageSource::provider;
    }
    const auto recorded = [&](store::Transaction& transaction) -> Result<void> {
        if (also) TRY_VOID(also(transaction, correction));
        // What the books have, usage has as well.
        return audit_.write(transaction, row);
    };
    if (correction.amounts == Amounts{}) return desk_.store.write(recorded);
    // The books that were taken are named one by one; those that today's policy has besides are not the call's.
    const bool named = !entry.call.empty() && !entry.accounts.empty();
    const auto entered = enter_({.accounts = concerned.books,
                                 .at = correction.booked_at,
                                 .amounts = correction.amounts,
                                 .model = named ? std::string() : row.model,
                                 .tier = named ? std::string() : row.tier,
                                 .tags = named ? std::string() : row.tags},
                                [&](store::Transaction& transaction, std::int64_t number) -> Result<void> {
                                    correction.number = number;
                                    TRY_VOID(store_correction(transaction, correction));
                                    return recorded(transaction);
                                });
    if (!entered) return std::unexpected(entered.error());
    return {};
}

Result<std::vector<Correction>> Corrections::list(const Filter& filter) {
    std::vector<Correction> found;
    const auto take = [&](const store::Row& row) -> Result<void> {
        Correction& one = found.emplace_back();
        one.number = row.integer(0);
        one.at = restored(row.integer(1));
        one.booked_at = restored(row.integer(2));
        one.call = row.text(3);
        one.account = row.text(4);
        one.accounts = accounts_from(row.text(5));
        one.amounts.charge = NanoUsd(row.integer(6));
        one.amounts.cost = NanoUsd(row.integer(7));
        one.amounts.tokens = row.integer(8);
        one.reason = row.text(9);
        one.by = row.text(10);
        return {};
    };
    const std::string booked_on = filter.account.empty() ? std::string() : fmt::format("\n{}\n", filter.account);
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT number, at, booked_at, call, account, accounts, charge, cost, tokens, reason, by FROM "
            "treasury_correction WHERE number < ? AND (? = '' OR call = ?) AND (? = '' OR instr(accounts, ?) > 0) "
            "ORDER BY number DESC LIMIT ?",
            {filter.before, std::string_view(filter.call), std::string_view(filter.call), std::string_view(booked_on),
             std::string_view(booked_on), static_cast<std::int64_t>(filter.count_max)},
            take);
    }));
    return found;
}

}  // namespace bursar::treasury
