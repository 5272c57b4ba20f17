#include "service/ctl/key_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bursar::ctl {

Outcome<BudgetWords> read_budget(std::string_view text) {
    constexpr std::string_view form = "write it like \"10 USD per month\" or \"10 USD/week soft\"";
    constexpr std::array periods = {"hour", "day", "week", "month", "quarter", "year", "ever"};
    std::vector<std::string> words;
    std::string word;
    for (const char c : text) {
        if (c != ' ' && c != '/') {
            word += c;
            continue;
        }
        if (!word.empty()) words.push_back(std::exchange(word, {}));
        if (c == '/') words.emplace_back("per");
    }
    if (!word.empty()) words.push_back(word);
    BudgetWords budget;
    if (words.size() > 2 && words.back() == "soft") {
        budget.hard = false;
        words.pop_back();
    }
    if (words.size() != 4 || words[1] != "USD" || words[2] != "per")
        return wrong_usage(fmt::format("'{}' is not a budget; {}.", text, form));
    if (words[0].find_first_not_of("0123456789.,") != std::string::npos)
        return wrong_usage(fmt::format("'{}' in the budget '{}' is not an amount; {}.", words[0], text, form));
    if (std::ranges::find(periods, words[3]) == periods.end())
        return wrong_usage(
            fmt::format("'{}' in the budget '{}' is not a period; use hour, day, week, month, quarter, year or ever.",
                        words[3], text));
    budget.limit = words[0] + " USD";
    budget.per = words[3];
    return budget;
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
