#include "service/gateway/allowance.h"

#include "service/ledger/caps.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::int64_t warn_percent = 75;
constexpr std::int64_t near_end_percent = 95;
/// One says that nothing is left: calls are let through up to the last cent.
constexpr std::int64_t allowed_percent_max = 99;

void add(edge::ResponseHead& head, std::string_view what, std::string_view value) {
    head.add(fmt::format("anthropic-ratelimit-unified-{}", what), value);
}

/// A limit for good has no such instant.
void add_reset(edge::ResponseHead& head, Timestamp period_end) {
    if (period_end == Timestamp::max()) return;
    const std::string seconds =
        std::to_string(std::chrono::floor<std::chrono::seconds>(period_end.time_since_epoch()).count());
    add(head, "reset", seconds);
    add(head, "overage-reset", seconds);
}

/// One person's own limit, or one that others use up as well.
bool is_shared(const AccountName& account) { return !account.starts_with("key:") && !account.starts_with("person:"); }

}  // namespace

void add_allowance(edge::ResponseHead& head, std::vector<ledger::Standing> standings) {
    const std::vector<ledger::Standing> caps = ledger::caps_of(std::move(standings));
    if (caps.empty()) return;
    const ledger::Standing& fullest = caps.front();
    const std::int64_t percent = ledger::percent_spent(fullest);
    const std::string_view status = percent > warn_percent ? "allowed_warning" : "allowed";
    add(head, "status", status);
    add(head, "overage-status", status);
    // Of any other claim the client computes with windows of five hours or seven days.
    add(head, "representative-claim", "overage");
    const std::int64_t shown = std::clamp<std::int64_t>(percent, 0, allowed_percent_max);
    add(head, "overage-utilization", fmt::format("0.{:02}", shown));
    if (percent > near_end_percent)
        add(head, "overage-surpassed-threshold", "0.95");
    else if (percent > warn_percent)
        add(head, "overage-surpassed-threshold", "0.75");
    add_reset(head, fullest.period_end);
}

void add_used_up(edge::ResponseHead& head, const std::optional<ledger::Refusal>& refusal) {
    // With a representative claim or an overage status the client replaces our sentence by one of its vendor's.
    if (!refusal) {
        add(head, "overage-disabled-reason", "fetch_error");
        return;
    }
    add(head, "status", "rejected");
    add_reset(head, refusal->period_end);
    add(head, "overage-utilization", "1");
    add(head, "overage-surpassed-threshold", "1");
    add(head, "overage-period", ledger::agent_period(refusal->budget.per));
    if (is_shared(refusal->account)) add(head, "overage-scope", "group_pool");
    add(head, "overage-disabled-reason", "org_spend_cap_reached");
}

}  // namespace bursar::gateway
