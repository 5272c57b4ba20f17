#pragma once

#include "service/base/result.h"
#include "service/providers/body.h"

#include <string_view>
#include <vector>

// Bodies that are forms (multipart/form-data, RFC 7578): files with a few settings. They are read where they are and
// passed on as they came but for the model's name.
namespace bursar::providers {

inline constexpr std::size_t form_parts_max = 64;
inline constexpr std::size_t form_part_head_bytes_max = 2048;

struct FormPart {
    std::string_view name;
    bool file = false;                ///< it has a file's name
    std::string_view file_name = {};  ///< that name, where it stands in plain letters
    Span value;
};

/// The parts in their order, views into both arguments. Strict: two readers that cut a form differently would make one
/// body two requests. invalid_request.
Result<std::vector<FormPart>> read_form(std::string_view content_type, std::string_view body);

/// What must be known of a form at one of the endpoints that take one. invalid_request.
Result<Prompt> read_form_prompt(Endpoint endpoint, std::string_view content_type, std::string_view body);

}  // namespace bursar::providers
