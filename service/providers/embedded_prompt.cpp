#include "service/providers/embedded_prompt.h"

namespace bursar::providers {

error_code read_embedded(Key key, ondemand::value value, InputWalk& input, Prompt& prompt) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (key == Key::encoding && type == ondemand::json_type::string) {
        std::string_view form;
        if (const auto error = value.get_string().get(form)) return error;
        prompt.base64 = form == "base64";
        return simdjson::SUCCESS;
    }
    if (key == Key::dimensions && type == ondemand::json_type::number) {
        std::int64_t length = 0;
        if (value.get_int64().get(length) == simdjson::SUCCESS) {
            prompt.dimensions = length;
            return simdjson::SUCCESS;
        }
    }
    return input.walk(value, Place::text, 2);
}

}  // namespace bursar::providers
