#include "auth/ldap/company.h"
#include "auth/ldap/groups.h"
#include "auth/ldap/names.h"
#include "auth/ldap/person.h"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t people_max = 300'000, groups_max = 100'000;

Query all_groups(const Options& options, std::vector<std::string> attributes) {
    return {.base = options.groups_base,
            .filter = filter_of_groups(options),
            .attributes = std::move(attributes),
            .page_size = options.page_size,
            .entries_max = groups_max};
}

/// Every group that leads to others, and which of them count: a sign-in is told of both by the server at once.
Outcome<void> read_groups(Connection& connection, const Options& options, Deadline deadline, Found& groups,
                          Graph& graph) {
    const Options wide = on_the_way(options);
    TRY_VOID(search(connection, all_groups(wide, Graph::attributes(wide)), deadline, groups));
    for (const Entry& group : groups.entries) graph.add(group);
    if (dn_key(wide.groups_base) == dn_key(options.groups_base) && wide.groups_filter == options.groups_filter)
        return {};
    Found counted;
    TRY_VOID(search(connection, all_groups(options, group_attributes(options)), deadline, counted));
    graph.count_only(counted.entries);
    return {};
}

/// The first reason counts: the ones behind it may come of it.
void not_whole(auth::Listing& listing, const std::string& why) {
    listing.whole = false;
    if (listing.why_not.empty()) listing.why_not = why;
}

}  // namespace

Result<auth::Listing> Company::list() {
    auth::Listing listing;
    const auto done =
        at_a_server(in(options_.listing_timeout), [&](Connection& connection, Deadline deadline) -> Outcome<void> {
            if (options_.bind_dn.empty())
                return failed(Failure::Kind::refused, "without a service account (bind_dn) people cannot be listed");
            if (!options_.direct_bind.empty()) TRY_VOID(bind_service(connection, deadline));
            auth::Listing fresh;
            const auto listed = list_all(connection, deadline, fresh);
            if (listed || fresh.people.size() >= listing.people.size()) listing = std::move(fresh);
            return listed;
        });
    if (done) return listing;
    if (listing.people.empty()) return std::unexpected(unavailable(done.error()));
    not_whole(listing, done.error().text);
    return listing;
}

Outcome<void> Company::list_all(Connection& connection, Deadline deadline, auth::Listing& listing) {
    listing.whole = true;
    Found people, groups;
    const Query everybody{.base = options_.people_base,
                          .filter = options_.people_filter,
                          .attributes = person_attributes(options_),
                          .page_size = options_.page_size,
                          .entries_max = people_max};
    Graph graph(on_the_way(options_));
    const auto people_read = search(connection, everybody, deadline, people);
    const auto groups_read = read_groups(connection, options_, deadline, groups, graph);
    if (!people_read) not_whole(listing, people_read.error().text);
    if (!groups_read) not_whole(listing, fmt::format("groups: {}", groups_read.error().text));
    for (const Found* found : {&people, &groups})
        if (!found->references.empty() && options_.kind != Kind::active_directory)
            not_whole(listing,
                      fmt::format("part of the directory is on another server: {}", found->references.front()));

    // Groups on another server are not none.
    const bool groups_known = groups_read && (groups.references.empty() || options_.kind == Kind::active_directory);

    std::set<std::string> seen;
    for (const Entry& entry : people.entries) {
        auto facts = facts_of(entry, options_, clock_.now());
        if (!facts) {
            not_whole(listing, facts.error().text);
            continue;
        }
        if (!seen.insert(facts->origin.subject).second) {
            not_whole(listing, fmt::format("two entries have the {} {}", options_.id_attribute, facts->origin.subject));
            continue;
        }
        facts->groups_known = groups_known;
        if (groups_known) facts->groups = graph.of(entry);
        listing.people.push_back(*std::move(facts));
    }
    // Nobody at all, and not for want of people: that is no list, but an error.
    if (!people_read && (people.entries.empty() || people_read.error().elsewhere_may_help())) return people_read;
    if (!groups_read && groups_read.error().elsewhere_may_help()) return groups_read;
    return {};
}

}  // namespace bursar::ldap
