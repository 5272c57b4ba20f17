#include "service/providers/translate/cohere_words.h"

#include "service/providers/translate/counts.h"

namespace bursar::providers::translate {

Stop stop_from_cohere(std::string_view finish_reason) {
    if (finish_reason.empty() || finish_reason == "ERROR" || finish_reason == "TIMEOUT") return Stop::unsaid;
    if (finish_reason == "MAX_TOKENS") return Stop::length;
    if (finish_reason == "TOOL_CALL") return Stop::tool_calls;
    return finish_reason == "STOP_SEQUENCE" ? Stop::sequence : Stop::end;
}

void read_cohere_counts(dom::object usage, Counts& counts) {
    Counts billed;
    if (const auto units = object_member(usage, "billed_units")) read_counts(*units, billed);
    const auto tokens = object_member(usage, "tokens");
    if (!billed.any() && tokens) read_counts(*tokens, billed);
    const auto cached = integer_member(usage, "cached_tokens").value_or(-1);
    if (cached >= 0 && cached <= count_max) billed.cached = cached;
    counts.update(billed);
}

}  // namespace bursar::providers::translate
