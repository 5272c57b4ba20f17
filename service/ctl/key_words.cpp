#include "service/ctl/key_words.h"

#include "service/base/limit_words.h"

#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bursar::ctl {

namespace {

/// Blanks part words, and '/' does too, as "per": but not in the name behind "of", which may have one.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::exchange(word, {}));
    };
    for (const char c : text) {
        const bool in_name = !words.empty() && words.back() == "of";
        if (c == ' ') {
            end_word();
        } else if (c == '/' && !in_name) {
            end_word();
            words.emplace_back("per");
        } else {
            word += c;
        }
    }
    end_word();
    return words;
}

/// Takes what stands behind the first word at `at`, one or two words; false if nobody knows it or it stands twice.
bool take_words(const std::vector<std::string>& words, std::size_t& at, BudgetWords& budget) {
    const std::array<std::pair<std::string_view, std::string*>, 4> pairs = {
        {{"per", &budget.per}, {"from", &budget.from}, {"until", &budget.until}, {"of", &budget.of}}};
    for (const auto& [name, target] : pairs) {
        if (words[at] != name) continue;
        if (at + 1 == words.size() || !target->empty()) return false;
        *target = words[at + 1];
        at += 2;
        return true;
    }
    if (words[at] == "cost")
        budget.cost = true;
    else if (words[at] == "rolling")
        budget.rolling = true;
    else if (words[at] == "soft")
        budget.hard = false;
    else
        return false;
    ++at;
    return true;
}

}  // namespace

Outcome<BudgetWords> read_budget(std::string_view text) {
    constexpr std::string_view form =
        "write it like \"10 USD per month\", \"5M tokens/day\", \"100 calls per hour rolling\" or \"20 USD/month of "
        "tier:frontier soft\"";
    const auto none = [&] { return wrong_usage(fmt::format("'{}' is not a budget; {}.", text, form)); };
    const auto words = words_of(text);
    if (words.size() < 2) return none();
    BudgetWords budget{.limit = words[0] + " " + words[1]};
    const auto limit = parse_limit(budget.limit);
    if (!limit || !is_limit(*limit))
        return wrong_usage(fmt::format("'{}' in the budget '{}' is not an amount; {}.", budget.limit, text, form));
    for (std::size_t at = 2; at < words.size();)
        if (!take_words(words, at, budget)) return none();
    if (!budget.per.empty() && !parse_per(budget.per))
        return wrong_usage(
            fmt::format("'{}' in the budget '{}' is not a period; use {}.", budget.per, text, per_words()));
    if (!budget.of.empty() && !parse_of(budget.of))
        return wrong_usage(
            fmt::format("'{}' in the budget '{}' must be tier:NAME, model:NAME or tag:NAME.", budget.of, text));
    if (budget.cost && !is_money(limit->measure)) return none();
    const bool dates = !budget.from.empty() && !budget.until.empty();
    if (budget.from.empty() != budget.until.empty() || dates == !budget.per.empty()) return none();
    return budget;
}

void write_budget(JsonWriter& json, const BudgetWords& budget) {
    json.open().field("limit", budget.limit);
    if (budget.cost) json.field("measure", "cost");
    const auto text = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) json.field(name, value);
    };
    text("per", budget.per);
    text("from", budget.from);
    text("until", budget.until);
    text("of", budget.of);
    if (budget.rolling) json.field("rolling", true);
    json.field("hard", budget.hard).close();
}

Outcome<std::int64_t> read_duration(std::string_view text, std::int64_t days_max) {
    std::int64_t count = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    std::int64_t seconds = 0;
    if (unit == "s") seconds = 1;
    if (unit == "m") seconds = 60;
    if (unit == "h") seconds = 3'600;
    if (unit == "d") seconds = 86'400;
    if (error != std::errc{} || count < 0 || (seconds == 0 && !(count == 0 && unit.empty())) ||
        (seconds != 0 && count > days_max * 86'400 / seconds))
        return wrong_usage(
            fmt::format("'{}' is not a duration; write it like 30m, 24h or 7d, at most {}d.", text, days_max));
    return count * seconds;
}

}  // namespace bursar::ctl
