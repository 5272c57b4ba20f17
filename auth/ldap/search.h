#pragma once

#include "auth/ldap/connection.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

// Whole answers: every page, and every value of every attribute.
namespace bursar::ldap {

struct Query {
    std::string base;
    std::string filter;
    std::vector<std::string> attributes;
    int page_size = 0;
    std::size_t entries_max = 0;
};

struct Found {
    std::vector<Entry> entries;
    std::vector<std::string> references;
};

/// Every entry below the base that the filter matches, in pages, each with all its values. Failure if anything of it is
/// missing, or if there are more than entries_max; what had come by then is in `found`.
Outcome<void> search(Connection& connection, const Query& query, Deadline deadline, Found& found);

/// One entry by its name; Failure `refused` with code 32 if there is none.
Outcome<Entry> read(Connection& connection, const std::string& dn, const std::string& filter,
                    const std::vector<std::string>& attributes, Deadline deadline);

/// At most `few` entries and whether there are more; for names that should have exactly one.
Outcome<Found> find_few(Connection& connection, const Query& query, std::size_t few, Deadline deadline);

}  // namespace bursar::ldap
