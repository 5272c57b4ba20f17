#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Search filters (RFC 4515): whether one is well formed, and what is built of several.
namespace bursar::ldap {

/// What is wrong with a filter, in words with the place; nullopt if it is well formed.
std::optional<std::string> wrong_in_filter(std::string_view filter);
/// "(a=b)" for "a=b", which libldap takes, too.
std::string in_parentheses(std::string filter);
/// "(&(a)(b))"; of one part, that part; empty parts do not count.
std::string all_of(const std::vector<std::string>& parts);
/// "(|(a)(b))"; of one part, that part.
std::string any_of(const std::vector<std::string>& parts);
/// "(name=value)" with the value escaped.
std::string equals(std::string_view attribute, std::string_view value);

}  // namespace bursar::ldap
