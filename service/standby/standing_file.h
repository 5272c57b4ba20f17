#pragma once

#include "service/standby/fence.h"

#include <filesystem>
#include <optional>

namespace bursar::standby {

/// The standing that `file` has; none if there is no such file: the node was never one of two. wrong_configuration if
/// it was cut or edited: a node that does not know what it is must not serve.
Result<std::optional<Standing>> read_standing(const std::filesystem::path& file);
/// On stable storage when it returns; after a crash at any moment the file has the former or the new one.
Result<void> write_standing(const std::filesystem::path& file, const Standing& standing);

}  // namespace bursar::standby
