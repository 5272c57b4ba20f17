#include "auth/budget_line.h"

#include "service/base/limit_words.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Per> per_of(std::string_view name) {
    return name == name_of(Per::dates) ? std::optional(Per::dates) : parse_per(name);
}

std::optional<Measure> measure_of(std::string_view name) {
    for (const Measure measure : {Measure::money, Measure::cost, Measure::tokens, Measure::calls})
        if (name_of(measure) == name) return measure;
    return std::nullopt;
}

std::optional<Timestamp> instant_of(std::string_view text) {
    const auto nanoseconds = number_of<std::int64_t>(text);
    if (!nanoseconds) return std::nullopt;
    return Timestamp(std::chrono::nanoseconds(*nanoseconds));
}

/// Takes one word behind the first three; false if nobody knows it.
bool take_word(std::string_view word, Budget& budget) {
    const auto into = [](auto& target, const auto& read) {
        if (read) target = *read;
        return read.has_value();
    };
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    if (word == "rolling") {
        budget.rolling = true;
        return true;
    }
    if (name == "measure") return into(budget.measure, measure_of(value));
    if (name == "from") return into(budget.from, instant_of(value));
    if (name == "until") return into(budget.until, instant_of(value));
    if (name == "of") {
        budget.of = value;
        return parse_of(value).has_value();
    }
    const auto percent = number_of<int>(word);
    if (percent) budget.warn_percent.push_back(*percent);
    return percent.has_value();
}

}  // namespace

std::string budget_line(const Budget& budget) {
    std::string line =
        fmt::format("{} {} {}", budget.limit.units(), name_of(budget.per), budget.hard ? "hard" : "soft");
    for (const int percent : budget.warn_percent) line += fmt::format(" {}", percent);
    if (budget.measure != Measure::money) line += fmt::format(" measure={}", name_of(budget.measure));
    if (!budget.of.empty()) line += " of=" + budget.of;
    if (budget.rolling) line += " rolling";
    if (budget.per == Per::dates)
        line += fmt::format(" from={} until={}", budget.from.time_since_epoch().count(),
                            budget.until.time_since_epoch().count());
    return line;
}

std::optional<Budget> parse_budget_line(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    if (words.size() < 3) return std::nullopt;
    const auto units = number_of<std::int64_t>(words[0]);
    const auto per = per_of(words[1]);
    if (!units || !per || (words[2] != "hard" && words[2] != "soft")) return std::nullopt;
    Budget budget{.limit = Quantity{*units}, .per = *per, .hard = words[2] == "hard"};
    for (std::size_t i = 3; i < words.size(); ++i)
        if (!take_word(words[i], budget)) return std::nullopt;
    return budget;
}

}  // namespace bursar::auth
