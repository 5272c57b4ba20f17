#pragma once

#include "service/base/result.h"

#include <string>

namespace bursar::courier {

/// Becomes that user for good, with his groups and nobody else's.
Result<void> become(const std::string& user);
/// No core files, no debugger of another process, and nothing that is started could have more rights than this.
Result<void> keep_to_itself();

}  // namespace bursar::courier
