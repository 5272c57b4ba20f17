#include "auth/person_entry.h"

#include "auth/columns.h"
#include "auth/printable.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t source_characters_max = 100;
constexpr std::size_t subject_characters_max = 256;
constexpr std::size_t text_characters_max = 256;
constexpr std::size_t group_characters_max = 1'000;
constexpr std::size_t name_bytes_max = 100;  ///< policies' names have 128: there is room for "-2" behind it
constexpr int same_names_max = 99;
constexpr auto seen_every = std::chrono::days(1);

constexpr std::string_view columns =
    "name, version, source, subject, user_name, display_name, email, group_lines, groups_known, account, state, why, "
    "held_by_operator, created_at, changed_at, seen_at, missing_since, signed_in_at, put_out_at";

bool can_be_named(const Group& group) {
    const auto fits = [](const std::string& text) { return text.empty() || is_printable(text, group_characters_max); };
    return fits(group.id) && fits(group.name) && !(group.id.empty() && group.name.empty());
}

/// Small letters, digits and the marks that names in the policy have; whatever else is a dash, and none at either end.
std::string name_of_account(std::string_view text) {
    static constexpr std::string_view marks = "._+@-";
    std::string name;
    for (const char c : text) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        const bool fits = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || marks.contains(small);
        if (fits)
            name.push_back(small);
        else if (!name.ends_with('-'))
            name.push_back('-');
    }
    const auto edge = [](char c) { return c == '-' || c == '.'; };
    name.resize(std::min(name.size(), name_bytes_max));
    while (!name.empty() && edge(name.back())) name.pop_back();
    name.erase(name.begin(), std::ranges::find_if_not(name, edge));
    return name;
}

std::string of_source(const PersonFacts& facts) {
    return fmt::format("{} in {}", name_of(facts.account), facts.origin.source);
}

Result<Person> person_of(const store::Row& row) {
    Person person;
    PersonFacts& facts = person.facts;
    person.name = row.text(0);
    person.version = row.integer(1);
    facts.origin = {.source = std::string(row.text(2)), .subject = std::string(row.text(3))};
    facts.user_name = row.text(4);
    facts.display_name = row.text(5);
    facts.email = row.text(6);
    const auto groups = split_lines(row.text(7));
    for (std::size_t i = 0; i + 1 < groups.size(); i += 2) facts.groups.push_back({groups[i], groups[i + 1]});
    facts.groups_known = row.integer(8) != 0;
    const auto account = account_state_of(row.text(9));
    const auto state = person_state_of(row.text(10));
    if (!account || !state)
        return fail(Fault::wrong_configuration,
                    fmt::format("What is stored of the person {} cannot be read. Restore a backup.", person.name));
    facts.account = *account;
    person.state = *state;
    person.why = row.text(11);
    person.held_by_operator = row.integer(12) != 0;
    person.created_at = time_in(row, 13).value_or(Timestamp{});
    person.changed_at = time_in(row, 14).value_or(Timestamp{});
    person.seen_at = time_in(row, 15);
    person.missing_since = time_in(row, 16);
    person.signed_in_at = time_in(row, 17);
    person.put_out_at = time_in(row, 18);
    return person;
}

std::string packed(const std::vector<Group>& groups) {
    std::vector<std::string> lines;
    for (const Group& group : groups) lines.insert(lines.end(), {group.id, group.name});
    return join_lines(lines);
}

Result<std::optional<Person>> load(store::Transaction& transaction, std::string_view where,
                                   std::initializer_list<store::Value> values) {
    std::optional<Person> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_people WHERE {}", columns, where), values,
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(found, person_of(row));
                                  return {};
                              }));
    return found;
}

/// A state that lets nobody in puts out whoever was let in before.
void settle(Person& person, bool was_let_in, Timestamp now) {
    if (was_let_in && !person.let_in()) put_out(person, now);
    if (person.state != PersonState::missing) person.missing_since.reset();
}

}  // namespace

Result<PersonFacts> usable(PersonFacts facts) {
    if (!is_printable(facts.origin.source, source_characters_max) ||
        !is_printable(facts.origin.subject, subject_characters_max))
        return fail(Fault::invalid_request,
                    "The directory gives this person no id that can be kept: it is empty, too long or has characters "
                    "that cannot be printed. Name another attribute or claim for it in the policy.",
                    fmt::format("an unusable subject of {} bytes from {}", facts.origin.subject.size(),
                                printable(facts.origin.source, source_characters_max)));
    facts.user_name = printable(facts.user_name, text_characters_max);
    facts.display_name = printable(facts.display_name, text_characters_max);
    facts.email = printable(facts.email, text_characters_max);
    std::erase_if(facts.groups, [](const Group& group) { return !can_be_named(group); });
    std::ranges::sort(facts.groups, {}, [](const Group& group) { return std::tie(group.id, group.name); });
    const auto repeated = std::ranges::unique(facts.groups);
    facts.groups.erase(repeated.begin(), repeated.end());
    if (facts.groups.size() > groups_max) facts.groups_known = false;
    return facts;
}

std::vector<std::string> account_names(std::string_view user_name) {
    if (const auto domain = user_name.rfind('\\'); domain != std::string_view::npos)
        user_name.remove_prefix(domain + 1);
    const auto at = user_name.find('@');
    const std::string all = name_of_account(user_name);
    const std::string before = at == std::string_view::npos ? all : name_of_account(user_name.substr(0, at));
    std::vector<std::string> names;
    if (!before.empty()) names.push_back(before);
    if (!all.empty() && all != before) names.push_back(all);
    if (names.empty()) names.emplace_back("person");
    return names;
}

Result<std::string> free_account_name(const PersonFacts& facts,
                                      const std::function<Result<bool>(const std::string&)>& taken) {
    const std::vector<std::string> names = account_names(facts.user_name);
    for (const std::string& name : names) {
        TRY(const bool is_taken, taken(name));
        if (!is_taken) return name;
    }
    for (int i = 2; i <= same_names_max; ++i) {
        std::string name = fmt::format("{}-{}", names.front(), i);
        TRY(const bool is_taken, taken(name));
        if (!is_taken) return name;
    }
    // So many of one name: a directory that names everybody alike must not make every arrival slower than the last.
    return fmt::format("{}-{}", names.front(),
                       to_hex(as_text(sha256(facts.origin.source + '\n' + facts.origin.subject))).substr(0, 16));
}

Person first_seen(std::string name, const PersonFacts& facts, Timestamp now) {
    Person person{.name = std::move(name), .facts = facts, .created_at = now, .changed_at = now, .seen_at = now};
    // A cut list gives nothing: which of somebody's groups were left out, nobody knows.
    if (!facts.groups_known) person.facts.groups.clear();
    if (!keeps_access(facts.account)) {
        person.state = PersonState::suspended;
        person.why = of_source(facts);
    }
    return person;
}

News take_in(Person& person, const PersonFacts& facts, Timestamp now) {
    const Person before = person;
    std::vector<Group> former = std::move(person.facts.groups);
    person.facts = facts;
    if (!facts.groups_known) person.facts.groups = std::move(former);
    if (person.held_by_operator) {
        if (person.state != PersonState::suspended) person.why = "suspended by an operator before they left";
        person.state = PersonState::suspended;
    } else if (!keeps_access(facts.account)) {
        person.state = PersonState::suspended;
        person.why = of_source(facts);
    } else {
        person.state = PersonState::active;
        person.why.clear();
    }
    settle(person, before.let_in(), now);

    const bool changed = person.facts != before.facts || person.state != before.state || person.why != before.why;
    if (!changed && before.seen_at && now < *before.seen_at + seen_every) return News::none;
    person.seen_at = now;
    ++person.version;
    if (!changed) return News::seen;
    person.changed_at = now;
    return News::facts;
}

Result<bool> move_to(Person& person, PersonState state, std::string_view why, Timestamp now) {
    const Person before = person;
    switch (state) {
        case PersonState::active:
            if (!keeps_access(person.facts.account))
                return fail(Fault::conflict, fmt::format("{} is {}. Change that there; they are let in again when the "
                                                         "directory says so.",
                                                         person.name, of_source(person.facts)));
            person.held_by_operator = false;
            break;
        case PersonState::missing:
            // Whoever is not let in is not let in for being missing too.
            if (!person.let_in()) return false;
            if (!person.missing_since) person.missing_since = now;
            break;
        case PersonState::suspended:
            person.held_by_operator = true;
            break;
        case PersonState::gone:
            break;
    }
    person.state = state;
    person.why = printable(why, text_characters_max);
    settle(person, before.let_in(), now);
    if (person.state == before.state && person.why == before.why && person.held_by_operator == before.held_by_operator)
        return false;
    person.changed_at = now;
    ++person.version;
    return true;
}

void put_out(Person& person, Timestamp now) {
    // One nanosecond later than now, and never back: what began at this very instant is over too.
    person.put_out_at = std::max(now, person.put_out_at.value_or(now)) + std::chrono::nanoseconds(1);
}

Result<void> insert_person(store::Transaction& transaction, const Person& person) {
    const PersonFacts& facts = person.facts;
    const std::string groups = packed(facts.groups);
    return transaction.run(
        fmt::format("INSERT INTO auth_people ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    columns),
        {person.name, person.version, facts.origin.source, facts.origin.subject, facts.user_name, facts.display_name,
         facts.email, groups, std::int64_t{facts.groups_known}, name_of(facts.account), name_of(person.state),
         person.why, std::int64_t{person.held_by_operator}, time_value(person.created_at),
         time_value(person.changed_at), time_value(person.seen_at), time_value(person.missing_since),
         time_value(person.signed_in_at), time_value(person.put_out_at)});
}

Result<void> update_person(store::Transaction& transaction, const Person& person) {
    const PersonFacts& facts = person.facts;
    const std::string groups = packed(facts.groups);
    return transaction.run(
        "UPDATE auth_people SET version = ?, user_name = ?, display_name = ?, email = ?, group_lines = ?, groups_known "
        "= ?, "
        "account = ?, state = ?, why = ?, held_by_operator = ?, changed_at = ?, seen_at = ?, missing_since = ?, "
        "signed_in_at = ?, put_out_at = ? WHERE name = ?",
        {person.version, facts.user_name, facts.display_name, facts.email, groups, std::int64_t{facts.groups_known},
         name_of(facts.account), name_of(person.state), person.why, std::int64_t{person.held_by_operator},
         time_value(person.changed_at), time_value(person.seen_at), time_value(person.missing_since),
         time_value(person.signed_in_at), time_value(person.put_out_at), person.name});
}

Result<std::optional<Person>> load_person(store::Transaction& transaction, std::string_view name) {
    return load(transaction, "name = ?", {name});
}

Result<std::optional<Person>> load_person(store::Transaction& transaction, const Origin& origin) {
    return load(transaction, "source = ? AND subject = ?", {origin.source, origin.subject});
}

Result<std::vector<Person>> load_people(store::Transaction& transaction) {
    std::vector<Person> people;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_people", columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(auto person, person_of(row));
                                  people.push_back(std::move(person));
                                  return {};
                              }));
    return people;
}

}  // namespace bursar::auth
