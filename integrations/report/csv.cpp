// One table for all: spreadsheets filter by its first column.
#include "integrations/report/escape.h"
#include "integrations/report/numbers.h"
#include "integrations/report/writers.h"

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

/// Lines with the same columns everywhere. Names of columns and tables are English in every language: programs read
/// them.
class Csv {
  public:
    explicit Csv(const Manner& manner) : numbers_(manner), converts_(manner.currency != "USD") {
        out_ =
            "table,name,above,from,calls,refused,errors,tokens_in,tokens_out,cost_usd,charge_usd,charge_before_usd,"
            "limit_usd,expected_usd";
        if (converts_)
            out_ += fmt::format(",charge_{0},charge_before_{0},limit_{0},expected_{0}", lower(manner.currency));
        out_ += "\r\n";
    }

    struct Entry {
        std::string_view table;
        std::string name, above = {}, from = {};
        const Figures* figures = nullptr;
        std::optional<std::int64_t> number = {};  ///< in place of figures: calls
        std::optional<NanoUsd> cost = {}, charge = {}, before = {}, limit = {}, expected = {};
    };

    void add(const Entry& entry) {
        out_ += fmt::format("{},{},{},{}", entry.table, csv_cell(entry.name), csv_cell(entry.above), entry.from);
        const Figures* figures = entry.figures;
        if (figures != nullptr)
            out_ += fmt::format(",{},{},{},{},{}", figures->calls, figures->refused, figures->errors,
                                figures->tokens_in, figures->tokens_out);
        else
            out_ += fmt::format(",{},,,,", entry.number ? fmt::format("{}", *entry.number) : "");
        add_dollars(figures != nullptr ? std::optional(figures->cost) : entry.cost);
        const auto charge = figures != nullptr ? std::optional(figures->charge) : entry.charge;
        for (const auto& each : {charge, entry.before, entry.limit, entry.expected}) add_dollars(each);
        if (converts_)
            for (const auto& each : {charge, entry.before, entry.limit, entry.expected})
                out_ += "," + (each ? numbers_.exact(wide(*each)) : std::string());
        out_ += "\r\n";
    }

    std::string text() && { return std::move(out_); }

  private:
    static std::string lower(std::string text) {
        for (char& c : text)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        return text;
    }

    // Our own numbers: a minus sign in front of them is no formula.
    void add_dollars(const std::optional<NanoUsd>& amount) { out_ += "," + (amount ? amount->text() : std::string()); }

    Numbers numbers_;
    bool converts_;
    std::string out_;
};

void add_table(Csv& csv, std::string_view name, const Table& table) {
    for (const Line& each : table.lines)
        csv.add({.table = name,
                 .name = each.name,
                 .above = each.above,
                 .figures = &each.now,
                 .before = each.before.charge});
    if (table.left_out > 0)
        csv.add({.table = name,
                 .name = fmt::format("({} more)", table.left_out),
                 .figures = &table.rest.now,
                 .before = table.rest.before.charge});
}

void add_waste(Csv& csv, const Waste& waste) {
    csv.add({.table = "waste", .name = "errors", .number = waste.errors, .charge = waste.error_charge});
    csv.add({.table = "waste", .name = "retries", .number = waste.retries, .cost = waste.retry_cost});
    csv.add({.table = "waste", .name = "refused", .number = waste.refused});
    csv.add({.table = "waste", .name = "unused allowance", .limit = waste.unused});
    csv.add({.table = "waste", .name = "idle teams", .number = waste.idle});
}

}  // namespace

std::string csv_of(const Report& report) {
    Csv csv(report.manner);
    csv.add({.table = "total",
             .name = report.subject,
             .from = to_text(report.from),
             .figures = &report.total,
             .before = report.before.charge,
             .expected = report.expected});
    add_table(csv, "team", report.teams);
    add_table(csv, "model", report.models);
    add_table(csv, "cost_centre", report.cost_centres);
    add_table(csv, "person", report.people);
    for (const Budget& each : report.budgets)
        csv.add({.table = "budget",
                 .name = each.account,
                 .above = each.kind,
                 .charge = each.spent,
                 .limit = each.limit,
                 .expected = each.expected});
    for (const Day& each : report.days)
        csv.add({.table = "day",
                 .name = "",
                 .from = to_text(each.begins),
                 .number = each.calls,
                 .charge = each.charge,
                 .before = each.before});
    add_waste(csv, report.waste);
    for (const Cheaper& each : report.cheaper)
        csv.add({.table = "cheaper",
                 .name = each.model,
                 .above = each.other,
                 .cost = each.cost,
                 .expected = each.other_cost});
    return std::move(csv).text();
}

}  // namespace bursar::integrations::report
