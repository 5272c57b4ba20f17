#pragma once

#include "service/admin/message.h"

#include <string_view>

namespace bursar::admin {

inline constexpr std::string_view scim_base = "/scim/v2";

/// Whether a provider of identities reads the answer: it knows errors in SCIM's shape only.
bool is_scim(std::string_view path);
/// RFC 7644 §3.12, with the headers that answer_to() gives.
Answer scim_answer_to(const Problem& problem);

}  // namespace bursar::admin
