#pragma once

#include <string>
#include <string_view>

namespace bursar::oidc {

/// Whether we ask there: "https", or "http" on this machine's loopback; no user, no fragment, no space or control
/// character, at most url_bytes_max.
bool is_askable(std::string_view url);
/// Whether what an issuer names may be asked: askable, and not less protected than the issuer itself.
bool is_askable_for(std::string_view issuer, std::string_view url);
/// One part of application/x-www-form-urlencoded, also fit for a query.
std::string form_encoded(std::string_view text);
/// Appends "name=value" with the '&' or '?' that it takes. `out` is a form (which may be empty) or a URL.
void append_field(std::string& form, std::string_view name, std::string_view value);
void append_query(std::string& url, std::string_view name, std::string_view value);

inline constexpr std::size_t url_bytes_max = 2048;

}  // namespace bursar::oidc
