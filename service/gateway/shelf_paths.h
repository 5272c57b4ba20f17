#pragma once

#include "service/base/endpoint.h"
#include "service/base/result.h"

#include <string_view>

// Paths of files and batches, which providers keep (docs/decisions/0035-batches.md).
namespace bursar::gateway {

struct Call;

/// Whether it is one of files or batches.
bool is_shelved(Endpoint endpoint);
/// By which a row of the table is reached whose path may have an id.
std::string_view method_of(Endpoint endpoint);
/// Whether a path is one of theirs, or below one.
bool is_shelf_path(std::string_view path);
/// Room 1 for such a path: which endpoint, and which id. not_found, method_not_allowed, invalid_request.
Result<void> greet_shelf(Call& call);

}  // namespace bursar::gateway
