#pragma once

#include "auth/scim/filter.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace bursar::scim {

inline constexpr std::int64_t page_max = 200;

/// What a GET asks for (RFC 7644 §3.4.2).
struct Query {
    std::vector<Comparison> filter;
    std::int64_t start = 1;  ///< from 1
    std::int64_t count = 100;
    bool with_members = true;
};
/// Names that mean nothing here are ignored.
Outcome<Query> read_query(std::string_view text);

}  // namespace bursar::scim
