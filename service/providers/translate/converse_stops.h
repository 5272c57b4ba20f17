#pragma once

#include "service/providers/translate/canonical.h"

#include <string_view>

// What Bedrock says of ends and errors (Amazon Bedrock API reference, Converse and common errors, November 2026).
namespace bursar::providers::translate {

Stop stop_from_converse(std::string_view stop_reason);
/// The type of an exception in words that chat_error_type() and messages_error_type() know.
std::string_view error_type_from_converse(std::string_view exception);

}  // namespace bursar::providers::translate
