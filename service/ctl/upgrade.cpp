#include "service/ctl/upgrade.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// What a backup and a copy want besides the database: the vault, logs, the head.
constexpr std::uint64_t spare_bytes = 64 * mebibyte;
/// Daily ones, and two hours for the making.
constexpr std::chrono::hours backup_age_max{26};

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes + mebibyte - 1) / mebibyte; }

}  // namespace

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::warning:
            return "warning";
        case Verdict::stop:
            return "stop";
    }
    return "";
}

Point judge_version(const Offered& offered) {
    const auto point = [](Verdict verdict, std::string text) { return Point{verdict, "version", std::move(text)}; };
    if (offered.package != "bursar")
        return point(Verdict::stop, fmt::format("this is the package {}, not bursar; name the right file",
                                                offered.package.empty() ? "of nothing" : offered.package));
    if (offered.architecture != offered.machine)
        return point(Verdict::stop, fmt::format("the package is for {}, this machine is {}; take the one for it",
                                                offered.architecture, offered.machine));
    switch (offered.age) {
        case Age::newer:
            return point(Verdict::ok, fmt::format("from {} to {}", offered.present, offered.version));
        case Age::same:
            return point(Verdict::warning,
                         fmt::format("{} is here already; there is nothing to upgrade", offered.version));
        case Age::older:
            return point(Verdict::stop,
                         fmt::format("{} is older than {}, and does not read what that wrote; to go back, use "
                                     "bursar-rollback on the server",
                                     offered.version, offered.present));
    }
    return {};
}

Point judge_room(const Room& room) {
    const std::uint64_t copy = room.database_bytes + spare_bytes, backup = 2 * room.database_bytes + spare_bytes;
    const auto lacks = [](std::string_view where, std::uint64_t free, std::uint64_t needed) {
        return Point{Verdict::stop, "space",
                     fmt::format("the file system of {} has {} MiB left and needs {} MiB for a backup and a copy; make "
                                 "room, or keep fewer backups",
                                 where, mebibytes(free), mebibytes(needed))};
    };
    const bool together = room.one_file_system && room.backup_bytes_free.has_value();
    const std::uint64_t at_state = together ? copy + backup : copy;
    if (room.state_bytes_free < at_state) return lacks("the state", room.state_bytes_free, at_state);
    if (!together && room.backup_bytes_free && *room.backup_bytes_free < backup)
        return lacks("the backups", *room.backup_bytes_free, backup);
    return {Verdict::ok, "space",
            fmt::format("{} MiB are needed, {} MiB are left", mebibytes(at_state), mebibytes(room.state_bytes_free))};
}

Point judge_backup(const Backup& backup) {
    const auto point = [](Verdict verdict, std::string text) { return Point{verdict, "backup", std::move(text)}; };
    if (!backup.configured)
        return point(Verdict::stop,
                     "no backups are made, so there would be none to go back to; add [backup] folder = /path to "
                     "bursard's configuration, and restart it");
    if (!backup.failure.empty())
        return point(Verdict::stop,
                     fmt::format("the last one failed, and so would the one before the upgrade: {}", backup.failure));
    if (backup.running) return point(Verdict::warning, "one is being made; wait for its end: bursarctl backup list");
    if (!backup.age)
        return point(Verdict::warning, "there is none yet; try whether one can be made: bursarctl backup create");
    const auto hours = std::max<std::int64_t>(0, backup.age->count());
    if (*backup.age > backup_age_max)
        return point(Verdict::warning,
                     fmt::format("the newest is {} hours old; make one, and see why: bursarctl backup create", hours));
    return point(Verdict::ok, fmt::format("the newest is {} hours old; the upgrade makes one more", hours));
}

Point judge_database(std::string_view name, bool sound, std::string_view text) {
    if (sound) return {Verdict::ok, std::string(name), "every page is sound"};
    return {Verdict::stop, std::string(name), fmt::format("{} Do not upgrade before it is sound.", text)};
}

Point judge_waiting(std::size_t approvals) {
    if (approvals == 0) return {Verdict::ok, "approvals", "nothing waits for a second person"};
    return {Verdict::warning, "approvals",
            fmt::format("{} {} for a second person; decide before, or ask anew afterwards: bursarctl approvals list",
                        approvals, approvals == 1 ? "request waits" : "requests wait")};
}

}  // namespace bursar::ctl
