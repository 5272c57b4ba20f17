#include "service/providers/fields.h"

#include <algorithm>
#include <utility>

namespace bursar::providers {
namespace {

/// Which place a member of an object stands at. What is not here is text.
struct Step {
    Place from;
    std::string_view key;
    Place to;
};
constexpr std::array steps = {
    Step{Place::message, "content", Place::content},
    // Items of the Responses API: tool outputs carry parts or one screenshot, image generation carries the image.
    Step{Place::message, "output", Place::content},
    Step{Place::message, "result", Place::image},
    Step{Place::part, "image_url", Place::image_url},
    Step{Place::part, "source", Place::source},
    Step{Place::part, "input_audio", Place::audio_object},
    Step{Place::part, "content", Place::content},
    Step{Place::part, "file", Place::document},
    Step{Place::part, "file_id", Place::stored},
    Step{Place::part, "file_url", Place::document},
    Step{Place::part, "file_data", Place::document},
    Step{Place::image_url, "url", Place::image},
    Step{Place::audio_object, "data", Place::audio},
    Step{Place::output_settings, "format", Place::format},
    Step{Place::format, "type", Place::format_type},
    // Compacting a conversation samples it once more.
    Step{Place::context, "edits", Place::edits},
    // Gemini, in both spellings of its names.
    Step{Place::turn, "parts", Place::turn_parts},
    Step{Place::turn_part, "inlineData", Place::blob},
    Step{Place::turn_part, "inline_data", Place::blob},
    Step{Place::turn_part, "fileData", Place::stored},
    Step{Place::turn_part, "file_data", Place::stored},
    Step{Place::turn_part, "functionResponse", Place::turn},
    Step{Place::turn_part, "function_response", Place::turn},
};

/// Takes the first letter off `rest`, as encoding/json folds it: also the two letters beyond ASCII that fold into it,
/// U+017F (long s) and U+212A (the Kelvin sign).
char take_folded(std::string_view& rest) {
    constexpr std::string_view long_s = "\xC5\xBF";
    constexpr std::string_view kelvin = "\xE2\x84\xAA";
    for (const auto& [letter, folded] : {std::pair{long_s, 's'}, std::pair{kelvin, 'k'}})
        if (rest.starts_with(letter)) {
            rest.remove_prefix(letter.size());
            return folded;
        }
    const char c = rest.front();
    rest.remove_prefix(1);
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_meant(std::string_view field, std::string_view name) {
    for (const char c : field)
        if (name.empty() || take_folded(name) != c) return false;
    return name.empty();
}

std::size_t row_meant(Endpoint endpoint, std::string_view name) {
    for (std::size_t row = 0; row < key_names.size(); ++row)
        if ((key_names[row].endpoints & bit(endpoint)) != 0 && is_meant(key_names[row].name, name)) return row;
    return no_row;
}

std::size_t row_of(Endpoint endpoint, std::string_view name) {
    for (std::size_t row = 0; row < key_names.size(); ++row)
        if (key_names[row].name == name) return (key_names[row].endpoints & bit(endpoint)) != 0 ? row : no_row;
    return no_row;
}

Place inside(Place place, std::string_view key) {
    // A content that is one object stands for its only part.
    if (place == Place::content) place = Place::part;
    if (place == Place::contents) place = Place::turn;
    if (place == Place::turn_parts) place = Place::turn_part;
    const auto* found =
        std::ranges::find_if(steps, [&](const Step& step) { return step.from == place && step.key == key; });
    return found == steps.end() ? Place::text : found->to;
}

Place element_of(Place list) {
    if (list == Place::messages) return Place::message;
    if (list == Place::content) return Place::part;
    if (list == Place::edits) return Place::edit;
    if (list == Place::contents) return Place::turn;
    if (list == Place::turn_parts) return Place::turn_part;
    if (list == Place::google_tools) return Place::google_tool;
    return list == Place::tools ? Place::tool : Place::text;
}

bool runs_at_provider(std::string_view tool_type) {
    static constexpr std::array prefixes = {"web_search",       "web_fetch",      "file_search", "mcp",
                                            "code_interpreter", "code_execution", "advisor",     "compact"};
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return tool_type.starts_with(prefix); });
}

bool billed_besides(std::string_view tool_type) {
    // By call, by container and hour, by picture of another model (both providers' price pages, October 2026).
    static constexpr std::array prefixes = {"file_search", "code_interpreter", "code_execution", "image_generation"};
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return tool_type.starts_with(prefix); });
}

}  // namespace bursar::providers
