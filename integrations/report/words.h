#pragma once

#include "integrations/report/report.h"

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

// Every heading and sentence of a report in each language. Sentences have "{}" where something is to be put in.
namespace bursar::integrations::report {

struct Words {
    const char* code;  ///< BCP 47
    std::array<const char*, 12> months;
    std::array<const char*, 7> weekdays;   ///< short, from Monday
    std::array<const char*, 5> thousands;  ///< what stands behind a number of ones, thousands, millions, …
    const char* week;                      ///< {number} {year} {days}

    const char *title, *title_of;  ///< {subject}
    const char *so_far, *compared, *made;
    const char *spend, *against, *no_before;
    const char *budget, *of_limit, *budgets_card, *budgets_full, *budgets_full_note;
    const char *expected, *expected_note, *calls, *calls_note, *tokens;
    const char *waste_card, *waste_note, *saving, *saving_note;

    const char *by_hour, *by_day, *chart_what;  ///< {peak} {its place}

    const char *budgets, *teams, *models, *people, *cost_centres, *movers, *waste, *cheaper;
    const char *budgets_lead, *movers_lead, *waste_lead, *cheaper_lead, *people_hidden, *nothing;

    const char *account, *limit, *used, *used_share, *used_up_at, *soft;
    const char *team, *department, *model, *person, *cost_centre, *share, *change, *before;
    const char *difference, *expected_short;
    const char *what, *number, *amount;
    const char *errors, *retries, *refused, *unused, *idle;
    const char *other_model, *would_cost, *would_save;
    const char *no_team, *no_model, *no_person, *no_cost_centre, *rest, *total, *is_new;

    const char *cost_note, *rate_note, *rounding_note;
    const char *open, *page, *files_elsewhere, *files_are, *top;
    const char *organisation, *key;
};

const Words& words_of(Language language);
/// The sentence with each "{}" replaced by the next part.
std::string filled(std::string_view sentence, std::initializer_list<std::string_view> parts);
/// "money per month" as the books call it, in the report's language where it is one of the usual ones.
std::string kind_in(Language language, const std::string& kind);
/// "team:research" or "team/research" as "research", with "Team" as what it is; "org" as "Organisation".
struct AccountWords {
    std::string name, level;
};
AccountWords account_in(const Words& words, const std::string& account);

}  // namespace bursar::integrations::report
