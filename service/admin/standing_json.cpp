#include "service/admin/standing_json.h"

#include "service/admin/budget_fields.h"
#include "service/admin/facts_json.h"

#include <algorithm>

namespace bursar::admin {
namespace {

bool is_adjusted(const Budget& budget, Timestamp now) {
    return std::ranges::any_of(budget.adjustments,
                               [&](const Adjustment& each) { return each.from <= now && now < each.until; });
}

}  // namespace

void write_standing(JsonWriter& json, const ledger::Standing& standing, Timestamp now) {
    const Budget& budget = standing.budget;
    json.open().field("account", standing.account);
    write_quantity(json, "limit", standing.limit, budget.measure);
    write_kind(json, budget);
    json.field("adjusted", is_adjusted(budget, now));
    write_quantity(json, "spent", standing.spent, budget.measure);
    write_quantity(json, "held", standing.held, budget.measure);
    write_quantity(json, "remaining", standing.left(), budget.measure);
    // A rolling limit of which nothing is used has no end.
    const bool ends = standing.period_end != Timestamp::max();
    write_instant(json, "period_start", budget.per != Per::ever ? std::optional(standing.period_start) : std::nullopt);
    write_instant(json, "period_end", ends ? std::optional(standing.period_end) : std::nullopt);
    json.close();
}

}  // namespace bursar::admin
