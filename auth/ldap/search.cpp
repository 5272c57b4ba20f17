#include "auth/ldap/search.h"

#include <algorithm>
#include <ldap.h>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t bytes_max = std::size_t{512} << 20, values_max = 1'000'000, empty_pages_max = 20;
const std::string any_entry = "(objectClass=*)";

/// Fetches what a server has kept back of an attribute: Active Directory tells 1,500 values at a time.
Outcome<void> complete(Connection& connection, Entry& entry, const std::string& attribute, Deadline deadline) {
    while (entry.cut.contains(attribute)) {
        const std::size_t next = entry.cut[attribute];
        Ask ask{.base = entry.dn, .scope = Scope::base, .filter = any_entry, .bytes_max = bytes_max};
        ask.attributes = {fmt::format("{};range={}-*", attribute, next)};
        TRY(Page page, connection.ask(ask, deadline));
        std::vector<std::string>& kept = entry.values[attribute];
        const bool more = page.entries.size() == 1 && !page.entries[0].all(attribute).empty();
        if (!more || kept.size() != next)
            return failed(Failure::Kind::partial,
                          fmt::format("{}: {} has {} values of {} and did not tell the rest",
                                      connection.server().text(), entry.dn, kept.size(), attribute));
        std::vector<std::string>& got = page.entries[0].values[attribute];
        if (kept.size() + got.size() > values_max)
            return failed(Failure::Kind::partial,
                          fmt::format("{} has more than {} values of {}", entry.dn, values_max, attribute));
        std::ranges::move(got, std::back_inserter(kept));
        entry.cut.erase(attribute);
        if (const auto further = page.entries[0].cut.find(attribute); further != page.entries[0].cut.end())
            entry.cut[attribute] = further->second;
    }
    return {};
}

Outcome<void> complete_all(Connection& connection, std::vector<Entry>& entries, Deadline deadline) {
    for (Entry& entry : entries) {
        std::vector<std::string> attributes;
        for (const auto& [attribute, next] : entry.cut) attributes.push_back(attribute);
        for (const std::string& attribute : attributes) TRY_VOID(complete(connection, entry, attribute, deadline));
    }
    return {};
}

}  // namespace

Outcome<void> search(Connection& connection, const Query& query, Deadline deadline, Found& found) {
    Ask ask{.base = query.base, .filter = query.filter, .attributes = query.attributes, .page_size = query.page_size};
    ask.bytes_max = bytes_max;
    std::size_t bytes = 0, empty_pages = 0;
    do {
        TRY(Page page, connection.ask(ask, deadline));
        TRY_VOID(complete_all(connection, page.entries, deadline));
        bytes += page.bytes;
        empty_pages = page.entries.empty() ? empty_pages + 1 : 0;
        std::ranges::move(page.entries, std::back_inserter(found.entries));
        std::ranges::move(page.references, std::back_inserter(found.references));
        if (found.entries.size() > query.entries_max || bytes > bytes_max || empty_pages > empty_pages_max)
            return failed(Failure::Kind::partial,
                          fmt::format("{}: more than {} entries, or more than {} bytes of them, for {}",
                                      connection.server().text(), query.entries_max, bytes_max, query.filter));
        ask.cookie = std::move(page.cookie);
    } while (!ask.cookie.empty());
    return {};
}

Outcome<Entry> read(Connection& connection, const std::string& dn, const std::string& filter,
                    const std::vector<std::string>& attributes, Deadline deadline) {
    Ask ask{.base = dn, .scope = Scope::base, .filter = filter.empty() ? any_entry : filter, .attributes = attributes};
    ask.bytes_max = bytes_max;
    TRY(Page page, connection.ask(ask, deadline));
    if (page.entries.empty())
        return failed(Failure::Kind::refused, fmt::format("there is no \"{}\" that the account may see", dn),
                      LDAP_NO_SUCH_OBJECT);
    TRY_VOID(complete_all(connection, page.entries, deadline));
    return std::move(page.entries.front());
}

Outcome<Found> find_few(Connection& connection, const Query& query, std::size_t few, Deadline deadline) {
    Ask ask{.base = query.base, .filter = query.filter, .attributes = query.attributes, .entries_max = few};
    ask.bytes_max = bytes_max;
    TRY(Page page, connection.ask(ask, deadline));
    TRY_VOID(complete_all(connection, page.entries, deadline));
    return Found{std::move(page.entries), std::move(page.references)};
}

}  // namespace bursar::ldap
