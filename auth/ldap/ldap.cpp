#include "auth/ldap/ldap.h"

namespace bursar::ldap {

Result<std::unique_ptr<auth::Directory>> connect(Options options, BindPassword, const Clock&) {
    return fail(Fault::not_implemented, "Directories are not connected yet.", std::move(options.name));
}

}  // namespace bursar::ldap
