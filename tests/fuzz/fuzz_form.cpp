// Hunts: a form that crashes its reader, parts that overlap or lie outside the body, and a splice that loses bytes.
#include "service/base/ensure.h"
#include "service/providers/form.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar;
    using namespace bursar::providers;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // The first line is the content type.
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::string_view type = text.substr(0, line);
    const std::string_view body = text.substr(std::min(line + 1, text.size()));
    const auto parts = read_form(type, body);
    if (parts) {
        ENSURE(parts->size() <= form_parts_max);
        std::size_t at = 0;
        for (const FormPart& part : *parts) {
            ENSURE(part.value.begin >= at && part.value.begin <= part.value.end && part.value.end < body.size());
            ENSURE(!part.name.empty());
            at = part.value.end;
        }
    }
    for (const Endpoint endpoint : {Endpoint::image_edits, Endpoint::transcriptions}) {
        const auto prompt = read_form_prompt(endpoint, type, body);
        ENSURE(!prompt || parts);
        if (!prompt) continue;
        ENSURE(prompt->choices >= 1 && prompt->input_at_most >= 0 && prompt->seconds_max >= 0);
        const Pieces pieces = splice(body, *prompt, {.model = "another", .max_tokens_name = {}});
        const std::size_t replaced = prompt->model == "another" ? 0 : std::string_view("another").size();
        ENSURE(replaced == 0 || pieces.bytes() == body.size() - prompt->model.size() + replaced);
    }
    return 0;
}
