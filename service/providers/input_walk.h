#pragma once

#include "service/base/abilities.h"
#include "service/base/money.h"
#include "service/providers/fields.h"
#include "service/providers/json_walk.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bursar::providers {

/// How deep a request body may nest.
inline constexpr int body_depth_max = 256;

/// What in a body becomes input, and by which measure.
class InputWalk {
  public:
    /// Goes through everything below `value`, so that the whole body is known to be JSON of bounded depth, and sums up
    /// what is not text.
    error_code walk(ondemand::value value, Place place, int depth);
    /// The same for legacy completions' prompt, each of a list of which is answered n times, and for what is embedded.
    error_code count_prompts(ondemand::value value);

    std::int64_t prompts() const { return prompts_; }
    /// Whether some of them are tokens and no text.
    bool in_tokens() const { return in_tokens_; }
    std::size_t bytes_not_text() const { return bytes_not_text_; }
    Tokens tokens_not_text() const { return tokens_not_text_; }
    std::int64_t pictures() const { return pictures_; }
    /// What the model has to be able to do; what a mere address or id stands for is not known here.
    Abilities needs() const;
    /// That an answer is to follow a schema: said by the mere presence of one.
    void note_schema() { needs_.add(Ability::structured_output); }
    /// Whether the provider adds input that is not in the body.
    bool elsewhere() const { return elsewhere_; }
    /// Whether an item stands for one that is stored at the provider: by a reference, or as a thought or a picture of
    /// which only the id is there.
    bool item_reference() const { return item_reference_; }

    /// What the provider does itself, besides the model.
    struct Tools {
        std::int64_t count = 0;
        std::int64_t typed = 0;  ///< defined by the provider: their definitions are not in the body
        bool web_search = false;
        bool searches_bounded = true;  ///< every web search tool says how often it may be used
        std::int64_t searches_max = 0;
        std::string unpriced;  ///< the first that is billed besides tokens, without a price here
    };
    const Tools& tools() const { return tools_; }

  private:
    error_code walk_object(ondemand::value value, Place place, int depth);
    error_code walk_message(ondemand::value value, int depth);
    error_code walk_source(ondemand::value value, int depth);
    error_code walk_blob(ondemand::value value, int depth);
    error_code walk_tool(ondemand::value value, Place place, int depth);
    error_code walk_google_tool(ondemand::value value, int depth);
    void note_google_tool(std::string_view name);
    void note_tool(std::string_view type, std::int64_t uses_max);
    void note_text(Place place, std::string_view text);

    std::int64_t prompts_ = 1;
    bool in_tokens_ = false;
    std::size_t bytes_not_text_ = 0;
    Tokens tokens_not_text_ = 0;
    std::int64_t pictures_ = 0;
    bool elsewhere_ = false;
    bool item_reference_ = false;
    Abilities needs_;
    Tools tools_;
};

}  // namespace bursar::providers
