#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

namespace bursar::providers::translate {

/// `tools` and `tool_choice` of a Responses request.
Result<void> read_responses_tools(dom::element value, const Where& where, Ask& ask);
Result<void> read_responses_choice(dom::element value, const Where& where, Ask& ask);

}  // namespace bursar::providers::translate
