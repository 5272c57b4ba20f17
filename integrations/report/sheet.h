#pragma once

#include "integrations/report/numbers.h"
#include "integrations/report/report.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// A report in words: everything that is shown, in order, with amounts rounded and written. Page, PDF, picture and
// message show the same sheet, so they cannot tell different things.
namespace bursar::integrations::report {

enum class Tone : std::uint8_t { plain, soft, good, warn, bad };

/// One of the few figures that matter.
struct Card {
    std::string name, value, note;
    Tone tone = Tone::plain;
    std::optional<int> bar_per_mille;
};

struct Column {
    std::string head;
    bool is_number = false;
    int width = 10;  ///< of the table's, in proportion
};

struct Cell {
    std::string text;
    std::string note = {};  ///< soft, beside the text
    Tone tone = Tone::plain;
    std::optional<int> bar_per_mille = {};  ///< from 0; above 1000 is a full bar in the tone
};

enum class RowKind : std::uint8_t { line, rest, total };
struct Row {
    std::vector<Cell> cells;
    RowKind kind = RowKind::line;
};

struct Section {
    std::string id;  ///< "teams": the same in every language
    std::string heading;
    std::string lead;  ///< one or two sentences, may be empty
    std::vector<Column> columns;
    std::vector<Row> rows;
};

struct Place {
    std::string name;   ///< below its bar
    Wide now = 0;       ///< nano-dollars
    std::string shown;  ///< "1,234.56 USD"
    std::optional<Wide> before = {};
};

struct Chart {
    std::string heading, what;  ///< `what`: for those who do not see it
    std::string now_name, before_name;
    std::vector<Place> places;
};

struct Sheet {
    std::string language;  ///< BCP 47
    std::string title;     ///< "Usage report of Example GmbH"
    std::string subject, period, compared, made, organisation;
    std::vector<Card> cards;
    Chart chart;
    std::vector<Section> sections;
    std::vector<std::string> notes;
    std::string url, url_words;  ///< only an address that may be asked
};

Sheet sheet_of(const Report& report);

/// Whether there was a period before.
bool has_before(const Report& report);
/// Of everything that a table has.
Wide sum_of(const Table& table);
/// Whether a limit lasts as long as the report's period, and counts all calls.
bool is_of_period(const Budget& budget, Every every);
/// The money limit of the subject itself, if it has one, rather the one of the report's period; null if not.
const Budget* own_budget(const Report& report);
/// The money limit of a team in the report's period, if it has one.
const Budget* budget_of_team(const Report& report, const std::string& team);
/// From 0; a limit of nothing is used up.
int per_mille_of(NanoUsd spent, NanoUsd limit);
/// At 90 % a budget needs somebody, at 100 % it is used up.
Tone tone_of_budget(int per_mille);

}  // namespace bursar::integrations::report
