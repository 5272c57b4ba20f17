#include "auth/key_entry.h"

#include "auth/budget_line.h"
#include "auth/columns.h"
#include "auth/credential.h"
#include "auth/printable.h"
#include "service/base/limit_words.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t name_characters_max = 100;
constexpr std::size_t list_entries_max = 100;
constexpr std::size_t entry_characters_max = 200;
constexpr std::size_t budgets_max = 20;
constexpr std::size_t warnings_max = 10;

constexpr std::string_view columns =
    "id, version, digest, old_digest, name, team, person, models, networks, budgets, created_at, expires_at, "
    "revoked_at, old_secret_until, "
    "last_used_at";

Result<KeyEntry> entry_of(const store::Row& row) {
    KeyEntry entry;
    KeyFacts& facts = entry.facts;
    facts.id = row.text(0);
    const auto damaged = [&] {
        return fail(Fault::wrong_configuration,
                    fmt::format("What is stored of the key {} cannot be read. Restore a backup.", facts.id));
    };
    entry.version = row.integer(1);
    const auto digest = digest_in(row, 2);
    if (!digest) return damaged();
    entry.digest = *digest;
    entry.old_digest = digest_in(row, 3);
    facts.name = row.text(4);
    facts.team = row.text(5);
    facts.person = row.text(6);
    facts.models = split_lines(row.text(7));
    facts.networks = split_lines(row.text(8));
    for (const std::string& line : split_lines(row.text(9))) {
        auto budget = parse_budget_line(line);
        if (!budget) return damaged();
        facts.budgets.push_back(*std::move(budget));
    }
    facts.created_at = time_in(row, 10).value_or(Timestamp{});
    facts.expires_at = time_in(row, 11);
    facts.revoked_at = time_in(row, 12);
    facts.old_secret_until = time_in(row, 13);
    entry.used = std::make_shared<LastUse>();
    if (const auto used = time_in(row, 14))
        entry.used->minute = std::chrono::floor<std::chrono::minutes>(*used).time_since_epoch().count();
    TRY_VOID(complete(entry));
    return entry;
}

Result<void> check_list(const std::vector<std::string>& list, std::string_view field) {
    if (list.size() > list_entries_max)
        return fail(Fault::invalid_request,
                    fmt::format("'{}' has {} entries; at most {} are possible.", field, list.size(), list_entries_max));
    for (const std::string& entry : list)
        if (!is_printable(entry, entry_characters_max))
            return fail(
                Fault::invalid_request,
                fmt::format(
                    "An entry of '{}' is empty, longer than {} characters, or has characters that cannot be printed.",
                    field, entry_characters_max));
    return {};
}

Result<void> check_budgets(const std::vector<Budget>& budgets) {
    if (budgets.size() > budgets_max)
        return fail(Fault::invalid_request,
                    fmt::format("'budgets' has {} entries; a key may have {}.", budgets.size(), budgets_max));
    for (const Budget& budget : budgets) {
        if (budget.limit < Quantity{})
            return fail(Fault::invalid_request,
                        fmt::format("A budget of {} is below zero. Write 0 to forbid all calls.",
                                    budget.limit.for_people(budget.measure)));
        if (!is_limit({.quantity = budget.limit, .measure = budget.measure}))
            return fail(Fault::invalid_request, fmt::format("A budget of {} is too large; at most {} are possible.",
                                                            budget.limit.for_people(budget.measure),
                                                            limit_most(budget.measure).for_people(budget.measure)));
        if (!budget.of.empty() && !parse_of(budget.of))
            return fail(Fault::invalid_request, "A budget is of tier:NAME, model:NAME or tag:NAME.");
        const auto alike = [&](const Budget& other) { return other.is_like(budget); };
        if (std::ranges::count_if(budgets, alike) > 1)
            return fail(Fault::invalid_request,
                        fmt::format("The budget {} stands twice. Keep the smaller limit.", kind_words(budget)));
        if (budget.warn_percent.size() > warnings_max)
            return fail(Fault::invalid_request, fmt::format("A budget warns at {} marks; at most {} are possible.",
                                                            budget.warn_percent.size(), warnings_max));
    }
    return {};
}

}  // namespace

Result<void> check_new_key(const NewKey& key, Timestamp now) {
    const auto name_wrong = [](std::string_view field, std::size_t characters) {
        return fail(Fault::invalid_request,
                    fmt::format("'{}' has 1 to {} characters that can be printed.", field, characters));
    };
    if (!is_printable(key.name, name_characters_max)) return name_wrong("name", name_characters_max);
    if (!is_printable(key.team, name_characters_max)) return name_wrong("team", name_characters_max);
    if (!key.person.empty() && !is_printable(key.person, entry_characters_max))
        return name_wrong("person", entry_characters_max);
    TRY_VOID(check_list(key.models, "models"));
    TRY_VOID(check_list(key.networks, "networks"));
    for (const std::string& network : key.networks) TRY_VOID(Network::parse(network));
    TRY_VOID(check_budgets(key.budgets));
    if (key.expires_at && *key.expires_at <= now)
        return fail(Fault::invalid_request,
                    fmt::format("'expires_at' ({}) is in the past. Give a later time, or leave it out.",
                                to_text(*key.expires_at)));
    return {};
}

Result<void> complete(KeyEntry& entry) {
    const KeyFacts& facts = entry.facts;
    entry.networks.clear();
    for (const std::string& text : facts.networks) {
        TRY(auto network, Network::parse(text));
        entry.networks.push_back(network);
    }
    entry.caller = std::make_shared<const Caller>(Caller{.key_id = facts.id,
                                                         .name = facts.name,
                                                         .team = facts.team,
                                                         .person = facts.person,
                                                         .models = facts.models,
                                                         .budgets = facts.budgets});
    return {};
}

Result<void> insert_key(store::Transaction& transaction, const KeyEntry& entry) {
    const KeyFacts& facts = entry.facts;
    std::string budgets;
    for (const Budget& budget : facts.budgets) budgets.append(budget_line(budget)).push_back('\n');
    const std::string models = join_lines(facts.models), networks = join_lines(facts.networks);
    return transaction.run(
        "INSERT INTO auth_keys (id, version, digest, name, team, person, models, networks, budgets, created_at, "
        "expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {facts.id, entry.version, store::Blob{as_text(entry.digest)}, facts.name, facts.team, facts.person, models,
         networks, budgets, time_value(facts.created_at), time_value(facts.expires_at)});
}

Result<void> update_key(store::Transaction& transaction, const KeyEntry& entry) {
    const KeyFacts& facts = entry.facts;
    const store::Value old_digest =
        entry.old_digest ? store::Value(store::Blob{as_text(*entry.old_digest)}) : store::Value(nullptr);
    return transaction.run(
        "UPDATE auth_keys SET version = ?, digest = ?, old_digest = ?, revoked_at = ?, old_secret_until = ?, "
        "expires_at = ? WHERE id = ?",
        {entry.version, store::Blob{as_text(entry.digest)}, old_digest, time_value(facts.revoked_at),
         time_value(facts.old_secret_until), time_value(facts.expires_at), facts.id});
}

Result<KeyEntry> load_key(store::Transaction& transaction, std::string_view id) {
    std::optional<KeyEntry> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_keys WHERE id = ?", columns), {id},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(found, entry_of(row));
                                  return {};
                              }));
    if (!found)
        return fail(Fault::not_found,
                    fmt::format("There is no key with the id '{}'. All of them: bursarctl key list", id.substr(0, 32)));
    return *std::move(found);
}

Result<std::vector<KeyEntry>> load_keys(store::Transaction& transaction) {
    std::vector<KeyEntry> entries;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_keys", columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(auto entry, entry_of(row));
                                  entries.push_back(std::move(entry));
                                  return {};
                              }));
    return entries;
}

}  // namespace bursar::auth
