#pragma once

#include "service/ctl/outcome.h"

#include <filesystem>
#include <string_view>

namespace bursar::ctl {

/// Writes a file whole or not at all and makes its folders. A new one is for its owner only; one that is there keeps
/// its mode, and what a link points to is changed, not the link.
Outcome<void> write_private(const std::filesystem::path& file, std::string_view text);

}  // namespace bursar::ctl
