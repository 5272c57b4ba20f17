#include "service/treasury/decision.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::array pers{Per::hour, Per::day,  Per::week,   Per::month, Per::quarter,
                          Per::year, Per::ever, Per::minute, Per::dates};
constexpr std::array measures{Measure::money, Measure::cost, Measure::tokens, Measure::calls};

std::string_view next_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::string fields_of(const Budget& limit) {
    // What it counts stands last: a tag may be any text.
    return fmt::format("{} {} {} {} {} {} {}", name_of(limit.per), limit.hard ? "hard" : "soft", name_of(limit.measure),
                       limit.rolling ? "rolling" : "calendar", stored(limit.from), stored(limit.until), limit.of);
}

Result<Budget> limit_from(std::string_view fields) {
    std::string_view rest = fields;
    Budget limit;
    const auto per = std::ranges::find(pers, next_word(rest), [](Per each) { return name_of(each); });
    limit.hard = next_word(rest) == "hard";
    const auto measure = std::ranges::find(measures, next_word(rest), [](Measure each) { return name_of(each); });
    limit.rolling = next_word(rest) == "rolling";
    const auto from = number_of(next_word(rest)), until = number_of(next_word(rest));
    if (per == pers.end() || measure == measures.end() || !from || !until)
        return fail(Fault::wrong_configuration,
                    fmt::format("What is stored of a decision about the limit \"{}\" cannot be read. Restore a backup.",
                                fields));
    limit.per = *per;
    limit.measure = *measure;
    limit.from = restored(*from);
    limit.until = restored(*until);
    limit.of = rest;
    return limit;
}

std::string team_of(const Desk& desk, std::string_view account) {
    constexpr std::string_view prefix = "team:";
    if (account.starts_with(prefix)) return std::string(account.substr(prefix.size()));
    return desk.team_of ? desk.team_of(account) : std::string();
}

Budget likeness_of(const Budget& limit) {
    Budget like = limit;
    like.limit = {};
    like.warn_percent.clear();
    like.adjustments.clear();
    return like;
}

void put_in_force(policies::Rules& rules, const AccountName& account, const policies::InForce::Raise& raise,
                  Timestamp now) {
    rules.change([&](policies::InForce& in_force) {
        auto& raises = in_force.raises[account];
        std::erase_if(raises, [&](const policies::InForce::Raise& each) { return each.adjustment.until <= now; });
        // Top-ups for good become one: a limit is summed up on the path of calls.
        const auto same = std::ranges::find_if(raises, [&](const policies::InForce::Raise& each) {
            return each.like.is_like(raise.like) && each.adjustment.from == Timestamp::min() &&
                   each.adjustment.until == Timestamp::max();
        });
        if (same != raises.end() && raise.adjustment.from == Timestamp::min() &&
            raise.adjustment.until == Timestamp::max())
            same->adjustment.amount += raise.adjustment.amount;
        else
            raises.push_back(raise);
    });
}

Result<void> check_bearable(const Budget& limit, Quantity more) {
    std::int64_t sum = limit.limit.units();
    bool beyond = __builtin_add_overflow(sum, std::max<std::int64_t>(more.units(), 0), &sum);
    for (const Adjustment& each : limit.adjustments)
        beyond = beyond || __builtin_add_overflow(sum, std::max<std::int64_t>(each.amount.units(), 0), &sum);
    if (!beyond && sum <= limit_units_max) return {};
    return fail(Fault::invalid_request,
                fmt::format("With all that was added to it the limit would be beyond {}, which is the most that is "
                            "counted. Give a smaller amount.",
                            Quantity(limit_units_max).for_people(limit.measure)));
}

Result<void> check_reason(std::string_view reason, std::string_view what) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (!reason.empty() && reason.size() <= reason_bytes_max && std::ranges::none_of(reason, is_control)) return {};
    return fail(Fault::invalid_request,
                fmt::format("\"{}\" must be a text of 1 to {} bytes without control characters: people read it later.",
                            what, reason_bytes_max));
}

std::int64_t stored(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp restored(std::int64_t at) { return Timestamp(std::chrono::nanoseconds(at)); }

}  // namespace bursar::treasury
