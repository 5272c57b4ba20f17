#pragma once

#include "service/treasury/reconcile/place.h"

#include <optional>
#include <string_view>

// One reader per family of formats; export.cpp picks one.
namespace bursar::treasury::reconcile {

bool is_csv(Format format);
/// By the names in its head; nothing if they are of no format that is known.
std::optional<Format> csv_format_of(std::string_view text);
Result<Export> read_csv_export(std::string_view text, Format format);

/// By names that only one kind of answer has.
std::optional<Format> json_format_of(std::string_view text);
/// One page, or a list of all pages in their order.
Result<Export> read_json_export(std::string_view text, Format format);

/// OpenAI's counts contain each other: all input tokens, of which some were cached, audio or images.
struct OpenAiTokens {
    std::int64_t input = 0, input_cached = 0, output = 0;
    std::int64_t input_audio = 0, input_cached_audio = 0, output_audio = 0;
    std::int64_t input_image = 0, input_cached_image = 0, output_image = 0;
    std::int64_t* field(std::string_view name);  ///< "input_tokens", …; null for others
};
/// The same in classes that never overlap.
Result<Usage> usage_of(const OpenAiTokens& tokens, Place place);
/// "gpt-4o-2024-08-06, input" of a costs report: the model is in front.
std::string model_of_line_item(std::string_view line_item);

}  // namespace bursar::treasury::reconcile
