#pragma once

#include "service/base/json.h"
#include "service/base/result.h"
#include "service/providers/translate/canonical.h"
#include "service/providers/translate/converse_model.h"

#include <set>
#include <string>

namespace bursar::providers::translate {

/// Writes the blocks of messages as Bedrock's Converse has them (Amazon Bedrock API reference, ContentBlock, November
/// 2026).
class ConverseContent {
  public:
    ConverseContent(JsonWriter& json, Family family) : json_(json), family_(family) {}
    /// Whether a part is anything there: not blank text, nor thinking whose proof the model would not know.
    bool is_said(const Part& part) const;
    /// invalid_request, for what cannot be said.
    Result<void> write(const Part& part);
    /// A cachePoint, if the part or tool is marked and the model knows them.
    void mark(CacheMark mark);

  private:
    Result<void> image(const Part& part);
    Result<void> document(const Part& part);
    Result<void> tool_result(const Part& part);
    void thinking(const Part& part);
    std::string document_name(std::string_view wanted);

    JsonWriter& json_;
    Family family_;
    std::set<std::string> documents_;  ///< their names so far: each has one of its own
};

/// 64 letters, digits, _ and -; the same id becomes the same id at the call and at its result.
std::string converse_tool_id(std::string_view id);

}  // namespace bursar::providers::translate
