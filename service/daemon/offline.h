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

struct Restore {
    std::filesystem::path file;
    bool only_check = false;       ///< whether it could be restored; nothing is changed
    bool by_recovery_key = false;  ///< the backup's master key is lost; the configured one opens the vault afterwards
};
Result<void> restore(const Configuration& configuration, const Restore& what, const Clock& clock);
struct Fetch {
    std::string name;
    std::filesystem::path to;  ///< a new file
};
/// From [backup_target], needing neither state nor vault: what a new machine begins with.
Result<void> fetch_backup(const Configuration& configuration, const Fetch& what, const Clock& clock);
/// Makes the vault if there is none.
Result<void> make_recovery_key(const Configuration& configuration, const Clock& clock);
/// From now on the master key of the configuration opens the vault.
Result<void> use_recovery_key(const Configuration& configuration, const Clock& clock);

}  // namespace bursar::daemon
