// What limits and charges refer to: models under their own names, tiers that there are, days of the organisation's time
// zone.
#include "policies/draft.h"
#include "service/base/limit_words.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {

LimitLinker::LimitLinker(const Snapshot& rules, const std::set<std::string, std::less<>>& tiers, Problems& problems)
    : rules_(rules), tiers_(tiers), problems_(problems) {
    if (auto zone = TimeZone::load(rules.organisation.time_zone)) zone_ = *std::move(zone);
}

std::string LimitLinker::of(const Reference& reference) const {
    const auto words = parse_of(reference.name);
    if (!words) return {};
    const std::string name(words->name);
    switch (words->kind) {
        case OfWords::Kind::tag:
            return reference.name;
        case OfWords::Kind::tier:
            if (tiers_.contains(name)) return reference.name;
            problems_.add(reference.at,
                          fmt::format("no model is of tier \"{}\"{}", name, advice_for(name, tiers_, problems_)));
            return {};
        case OfWords::Kind::model:
            break;
    }
    const auto model = rules_.models.find(name);
    if (model == rules_.models.end()) {
        problems_.add(reference.at,
                      fmt::format("there is no model \"{}\"{}", name, advice_for(name, rules_.models, problems_)));
        return {};
    }
    // A call counts as one of the model that was picked for it.
    if (!model->second->rules.empty()) {
        problems_.add(reference.at, fmt::format("model \"{}\" has rules itself; name one that has channels", name));
        return {};
    }
    return "model:" + model->second->name;
}

bool LimitLinker::good_dates(const BudgetDraft& draft, Budget& budget) const {
    const auto instant = [&](Timestamp at, bool is_day) {
        return is_day && zone_ ? zone_->start_of(std::chrono::floor<std::chrono::days>(at)) : at;
    };
    budget.from = instant(budget.from, draft.from_is_day);
    budget.until = instant(budget.until, draft.until_is_day);
    if (budget.from < budget.until) return true;
    problems_.add(draft.at, "budget until must be later than its from");
    return false;
}

std::vector<Budget> LimitLinker::budgets(std::vector<BudgetDraft> drafts, Measure money) const {
    std::vector<Budget> out;
    for (BudgetDraft& draft : drafts) {
        Budget budget = std::move(draft.budget);
        if (budget.measure == Measure::money && !draft.measure_written) budget.measure = money;
        if (draft.of) {
            budget.of = of(*draft.of);
            if (budget.of.empty()) continue;
        }
        if (budget.per == Per::dates && !good_dates(draft, budget)) continue;
        if (std::ranges::none_of(out, [&](const Budget& other) { return other.is_like(budget); })) {
            out.push_back(std::move(budget));
            continue;
        }
        // What everybody has in mind who does not write it is not said either.
        if (budget.measure == money) budget.measure = Measure::money;
        problems_.add(draft.at, fmt::format("budget {} stands twice; keep the smaller limit", kind_words(budget)));
    }
    return out;
}

}  // namespace bursar::policies
