#include "service/ctl/budget_cells.h"

#include "service/base/budget.h"
#include "service/ctl/command.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QString>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

std::string text_of(const QJsonObject& object, const char* name) { return cell(object.value(QLatin1String(name))); }

/// "100.00 USD" of NAME_usd where there is one, else "5,000,000 tokens" of NAME.
std::string quantity(const QJsonObject& budget, const char* name) {
    const std::string usd = text_of(budget, fmt::format("{}_usd", name).c_str());
    if (!usd.empty()) return usd + " USD";
    const Measure measure = text_of(budget, "measure") == name_of(Measure::calls) ? Measure::calls : Measure::tokens;
    return Quantity{budget.value(QLatin1String(name)).toInteger()}.for_people(measure);
}

/// "per month", and whether something was granted or allotted for a time.
std::string kind(const QJsonObject& budget) {
    const std::string words = text_of(budget, "kind");
    return budget.value(QLatin1String("adjusted")).toBool() ? words + " (adjusted)" : words;
}

}  // namespace

std::string budget_text(const QJsonObject& budget) {
    const std::string kind = text_of(budget, "kind");
    const std::string limit = quantity(budget, "limit");
    if (budget.contains(QLatin1String("limit_usd"))) return fmt::format("{} {}", limit, kind);
    // The words of the kind begin with the unit already.
    return fmt::format("{} {}", limit.substr(0, limit.find(' ')), kind);
}

QJsonArray budget_cells(const QJsonArray& budgets) {
    QJsonArray rows;
    for (const QJsonValue& item : budgets) {
        const QJsonObject budget = item.toObject();
        QJsonObject row;
        const auto set = [&row](const char* name, const std::string& text) {
            row.insert(QLatin1String(name), QString::fromStdString(text));
        };
        set("account", text_of(budget, "account"));
        set("limit", quantity(budget, "limit"));
        set("kind", kind(budget));
        set("spent", quantity(budget, "spent"));
        set("held", quantity(budget, "held"));
        set("left", quantity(budget, "remaining"));
        set("until", text_of(budget, "period_end"));
        rows.append(row);
    }
    return rows;
}

}  // namespace bursar::ctl
