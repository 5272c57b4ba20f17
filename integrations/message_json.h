#pragma once

#include "integrations/json.h"
#include "integrations/message.h"
#include "service/base/result.h"

namespace bursar::integrations {

/// As a JSON object; docs/reference/webhook.md describes it. Times have milliseconds.
void write(JsonWriter& json, const Message& message);
Result<Message> read_message(const Json& from);

}  // namespace bursar::integrations
