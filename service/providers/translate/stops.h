#pragma once

#include "service/providers/translate/canonical.h"

#include <string_view>

// Why an answer ended or failed, in the words of each dialect.
namespace bursar::providers::translate {

Stop stop_from_chat(std::string_view finish_reason);
Stop stop_from_messages(std::string_view stop_reason);
Stop stop_from_gemini(std::string_view finish_reason);
std::string_view chat_word(Stop stop);
std::string_view messages_word(Stop stop);
std::string_view gemini_word(Stop stop);

/// The type of an error within a stream, from that of another dialect.
std::string_view chat_error_type(std::string_view messages_type);
std::string_view messages_error_type(std::string_view chat_type);
/// Google's status in words that the two above know.
std::string_view error_type_from_gemini(std::string_view status);

}  // namespace bursar::providers::translate
