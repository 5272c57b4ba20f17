#pragma once

#include "service/base/result.h"
#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

// The settings of Google's generateContent request.
namespace bursar::providers::translate {

Result<void> read_generation_config(dom::object config, const Where& where, Ask& ask);
/// Which tools may be called. Comes after the tools in every client's body, but need not.
Result<void> read_tool_config(dom::object config, const Where& where, Ask& ask);

}  // namespace bursar::providers::translate
