#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a usage report says, before it is a page, a table, a PDF or a message. Numbers are whole and exact; words,
// rounding and currency are the business of those who write it down. Never a prompt, never a secret.
namespace bursar::integrations::report {

enum class Language : std::uint8_t { en, de, fr };
enum class Every : std::uint8_t { day, week, month };

/// How the organisation writes its numbers.
struct Manner {
    Language language = Language::en;
    std::string currency = "USD";  ///< ISO 4217
    /// What one US dollar is in `currency`, in millionths: 1'000'000 for USD itself. Books are in dollars; what is
    /// shown in another currency is converted when it is written, line by line and in sum.
    std::int64_t per_dollar_millionths = 1'000'000;
    std::string time_zone = "UTC";  ///< IANA
    bool operator==(const Manner&) const = default;
};

/// Sums of some calls.
struct Figures {
    std::int64_t calls = 0;
    std::int64_t refused = 0;  ///< of the calls: by us
    std::int64_t errors = 0;   ///< of the calls: that failed and were not refused
    std::int64_t tokens_in = 0, tokens_out = 0;
    NanoUsd cost;    ///< what providers are paid
    NanoUsd charge;  ///< what the books have charged: this is "spend" everywhere in a report
    bool operator==(const Figures&) const = default;
};

/// One team, model, person, cost centre …
struct Line {
    std::string name;   ///< empty: what belongs to none
    std::string above;  ///< of a team: its department; else empty
    Figures now;
    Figures before;  ///< the same in the period before; all zero: there was none
    bool operator==(const Line&) const = default;
};

/// One table of lines, the dearest first. `left_out` lines are summed up in `rest`, so that lines and rest are the
/// total.
struct Table {
    std::vector<Line> lines;
    std::int64_t left_out = 0;
    Line rest;
    bool operator==(const Table&) const = default;
};

/// How a budget stood at the end of the period, or stands now if it is not over.
struct Budget {
    std::string account;  ///< "team/research"
    std::string kind;     ///< "money per month"
    bool hard = true;
    NanoUsd limit, spent;
    std::optional<NanoUsd> expected;        ///< at the end of its period, if that is not over
    std::optional<Timestamp> exhausted_at;  ///< when it is expected to be used up, if so
    bool operator==(const Budget&) const = default;
};

struct Day {
    Timestamp begins;
    NanoUsd charge;
    std::int64_t calls = 0;
    std::optional<NanoUsd> before;  ///< of the same place in the period before
    bool operator==(const Day&) const = default;
};

struct Waste {
    std::int64_t errors = 0, retries = 0, refused = 0;
    NanoUsd error_charge;   ///< of calls that ended with an error
    NanoUsd retry_cost;     ///< what attempts were billed that another one followed
    NanoUsd unused;         ///< of money limits of teams, what was left of them when their period ended, in sum
    std::int64_t idle = 0;  ///< teams that have a budget and made no call
    bool operator==(const Waste&) const = default;
};

/// What the calls of one model would have cost on another one of the same or a lower tier.
struct Cheaper {
    std::string model, other;
    NanoUsd cost, other_cost;
    bool operator==(const Cheaper&) const = default;
};

struct Report {
    std::string name;          ///< of its schedule: "finance"
    std::string organisation;  ///< "Example GmbH"
    std::string subject;       ///< whom it is about: the organisation, a department or a team
    bool whole = true;         ///< it is about the whole organisation
    Every every = Every::month;
    Timestamp from, to;  ///< the period: from is in it, to is not
    Timestamp before_from;
    Timestamp made;
    Manner manner;
    Figures total, before;
    Table teams, models, people, cost_centres;  ///< empty: not wanted, or none
    bool people_hidden = false;                 ///< the policy hides who they are: `people` is empty
    std::vector<Budget> budgets;                ///< of the subject and what is below it, the fullest first
    std::vector<Day> days;                      ///< hours of a day, days of a week or month, in order, also empty ones
    Waste waste;
    std::vector<Cheaper> cheaper;     ///< what saves most first, at most five
    std::optional<NanoUsd> expected;  ///< charge of the period that runs, at its end
    std::string url;                  ///< of the console's usage page; empty: none
    bool operator==(const Report&) const = default;
};

inline constexpr std::size_t lines_max = 200;  ///< of one table
inline constexpr std::size_t budgets_max = 200;
inline constexpr std::size_t days_max = 62;
inline constexpr std::size_t cheaper_max = 5;
inline constexpr std::size_t report_bytes_max = std::size_t{1} << 20;  ///< of its JSON

/// An attachment of this type is a report still to be written down (report_json.h); whoever sends the message puts the
/// files in its place that `formats` of its name's query asks for: "finance-2026-11.report?pdf,csv,html,png".
inline constexpr const char* report_type = "application/vnd.bursar.report+json";

}  // namespace bursar::integrations::report
