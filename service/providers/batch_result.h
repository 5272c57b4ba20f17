#pragma once

#include "service/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What providers tell of batches and files in OpenAI's dialect.
namespace bursar::providers {

/// A batch, or a file, as its provider tells it.
struct StoredObject {
    std::string id;
    std::string status;                     ///< of a batch: "completed", "in_progress", …; see status_of()
    std::string output_file;                ///< empty: none
    std::string error_file;                 ///< empty: none
    std::optional<std::int64_t> completed;  ///< of its calls, if it tells
};
/// provider_unavailable: it is no JSON object with an id of letters, digits, - and _.
Result<StoredObject> read_stored(std::string_view json);
/// As OpenAI writes it, who writes "cancelled" and no capitals; others do otherwise.
std::string status_of(std::string_view told);
/// Whether a batch in this status will not change any more.
bool has_ended(std::string_view status);
/// An id as it may stand in a path as it is.
bool is_shelf_id(std::string_view id);

/// One line of a batch's output or error file.
struct BatchResult {
    std::string custom_id;
    int status = 0;         ///< of the answer; 0: there is none
    std::string_view body;  ///< JSON of the answer; a view into the line
};
/// Nothing for what is no such line.
std::optional<BatchResult> read_batch_result(std::string_view line);

}  // namespace bursar::providers
