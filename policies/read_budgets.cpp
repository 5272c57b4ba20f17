// Limits: how much, of what, how long. What they refer to is followed later (link_limits.cpp).
#include "policies/draft.h"
#include "service/base/limit_words.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t warnings_max = 10;

std::optional<Limit> read_limit(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const auto limit = parse_limit(*text);
    if (!limit) return value.wrong("is not a limit; write it like 2000 USD, 5M tokens or 600 calls");
    if (is_limit(*limit)) return limit;
    if (is_money(limit->measure)) return value.wrong("must be from 0 USD to 1,000,000,000 USD");
    return value.wrong(fmt::format("must be from 0 to {}", limit_most(limit->measure).for_people(limit->measure)));
}

void read_warnings(const Value& value, std::vector<int>& percents) {
    for (const Value& part : read_list(value, "budget warning", warnings_max, "parts"))
        if (const auto percent = read_part(part)) percents.push_back(*percent);
    std::ranges::sort(percents);
    const auto repeated = std::ranges::unique(percents);
    percents.erase(repeated.begin(), repeated.end());
}

/// The calendar's periods, the last so many hours, or two dates.
bool read_period(Fields& fields, BudgetDraft& draft) {
    Budget& budget = draft.budget;
    bool good = true;
    const auto per = fields.find("per");
    if (per) {
        const auto word = single(*per);
        const auto found = word ? parse_per(*word) : std::nullopt;
        if (word && !found) per->wrong(fmt::format("must be one of: {}", per_words()));
        good = found.has_value();
        budget.per = found.value_or(Per::month);
    }
    const auto rolling = fields.find("rolling");
    if (rolling) budget.rolling = read_truth(*rolling).value_or(false);
    const auto from = fields.find("from"), until = fields.find("until");
    if (from) {
        budget.from = read_instant(*from).value_or(Timestamp::min());
        draft.from_is_day = is_day(*from);
    }
    if (until) {
        budget.until = read_instant(*until).value_or(Timestamp::max());
        draft.until_is_day = is_day(*until);
    }
    if (from.has_value() != until.has_value()) {
        (from ? from : until)->wrong(from ? "needs an \"until\" beside it" : "needs a \"from\" beside it");
        return false;
    }
    if (from && per) per->wrong("cannot stand beside \"from\" and \"until\"; take it out");
    if (from) budget.per = Per::dates;
    if (budget.rolling && (budget.per == Per::ever || budget.per == Per::dates))
        rolling->wrong("needs a length of time: per a minute, hour, day, week, month, quarter or year");
    return good && (!from || (budget.from != Timestamp::min() && budget.until != Timestamp::max()));
}

std::optional<BudgetDraft> read_budget(const Value& value) {
    Fields fields(value.node, "budget", value.problems);
    BudgetDraft draft{.at = value.node.at};
    Budget& budget = draft.budget;
    bool good = value.node.kind == YamlNode::Kind::map;
    if (const auto limit = fields.need("limit")) {
        const auto read = read_limit(*limit);
        good = good && read;
        budget.limit = read.value_or(Limit{}).quantity;
        budget.measure = read.value_or(Limit{}).measure;
    }
    if (!read_period(fields, draft)) good = false;
    if (const auto measure = fields.find("measure")) {
        const auto word = read_word(*measure, {name_of(Measure::money), name_of(Measure::cost)});
        draft.measure_written = word.has_value();
        if (word && !is_money(budget.measure))
            measure->wrong("is for limits in USD; take it out");
        else if (word == 1)
            budget.measure = Measure::cost;
    }
    if (const auto of = fields.find("of"))
        if (const auto text = single(*of)) {
            if (parse_of(*text))
                draft.of = Reference{std::string(*text), of->node.at};
            else
                of->wrong("must be tier:NAME, model:NAME or tag:NAME");
        }
    if (const auto hard = fields.find("hard")) budget.hard = read_truth(*hard).value_or(true);
    if (const auto warn = fields.find("warn")) read_warnings(*warn, budget.warn_percent);
    if (!good) return {};
    return draft;
}

}  // namespace

std::vector<BudgetDraft> read_budgets(const Value& value) {
    std::vector<BudgetDraft> out;
    for (const Value& item : read_list(value, "budget", budgets_max, "limits; drop the widest"))
        if (auto budget = read_budget(item)) out.push_back(*std::move(budget));
    return out;
}

}  // namespace bursar::policies
