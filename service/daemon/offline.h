#pragma once

#include "auth/operators.h"
#include "service/base/clock.h"
#include "service/daemon/configuration.h"

#include <string>

// What the machine's owner does to the books while the service does not run. Each prints to standard output what it
// makes, once; a passphrase of the vault is asked for. Blocking.
namespace bursar::daemon {

/// Makes the vault if there is none.
Result<void> issue_operator(const Configuration& configuration, const std::string& name, auth::Role role,
                            const Clock& clock);
/// In place of the break-glass account that there may be.
Result<void> make_break_glass(const Configuration& configuration, const std::string& name, const Clock& clock);
Result<void> seal_break_glass(const Configuration& configuration, const Clock& clock);

}  // namespace bursar::daemon
