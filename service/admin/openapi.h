#pragma once

#include <string>

namespace bursar::admin {

/// The OpenAPI 3.1 description of the control plane, as JSON: what GET /api/v1/openapi.json answers and docs/reference/
/// keeps.
std::string openapi_document();

}  // namespace bursar::admin
