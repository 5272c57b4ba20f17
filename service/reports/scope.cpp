#include "service/reports/scope.h"

#include "service/audit/batch.h"
#include "service/treasury/accounts.h"

#include <limits>

namespace bursar::reports {
namespace {

std::int64_t plus(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
    return sum;
}

}  // namespace

Scope::Scope(const policies::Snapshot& rules, std::string team) : rules_(rules), team_(std::move(team)) {
    for (const auto& [name, each] : rules.teams)
        if (team_.empty() || treasury::is_within(rules, name, team_)) within_.insert(name);
}

std::vector<std::string> Scope::path_of(std::string_view team) const {
    std::vector<std::string> path;
    while (within_.contains(team) && path.size() <= within_.size()) {
        path.emplace_back(team);
        team = rules_.teams.find(team)->second->parent;
    }
    return path;
}

std::string Scope::above(std::string_view team) const {
    const auto found = rules_.teams.find(team);
    return found == rules_.teams.end() ? std::string() : found->second->parent;
}

NanoUsd plus(NanoUsd a, NanoUsd b) { return NanoUsd(plus(a.nanos(), b.nanos())); }

void add(audit::UsageSums& to, const audit::UsageSums& more) {
    to.calls = plus(to.calls, more.calls);
    to.refused = plus(to.refused, more.refused);
    to.errors = plus(to.errors, more.errors);
    to.retries = plus(to.retries, more.retries);
    to.retry_cost = plus(to.retry_cost, more.retry_cost);
    to.error_charge = plus(to.error_charge, more.error_charge);
    to.cost = plus(to.cost, more.cost);
    to.charge = plus(to.charge, more.charge);
    for (const auto field : audit::usage_fields) to.usage.*field = plus(to.usage.*field, more.usage.*field);
}

audit::UsageSums total_of(const Sums& sums) {
    audit::UsageSums total;
    for (const auto& [name, each] : sums) add(total, each);
    return total;
}

report::Figures figures_of(const audit::UsageSums& sums) {
    const Usage& usage = sums.usage;
    std::int64_t in = 0, out = 0;
    for (const auto field : {&Usage::input, &Usage::cache_read, &Usage::cache_write_5m, &Usage::cache_write_1h,
                             &Usage::audio_input, &Usage::image_input})
        in = plus(in, usage.*field);
    for (const auto field : {&Usage::output, &Usage::reasoning, &Usage::audio_output, &Usage::image_output})
        out = plus(out, usage.*field);
    return {.calls = sums.calls,
            .refused = sums.refused,
            .errors = sums.errors,
            .tokens_in = in,
            .tokens_out = out,
            .cost = sums.cost,
            .charge = sums.charge};
}

Result<Sums> sums_by(audit::Audit& audit, const Scope& scope, audit::By by, const Period& period) {
    audit::UsageQuery query{.group_by = {by}, .from = period.start, .to = period.end};
    if (!scope.is_whole() && by != audit::By::team) query.group_by.insert(query.group_by.begin(), audit::By::team);
    TRY(const audit::UsageAnswer answer, audit.usage(query));
    Sums sums;
    for (const audit::UsageRow& row : answer.rows)
        if (scope.is_whole() || scope.has(row.group.front())) add(sums[row.group.back()], row.sums);
    return sums;
}

}  // namespace bursar::reports
