#include "service/providers/translate/responses_names.h"

#include "service/base/json.h"
#include "service/providers/translate/dom.h"

namespace bursar::providers::translate {
namespace {

// Letters that every provider takes in a name, and that no tool was seen to have.
constexpr std::string_view space_mark = "__ns__";
constexpr std::string_view text_mark = "__text__";

}  // namespace

std::string joined_name(const ToolName& name) {
    std::string out(name.space);
    if (!name.space.empty()) out += space_mark;
    out += name.name;
    if (name.takes_text) out += text_mark;
    return out;
}

ToolName split_name(std::string_view name) {
    ToolName out{.space = {}, .name = name};
    const auto at = name.find(space_mark);
    if (at != std::string_view::npos && at > 0) {
        out.space = name.substr(0, at);
        out.name = name.substr(at + space_mark.size());
    }
    if (out.name.size() > text_mark.size() && out.name.ends_with(text_mark)) {
        out.takes_text = true;
        out.name.remove_suffix(text_mark.size());
    }
    return out;
}

bool reads_as_joined(std::string_view name) { return name.contains(space_mark) || name.contains(text_mark); }

std::string text_as_arguments(std::string_view text) {
    JsonWriter json(text.size() + 32);
    json.open().field("input", text).close();
    return std::move(json).text();
}

std::string text_in_arguments(std::string_view arguments) {
    dom::object object;
    if (parse(Desk::inner, arguments).get_object().get(object) != simdjson::SUCCESS) return std::string(arguments);
    const auto value = member(object, "input");
    const auto text = value ? as_text(*value) : std::nullopt;
    return std::string(text.value_or(arguments));
}

}  // namespace bursar::providers::translate
