// Hunts: a body that our reader and another parser understand differently, and a splice that yields something else than
// it says.
#include "service/providers/body.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace {

using namespace bursar;
using namespace bursar::providers;

void require(bool truth) {
    if (!truth) std::abort();
}

std::string joined(const Pieces& pieces) {
    std::string text;
    for (const auto view : pieces.views()) text += view;
    require(text.size() == pieces.bytes());
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2) return 0;
    const auto endpoint = static_cast<Endpoint>(bytes[0] % 6);
    const std::string body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    simdjson::dom::parser referee;
    const bool is_json = referee.parse(body).error() == simdjson::SUCCESS;

    const auto prompt = read_prompt(endpoint, body);
    if (!prompt) {
        require(prompt.error().fault == Fault::invalid_request && !prompt.error().for_caller.empty());
        require(!is_json || !prompt.error().for_caller.starts_with("The body is not valid"));
        return 0;
    }
    require(prompt->input_at_most >= 0 && prompt->choices >= 1 && !prompt->model.empty());
    require(joined(splice(body, *prompt, {})) == body);

    const Rewrite rewrite{
        .model = "another/model", .max_tokens = 4711, .ask_usage = endpoint == Endpoint::chat_completions};
    const std::string spliced = joined(splice(body, *prompt, rewrite));
    const auto again = read_prompt(endpoint, spliced);
    require(again.has_value());
    require(again->model == rewrite.model);
    require(prompt->max_tokens_field.empty() || again->max_tokens == rewrite.max_tokens);
    require(!rewrite.ask_usage || !again->stream || again->usage_asked);
    require(again->choices == prompt->choices && again->stream == prompt->stream &&
            again->service_tier == prompt->service_tier);

    if (!is_json) return 0;  // such as a number that no parser can hold; it passes as it is
    simdjson::dom::object object;
    require(referee.parse(spliced).get_object().get(object) == simdjson::SUCCESS);
    int models = 0;
    for (const auto [key, value] : object)
        if (key == "model") {
            ++models;
            require(value.get_string().value() == rewrite.model);
        }
    require(models == 1);
    return 0;
}
