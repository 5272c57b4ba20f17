// What is done again and again beside all calls, and how often.
#include "service/admin/limited.h"
#include "service/audit/usage.h"
#include "service/daemon/service.h"
#include "service/treasury/events.h"
#include "service/treasury/thresholds.h"
#include "service/treasury/watch.h"

#include <array>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

struct Kind {
    audit::By by;
    std::string_view prefix;
};
constexpr std::array kinds{Kind{audit::By::team, "team:"}, Kind{audit::By::person, "person:"},
                           Kind{audit::By::key, "key:"}};

Timestamp end_of(treasury::Hour hour) { return Timestamp(hour.time_since_epoch()); }

/// What one account, or every account of a kind (an empty name), was charged by the hour.
Result<void> add_hours(audit::Audit& audit, const Kind& kind, const std::string& name, treasury::Hour from,
                       treasury::Hour to, std::vector<treasury::HourlySpend>& out) {
    audit::UsageQuery query{.group_by = {audit::By::hour, kind.by}, .from = end_of(from), .to = end_of(to)};
    if (!name.empty()) query.only = {{kind.by, name}};
    TRY(const audit::UsageAnswer answer, audit.usage(query));
    for (const audit::UsageRow& row : answer.rows) {
        const auto hour = parse_timestamp(row.group.at(0));
        if (!hour || row.group.at(1).empty()) continue;
        out.push_back({.account = std::string(kind.prefix) + row.group.at(1),
                       .hour = std::chrono::floor<std::chrono::hours>(*hour),
                       .spent = row.sums.charge});
    }
    return {};
}

}  // namespace

Result<std::vector<treasury::HourlySpend>> hourly_charges(audit::Audit& audit, std::span<const AccountName> accounts,
                                                          treasury::Hour from, treasury::Hour to) {
    std::vector<treasury::HourlySpend> out;
    for (const Kind& kind : kinds) {
        if (accounts.empty()) TRY_VOID(add_hours(audit, kind, "", from, to, out));
        for (const AccountName& account : accounts)
            if (account.starts_with(kind.prefix))
                TRY_VOID(add_hours(audit, kind, account.substr(kind.prefix.size()), from, to, out));
    }
    return out;
}

namespace {

std::vector<treasury::Spent> spent(const ledger::Ledger& ledger) {
    std::vector<treasury::Spent> all;
    // The books of some calls only are in those of all.
    for (const ledger::Spending& each : ledger.spending())
        if (!each.account.contains('|')) all.push_back({each.account, each.spent.charge});
    return all;
}

Result<void> pause(const Books& books, const Clock& clock, const std::string& key_id, Timestamp until,
                   const std::string& reason) {
    const treasury::Pause made{.key_id = key_id, .reason = reason, .until = until, .by = "service", .at = clock.now()};
    auto paused = books.treasury->pauses->pause(made, [&](store::Transaction& transaction) {
        return books.audit->append(transaction, {.actor = "service",
                                                 .address = "",
                                                 .action = "key.pause",
                                                 .object = "key:" + key_id,
                                                 .outcome = "ok",
                                                 .detail = "{}"});
    });
    if (!paused) return std::unexpected(std::move(paused).error());
    return {};
}

treasury::Sources sources_of(const Books& books, const admin::Parts& parts, const Clock& clock) {
    return {
        .rules = [&rules = *books.rules] { return rules.get(); },
        .hourly = [&audit = *books.audit](std::span<const AccountName> accounts, treasury::Hour from,
                                          treasury::Hour to) { return hourly_charges(audit, accounts, from, to); },
        .spent = [&ledger = *books.ledger] { return spent(ledger); },
        .limits = [&parts](Timestamp now) { return admin::limits_now(parts, now); },
        .pause = [&books, &clock](const std::string& key_id, Timestamp until,
                                  const std::string& reason) { return pause(books, clock, key_id, until, reason); }};
}

}  // namespace

std::vector<treasury::Duty> duties_of(const Books& books, const admin::Parts& parts, const Clock& clock) {
    std::vector<treasury::Duty> duties;
    // Allocations first: a new period's limits come before anybody is told how they stand.
    duties.push_back({"allocations", 10s, [&runs = *books.allocations](Timestamp now) -> Result<void> {
                          runs.tick(now);
                          return {};
                      }});
    const auto thresholds = std::make_shared<treasury::Thresholds>(
        books.treasury->desk, treasury::standings_of(*books.ledger, *books.rules),
        [&keys = *books.keys] { return auth::callers_of(keys.list()); });
    duties.push_back({"thresholds", 10s, [thresholds](Timestamp now) { return thresholds->look(now); }});
    const auto watch = std::make_shared<treasury::Watch>(*books.store, sources_of(books, parts, clock));
    duties.push_back({"watch", 1min, [watch](Timestamp now) -> Result<void> {
                          watch->tick(now);
                          return {};
                      }});
    duties.push_back({"retention", 1min, [&audit = *books.audit, &rules = *books.rules](Timestamp now) -> Result<void> {
                          const policies::Retention kept = rules.get()->retention;
                          auto done = audit.expire(
                              now,
                              {.calls = kept.calls, .usage_hours = kept.usage_hours, .usage_days = kept.usage_days});
                          if (!done) return std::unexpected(std::move(done).error());
                          return {};
                      }});
    duties.push_back({"events", 1h, [&store = *books.store, &rules = *books.rules](Timestamp now) {
                          const Timestamp before = now - rules.get()->retention.events;
                          return store.write([before](store::Transaction& transaction) {
                              return treasury::forget_events(transaction, before);
                          });
                      }});
    return duties;
}

treasury::reconcile::Correct corrector(const Books& books) {
    return [&books](const treasury::reconcile::Correction& correction, const std::string& reason,
                    treasury::reconcile::AlsoCorrected also) -> Result<void> {
        const Amounts& amounts = correction.amounts;
        const treasury::Corrections::Entry entry{.call = correction.call.text(),
                                                 .account = {},
                                                 .accounts = {},
                                                 .amount = amounts.charge.text() + " USD",
                                                 .cost = amounts.cost.text() + " USD",
                                                 .tokens = amounts.tokens,
                                                 .reason = reason,
                                                 .by = "reconciliation"};
        auto entered = books.treasury->corrections->enter(
            entry, [&](store::Transaction& transaction, const treasury::Correction&) { return also(transaction); });
        if (!entered) return std::unexpected(std::move(entered).error());
        return {};
    };
}

}  // namespace bursar::daemon
