#include "auth/sync.h"

#include "auth/person_entry.h"
#include "service/base/ensure.h"
#include "service/base/json.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t per_transaction = 500;
constexpr std::size_t details_names_max = 200;
constexpr auto seen_every = std::chrono::days(1);

/// By subject; only of this source.
using Known = std::unordered_map<std::string_view, const Person*>;

std::vector<std::string> differences(const Person& before, const PersonFacts& now) {
    std::vector<std::string> what;
    const PersonFacts& facts = before.facts;
    if (facts.user_name != now.user_name) what.emplace_back("user name");
    if (facts.display_name != now.display_name) what.emplace_back("display name");
    if (facts.email != now.email) what.emplace_back("e-mail");
    if (now.groups_known ? facts.groups != now.groups : facts.groups_known) what.emplace_back("groups");
    if (facts.account != now.account) what.emplace_back("account");
    return what;
}

bool takes_away(const Person& before, const PersonFacts& now) {
    const bool suspends = before.let_in() && !keeps_access(now.account);
    const bool strips = before.let_in() && now.groups_known && now.groups.empty() && !before.facts.groups.empty();
    return suspends || strips;
}

void add_seen(Proposal& out, const Person* known, PersonFacts facts, Timestamp now) {
    if (known == nullptr) {
        out.arrivals.push_back({.facts = std::move(facts), .name = {}, .what = {}});
        return;
    }
    Proposal::Seen seen{.facts = std::move(facts), .name = known->name, .what = {}};
    seen.what = differences(*known, seen.facts);
    seen.removes = takes_away(*known, seen.facts);
    const bool comes_back =
        known->state != PersonState::active && !known->held_by_operator && keeps_access(seen.facts.account);
    const bool held_comes_back = known->held_by_operator && known->state == PersonState::gone;
    if (comes_back || held_comes_back)
        out.returns.push_back(std::move(seen));
    else if (!seen.what.empty() || seen.removes)
        out.changes.push_back(std::move(seen));
    else if (!known->seen_at || now >= *known->seen_at + seen_every)
        out.unchanged.push_back(std::move(seen.facts));
}

void add_absent(Proposal& out, const Person& person, const SyncLimits& limits, Timestamp now) {
    if (person.state == PersonState::gone) return;
    const Timestamp since = person.missing_since.value_or(now);
    // Whoever is suspended has nothing that a grace would keep, and loses nothing.
    if (!person.let_in() || now >= since + limits.grace) {
        if (person.let_in()) ++out.removals;
        out.leavers.push_back({.name = person.name,
                               .state = PersonState::gone,
                               .why = fmt::format("not in {} any more since {}", out.source, to_text(since))});
    } else if (person.state != PersonState::missing) {
        out.missing.push_back({.name = person.name,
                               .state = PersonState::missing,
                               .why = fmt::format("not in the list of {} of {}", out.source, to_text(now))});
    }
}

void stop(Proposal& out, SyncStop reason, std::string why) {
    out.stop = reason;
    out.why = std::move(why);
}

void check_removals(Proposal& out, std::size_t listed, const SyncLimits& limits) {
    out.removals += static_cast<int>(out.missing.size()) +
                    static_cast<int>(std::ranges::count_if(out.changes, &Proposal::Seen::removes));
    if (listed == 0 && out.let_in > 0)
        return stop(out, SyncStop::emptied,
                    fmt::format("The list of {} is empty, and {} people of it are let in. Nobody was removed. Check "
                                "its base and its filter.",
                                out.source, out.let_in));
    const int most = std::max(limits.removals_min, out.let_in * limits.removals_percent_max / 100);
    if (out.removals > most)
        stop(out, SyncStop::too_many,
             fmt::format("{} of {} people would lose access, which is more than {} ({} percent, at least {}). Nobody "
                         "was removed. If it is right, apply it by hand.",
                         out.removals, out.let_in, most, limits.removals_percent_max, limits.removals_min));
}

void list_names(JsonWriter& json, std::string_view field, const std::vector<std::string>& names) {
    json.key(field).open_list();
    for (std::size_t i = 0; i < std::min(names.size(), details_names_max); ++i) json.value(names[i]);
    json.close_list();
    if (names.size() > details_names_max)
        json.field(fmt::format("{}_left_out", field), static_cast<std::int64_t>(names.size() - details_names_max));
}

std::vector<std::string> in_words(const std::vector<Proposal::Seen>& seen) {
    std::vector<std::string> lines;
    for (const Proposal::Seen& each : seen) {
        std::string line = each.name.empty() ? each.facts.user_name : each.name;
        for (std::size_t i = 0; i < each.what.size(); ++i) line.append(i == 0 ? ": " : ", ").append(each.what[i]);
        if (each.removes) line.append(each.what.empty() ? ": " : ", ").append("loses access");
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<std::string> names_of(const std::vector<People::Change>& changes) {
    std::vector<std::string> names;
    for (const People::Change& change : changes) names.push_back(change.name);
    return names;
}

}  // namespace

std::string_view name_of(SyncStop stop) {
    switch (stop) {
        case SyncStop::none:
            return "none";
        case SyncStop::partial:
            return "partial";
        case SyncStop::emptied:
            return "emptied";
        case SyncStop::duplicates:
            return "duplicates";
        case SyncStop::too_many:
            return "too_many";
    }
    ENSURE(false);
}

Proposal propose(std::string_view source, std::span<const std::shared_ptr<const Person>> known, const Listing& listing,
                 const SyncLimits& limits, Timestamp now) {
    Proposal out{.source = std::string(source)};
    Known theirs;
    for (const auto& person : known) {
        if (person->facts.origin.source != source) continue;
        theirs.emplace(person->facts.origin.subject, person.get());
        if (person->let_in()) ++out.let_in;
    }
    std::set<std::string> listed;
    for (const PersonFacts& each : listing.people) {
        auto facts = usable(each);
        if (!facts || facts->origin.source != source) {
            ++out.unusable;
            continue;
        }
        if (!listed.insert(facts->origin.subject).second) {
            Proposal none{.source = out.source, .let_in = out.let_in};
            stop(none, SyncStop::duplicates,
                 fmt::format("The id {} stands twice in the list of {}, so nothing of it was taken over. Name an "
                             "attribute in the policy that is everybody's own.",
                             facts->origin.subject, source));
            return none;
        }
        const auto person = theirs.find(facts->origin.subject);
        add_seen(out, person == theirs.end() ? nullptr : person->second, *std::move(facts), now);
    }
    if (listing.whole)
        for (const auto& person : known)
            if (person->facts.origin.source == source && !listed.contains(person->facts.origin.subject))
                add_absent(out, *person, limits, now);
    check_removals(out, listed.size(), limits);
    if (!listing.whole)
        stop(out, SyncStop::partial,
             fmt::format("The list of {} is not whole, so nobody was removed: {}", source, listing.why_not));
    return out;
}

Result<void> apply(People& people, const Proposal& proposal,
                   const std::function<Result<void>(store::Transaction&)>& also) {
    const bool takes = proposal.stop == SyncStop::none;
    std::vector<PersonFacts> gives, removes = {};
    for (const auto* list : {&proposal.arrivals, &proposal.returns, &proposal.changes})
        for (const Proposal::Seen& seen : *list)
            if (!seen.removes)
                gives.push_back(seen.facts);
            else if (takes)
                removes.push_back(seen.facts);
    gives.insert(gives.end(), proposal.unchanged.begin(), proposal.unchanged.end());
    const std::span<const PersonFacts> all(gives);
    for (std::size_t from = 0; from < all.size(); from += per_transaction)
        TRY_VOID(people.change(all.subspan(from, std::min(per_transaction, all.size() - from)), {}, {}));
    std::vector<People::Change> states;
    if (takes)
        for (const auto* list : {&proposal.missing, &proposal.leavers})
            states.insert(states.end(), list->begin(), list->end());
    return people.change(removes, states, also);
}

std::string details_json(const Proposal& proposal) {
    JsonWriter json;
    json.open();
    list_names(json, "arrivals", in_words(proposal.arrivals));
    list_names(json, "changes", in_words(proposal.changes));
    list_names(json, "returns", in_words(proposal.returns));
    list_names(json, "missing", names_of(proposal.missing));
    list_names(json, "leavers", names_of(proposal.leavers));
    json.field("unusable", proposal.unusable).close();
    return std::move(json).text();
}

}  // namespace bursar::auth
