// What is done again and again beside all calls, and how often.
#include "service/admin/approvals.h"
#include "service/admin/limited.h"
#include "service/audit/usage.h"
#include "service/daemon/service.h"
#include "service/treasury/events.h"
#include "service/treasury/thresholds.h"
#include "service/treasury/watch.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

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

/// What the accounts of a kind were charged by the hour, in a stretch of which one answer can tell.
Result<void> add_stretch(audit::Audit& audit, const Kind& kind, std::span<const AccountName> wanted,
                         treasury::Hour from, treasury::Hour to, std::vector<treasury::HourlySpend>& out) {
    audit::UsageQuery query{.group_by = {audit::By::hour, kind.by}, .from = end_of(from), .to = end_of(to)};
    if (wanted.size() == 1) query.only = {{kind.by, wanted.front().substr(kind.prefix.size())}};
    // Of several accounts all are read and the others left out: one look at the sums instead of one for each.
    const std::unordered_set<std::string_view> names(wanted.begin(), wanted.end());
    TRY(const audit::UsageAnswer answer, audit.usage(query));
    for (const audit::UsageRow& row : answer.rows) {
        const auto hour = parse_timestamp(row.group.at(0));
        AccountName account = std::string(kind.prefix) + row.group.at(1);
        if (!hour || row.group.at(1).empty() || (!names.empty() && !names.contains(account))) continue;
        out.push_back({.account = std::move(account),
                       .hour = std::chrono::floor<std::chrono::hours>(*hour),
                       .spent = row.sums.charge});
    }
    return {};
}

Result<void> add_hours(audit::Audit& audit, const Kind& kind, std::span<const AccountName> wanted, treasury::Hour from,
                       treasury::Hour to, std::vector<treasury::HourlySpend>& out) {
    const auto of_kind = [&](const AccountName& account) { return account.starts_with(kind.prefix); };
    if (!wanted.empty() && std::ranges::none_of(wanted, of_kind)) return {};
    std::chrono::hours step = wanted.size() == 1 ? to - from : std::chrono::hours(24);
    for (treasury::Hour begin = from; begin < to;) {
        const treasury::Hour end = std::min(to, begin + step);
        const std::size_t before = out.size();
        auto added = add_stretch(audit, kind, wanted, begin, end, out);
        if (added) {
            begin = end;
        } else if (step > std::chrono::hours(1)) {
            // Too many accounts for one answer.
            out.resize(before);
            step = std::max(std::chrono::hours(1), step / 4);
        } else {
            return added;
        }
    }
    return {};
}

}  // namespace

Result<std::vector<treasury::HourlySpend>> hourly_charges(audit::Audit& audit, std::span<const AccountName> accounts,
                                                          treasury::Hour from, treasury::Hour to) {
    std::vector<treasury::HourlySpend> out;
    for (const Kind& kind : kinds) TRY_VOID(add_hours(audit, kind, accounts, from, to, out));
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
        .team_of = books.treasury->desk.team_of,
        .pause = [&books, &clock](const std::string& key_id, Timestamp until,
                                  const std::string& reason) { return pause(books, clock, key_id, until, reason); }};
}

}  // namespace

std::vector<treasury::Duty> duties_of(const Books& books, const admin::Parts& parts, const Surroundings& around,
                                      const Clock& clock) {
    std::vector<treasury::Duty> duties;
    // Allocations first: a new period's limits come before anybody is told how they stand.
    duties.push_back({"allocations", 10s, [&runs = *books.allocations](Timestamp now) -> Result<void> {
                          runs.tick(now);
                          return {};
                      }});
    const auto thresholds = std::make_shared<treasury::Thresholds>(
        books.treasury->desk, treasury::standings_of(*books.ledger, *books.rules),
        [&keys = *books.keys] { return auth::callers_of(keys.list()); });
    // People hear of a mark within seconds.
    duties.push_back({"thresholds", 3s, [thresholds](Timestamp now) { return thresholds->look(now); }});
    const auto watch = std::make_shared<treasury::Watch>(*books.store, sources_of(books, parts, clock));
    duties.push_back({"watch", 1min, [watch](Timestamp now) -> Result<void> {
                          watch->tick(now);
                          return {};
                      }});
    duties.push_back({"approvals", 1min, [&store = *books.store, &audit = *books.audit](Timestamp now) {
                          return admin::Approvals::sweep(store, audit, now);
                      }});
    duties.push_back({"reports", 10s, [&schedules = *books.reports](Timestamp now) { return schedules.look(now); }});
    // A clock that was wrong at the start must not delete what is not old: it gets an hour to be set right.
    duties.push_back({"retention", 1min,
                      [&audit = *books.audit, &rules = *books.rules, &clock,
                       begin = clock.moment() + 1h](Timestamp now) -> Result<void> {
                          if (clock.moment() < begin) return {};
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
    std::ranges::move(telling_duties(books, around, clock), std::back_inserter(duties));
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
