#pragma once

#include "service/backup/archive.h"

#include <string>
#include <string_view>

// The readable lines of a backup.
namespace bursar::backup {

std::string write_head(const Manifest& manifest);
/// `bytes`: the beginning of a file. wrong_configuration with what is wrong in it.
struct Head {
    Manifest manifest;
    std::size_t bytes = 0;  ///< of the head; the parts begin behind it
};
Result<Head> read_head(std::string_view bytes);

}  // namespace bursar::backup
