// A backup that lies away from the machine comes back.
#include "service/backup/archive.h"
#include "service/backup/backups.h"
#include "service/backup/target.h"
#include "service/daemon/offline.h"
#include "service/daemon/passphrase.h"

#include <cstdio>

#include <fmt/format.h>

namespace bursar::daemon {

Result<void> fetch_backup(const Configuration& configuration, const Fetch& what, const Clock& clock) {
    if (!configuration.backup_target)
        return fail(
            Fault::wrong_configuration,
            fmt::format("{}: [backup] target is missing: there is no place that a backup could be fetched from.",
                        configuration.file.string()));
    if (!backup::made_at(what.name))
        return fail(
            Fault::invalid_request,
            fmt::format("\"{}\" is no name of a backup; they look like bursar-20261130T020000Z.backup.", what.name));
    TRY(const Secret secret, read_target_secret());
    const auto target = backup::make_target(*configuration.backup_target, clock);
    TRY_VOID(target->fetch(what.name, what.to, secret, [](std::uint64_t, std::uint64_t) { return true; }));
    if (auto whole = backup::check_whole(what.to); !whole) {
        std::error_code ignored;
        std::filesystem::remove(what.to, ignored);
        return whole;
    }
    static_cast<void>(std::fputs(fmt::format("{}\n", what.to.string()).c_str(), stdout));
    return {};
}

}  // namespace bursar::daemon
