#include "service/treasury/credits.h"

#include "service/base/json.h"
#include "service/treasury/accounts.h"
#include "service/treasury/events.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_credit (number INTEGER PRIMARY KEY, account TEXT NOT NULL, fields TEXT NOT NULL, amount "
    "INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL);",
    "CREATE INDEX treasury_credit_account ON treasury_credit (account, number);",
};

Result<Budget> prepaid_limit(const AccountName& account, const std::vector<Budget>& limits) {
    const auto found = std::ranges::find_if(limits, [](const Budget& each) {
        return each.hard && each.per == Per::ever && is_money(each.measure) && each.of.empty();
    });
    if (found != limits.end()) return *found;
    return fail(Fault::invalid_request,
                fmt::format("{} has no prepaid balance. Give it the budget {{limit: 0 USD, per: ever}} in the policy; "
                            "credits add to that.",
                            account_words(account)));
}

Result<void> store_credit(store::Transaction& transaction, const Desk& desk, Credit& credit) {
    const std::string fields = fields_of(credit.like);
    TRY_VOID(transaction.run(
        "INSERT INTO treasury_credit (account, fields, amount, reason, by, at) VALUES (?, ?, ?, ?, ?, ?)",
        {std::string_view(credit.account), std::string_view(fields), credit.amount.units(),
         std::string_view(credit.reason), std::string_view(credit.by), stored(credit.at)}));
    TRY_VOID(transaction.each("SELECT last_insert_rowid()", {}, [&](const store::Row& row) -> Result<void> {
        credit.number = row.integer(0);
        return {};
    }));
    const bool added = credit.amount > Quantity{};
    const Quantity size = added ? credit.amount : Quantity{} - credit.amount;
    JsonWriter detail;
    detail.open().field("number", credit.number).field("amount_usd", credit.amount.text(credit.like.measure)).close();
    TRY_VOID(raise(transaction, {.number = 0,
                                 .at = credit.at,
                                 .name = fmt::format("credit:{}", credit.number),
                                 .kind = "credit.entered",
                                 .subject = credit.account,
                                 .text = fmt::format("{} has {} the balance of {}: {}", credit.by,
                                                     added ? "added " + size.for_people(credit.like.measure) + " to"
                                                           : "taken " + size.for_people(credit.like.measure) + " from",
                                                     credit.account, credit.reason),
                                 .detail = std::move(detail).text(),
                                 .team = team_of(desk, credit.account)}));
    return {};
}

policies::InForce::Raise raise_of(const Budget& like, Quantity amount) {
    return {.like = like, .adjustment = {.amount = amount}};
}

}  // namespace

store::Schema Credits::schema() { return {.part = "treasury_credits", .steps = steps}; }

Result<std::unique_ptr<Credits>> Credits::open(Desk& desk, Standings standings) {
    struct Sum {
        AccountName account;
        policies::InForce::Raise raise;
    };
    std::vector<Sum> sums;
    TRY_VOID(desk.store.read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT account, fields, sum(amount) FROM treasury_credit GROUP BY account, fields", {},
            [&](const store::Row& row) -> Result<void> {
                TRY(const Budget like, limit_from(row.text(1)));
                sums.push_back({std::string(row.text(0)), raise_of(like, Quantity(row.integer(2)))});
                return {};
            });
    }));
    if (!sums.empty())
        desk.rules.change([&](policies::InForce& in_force) {
            for (const Sum& each : sums) in_force.raises[each.account].push_back(each.raise);
        });
    return std::unique_ptr<Credits>(new Credits(desk, std::move(standings)));
}

Result<void> Credits::check_left(const AccountName& account, const Budget& limit, Quantity amount, Timestamp now) {
    TRY(const auto all, standings_({ledger::Level{.account = account, .budgets = {limit}}}, now));
    for (const ledger::Standing& standing : all) {
        const Quantity spent = standing.spent, held = standing.held;
        const Quantity left = std::max(limit.limit_at(now) - spent - held, Quantity{});
        if (left + amount < Quantity{})
            return fail(Fault::conflict,
                        fmt::format("{} has {} left of its balance; no more than that can be taken back. What is spent "
                                    "is corrected otherwise: bursarctl budget correct.",
                                    account_words(account), left.for_people(limit.measure)));
    }
    return {};
}

Result<Credit> Credits::enter(const Entry& entry, const Also& also) {
    const Timestamp now = desk_.clock.now();
    TRY(const Budget limit, prepaid_limit(entry.account, entry.limits));
    TRY(const Quantity amount, parse_quantity(entry.amount, limit.measure));
    if (amount == Quantity{}) return fail(Fault::invalid_request, "\"amount\" must not be nothing.");
    TRY_VOID(check_bearable(limit, amount));
    TRY_VOID(check_reason(entry.reason, "reason"));
    Credit credit{.number = 0,
                  .account = entry.account,
                  .like = likeness_of(limit),
                  .amount = amount,
                  .reason = entry.reason,
                  .by = entry.by,
                  .at = now};
    const MutexLock one_at_a_time(desk_.deciding);
    if (amount < Quantity{}) {
        TRY_VOID(check_left(entry.account, limit, amount, now));
    }
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(store_credit(transaction, desk_, credit));
        return also ? also(transaction, credit) : Result<void>{};
    }));
    put_in_force(desk_.rules, credit.account, raise_of(credit.like, credit.amount), now);
    return credit;
}

Result<std::vector<Credit>> Credits::list(const Filter& filter) {
    std::vector<Credit> found;
    const auto take = [&](const store::Row& row) -> Result<void> {
        Credit& credit = found.emplace_back();
        credit.number = row.integer(0);
        credit.account = row.text(1);
        TRY(credit.like, limit_from(row.text(2)));
        credit.amount = Quantity(row.integer(3));
        credit.reason = row.text(4);
        credit.by = row.text(5);
        credit.at = restored(row.integer(6));
        return {};
    };
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT number, account, fields, amount, reason, by, at FROM treasury_credit WHERE number < ? AND (? = '' "
            "OR account = ?) ORDER BY number DESC LIMIT ?",
            {filter.before, std::string_view(filter.account), std::string_view(filter.account),
             static_cast<std::int64_t>(filter.count_max)},
            take);
    }));
    return found;
}

}  // namespace bursar::treasury
