#pragma once

#include "integrations/text.h"
#include "service/base/secret.h"

#include <string>
#include <string_view>

// The generic webhook; docs/reference/webhook.md is what receivers read.
namespace bursar::integrations::webhook {

inline constexpr int schema_version = 1;

/// {"schema": 1, "id": …, "perhaps_sent": …, "message": {…}}; a message with a report also has "report": {…}.
std::string body(const Message& message, std::string_view id, Copy copy);
/// "v1=" and the hexadecimal HMAC-SHA256 of "timestamp.id.body" under the key.
std::string signature(const Secret& key, std::string_view timestamp, std::string_view id, std::string_view body);

}  // namespace bursar::integrations::webhook
