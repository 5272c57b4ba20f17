#include "service/admin/budget_fields.h"

#include "service/base/limit_words.h"
#include "service/base/time_zone.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t budgets_max = 20;
constexpr std::size_t warnings_max = 10;
constexpr std::size_t limit_bytes_max = 48;
constexpr std::size_t of_bytes_max = 160;

template <typename... Words>
std::unexpected<Error> wrong(fmt::format_string<Words...> text, Words&&... words) {
    return fail(Fault::invalid_request, fmt::format(text, std::forward<Words>(words)...));
}

/// The measure that "measure" names; none if it is not there.
Result<std::optional<Measure>> measure_of(const Fields& fields) {
    if (!fields.has("measure")) return std::nullopt;
    TRY(const std::string_view word, fields.text("measure", 16));
    for (const Measure measure : {Measure::money, Measure::cost, Measure::tokens, Measure::calls})
        if (name_of(measure) == word) return measure;
    return wrong("\"measure\" must be money, cost, tokens or calls, not \"{}\".", word);
}

/// "10 USD", "5M tokens"; a number alone is in the unit of the measure.
Result<Limit> limit_of(const Fields& fields) {
    const bool in_usd = fields.has("limit_usd");
    if (in_usd && fields.has("limit")) return wrong("Give either \"limit\" or \"limit_usd\".");
    TRY(const std::string_view text, fields.text(in_usd ? "limit_usd" : "limit", limit_bytes_max));
    TRY(const auto measure, measure_of(fields));
    const bool money = in_usd || !measure || is_money(*measure);
    auto limit = in_usd ? std::nullopt : parse_limit(text);
    if (!limit) limit = parse_limit(fmt::format("{} {}", text, money ? "USD" : name_of(*measure)));
    if (!limit || !is_limit(*limit))
        return wrong(
            "\"{}\" must be an amount such as \"10 USD\", \"0.50\", \"5M tokens\" or \"600 calls\", not \"{}\".",
            in_usd ? "limit_usd" : "limit", text);
    if (!measure) return *limit;
    if (is_money(*measure) != is_money(limit->measure) || (!is_money(*measure) && *measure != limit->measure))
        return wrong("\"measure\" is {}, but the limit is \"{}\". Take \"measure\" out.", name_of(*measure), text);
    return Limit{.quantity = limit->quantity, .measure = *measure};
}

/// A day of the organisation's time zone, or an instant.
Result<Timestamp> instant_of(const Fields& fields, std::string_view name, const policies::Snapshot& rules) {
    constexpr std::size_t day_bytes = 10;
    TRY(const std::string_view text, fields.text(name, 40));
    const bool day = text.size() == day_bytes;
    const auto at = parse_timestamp(day ? std::string(text) + "T00:00:00Z" : std::string(text));
    if (!at) return wrong("\"{}\" must be a date such as 2027-01-01 or 2027-01-01T08:00:00Z, not \"{}\".", name, text);
    if (!day) return *at;
    TRY(const TimeZone zone, TimeZone::load(rules.organisation.time_zone));
    return zone.start_of(std::chrono::floor<std::chrono::days>(*at));
}

Result<void> read_period(const Fields& fields, const policies::Snapshot& rules, Budget& budget) {
    TRY(budget.rolling, fields.truth_or("rolling", false));
    const bool dates = fields.has("from") || fields.has("until");
    if (dates && fields.has("per")) return wrong("Give either \"per\" or \"from\" and \"until\".");
    if (budget.rolling && dates) return wrong("\"rolling\" needs a \"per\" beside it, not dates.");
    if (!dates) {
        TRY(const std::string_view word, fields.text("per", 16));
        const auto per = parse_per(word);
        if (!per) return wrong("\"per\" must be {}, not \"{}\".", per_words(), word);
        if (budget.rolling && *per == Per::ever) return wrong("\"rolling\" needs a length of time, not \"ever\".");
        budget.per = *per;
        return {};
    }
    budget.per = Per::dates;
    TRY(budget.from, instant_of(fields, "from", rules));
    TRY(budget.until, instant_of(fields, "until", rules));
    if (budget.from >= budget.until) return wrong("\"until\" must be later than \"from\".");
    return {};
}

/// Which calls, a model under its own name.
Result<std::string> of_of(const Fields& fields, const policies::Snapshot& rules) {
    TRY(const std::string_view text, fields.text_or_empty("of", of_bytes_max));
    if (text.empty()) return std::string();
    const auto words = parse_of(text);
    if (!words) return wrong("\"of\" must be tier:NAME, model:NAME or tag:NAME, not \"{}\".", text);
    if (words->kind == OfWords::Kind::tag) return std::string(text);
    if (words->kind == OfWords::Kind::tier) {
        const auto in_tier = [&](const auto& entry) { return entry.second->tier == words->name; };
        if (std::ranges::any_of(rules.models, in_tier)) return std::string(text);
        return wrong("The policy has no model of tier \"{}\".", words->name);
    }
    const auto model = rules.models.find(words->name);
    if (model == rules.models.end()) return wrong("The policy has no model \"{}\".", words->name);
    // A call counts as one of the model that was picked for it.
    if (!model->second->rules.empty())
        return wrong("The model \"{}\" has rules itself. Name one that has channels.", words->name);
    return "model:" + model->second->name;
}

/// ["50%", "80%"]
Result<std::vector<int>> warnings_of(const Fields& fields) {
    TRY(const auto texts, fields.texts("warn", warnings_max, 8));
    std::vector<int> percents;
    for (const std::string& text : texts) {
        int percent = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
        if (error != std::errc{} || std::string_view(end) != "%" || percent < 1 || percent > 200)
            return wrong("\"warn\" must be parts of the limit such as \"80%\", not \"{}\".", text);
        percents.push_back(percent);
    }
    std::ranges::sort(percents);
    const auto repeated = std::ranges::unique(percents);
    percents.erase(repeated.begin(), repeated.end());
    return percents;
}

void write_count(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& count) {
    json.key(name);
    if (count)
        json.value(*count);
    else
        json.null();
}

}  // namespace

Result<Budget> budget_of(const Fields& fields, const policies::Snapshot& rules) {
    TRY_VOID(fields.only({"limit", "limit_usd", "measure", "per", "rolling", "of", "from", "until", "hard", "warn"}));
    TRY(const Limit limit, limit_of(fields));
    Budget budget{.limit = limit.quantity, .measure = limit.measure};
    TRY_VOID(read_period(fields, rules, budget));
    TRY(budget.of, of_of(fields, rules));
    TRY(budget.hard, fields.truth_or("hard", true));
    TRY(budget.warn_percent, warnings_of(fields));
    return budget;
}

Result<std::vector<Budget>> budgets_of(const Fields& fields, const policies::Snapshot& rules) {
    TRY(const auto objects, fields.objects("budgets", budgets_max));
    std::vector<Budget> budgets;
    for (const Fields& each : objects) {
        TRY(Budget budget, budget_of(each, rules));
        budgets.push_back(std::move(budget));
    }
    return budgets;
}

void write_quantity(JsonWriter& json, std::string_view name, Quantity quantity, Measure measure) {
    if (is_money(measure)) json.field(fmt::format("{}_usd", name), quantity.text(measure));
    // Exact as it stands in the document; what a reader's floating point makes of it is the reader's.
    json.key(name).raw(quantity.text(measure));
}

void write_kind(JsonWriter& json, const Budget& budget) {
    json.field("measure", name_of(budget.measure)).field("per", name_of(budget.per)).field("rolling", budget.rolling);
    json.field("of", budget.of).field("hard", budget.hard).field("kind", kind_words(budget));
    if (budget.per == Per::dates) json.field("from", to_text(budget.from)).field("until", to_text(budget.until));
}

void write_budgets(JsonWriter& json, std::string_view name, const std::vector<Budget>& budgets) {
    json.key(name).open_list();
    for (const Budget& budget : budgets) {
        json.open();
        write_quantity(json, "limit", budget.limit, budget.measure);
        write_kind(json, budget);
        json.key("warn").open_list();
        for (const int percent : budget.warn_percent) json.value(fmt::format("{}%", percent));
        json.close_list().close();
    }
    json.close_list();
}

void write_rate(JsonWriter& json, std::string_view name, const policies::Rate& rate) {
    json.key(name).open();
    write_count(json, "requests_per_minute", rate.requests_per_minute);
    write_count(json, "tokens_per_minute", rate.tokens_per_minute);
    write_count(json, "parallel", rate.parallel);
    json.close();
}

}  // namespace bursar::admin
