#pragma once

#include "service/providers/answer.h"
#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

#include <string_view>

// What Cohere says of ends and counts (docs.cohere.com/reference/chat, November 2026).
namespace bursar::providers::translate {

/// Why an answer ended; unsaid where it broke off, which is no end.
Stop stop_from_cohere(std::string_view finish_reason);
/// Reads a `usage` object: what is billed, or without it what was read and written.
void read_cohere_counts(dom::object usage, Counts& counts);

}  // namespace bursar::providers::translate
