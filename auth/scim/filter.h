#pragma once

#include "auth/scim/refusal.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Paths of attributes and filters (RFC 7644 §3.4.2.2, §3.5.2): of the grammar what Entra, Okta and their like send,
// which is `eq` and `and`.
namespace bursar::scim {

inline constexpr std::size_t filter_bytes_max = 2'048;
inline constexpr std::size_t terms_max = 10;

/// `type eq "work"` within brackets. Names in small letters.
struct Term {
    std::string attribute;
    std::string value;  ///< of true and false the word
    bool operator==(const Term&) const = default;
};

/// `emails[type eq "work"].value`
struct Path {
    bool foreign = false;              ///< of an extension that Bursar does not keep
    std::string attribute;             ///< in small letters
    std::vector<Term> filter;          ///< all of them must hold; empty: no brackets
    std::optional<std::string> sub{};  ///< in small letters
    bool operator==(const Path&) const = default;
};

struct Comparison {
    Path path;
    std::string value;
    bool operator==(const Comparison&) const = default;
};

/// invalidPath
Outcome<Path> parse_path(std::string_view text);
/// Comparisons that must all hold. invalidFilter; the sentence says which operators there are.
Outcome<std::vector<Comparison>> parse_filter(std::string_view text);

}  // namespace bursar::scim
