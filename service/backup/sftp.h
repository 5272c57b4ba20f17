#pragma once

#include "service/backup/target.h"

#include <string_view>
#include <vector>

namespace bursar::backup {

std::unique_ptr<Target> sftp_target(const TargetOptions& options);

/// The lines of a folder as OpenSSH's server writes them (draft-ietf-secsh-filexfer-02 §7, "longname"): regular files
/// whose names are of ours, also those that are not whole yet.
std::vector<Stored> read_listing(std::string_view lines);
inline constexpr std::string_view part_suffix = ".part";

}  // namespace bursar::backup
