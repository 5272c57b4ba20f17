#include "service/ctl/command.h"
#include "service/ctl/forecast_words.h"
#include "service/ctl/terminal.h"

#include <algorithm>
#include <cmath>

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr double unknown = -1;

double number(const QJsonObject& limit, const char* name) {
    const QJsonValue value = limit.value(QLatin1String(name));
    bool good = false;
    const double parsed = value.toString().toDouble(&good);
    return good ? parsed : unknown;
}

/// Money to cents: a forecast is no truer than that.
std::string amount(const QJsonObject& limit, const char* name) {
    const std::string measure = cell(limit.value(QLatin1String("measure")));
    const double value = number(limit, name);
    if (value == unknown) return "?";
    return measure == "money" || measure == "cost" ? fmt::format("{:.2f} USD", value)
                                                   : fmt::format("{:.0f} {}", value, measure);
}

std::vector<std::string> row_of(const QJsonObject& limit) {
    const double most = number(limit, "limit");
    const double spent = number(limit, "spent") + std::max(0.0, number(limit, "held"));
    const double projected = number(limit, "projected");
    const std::string exhausted = cell(limit.value(QLatin1String("exhausted_at")));
    return {cell(limit.value(QLatin1String("account"))),
            cell(limit.value(QLatin1String("kind"))),
            most > 0 ? limit_bar(spent / most, projected == unknown ? unknown : projected / most) : "",
            amount(limit, "limit"),
            amount(limit, "spent"),
            amount(limit, "projected"),
            exhausted.empty() ? "not before" : exhausted.substr(0, 16),
            cell(limit.value(QLatin1String("period_end"))).substr(0, 16),
            cell(limit.value(QLatin1String("basis")))};
}

}  // namespace

std::string limit_bar(double spent_part, double projected_part) {
    constexpr int width = 20;
    const auto cells = [](double part) { return static_cast<int>(std::lround(std::clamp(part, 0.0, 1.0) * width)); };
    const auto percent = [](double part) { return std::lround(std::clamp(part, 0.0, 99.99) * 100); };
    const int spent = cells(spent_part);
    const int expected = std::max(cells(projected_part), spent) - spent;
    std::string bar = std::string(static_cast<std::size_t>(spent), '#') +
                      std::string(static_cast<std::size_t>(expected), '+') +
                      std::string(static_cast<std::size_t>(width - spent - expected), ' ');
    if (spent_part > 1 || projected_part > 1) bar.back() = '!';
    const std::string then = projected_part < 0 ? "?" : fmt::format("{}%", percent(projected_part));
    return fmt::format("[{}] {:>3}% -> {}", bar, percent(spent_part), then);
}

Outcome<Exit> budget_forecast(Context& context) {
    const std::string query = query_from(context.arguments, {{"--account", "account"}, {"--limit", "limit"}});
    TRY(const Reply reply, context.api.get("/api/v1/forecast" + query));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject answer, object_of(reply));
    std::vector<std::vector<std::string>> rows;
    for (const QJsonValue& limit : answer.value(QLatin1String("limits")).toArray())
        rows.push_back(row_of(limit.toObject()));
    if (rows.empty()) {
        remark("There is no limit of a day or more.");
        return Exit::ok;
    }
    print(table({{"ACCOUNT"},
                 {"LIMIT"},
                 {"SPENT -> EXPECTED"},
                 {"OF", Align::right},
                 {"SPENT", Align::right},
                 {"EXPECTED", Align::right},
                 {"USED UP (UTC)"},
                 {"PERIOD ENDS"},
                 {"FROM"}},
                rows));
    if (const auto left_out = answer.value(QLatin1String("left_out")).toInteger(); left_out > 0)
        remark(fmt::format("{} more limits, less used up. Show more with --limit.", left_out));
    return Exit::ok;
}

}  // namespace bursar::ctl
