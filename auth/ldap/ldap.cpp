#include "auth/ldap/ldap.h"

#include "auth/ldap/company.h"
#include "auth/ldap/options.h"
#include "auth/ldap/resolve.h"
#include "auth/ldap/trust.h"

#include <fmt/format.h>

namespace bursar::ldap {

Result<std::unique_ptr<auth::Directory>> connect(Options options, BindPassword password, const Clock& clock) {
    TRY(Options whole, completed(std::move(options)));
    auto trust = trust_in(whole.ca);
    if (!trust) {
        Error& error = trust.error();
        return fail(error.fault, fmt::format("Directory \"{}\", ca: {}", whole.name, error.for_caller),
                    error.for_operator);
    }
    const bool active_directory = whole.kind == Kind::active_directory;
    auto discover = [active_directory](const std::string& domain, Deadline deadline) {
        return servers_of_domain(domain, active_directory, deadline);
    };
    return std::make_unique<Company>(std::move(whole), std::move(password), clock, *std::move(trust),
                                     std::move(discover));
}

}  // namespace bursar::ldap
