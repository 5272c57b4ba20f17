#pragma once

#include "service/base/json.h"
#include "service/base/result.h"
#include "service/providers/translate/canonical.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::providers::translate {

/// Writes the messages of a conversation as Cohere's chat has them (docs.cohere.com/reference/chat, November 2026).
class CohereMessages {
  public:
    /// `thoughts`: whether the model gets its thinking back.
    CohereMessages(JsonWriter& json, bool thoughts) : json_(json), thoughts_(thoughts) {}
    /// The list. invalid_request, for what cannot be said.
    Result<void> write(const Ask& ask);

  private:
    void system_message(const Ask& ask);
    Result<void> user(const Turn& turn);
    void tool_message(const Part& result);
    Result<void> content(const std::vector<const Part*>& parts);
    void assistant(const Turn& turn);
    void answer_with_calls(const Turn& turn, const std::string& text, const std::string& thought);
    std::string thinking_in(const Turn& turn) const;

    JsonWriter& json_;
    bool thoughts_;
};

}  // namespace bursar::providers::translate
