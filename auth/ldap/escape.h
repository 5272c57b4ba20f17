#pragma once

#include <string>
#include <string_view>

// The one place where text becomes part of a search filter or of a distinguished name.
namespace bursar::ldap {

/// A value in a filter (RFC 4515 §3): it matches itself and nothing else, an asterisk included.
std::string filter_value(std::string_view value);
/// Bytes in a filter, such as an objectGUID: every one escaped.
std::string filter_bytes(std::string_view bytes);
/// A value in a distinguished name (RFC 4514 §2.4), with what Active Directory wants escaped besides: '#' and '='
/// anywhere, line breaks.
std::string dn_value(std::string_view value);

}  // namespace bursar::ldap
