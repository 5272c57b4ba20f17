#include "service/treasury/accounts.h"

#include "policies/admit.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::treasury {
namespace {

constexpr int teams_deep_max = 100;
constexpr std::string_view team_prefix = "team:", person_prefix = "person:", key_prefix = "key:";

std::string_view name_in(std::string_view account, std::string_view prefix) {
    return account.starts_with(prefix) ? account.substr(prefix.size()) : std::string_view();
}

void add(Limits& all, const AccountName& account, const std::vector<Budget>& budgets) {
    if (budgets.empty()) return;
    std::vector<Budget>& limits = all[account];
    for (const Budget& budget : budgets)
        if (std::ranges::find(limits, budget) == limits.end()) limits.push_back(budget);
}

const Caller* key_of(const std::vector<Caller>& keys, std::string_view account) {
    const auto found = std::ranges::find(keys, name_in(account, key_prefix), &Caller::key_id);
    return found == keys.end() ? nullptr : &*found;
}

/// One key of the person for each of his teams.
std::vector<const Caller*> of_person(const std::vector<Caller>& keys, std::string_view person) {
    std::vector<const Caller*> found;
    for (const Caller& key : keys)
        if (!person.empty() && key.person == person &&
            std::ranges::none_of(found, [&](const Caller* each) { return each->team == key.team; }))
            found.push_back(&key);
    return found;
}

std::unexpected<Error> no_account(std::string_view account) {
    return fail(Fault::not_found,
                fmt::format("There is no account \"{}\". Accounts are org, team:NAME, person:NAME and key:ID; all that "
                            "have limits: bursarctl budget list.",
                            account.substr(0, 200)));
}

}  // namespace

Limits limited_accounts(const policies::Snapshot& rules, const std::vector<Caller>& keys) {
    Limits all;
    add(all, "org", policies::limits_of(rules, "org", rules.organisation.budgets));
    for (const auto& [name, team] : rules.teams) {
        const AccountName account = "team:" + name;
        add(all, account, policies::limits_of(rules, account, team->budgets));
    }
    for (const auto& [name, budgets] : rules.people) {
        const AccountName account = "person:" + name;
        add(all, account, policies::limits_of(rules, account, budgets));
    }
    // Allocations may give somebody a limit whom no document names and who has no key yet.
    for (const auto& [account, allotted] : rules.in_force->allotted)
        if (account.starts_with(person_prefix)) add(all, account, policies::limits_of(rules, account, {}));
    std::set<std::pair<std::string_view, std::string_view>> people;
    for (const Caller& key : keys) {
        const AccountName account = "key:" + key.key_id;
        add(all, account, policies::limits_of(rules, account, key.budgets));
        if (key.person.empty() || !people.emplace(key.team, key.person).second) continue;
        // A key of a team that the policy no longer has is charged to nobody: it is refused.
        const auto charged = policies::accounts_of(rules, key);
        if (!charged) continue;
        for (const policies::Charged& each : *charged)
            if (each.account.starts_with(person_prefix)) add(all, each.account, each.budgets);
    }
    return all;
}

Result<std::vector<Budget>> limits_of_account(const policies::Snapshot& rules, const std::vector<Caller>& keys,
                                              const AccountName& account) {
    const auto found = [&](const std::vector<Budget>& documented) {
        Limits one;
        add(one, account, policies::limits_of(rules, account, documented));
        return one.empty() ? std::vector<Budget>() : std::move(one.begin()->second);
    };
    if (account == "org") return found(rules.organisation.budgets);
    if (const auto team = rules.teams.find(name_in(account, team_prefix)); team != rules.teams.end())
        return found(team->second->budgets);
    if (const Caller* key = key_of(keys, account)) return found(key->budgets);
    const std::string_view person = name_in(account, person_prefix);
    Limits all;
    bool known = false;
    if (const auto named = rules.people.find(person); named != rules.people.end()) {
        known = true;
        add(all, account, policies::limits_of(rules, account, named->second));
    }
    for (const Caller* key : of_person(keys, person)) {
        known = true;
        const auto charged = policies::accounts_of(rules, *key);
        if (!charged) continue;
        for (const policies::Charged& each : *charged)
            if (each.account == account) add(all, account, each.budgets);
    }
    if (!known) return no_account(account);
    return all.empty() ? std::vector<Budget>() : std::move(all.begin()->second);
}

std::vector<AccountName> teams_above(const policies::Snapshot& rules, std::string_view team) {
    std::vector<AccountName> path;
    for (int deep = 0; !team.empty() && deep < teams_deep_max; ++deep) {
        path.push_back(fmt::format("team:{}", team));
        const auto found = rules.teams.find(team);
        team = found == rules.teams.end() ? std::string_view() : std::string_view(found->second->parent);
    }
    std::ranges::reverse(path);
    return path;
}

Result<std::vector<AccountName>> path_of(const policies::Snapshot& rules, const std::vector<Caller>& keys,
                                         const AccountName& account) {
    std::vector<AccountName> path = {"org"};
    const auto under_team = [&](std::string_view team) {
        for (AccountName& each : teams_above(rules, team)) path.push_back(std::move(each));
    };
    if (account == "org") return path;
    if (const std::string_view team = name_in(account, team_prefix); rules.teams.contains(team)) {
        under_team(team);
        return path;
    }
    if (const Caller* key = key_of(keys, account)) {
        under_team(key->team);
        if (!key->person.empty()) path.push_back("person:" + key->person);
        path.push_back(account);
        return path;
    }
    const auto own = of_person(keys, name_in(account, person_prefix));
    if (own.empty()) return no_account(account);
    if (own.size() > 1)
        return fail(Fault::conflict,
                    fmt::format("{} has keys of several teams, so it is not clear which of them it concerns. Name one "
                                "of the keys, or the call.",
                                account_words(account)));
    under_team(own.front()->team);
    path.push_back(account);
    return path;
}

bool is_within(const policies::Snapshot& rules, std::string_view team, std::string_view above) {
    if (above.empty() || !rules.teams.contains(team)) return false;
    const auto path = teams_above(rules, team);
    return std::ranges::find(path, fmt::format("team:{}", above)) != path.end();
}

bool is_of_team(const policies::Snapshot& rules, const std::vector<Caller>& keys, const AccountName& account,
                std::string_view team) {
    if (account.starts_with(team_prefix)) return is_within(rules, name_in(account, team_prefix), team);
    if (const Caller* key = key_of(keys, account)) return is_within(rules, key->team, team);
    const auto own = of_person(keys, name_in(account, person_prefix));
    return !own.empty() &&
           std::ranges::all_of(own, [&](const Caller* each) { return is_within(rules, each->team, team); });
}

std::string team_of(const std::vector<Caller>& keys, std::string_view account) {
    if (account.starts_with(team_prefix)) return std::string(name_in(account, team_prefix));
    if (const Caller* key = key_of(keys, account)) return key->team;
    const auto of_him = of_person(keys, name_in(account, person_prefix));
    return of_him.size() == 1 ? of_him.front()->team : std::string();
}

Result<Budget> limit_called(const AccountName& account, const std::vector<Budget>& limits, std::string_view kind) {
    std::vector<std::string> kinds;
    const Budget* found = nullptr;
    for (const Budget& limit : limits) {
        kinds.push_back(kind_words(limit));
        // One kind may come from two documents with two numbers: the tighter one is the limit.
        if (kinds.back() == kind && (found == nullptr || limit.limit < found->limit)) found = &limit;
    }
    if (found != nullptr) return *found;
    if (kinds.empty())
        return fail(Fault::invalid_request,
                    fmt::format("{} has no limit of its own, so there is none to change. See: bursarctl budget list.",
                                account_words(account)));
    return fail(Fault::invalid_request, fmt::format("{} has no limit \"{}\". It has: \"{}\".", account_words(account),
                                                    kind.substr(0, 100), fmt::join(kinds, "\", \"")));
}

Result<Quantity> parse_quantity(std::string_view text, Measure measure) {
    const std::string_view whole = text;
    const std::string_view unit = is_money(measure) ? "USD" : name_of(measure);
    if (text.ends_with(unit) && text.size() > unit.size() && text[text.size() - unit.size() - 1] == ' ')
        text.remove_suffix(unit.size() + 1);
    if (is_money(measure)) {
        if (const auto money = NanoUsd::parse(text)) return Quantity(*money);
        return fail(Fault::invalid_request,
                    fmt::format("\"{}\" is not an amount of money; write it like \"50 USD\" or \"0.50\".",
                                whole.substr(0, 64)));
    }
    std::string digits;
    std::int64_t times = 1;
    if (text.ends_with('k')) times = 1'000;
    if (text.ends_with('M')) times = 1'000'000;
    if (times > 1) text.remove_suffix(1);
    for (const char c : text)
        if (c != ',') digits += c;
    std::int64_t number = 0, units = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
        __builtin_mul_overflow(number, times, &units))
        return fail(Fault::invalid_request, fmt::format("\"{}\" is not a number of {}; write it like \"500000\", "
                                                        "\"500k\" or \"2M {}\".",
                                                        whole.substr(0, 64), unit, unit));
    return Quantity(units);
}

std::string account_words(std::string_view account) {
    if (account == "org") return "The organisation";
    for (const auto& [prefix, word] :
         {std::pair{team_prefix, "Team"}, std::pair{person_prefix, "Person"}, std::pair{key_prefix, "Key"}})
        if (account.starts_with(prefix)) return fmt::format("{} {}", word, account.substr(prefix.size()));
    return std::string(account);
}

}  // namespace bursar::treasury
