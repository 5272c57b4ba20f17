#pragma once

#include <string>
#include <string_view>

namespace bursar::integrations {

inline constexpr std::size_t address_bytes_max = 4000;

/// Whether messages may go there: https, or http on loopback; a host, no user in it, no blanks or control characters.
/// Nothing else is asked, whatever a policy or an answer says.
bool is_askable(std::string_view url);
/// Whether the host of an askable URL is this machine.
bool is_loopback(std::string_view url);
/// "https://hooks.slack.com": what of a URL may be shown. The rest is often the secret.
std::string origin_of(std::string_view url);
/// As a value in a form or query (RFC 3986 §2.1).
std::string percent_encoded(std::string_view text);

}  // namespace bursar::integrations
