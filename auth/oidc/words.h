#pragma once

#include "service/base/result.h"

#include <string>

// What people are told when a sign-in or a token is not accepted: one sentence whatever is wrong. The operator's text
// names the check.
namespace bursar::oidc {

/// unauthenticated, of a sign-in in the browser.
std::unexpected<Error> not_signed_in(std::string why);
/// unauthenticated, of a token that a program or a provider shows.
std::unexpected<Error> not_accepted(std::string why);
/// directory_unavailable.
std::unexpected<Error> not_available(std::string why);
/// Text of a provider, cut and without anything that turns or breaks a line, for an operator's text.
std::string in_quotes(std::string_view text);

inline constexpr std::size_t quoted_bytes_max = 200;

}  // namespace bursar::oidc
