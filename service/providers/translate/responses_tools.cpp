#include "service/providers/translate/responses_tools.h"

#include "service/providers/translate/reading.h"
#include "service/providers/translate/responses_names.h"

#include <fmt/format.h>

// Tools of the Responses API (the types of OpenAI's npm client 7.57, November 2026).
namespace bursar::providers::translate {
namespace {

constexpr std::size_t word_shown_max = 60;
/// OpenAI's own limits are 64 bytes and 128 tools. A namespace is repeated in the name of each of its tools.
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t tools_max = 4'096;

Result<void> read_list(dom::array list, std::string_view space, const Where& where, Ask& ask);

std::unexpected<Error> own_tool(std::string_view type, const Where& where) {
    return no_form(where,
                   fmt::format("is \"{}\", a tool of OpenAI's own, which this model has not. Take it out, or use "
                               "functions.",
                               type.substr(0, word_shown_max)));
}

Result<std::string_view> name_of(dom::object tool, std::string_view space, bool takes_text, const Where& where,
                                 Ask& ask) {
    const auto name = text_member(tool, "name");
    if (name.empty() || name.size() > name_bytes_max)
        return wrong(where, fmt::format("a tool with a `name` of 1 to {} bytes", name_bytes_max));
    if (ask.tools.size() >= tools_max) return wrong(where, fmt::format("one of at most {} tools", tools_max));
    if (reads_as_joined(name)) return no_form(where, "has a `name` with __ns__ or __text__ in it. Call it otherwise.");
    if (space.empty() && !takes_text) return name;
    return ask.keep(joined_name({.space = space, .name = name, .takes_text = takes_text}));
}

Result<void> read_function(dom::object tool, std::string_view space, const Where& where, Ask& ask) {
    Tool out{.name = {}, .description = text_member(tool, "description")};
    TRY(out.name, name_of(tool, space, false, where, ask));
    if (const auto schema = member(tool, "parameters")) {
        if (!as_object(*schema)) return wrong(where, "one whose `parameters` are a JSON schema");
        out.schema = ask.keep(schema_of_arguments(*schema));
    }
    out.strict = truth_member(tool, "strict");
    ask.tools.push_back(out);
    return {};
}

/// A grammar cannot be enforced there: the model reads it.
Result<void> read_custom(dom::object tool, std::string_view space, const Where& where, Ask& ask) {
    Tool out{.name = {}, .description = text_member(tool, "description"), .schema = text_schema};
    TRY(out.name, name_of(tool, space, true, where, ask));
    const auto format = object_member(tool, "format");
    const auto grammar = format ? text_member(*format, "definition") : std::string_view{};
    if (!grammar.empty())
        out.description = ask.keep(fmt::format("{}\n\n`input` must follow this grammar ({}):\n{}", out.description,
                                               text_member(*format, "syntax"), grammar));
    ask.tools.push_back(out);
    return {};
}

Result<void> read_space(dom::object tool, const Where& where, Ask& ask) {
    const auto name = text_member(tool, "name");
    const auto list = list_member(tool, "tools");
    if (name.empty() || name.size() > name_bytes_max || !list)
        return wrong(where, fmt::format("a namespace with `tools` and a `name` of 1 to {} bytes", name_bytes_max));
    if (reads_as_joined(name)) return no_form(where, "has a `name` with __ns__ or __text__ in it. Call it otherwise.");
    return read_list(*list, name, where.at("tools"), ask);
}

Result<void> read_tool(dom::object tool, std::string_view space, const Where& where, Ask& ask) {
    const auto type = text_member(tool, "type");
    if (type == "function") return read_function(tool, space, where, ask);
    if (type == "custom") return read_custom(tool, space, where, ask);
    if (type == "namespace" && space.empty()) return read_space(tool, where, ask);
    return own_tool(type, where);
}

Result<void> read_list(dom::array list, std::string_view space, const Where& where, Ask& ask) {
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto tool = as_object(item);
        if (!tool) return wrong(here, "a tool: an object with `type`");
        TRY_VOID(read_tool(*tool, space, here, ask));
    }
    return {};
}

}  // namespace

Result<void> read_responses_tools(dom::element value, const Where& where, Ask& ask) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of tools");
    return read_list(list, {}, where, ask);
}

Result<void> read_responses_choice(dom::element value, const Where& where, Ask& ask) {
    if (const auto word = as_text(value)) {
        if (*word == "auto") ask.choice = Choice::automatic;
        if (*word == "none") ask.choice = Choice::none;
        if (*word == "required") ask.choice = Choice::required;
        if (ask.choice == Choice::unsaid) return wrong(where, "auto, none, required or a tool");
        return {};
    }
    const auto object = as_object(value);
    const auto type = object ? text_member(*object, "type") : std::string_view{};
    if (type != "function" && type != "custom") return no_form(where, "must be auto, none, required or a function.");
    const ToolName name{.space = text_member(*object, "namespace"),
                        .name = text_member(*object, "name"),
                        .takes_text = type == "custom"};
    if (name.name.empty() || name.name.size() > name_bytes_max || name.space.size() > name_bytes_max)
        return wrong(where.at("name"), "the name of a tool");
    ask.choice = Choice::named;
    ask.choice_name = ask.keep(joined_name(name));
    return {};
}

}  // namespace bursar::providers::translate
