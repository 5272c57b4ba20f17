#pragma once

#include "auth/ldap/ldap.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <string>
#include <string_view>

namespace bursar::ldap {

/// What somebody has typed to sign in, made fit for a directory.
struct Login {
    std::string name;     ///< without spaces at its ends
    std::string filter;   ///< whoever it may mean: user name, e-mail, and in Active Directory UPN and DOMAIN\user
    std::string bind_as;  ///< of a direct bind; else empty
};

/// unauthenticated for what cannot be a name: nothing is asked of the directory then.
Result<Login> login_of(std::string_view typed, const Options& options);

/// unauthenticated for a password that a directory would take for none (RFC 4513 §5.1.2), or that is no password.
Result<void> check_password(const Secret& password);

/// The one sentence that callers get, whatever was wrong; the operator gets `why`.
Error refusal(std::string why);

/// What a directory means by a refused bind, for operators: Active Directory's own numbers, the password policy's
/// words, or the result code.
std::string why_refused(int code, std::string_view diagnostic, std::string_view policy);

/// Whether a code says that this name and password are not let in, and not that the server cannot tell.
bool is_refusal(int code);

}  // namespace bursar::ldap
