#include "tests/unit/integrations/report_sample.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace bursar::integrations::test {
namespace {

using namespace report;

Timestamp at(const char* text) { return parse_timestamp(text).value(); }

/// The same numbers everywhere: Knuth's linear congruence, its upper bits.
class Dice {
  public:
    std::int64_t below(std::int64_t end) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::int64_t>(state_ >> 33) % end;
    }

  private:
    std::uint64_t state_ = 2026;
};

struct Team {
    const char *name, *department;
};
constexpr std::array teams = {Team{"search-ranking", "Product"},
                              Team{"assistant", "Product"},
                              Team{"document-ai", "Product"},
                              Team{"mobile", "Product"},
                              Team{"checkout", "Product"},
                              Team{"recommendations", "Product"},
                              Team{"platform", "Engineering"},
                              Team{"data-platform", "Engineering"},
                              Team{"developer-tools", "Engineering"},
                              Team{"security", "Engineering"},
                              Team{"quality", "Engineering"},
                              Team{"site-reliability", "Engineering"},
                              Team{"frontend", "Engineering"},
                              Team{"embedded", "Engineering"},
                              Team{"support-emea", "Service"},
                              Team{"support-americas", "Service"},
                              Team{"support-apac", "Service"},
                              Team{"field-service", "Service"},
                              Team{"knowledge-base", "Service"},
                              Team{"onboarding", "Service"},
                              Team{"sales-dach", "Sales"},
                              Team{"sales-france", "Sales"},
                              Team{"sales-nordics", "Sales"},
                              Team{"sales-uk", "Sales"},
                              Team{"partner-desk", "Sales"},
                              Team{"tenders", "Sales"},
                              Team{"research-nlp", "Research"},
                              Team{"research-vision", "Research"},
                              Team{"patents", "Research"},
                              Team{"simulation", "Research"},
                              Team{"controlling", "Finance"},
                              Team{"accounts-payable", "Finance"},
                              Team{"treasury", "Finance"},
                              Team{"audit", "Finance"},
                              Team{"legal", "Corporate"},
                              Team{"communications", "Corporate"},
                              Team{"people-development", "Corporate"},
                              Team{"recruiting", "Corporate"},
                              Team{"facilities", "Corporate"},
                              Team{"works-council", "Corporate"}};
constexpr std::array models = {"claude-sonnet", "gpt-5",       "claude-haiku", "gpt-5-mini",
                               "mistral-large", "llama-local", "gemini-flash", "text-embedding"};
constexpr std::array people = {"a.lindqvist", "m.okafor", "j.moreau", "s.brandt", "l.castellano", "y.tanaka",
                               "p.novak",     "r.iyer",   "c.dubois", "h.jensen", "t.weber",      "k.osei"};

void add(Figures& sum, const Figures& part) {
    sum.calls += part.calls;
    sum.refused += part.refused;
    sum.errors += part.errors;
    sum.tokens_in += part.tokens_in;
    sum.tokens_out += part.tokens_out;
    sum.cost += part.cost;
    sum.charge += part.charge;
}

NanoUsd part_of(NanoUsd amount, std::int64_t per_mille) {
    return NanoUsd(static_cast<std::int64_t>(static_cast<__int128>(amount.nanos()) * per_mille / 1000));
}

Figures scaled(const Figures& figures, std::int64_t per_mille) {
    const auto of = [per_mille](std::int64_t number) { return number * per_mille / 1000; };
    return {.calls = of(figures.calls),
            .refused = of(figures.refused),
            .errors = of(figures.errors),
            .tokens_in = of(figures.tokens_in),
            .tokens_out = of(figures.tokens_out),
            .cost = part_of(figures.cost, per_mille),
            .charge = part_of(figures.charge, per_mille)};
}

Figures minus(const Figures& all, const Figures& part) {
    return {.calls = all.calls - part.calls,
            .refused = all.refused - part.refused,
            .errors = all.errors - part.errors,
            .tokens_in = all.tokens_in - part.tokens_in,
            .tokens_out = all.tokens_out - part.tokens_out,
            .cost = all.cost - part.cost,
            .charge = all.charge - part.charge};
}

/// The dearer a team, the fewer there are of its kind.
Figures figures_of_team(std::size_t rank, Dice& dice) {
    const auto place = static_cast<std::int64_t>(rank) + 2;
    const std::int64_t calls = 190'000 / place + dice.below(900);
    const NanoUsd charge = NanoUsd(17'500'000'000'000 / place + dice.below(90'000'000'000));
    return {.calls = calls,
            .refused = calls / 160,
            .errors = calls / (70 + dice.below(60)),
            .tokens_in = calls * (1'900 + dice.below(2'500)),
            .tokens_out = calls * (240 + dice.below(400)),
            .cost = part_of(charge, 930),
            .charge = charge};
}

void sort(Table& table) {
    std::ranges::sort(table.lines, std::ranges::greater(), [](const Line& each) { return each.now.charge; });
}

/// Shares of `total`, the last of which is the rest: nothing is lost between lines and total.
template <std::size_t Count>
Table split(const std::array<const char*, Count>& names, const Report& of, std::int64_t per_mille, Dice& dice) {
    Table out;
    Figures left_now = of.total, left_before = of.before;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_last = i + 1 == names.size();
        Line line{.name = names[i]};
        line.now = is_last ? left_now : scaled(left_now, per_mille + dice.below(per_mille / 2));
        line.before = is_last ? left_before : scaled(left_before, per_mille + dice.below(per_mille / 2));
        left_now = minus(left_now, line.now);
        left_before = minus(left_before, line.before);
        out.lines.push_back(std::move(line));
    }
    sort(out);
    return out;
}

void add_teams(Report& out, Dice& dice) {
    for (std::size_t i = 0; i < teams.size(); ++i) {
        Line line{.name = teams[i].name, .above = teams[i].department, .now = figures_of_team(i, dice)};
        line.before = scaled(line.now, i == 11 ? 310 : i == 23 ? 0 : 700 + dice.below(500));
        if (i + 1 == teams.size()) line.now = {};
        add(out.total, line.now);
        add(out.before, line.before);
        out.teams.lines.push_back(std::move(line));
    }
    sort(out.teams);
    Table centres;
    for (const char* name : {"Product", "Engineering", "Service", "Sales", "Research", "Finance", "Corporate"}) {
        Line centre{.name = "CC " + std::to_string(4100 + 100 * static_cast<int>(centres.lines.size())) + " " + name};
        for (const Line& each : out.teams.lines)
            if (each.above == name) {
                add(centre.now, each.now);
                add(centre.before, each.before);
            }
        centres.lines.push_back(std::move(centre));
    }
    sort(centres);
    out.cost_centres = std::move(centres);
}

void add_budgets(Report& out, Dice& dice) {
    out.budgets.push_back({.account = "org",
                           .kind = "money per month",
                           .limit = NanoUsd::dollars(65'000),
                           .spent = out.total.charge,
                           .expected = NanoUsd(61'870'412'000'000)});
    for (std::size_t i = 0; i < 18; ++i) {
        const Line& team = out.teams.lines[i];
        Budget budget{.account = "team:" + team.name, .kind = "money per month", .hard = i % 5 != 4};
        budget.spent = team.now.charge;
        budget.limit = part_of(team.now.charge, 940 + dice.below(1300));
        // Limits are round.
        budget.limit = NanoUsd::dollars(budget.limit.nanos() / NanoUsd::per_dollar / 50 * 50 + 50);
        budget.expected = part_of(team.now.charge, 1'110);
        if (*budget.expected > budget.limit) budget.exhausted_at = at("2026-11-29T00:00:00Z");
        out.budgets.push_back(std::move(budget));
    }
    const auto fullness = [](const Budget& each) { return each.spent.nanos() / (each.limit.nanos() / 1000); };
    std::ranges::sort(out.budgets, std::ranges::greater(), fullness);
}

void add_days(Report& out, Dice& dice) {
    constexpr int days = 30, passed = 27;
    std::vector<std::int64_t> parts, parts_before;
    std::int64_t sum = 0, sum_before = 0;
    for (int i = 0; i < days; ++i) {
        const bool is_weekend = i % 7 == 0 || i % 7 == 6, was_weekend = i % 7 == 2 || i % 7 == 3;
        parts.push_back(i >= passed ? 0 : is_weekend ? 210 + dice.below(60) : 950 + dice.below(260));
        parts_before.push_back(was_weekend ? 220 + dice.below(60) : 800 + dice.below(300));
        sum += parts.back();
        sum_before += parts_before.back();
    }
    NanoUsd left = out.total.charge, left_before = out.before.charge;
    for (int i = 0; i < days; ++i) {
        const auto at_place = static_cast<std::size_t>(i);
        Day day{.begins = at("2026-10-31T23:00:00Z") + std::chrono::days(i)};
        day.charge = i + 1 == passed ? left : NanoUsd(out.total.charge.nanos() / sum * parts[at_place]);
        day.calls = day.charge.nanos() / 90'000'000;
        day.before =
            i + 1 == days ? left_before : NanoUsd(out.before.charge.nanos() / sum_before * parts_before[at_place]);
        left -= day.charge;
        left_before -= *day.before;
        out.days.push_back(day);
    }
}

}  // namespace

Report company_report(Language language) {
    Dice dice;
    Report out{.name = "finance", .organisation = "Nordlicht Systems", .subject = "Nordlicht Systems"};
    out.from = at("2026-10-31T23:00:00Z");
    out.to = at("2026-11-30T23:00:00Z");
    out.before_from = at("2026-09-30T22:00:00Z");
    out.made = at("2026-11-27T17:05:00Z");
    out.manner = {.language = language, .time_zone = "Europe/Berlin"};
    if (language != Language::en) {
        out.manner.currency = "EUR";
        out.manner.per_dollar_millionths = 923'400;
    }
    add_teams(out, dice);
    out.models = split(models, out, 280, dice);
    out.people = split(people, out, 9, dice);
    out.people.left_out = 311;
    // All others together, so they are first.
    out.people.rest = out.people.lines.front();
    out.people.rest.name.clear();
    out.people.lines.erase(out.people.lines.begin());
    add_budgets(out, dice);
    add_days(out, dice);
    out.waste = {.errors = out.total.errors,
                 .retries = 2'417,
                 .refused = out.total.refused,
                 .error_charge = NanoUsd(412'337'908'211),
                 .retry_cost = NanoUsd(96'120'004'417),
                 .unused = NanoUsd(7'904'551'020'300),
                 .idle = 1};
    const auto cheaper = [&](std::size_t model, const char* other, std::int64_t per_mille) {
        const Line& line = out.models.lines[model];
        out.cheaper.push_back({line.name, other, line.now.charge, part_of(line.now.charge, per_mille)});
    };
    cheaper(0, "claude-haiku", 334);
    cheaper(1, "gpt-5-mini", 410);
    cheaper(2, "llama-local", 120);
    out.expected = NanoUsd(61'870'412'000'000);
    out.url = "https://bursar.nordlicht.example/usage?from=2026-11-01";
    return out;
}

Report empty_report() {
    Report out{.name = "weekly", .organisation = "Example GmbH", .subject = "research", .whole = false};
    out.every = Every::week;
    out.from = at("2026-11-23T00:00:00Z");
    out.to = at("2026-11-30T00:00:00Z");
    out.before_from = at("2026-11-16T00:00:00Z");
    out.made = at("2026-11-30T06:00:00Z");
    for (int i = 0; i < 7; ++i) out.days.push_back({.begins = out.from + std::chrono::days(i)});
    return out;
}

Report longest_report() {
    Report out = company_report();
    Dice dice;
    out.total = out.before = {};
    out.teams = out.models = out.people = out.cost_centres = {};
    for (std::size_t i = 0; i < lines_max; ++i) {
        Line line{.name = "a-team-with-a-rather-long-name-" + std::to_string(i), .above = "Engineering"};
        line.now = figures_of_team(i % 60, dice);
        line.before = scaled(line.now, 900);
        add(out.total, line.now);
        add(out.before, line.before);
        out.teams.lines.push_back(line);
        line.above.clear();
        for (Table* each : {&out.models, &out.people, &out.cost_centres}) each->lines.push_back(line);
    }
    for (Table* each : {&out.teams, &out.models, &out.people, &out.cost_centres}) sort(*each);
    return out;
}

Report hostile_report() {
    constexpr NanoUsd most_money = NanoUsd::dollars(8'999'999'999), least_money = NanoUsd::dollars(-8'999'999'999);
    Report out = empty_report();
    const std::string bad = "<script>alert(1)</script>\"'&<!-- ]]> \u202e\u2066";
    out.name = "../../etc/passwd";
    out.organisation = bad;
    out.subject = "=HYPERLINK(\"https://evil.example.com\")\r\n" + bad;
    out.url = "javascript:alert(1)";
    out.total = out.before = {.calls = 3, .cost = most_money, .charge = most_money};
    const Figures most = {.calls = 1'000'000'000'000'000, .tokens_in = 1'000'000'000'000'000, .charge = most_money};
    const Figures least = {.charge = least_money};
    out.teams.lines = {{.name = bad, .above = bad, .now = most, .before = most},
                       {.name = "+1+cmd|' /C calc'!A0", .above = "@SUM(A1)", .now = most, .before = least},
                       {.name = " -2,\"3\"\n=4", .above = "", .now = least, .before = most}};
    out.models.lines = {{.name = "", .above = "", .now = {}, .before = {}},
                        {.name = "\t=1", .above = "", .now = {}, .before = {}}};
    out.budgets = {{.account = bad, .kind = bad, .limit = most_money, .spent = least_money},
                   {.account = "team:" + bad,
                    .kind = bad,
                    .limit = NanoUsd(),
                    .spent = most_money,
                    .expected = most_money,
                    .exhausted_at = out.from}};
    out.days[0].charge = most_money;
    out.days[1].charge = least_money;
    out.days[2].before = least_money;
    out.waste = {.errors = 5, .error_charge = most_money, .retry_cost = most_money};
    out.cheaper = {{bad, bad, most_money, least_money}};
    out.expected = most_money;
    return out;
}

}  // namespace bursar::integrations::test
