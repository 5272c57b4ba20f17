#pragma once

#include "service/base/json.h"
#include "service/providers/translate/canonical.h"

#include <string>

namespace bursar::providers::translate {

/// Gathers what an answer's thinking is proved by, for `thinking_blocks` of a Chat message: Anthropic takes thinking
/// back only whole and signed. Other gateways use the same name and form; `index`, the place in the answer, is ours.
class Thoughts {
  public:
    void add(const Part& part, std::size_t index) {
        const bool redacted = part.kind == Part::Kind::redacted_thinking;
        if (!redacted && (part.kind != Part::Kind::thinking || part.signature.empty())) return;
        if (empty_) json_.open_list();
        empty_ = false;
        json_.open().field("type", redacted ? "redacted_thinking" : "thinking");
        if (redacted)
            json_.field("data", part.text);
        else
            json_.field("thinking", part.text).field("signature", part.signature);
        json_.field("index", static_cast<std::uint64_t>(index)).close();
    }
    bool empty() const { return empty_; }
    std::string json() const { return json_.text() + "]"; }

  private:
    JsonWriter json_;
    bool empty_ = true;
};

}  // namespace bursar::providers::translate
