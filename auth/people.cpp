#include "auth/people.h"

#include "auth/index.h"
#include "auth/person_entry.h"
#include "service/base/mutex.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t people_max = 200'000;

constexpr std::string_view steps[] = {
    "CREATE TABLE auth_people (name TEXT PRIMARY KEY, version INTEGER NOT NULL, source TEXT NOT NULL, subject TEXT NOT "
    "NULL, user_name TEXT NOT NULL, display_name TEXT NOT NULL, email TEXT NOT NULL, group_lines TEXT NOT NULL, "
    "groups_known INTEGER NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL, held_by_operator "
    "INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, seen_at INTEGER, missing_since "
    "INTEGER, signed_in_at INTEGER, put_out_at INTEGER, UNIQUE (source, subject)) WITHOUT ROWID;",
};

/// Who has this origin. Never changes, so it needs no versions.
struct OriginEntry {
    std::string origin;
    std::string name;

    const std::string& id() const { return origin; }
};

/// Who was last known by a name that people type. A name that they gave up may still be in it.
struct TypedName {
    std::string key;
    std::string name;

    const std::string& id() const { return key; }
};

std::string typed_key(std::string_view source, std::string_view typed) {
    if (const auto domain = typed.rfind('\\'); domain != std::string_view::npos) typed.remove_prefix(domain + 1);
    while (typed.starts_with(' ')) typed.remove_prefix(1);
    while (typed.ends_with(' ')) typed.remove_suffix(1);
    std::string key(source);
    key.push_back('\n');
    for (const char c : typed) key.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
    return key;
}

/// Neither part has a line end (usable()).
std::string text_of(const Origin& origin) { return origin.source + '\n' + origin.subject; }

std::unexpected<Error> nobody(std::string_view name) {
    return fail(Fault::not_found, fmt::format("There is nobody of the name '{}'.", name.substr(0, 128)));
}

/// What a transaction has made of people, by name: the last of each.
using Changed = std::map<std::string, Person>;

void note(Changed& changed, Person person) {
    std::string name = person.name;
    changed.insert_or_assign(std::move(name), std::move(person));
}

class StoredPeople final : public People {
  public:
    StoredPeople(store::Store& store, const Clock& clock, StandingOf standing_of, std::vector<Person> people)
        : store_(store), clock_(clock), standing_of_(std::move(standing_of)) {
        publish(std::move(people));
    }

    std::shared_ptr<const Person> find(std::string_view name) const override { return by_name_.find(name); }
    std::shared_ptr<const Person> find(const Origin& origin) const override {
        const auto entry = by_origin_.find(text_of(origin));
        return entry == nullptr ? nullptr : by_name_.find(entry->name);
    }
    std::vector<std::shared_ptr<const Person>> all() const override;
    std::shared_ptr<const Person> meant_by(std::string_view source, std::string_view typed) const override;
    Result<std::shared_ptr<const Person>> see(const PersonFacts& facts, const AlsoPerson& also) override;
    Result<std::shared_ptr<const Person>> set_state(std::string_view name, PersonState state, std::string_view why,
                                                    const AlsoPerson& also) override;
    Result<void> put_out(std::string_view name, const AlsoPerson& also) override;
    Result<void> note_sign_in(std::string_view name, const AlsoPerson& also) override;
    Result<void> change(std::span<const PersonFacts> seen, std::span<const Change> states,
                        const std::function<Result<void>(store::Transaction&)>& also) override;
    void restand(StandingOf standing_of) override EXCLUDES(publishing_);

  private:
    struct Seen {
        Person person;
        News news = News::none;
        bool arrived = false;
    };

    Result<Seen> see_in(store::Transaction& transaction, const PersonFacts& facts, Timestamp now,
                        std::size_t arrivals) const;
    Result<void> see_all(store::Transaction& transaction, std::span<const PersonFacts> seen, Timestamp now,
                         Changed& changed) const;
    Result<void> alter(std::string_view name, const std::function<Result<bool>(Person&)>& change,
                       const AlsoPerson& also);
    void publish(Changed changed);
    void publish(std::vector<Person> people) EXCLUDES(publishing_);

    store::Store& store_;
    const Clock& clock_;
    Index<Person> by_name_;
    Index<OriginEntry> by_origin_;
    Index<TypedName> by_typed_name_;
    std::atomic<std::size_t> count_ = 0;
    /// Changes are published after their commit, by threads that may overtake each other and a new policy.
    Mutex publishing_;
    StandingOf standing_of_ GUARDED_BY(publishing_);
};

std::vector<std::shared_ptr<const Person>> StoredPeople::all() const {
    auto people = by_name_.all();
    std::ranges::sort(people, {}, [](const auto& person) -> const std::string& { return person->name; });
    return people;
}

std::shared_ptr<const Person> StoredPeople::meant_by(std::string_view source, std::string_view typed) const {
    const std::string key = typed_key(source, typed);
    const auto entry = by_typed_name_.find(key);
    auto person = entry == nullptr ? nullptr : by_name_.find(entry->name);
    if (person == nullptr) return nullptr;
    const PersonFacts& facts = person->facts;
    const bool is_theirs = typed_key(source, facts.user_name) == key || typed_key(source, facts.email) == key;
    return is_theirs ? person : nullptr;
}

Result<StoredPeople::Seen> StoredPeople::see_in(store::Transaction& transaction, const PersonFacts& facts,
                                                Timestamp now, std::size_t arrivals) const {
    TRY(auto known, load_person(transaction, facts.origin));
    if (known) {
        Seen seen{.person = *std::move(known)};
        seen.news = take_in(seen.person, facts, now);
        if (seen.news != News::none) TRY_VOID(update_person(transaction, seen.person));
        return seen;
    }
    if (count_.load() + arrivals >= people_max)
        return fail(Fault::invalid_request,
                    fmt::format("There are {} people already, which is the most that are kept.", people_max));
    TRY(std::string name, free_account_name(facts, [&](const std::string& candidate) -> Result<bool> {
            TRY(const auto other, load_person(transaction, candidate));
            return other.has_value();
        }));
    Seen seen{.person = first_seen(std::move(name), facts, now), .news = News::facts, .arrived = true};
    TRY_VOID(insert_person(transaction, seen.person));
    return seen;
}

Result<std::shared_ptr<const Person>> StoredPeople::see(const PersonFacts& facts, const AlsoPerson& also) {
    TRY(const PersonFacts kept, usable(facts));
    const Timestamp now = clock_.now();
    if (auto known = find(kept.origin)) {
        Person copy = *known;
        if (take_in(copy, kept, now) == News::none) return known;
    }
    Changed changed;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(Seen seen, see_in(transaction, kept, now, 0));
        if (seen.news == News::facts && also) TRY_VOID(also(transaction, seen.person));
        if (seen.news != News::none) note(changed, std::move(seen.person));
        return {};
    }));
    publish(std::move(changed));
    return find(kept.origin);
}

/// One person, by name, in a transaction of their own. What changes nothing is not written, and audited all the same.
Result<void> StoredPeople::alter(std::string_view name, const std::function<Result<bool>(Person&)>& change,
                                 const AlsoPerson& also) {
    Changed changed;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto person, load_person(transaction, name));
        if (!person) return nobody(name);
        TRY(const bool is_changed, change(*person));
        if (is_changed) TRY_VOID(update_person(transaction, *person));
        if (also) TRY_VOID(also(transaction, *person));
        if (is_changed) note(changed, *std::move(person));
        return {};
    }));
    publish(std::move(changed));
    return {};
}

Result<std::shared_ptr<const Person>> StoredPeople::set_state(std::string_view name, PersonState state,
                                                              std::string_view why, const AlsoPerson& also) {
    const Timestamp now = clock_.now();
    TRY_VOID(alter(name, [&](Person& person) { return move_to(person, state, why, now); }, also));
    return find(name);
}

Result<void> StoredPeople::put_out(std::string_view name, const AlsoPerson& also) {
    const Timestamp now = clock_.now();
    const auto out = [&](Person& person) -> Result<bool> {
        auth::put_out(person, now);
        ++person.version;
        return true;
    };
    return alter(name, out, also);
}

Result<void> StoredPeople::note_sign_in(std::string_view name, const AlsoPerson& also) {
    const Timestamp now = clock_.now();
    const auto signed_in = [&](Person& person) -> Result<bool> {
        person.signed_in_at = now;
        ++person.version;
        return true;
    };
    return alter(name, signed_in, also);
}

Result<void> StoredPeople::see_all(store::Transaction& transaction, std::span<const PersonFacts> seen, Timestamp now,
                                   Changed& changed) const {
    std::size_t arrivals = 0;
    for (const PersonFacts& facts : seen) {
        TRY(const PersonFacts kept, usable(facts));
        TRY(Seen one, see_in(transaction, kept, now, arrivals));
        if (one.arrived) ++arrivals;
        if (one.news != News::none) note(changed, std::move(one.person));
    }
    return {};
}

Result<void> StoredPeople::change(std::span<const PersonFacts> seen, std::span<const Change> states,
                                  const std::function<Result<void>(store::Transaction&)>& also) {
    const Timestamp now = clock_.now();
    Changed changed;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(see_all(transaction, seen, now, changed));
        for (const Change& each : states) {
            TRY(auto person, load_person(transaction, each.name));
            if (!person) return nobody(each.name);
            TRY(const bool is_changed, move_to(*person, each.state, each.why, now));
            if (!is_changed) continue;
            TRY_VOID(update_person(transaction, *person));
            note(changed, *std::move(person));
        }
        return also ? also(transaction) : Result<void>{};
    }));
    publish(std::move(changed));
    return {};
}

void StoredPeople::publish(Changed changed) {
    std::vector<Person> people;
    people.reserve(changed.size());
    for (auto& [name, person] : changed) people.push_back(std::move(person));
    publish(std::move(people));
}

void StoredPeople::publish(std::vector<Person> people) {
    const MutexLock lock(publishing_);
    std::vector<std::shared_ptr<const Person>> fresh;
    std::vector<std::shared_ptr<const OriginEntry>> origins;
    std::vector<std::shared_ptr<const TypedName>> typed;
    for (Person& person : people) {
        const auto current = by_name_.find(person.name);
        if (current != nullptr && current->version >= person.version) continue;
        if (current == nullptr)
            origins.push_back(
                std::make_shared<const OriginEntry>(OriginEntry{text_of(person.facts.origin), person.name}));
        for (const std::string* text : {&person.facts.email, &person.facts.user_name})
            if (!text->empty() &&
                (current == nullptr || (current->facts.email != *text && current->facts.user_name != *text)))
                typed.push_back(std::make_shared<const TypedName>(
                    TypedName{typed_key(person.facts.origin.source, *text), person.name}));
        person.standing = standing_of_ ? standing_of_(person.facts) : Standing{};
        fresh.push_back(std::make_shared<const Person>(std::move(person)));
    }
    // Names first: whoever finds an origin finds its person.
    by_name_.replace(fresh);
    by_origin_.replace(origins);
    by_typed_name_.replace(typed);
    count_.fetch_add(origins.size());
}

void StoredPeople::restand(StandingOf standing_of) {
    const MutexLock lock(publishing_);
    standing_of_ = std::move(standing_of);
    std::vector<std::shared_ptr<const Person>> fresh;
    for (const auto& person : by_name_.all()) {
        Standing standing = standing_of_ ? standing_of_(person->facts) : Standing{};
        if (standing == person->standing) continue;
        Person other = *person;
        other.standing = std::move(standing);
        fresh.push_back(std::make_shared<const Person>(std::move(other)));
    }
    by_name_.replace(fresh);
}

}  // namespace

store::Schema People::schema() { return {.part = "auth_people", .steps = steps}; }

Result<std::unique_ptr<People>> People::open(store::Store& store, const Clock& clock, StandingOf standing_of) {
    std::vector<Person> people;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(people, load_people(transaction));
        return {};
    }));
    return std::make_unique<StoredPeople>(store, clock, std::move(standing_of), std::move(people));
}

}  // namespace bursar::auth
