#pragma once

#include "service/base/endpoint.h"
#include "service/base/result.h"

#include <optional>
#include <string_view>

// Paths of files and batches, which providers keep (docs/decisions/0035-batches.md).
namespace bursar::gateway {

struct Call;

/// What stands in the path where the row's suffix has `{id}`, with its escapes; empty where it has none; nothing if it
/// is another path.
std::optional<std::string_view> id_in(std::string_view path, const EndpointFacts& row);
/// Whether it is one of files or batches.
bool is_shelved(Endpoint endpoint);
/// By which a row of the table is reached whose path may have an id.
std::string_view method_of(Endpoint endpoint);
/// Whether a path is one of theirs, or below one.
bool is_shelf_path(std::string_view path);
/// Room 1 for such a path: which endpoint, and which id. not_found, method_not_allowed, invalid_request.
Result<void> greet_shelf(Call& call);

}  // namespace bursar::gateway
