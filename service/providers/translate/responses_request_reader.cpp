#include "service/providers/translate/carried.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/media.h"
#include "service/providers/translate/reading.h"
#include "service/providers/translate/responses_names.h"
#include "service/providers/translate/responses_proof.h"
#include "service/providers/translate/responses_tools.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

// OpenAI's Responses request (the types of its npm client 7.57, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class ResponsesReader {
  public:
    explicit ResponsesReader(Ask& ask) : ask_(ask) {}
    Result<void> read(dom::object body);

  private:
    using Handler = Result<void> (ResponsesReader::*)(dom::element, const Where&);
    struct Field {
        std::string_view name;
        Handler read;
    };
    static const std::array<Field, 20> fields;

    Result<void> input(dom::element value, const Where& where);
    Result<void> tools(dom::element value, const Where& where);
    Result<void> tool_choice(dom::element value, const Where& where);
    Result<void> parallel(dom::element value, const Where& where);
    Result<void> max_tokens(dom::element value, const Where& where);
    Result<void> temperature(dom::element value, const Where& where);
    Result<void> top_p(dom::element value, const Where& where);
    Result<void> stream(dom::element value, const Where& where);
    Result<void> user(dom::element value, const Where& where);
    Result<void> reasoning(dom::element value, const Where& where);
    Result<void> text(dom::element value, const Where& where);
    Result<void> tier(dom::element value, const Where& where);
    Result<void> include(dom::element value, const Where& where);
    Result<void> stored(dom::element value, const Where& where);
    Result<void> ignored(dom::element value, const Where& where);

    Result<void> item(dom::object item, const Where& where);
    Result<void> message(dom::object message, const Where& where);
    Result<void> content(dom::element value, std::vector<Part>& parts, const Where& where);
    Result<void> part(dom::object part, std::vector<Part>& parts, const Where& where);
    Result<void> file(dom::object part, std::vector<Part>& parts, const Where& where);
    Result<void> call(dom::object item, bool takes_text, const Where& where);
    Result<void> result(dom::object item, const Where& where);
    Result<void> thinking(dom::object item);
    Result<void> add(std::vector<Part>& parts, Part part);

    Ask& ask_;
    std::size_t parts_ = 0;
};

const std::array<ResponsesReader::Field, 20> ResponsesReader::fields = {{
    {"input", &ResponsesReader::input},
    {"tools", &ResponsesReader::tools},
    {"tool_choice", &ResponsesReader::tool_choice},
    {"parallel_tool_calls", &ResponsesReader::parallel},
    {"max_output_tokens", &ResponsesReader::max_tokens},
    {"temperature", &ResponsesReader::temperature},
    {"top_p", &ResponsesReader::top_p},
    {"stream", &ResponsesReader::stream},
    {"user", &ResponsesReader::user},
    {"safety_identifier", &ResponsesReader::user},
    {"reasoning", &ResponsesReader::reasoning},
    {"text", &ResponsesReader::text},
    {"service_tier", &ResponsesReader::tier},
    {"include", &ResponsesReader::include},
    {"previous_response_id", &ResponsesReader::stored},
    {"conversation", &ResponsesReader::stored},
    {"prompt", &ResponsesReader::stored},
    {"instructions", &ResponsesReader::ignored},
    {"model", &ResponsesReader::ignored},
    {"stream_options", &ResponsesReader::ignored},
}};

/// Hints to OpenAI's own machines, or about its own tools, which cannot be asked for: without them the answer is as
/// right as with them. A prompt that is too long is refused by the provider instead of being cut.
constexpr std::array<std::string_view, 9> hints = {
    "store",      "metadata",       "client_metadata",    "prompt_cache_key",      "prompt_cache_options",
    "truncation", "max_tool_calls", "context_management", "prompt_cache_retention"};

Result<void> ResponsesReader::read(dom::object body) {
    // They come before what `input` has of the system, wherever they stand in the body.
    if (const auto instructions = member(body, "instructions")) {
        const auto text = as_text(*instructions);
        if (!text) return wrong({.name = "instructions"}, "text");
        TRY_VOID(add(ask_.system, {.text = *text}));
    }
    for (const auto entry : body) {
        if (entry.value.is_null()) continue;
        const Where where{.name = entry.key};
        const auto* field = std::ranges::find(fields, entry.key, &Field::name);
        if (field != fields.end())
            TRY_VOID((this->*field->read)(entry.value, where));
        else if (std::ranges::find(hints, entry.key) == hints.end() && !says_nothing(entry.value))
            return no_form(where, "has no form there. Leave it out, or ask for a model of OpenAI's.");
    }
    if (ask_.turns.empty()) return wrong({.name = "input"}, "text, or a list of items with a message of the user");
    return {};
}

Result<void> ResponsesReader::ignored(dom::element, const Where&) { return {}; }

Result<void> ResponsesReader::stored(dom::element, const Where& where) {
    return no_form(where,
                   "names what is stored at OpenAI. Send the whole conversation as `input` (most clients do so with "
                   "`store: false`).");
}

Result<void> ResponsesReader::add(std::vector<Part>& parts, Part part) {
    if (++parts_ > parts_max)
        return fail(Fault::invalid_request, "`input` has too many parts. Send a shorter conversation.");
    parts.push_back(std::move(part));
    return {};
}

Result<void> ResponsesReader::input(dom::element value, const Where& where) {
    if (const auto text = as_text(value)) return add(turn_of(ask_, Role::user), {.text = *text});
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "text or a list of items");
    std::size_t index = 0;
    for (const auto one : list) {
        const Where here = where.at(index++);
        const auto object = as_object(one);
        if (!object) return wrong(here, "an item: an object with `type`");
        TRY_VOID(item(*object, here));
    }
    return {};
}

Result<void> ResponsesReader::item(dom::object item, const Where& where) {
    const auto type = text_member(item, "type");
    if (type.empty() || type == "message") return message(item, where);
    if (type == "function_call") return call(item, false, where);
    if (type == "custom_tool_call") return call(item, true, where);
    if (type == "function_call_output" || type == "custom_tool_call_output") return result(item, where);
    if (type == "reasoning") return thinking(item);
    if (type == "item_reference")
        return no_form(where,
                       "names an item that is stored at OpenAI. Send the item itself (most clients do so with `store: "
                       "false`).");
    return no_form(where, fmt::format("is \"{}\", an item that only OpenAI's models know.", type.substr(0, 60)));
}

Result<void> ResponsesReader::message(dom::object message, const Where& where) {
    const auto role = text_member(message, "role");
    const auto value = member(message, "content");
    if (!value) return wrong(where.at("content"), "text or a list of parts");
    const Where here = where.at("content");
    if (role == "user") return content(*value, turn_of(ask_, Role::user), here);
    if (role == "assistant") return content(*value, turn_of(ask_, Role::assistant), here);
    if (role != "system" && role != "developer") return wrong(where.at("role"), "system, developer, user or assistant");
    return content(*value, ask_.turns.empty() ? ask_.system : turn_of(ask_, Role::system), here);
}

Result<void> ResponsesReader::content(dom::element value, std::vector<Part>& parts, const Where& where) {
    if (const auto text = as_text(value)) return add(parts, {.text = *text});
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "text or a list of parts");
    std::size_t index = 0;
    for (const auto one : list) {
        const Where here = where.at(index++);
        const auto object = as_object(one);
        if (!object) return wrong(here, "a part: an object with `type`");
        TRY_VOID(part(*object, parts, here));
    }
    return {};
}

Result<void> ResponsesReader::part(dom::object part, std::vector<Part>& parts, const Where& where) {
    const auto type = text_member(part, "type");
    if (type == "input_text" || type == "output_text" || type == "text")
        return add(parts, {.text = text_member(part, "text")});
    if (type == "refusal") return add(parts, {.text = text_member(part, "refusal")});
    if (type == "input_file") return file(part, parts, where);
    if (type == "input_audio") return no_form(where, "is sound, which this model does not take.");
    if (type != "input_image")
        return wrong(where.at("type"), "input_text, input_image, input_file, output_text or refusal");
    const auto url = text_member(part, "image_url");
    if (url.empty())
        return no_form(where, "is no picture with `image_url`: one that is stored at OpenAI cannot be read there.");
    TRY(auto image, image_from_url(url, where.at("image_url")));
    return add(parts, std::move(image));
}

Result<void> ResponsesReader::file(dom::object part, std::vector<Part>& parts, const Where& where) {
    if (member(part, "file_url") && !member(part, "file_data"))
        return no_form(where.at("file_url"), "names a file elsewhere. Send its bytes as `file_data` instead.");
    TRY(auto document, document_from_file(part, where));
    return add(parts, std::move(document));
}

Result<void> ResponsesReader::call(dom::object item, bool takes_text, const Where& where) {
    const ToolName name{
        .space = text_member(item, "namespace"), .name = text_member(item, "name"), .takes_text = takes_text};
    Part part{.kind = Kind::tool_call, .name = name.name, .id = text_member(item, "call_id")};
    if (part.name.empty()) return wrong(where.at("name"), "the name of a tool");
    if (part.id.empty()) return wrong(where.at("call_id"), "the id of the call");
    if (takes_text || !name.space.empty()) part.name = ask_.keep(joined_name(name));
    if (takes_text) {
        part.arguments = ask_.keep(text_as_arguments(text_member(item, "input")));
    } else {
        const auto json = object_text(text_member(item, "arguments"));
        if (!json) return wrong(where.at("arguments"), "the text of a JSON object");
        part.arguments = *json;
    }
    take_carried(ask_, part);
    return add(turn_of(ask_, Role::assistant), std::move(part));
}

Result<void> ResponsesReader::result(dom::object item, const Where& where) {
    Part part{.kind = Kind::tool_result, .id = text_member(item, "call_id")};
    if (part.id.empty()) return wrong(where.at("call_id"), "the id of the call that this is the output of");
    take_carried(ask_, part);
    if (const auto output = member(item, "output")) TRY_VOID(content(*output, part.parts, where.at("output")));
    return add(turn_of(ask_, Role::user), std::move(part));
}

/// OpenAI's own cannot be read by anybody else, and a summary alone is taken back by nobody.
Result<void> ResponsesReader::thinking(dom::object item) {
    auto part = unsealed(text_member(item, "encrypted_content"));
    return part ? add(turn_of(ask_, Role::assistant), *std::move(part)) : Result<void>();
}

Result<void> ResponsesReader::tools(dom::element value, const Where& where) {
    return read_responses_tools(value, where, ask_);
}
Result<void> ResponsesReader::tool_choice(dom::element value, const Where& where) {
    return read_responses_choice(value, where, ask_);
}

Result<void> ResponsesReader::parallel(dom::element value, const Where& where) {
    bool truth = false;
    if (value.get_bool().get(truth) != simdjson::SUCCESS) return wrong(where, "true or false");
    ask_.parallel = truth;
    return {};
}

Result<void> ResponsesReader::max_tokens(dom::element value, const Where& where) {
    return read_count(value, where, ask_.max_tokens);
}
Result<void> ResponsesReader::temperature(dom::element value, const Where& where) {
    return read_number(value, where, ask_.temperature);
}
Result<void> ResponsesReader::top_p(dom::element value, const Where& where) {
    return read_number(value, where, ask_.top_p);
}

Result<void> ResponsesReader::stream(dom::element value, const Where& where) {
    return value.get_bool().get(ask_.stream) == simdjson::SUCCESS ? Result<void>()
                                                                  : Result<void>(wrong(where, "true or false"));
}

Result<void> ResponsesReader::user(dom::element value, const Where&) {
    ask_.user = as_text(value).value_or(ask_.user);
    return {};
}

/// Who wants a summary wants to see the thinking, as far as its provider shows it.
Result<void> ResponsesReader::reasoning(dom::element value, const Where& where) {
    const auto object = as_object(value);
    if (!object) return wrong(where, "an object with `effort` and `summary`");
    if (const auto effort = member(*object, "effort")) TRY_VOID(read_effort(*effort, where.at("effort"), ask_.effort));
    const bool summary = member(*object, "summary") || member(*object, "generate_summary");
    if (summary && !ask_.effort.empty() && ask_.effort != "none") ask_.thinking_display = "summarized";
    return {};
}

/// `verbosity` is about style.
Result<void> ResponsesReader::text(dom::element value, const Where& where) {
    const auto object = as_object(value);
    if (!object) return wrong(where, "an object with `format`");
    const auto format = object_member(*object, "format");
    const auto type = format ? text_member(*format, "type") : std::string_view("text");
    if (type == "text") return {};
    if (type == "json_object") {
        ask_.format.kind = Format::Kind::json;
        return {};
    }
    const auto schema = format ? member(*format, "schema") : std::nullopt;
    if (type != "json_schema" || !schema || !as_object(*schema))
        return wrong(where.at("format"), "of the type text, json_object or json_schema, the last with a `schema`");
    ask_.format = {.kind = Format::Kind::schema,
                   .name = text_member(*format, "name"),
                   .description = text_member(*format, "description"),
                   .schema = ask_.keep(json_of(*schema)),
                   .strict = truth_member(*format, "strict"),
                   .closed = is_closed(*schema)};
    return {};
}

Result<void> ResponsesReader::tier(dom::element value, const Where& where) {
    const auto word = as_text(value).value_or("");
    if (word == "auto" || word == "priority") return {};
    if (word != "default") return no_form(where, "can be auto, default or priority there.");
    ask_.standard_tier = true;
    return {};
}

/// Most of what can be asked for belongs to tools that cannot be; reasoning carries itself without being asked.
Result<void> ResponsesReader::include(dom::element value, const Where& where) {
    std::vector<std::string_view> words;
    TRY_VOID(read_texts(value, where, words));
    if (std::ranges::find(words, "message.output_text.logprobs") != words.end())
        return no_form(where, "asks for logprobs, which this model does not give.");
    return {};
}

}  // namespace

Result<void> read_responses_request(dom::object body, Ask& ask) { return ResponsesReader(ask).read(body); }

}  // namespace bursar::providers::translate
