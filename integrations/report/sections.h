#pragma once

#include "integrations/report/sheet.h"
#include "integrations/report/words.h"

#include <map>
#include <string>
#include <vector>

// The tables of a sheet; each is nothing if it has nothing to say.
namespace bursar::integrations::report {

struct Speech {
    explicit Speech(const Report& report);
    Numbers numbers;
    const Words& words;
    /// As the table of teams shows them, so that no team has two amounts that differ by a cent.
    std::map<Wide, Wide> units_of_teams;
    /// A team's, as its table shows it.
    std::string money(NanoUsd amount) const;
};
/// What a table's lines are shown as, and its rest behind them if it has one.
std::vector<Wide> units_of_lines(const Table& table, const Numbers& numbers);

std::optional<Section> budgets_section(const Report& report, const Speech& speech);
/// What a table of figures is about.
struct Subject {
    const char *id, *heading, *name, *none;
};
std::optional<Section> figures_section(const Report& report, const Table& table, const Subject& subject,
                                       const Speech& speech);
std::optional<Section> hidden_section(const Report& report, const Speech& speech);
std::optional<Section> movers_section(const Report& report, const Speech& speech);
std::optional<Section> waste_section(const Report& report, const Speech& speech);
std::optional<Section> cheaper_section(const Report& report, const Speech& speech);

/// Of each model the one that saves most, in sum.
Wide saving_of(const Report& report);
/// More spending is no success, less no failure: a change is toned only where it is great.
Cell change_cell(const Figures& now, const Figures& before, const Speech& speech);

}  // namespace bursar::integrations::report
