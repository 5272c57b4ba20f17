#include "service/providers/translate/carried.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/media.h"
#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>

// OpenAI's Chat Completions request (API reference, October 2026), and what other servers of that dialect added to it:
// top_k, thinking, reasoning_content, thinking_blocks.
namespace bursar::providers::translate {
namespace {

class ChatReader {
  public:
    explicit ChatReader(Ask& ask) : ask_(ask) {}
    Result<void> read(dom::object body);

  private:
    using Handler = Result<void> (ChatReader::*)(dom::element, const Where&);
    struct Field {
        std::string_view name;
        Handler read;
    };
    static const std::array<Field, 24> fields;

    Result<void> messages(dom::element value, const Where& where);
    Result<void> tools(dom::element value, const Where& where);
    Result<void> tool_choice(dom::element value, const Where& where);
    Result<void> parallel(dom::element value, const Where& where);
    Result<void> max_tokens(dom::element value, const Where& where);
    Result<void> temperature(dom::element value, const Where& where);
    Result<void> top_p(dom::element value, const Where& where);
    Result<void> top_k(dom::element value, const Where& where);
    Result<void> seed(dom::element value, const Where& where);
    Result<void> frequency_penalty(dom::element value, const Where& where);
    Result<void> presence_penalty(dom::element value, const Where& where);
    Result<void> stop(dom::element value, const Where& where);
    Result<void> stream(dom::element value, const Where& where);
    Result<void> user(dom::element value, const Where& where);
    Result<void> effort(dom::element value, const Where& where);
    Result<void> thinking(dom::element value, const Where& where);
    Result<void> format(dom::element value, const Where& where);
    Result<void> tier(dom::element value, const Where& where);
    Result<void> choices(dom::element value, const Where& where);
    Result<void> modalities(dom::element value, const Where& where);
    Result<void> ignored(dom::element value, const Where& where);

    Result<void> message(dom::object message, const Where& where);
    Result<void> content(dom::object message, std::vector<Part>& parts, const Where& where);
    Result<void> part(dom::object part, std::vector<Part>& parts, const Where& where);
    Result<void> assistant(dom::object message, const Where& where);
    Result<void> carried_thinking(dom::object message, std::vector<Part>& parts);
    Result<void> tool_call(dom::element call, std::vector<Part>& parts, const Where& where);
    Result<void> add(std::vector<Part>& parts, Part part);

    Ask& ask_;
    std::size_t parts_ = 0;
};

const std::array<ChatReader::Field, 24> ChatReader::fields = {{
    {"messages", &ChatReader::messages},
    {"tools", &ChatReader::tools},
    {"tool_choice", &ChatReader::tool_choice},
    {"parallel_tool_calls", &ChatReader::parallel},
    {"max_completion_tokens", &ChatReader::max_tokens},
    {"max_tokens", &ChatReader::max_tokens},
    {"temperature", &ChatReader::temperature},
    {"top_p", &ChatReader::top_p},
    {"top_k", &ChatReader::top_k},
    {"seed", &ChatReader::seed},
    {"frequency_penalty", &ChatReader::frequency_penalty},
    {"presence_penalty", &ChatReader::presence_penalty},
    {"stop", &ChatReader::stop},
    {"stream", &ChatReader::stream},
    {"user", &ChatReader::user},
    {"safety_identifier", &ChatReader::user},
    {"reasoning_effort", &ChatReader::effort},
    {"thinking", &ChatReader::thinking},
    {"response_format", &ChatReader::format},
    {"service_tier", &ChatReader::tier},
    {"n", &ChatReader::choices},
    {"modalities", &ChatReader::modalities},
    {"model", &ChatReader::ignored},
    {"stream_options", &ChatReader::ignored},
}};

/// Hints to OpenAI's own machines, or about style: without them the answer is as right as with them.
constexpr std::array<std::string_view, 8> hints = {"store",
                                                   "metadata",
                                                   "prediction",
                                                   "verbosity",
                                                   "prompt_cache_key",
                                                   "prompt_cache_options",
                                                   "prompt_cache_retention",
                                                   "include_reasoning"};

Result<void> ChatReader::read(dom::object body) {
    for (const auto entry : body) {
        if (entry.value.is_null()) continue;
        const Where where{.name = entry.key};
        const auto* field = std::ranges::find(fields, entry.key, &Field::name);
        if (field != fields.end())
            TRY_VOID((this->*field->read)(entry.value, where));
        else if (std::ranges::find(hints, entry.key) == hints.end() && !says_nothing(entry.value))
            return no_form(where, "has no form there. Leave it out, or ask for a model of the OpenAI dialect.");
    }
    return {};
}

Result<void> ChatReader::ignored(dom::element, const Where&) { return {}; }

Result<void> ChatReader::add(std::vector<Part>& parts, Part part) {
    if (++parts_ > parts_max)
        return fail(Fault::invalid_request, "`messages` has too many parts. Send a shorter conversation.");
    parts.push_back(std::move(part));
    return {};
}

Result<void> ChatReader::messages(dom::element value, const Where& where) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of messages");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(here, "a message: an object with `role` and `content`");
        TRY_VOID(message(*object, here));
    }
    return {};
}

Result<void> ChatReader::message(dom::object message, const Where& where) {
    const auto role = text_member(message, "role");
    if (role == "system" || role == "developer") {
        auto& parts = ask_.turns.empty() ? ask_.system : turn_of(ask_, Role::system);
        return content(message, parts, where);
    }
    if (role == "user") return content(message, turn_of(ask_, Role::user), where);
    if (role == "assistant") return assistant(message, where);
    if (role == "function") return no_form(where, "is of the old form `function`. Send `tool` messages instead.");
    if (role != "tool") return wrong(where.at("role"), "system, developer, user, assistant or tool");
    Part result{.kind = Part::Kind::tool_result, .id = text_member(message, "tool_call_id")};
    if (result.id.empty()) return wrong(where.at("tool_call_id"), "the id of the tool call that this is the result of");
    take_carried(ask_, result);
    TRY_VOID(content(message, result.parts, where));
    return add(turn_of(ask_, Role::user), std::move(result));
}

Result<void> ChatReader::content(dom::object message, std::vector<Part>& parts, const Where& where) {
    const auto value = member(message, "content");
    if (!value) return {};
    const Where here = where.at("content");
    if (const auto text = as_text(*value)) return add(parts, {.text = *text});
    dom::array list;
    if (value->get_array().get(list) != simdjson::SUCCESS) return wrong(here, "text or a list of parts");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where there = here.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(there, "a part: an object with `type`");
        TRY_VOID(part(*object, parts, there));
    }
    return {};
}

Result<void> ChatReader::part(dom::object part, std::vector<Part>& parts, const Where& where) {
    const auto type = text_member(part, "type");
    if (type == "text") return add(parts, {.text = text_member(part, "text")});
    if (type == "refusal") return add(parts, {.text = text_member(part, "refusal")});
    if (type == "image_url") {
        const auto object = object_member(part, "image_url");
        TRY(auto image, image_from_url(object ? text_member(*object, "url") : text_member(part, "image_url"),
                                       where.at("image_url")));
        return add(parts, std::move(image));
    }
    if (type == "file") {
        const auto file = object_member(part, "file");
        if (!file) return wrong(where.at("file"), "an object");
        TRY(auto document, document_from_file(*file, where.at("file")));
        return add(parts, std::move(document));
    }
    if (type == "input_audio") return no_form(where, "is sound, which this model does not take.");
    return wrong(where.at("type"), "text, image_url, file or refusal");
}

Result<void> ChatReader::assistant(dom::object message, const Where& where) {
    auto& parts = turn_of(ask_, Role::assistant);
    std::vector<Part> spoken;
    TRY_VOID(content(message, spoken, where));
    const auto refusal = text_member(message, "refusal");
    if (!refusal.empty()) TRY_VOID(add(spoken, {.text = refusal}));
    if (const auto calls = list_member(message, "tool_calls")) {
        const Where here = where.at("tool_calls");
        std::size_t index = 0;
        for (const auto call : *calls) TRY_VOID(tool_call(call, spoken, here.at(index++)));
    }
    if (member(message, "function_call"))
        return no_form(where.at("function_call"), "is the old form. Send `tool_calls` instead.");
    if (member(message, "audio")) return no_form(where.at("audio"), "is sound, which this model does not take.");
    std::vector<Part> thoughts;
    TRY_VOID(carried_thinking(message, thoughts));
    // Thinking goes back between the other parts to where it stood; nothing else of the order is carried.
    auto next = thoughts.begin();
    const std::size_t first = parts.size();
    for (auto& part : spoken) {
        while (next != thoughts.end() && next->index <= parts.size() - first) parts.push_back(std::move(*next++));
        parts.push_back(std::move(part));
    }
    for (; next != thoughts.end(); ++next) parts.push_back(std::move(*next));
    return {};
}

/// `thinking_blocks`, as our own answers carry them, and LiteLLM's. `reasoning_content` alone has no signature, without
/// which Anthropic takes no thinking back.
Result<void> ChatReader::carried_thinking(dom::object message, std::vector<Part>& parts) {
    const auto blocks = list_member(message, "thinking_blocks");
    if (!blocks) return {};
    for (const auto item : *blocks) {
        const auto block = as_object(item);
        if (!block) continue;
        Part part{.kind = Part::Kind::thinking};
        part.text = text_member(*block, "thinking");
        part.signature = text_member(*block, "signature");
        if (text_member(*block, "type") == "redacted_thinking") {
            part.kind = Part::Kind::redacted_thinking;
            part.text = text_member(*block, "data");
        } else if (part.signature.empty()) {
            continue;
        }
        const auto index = integer_member(*block, "index").value_or(0);
        part.index = static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, parts_max));
        // The position decides between equals.
        part.index = part.index * (parts_max + 1) + parts.size();
        TRY_VOID(add(parts, std::move(part)));
    }
    std::ranges::sort(parts, {}, &Part::index);
    for (auto& part : parts) part.index /= parts_max + 1;
    return {};
}

Result<void> ChatReader::tool_call(dom::element call, std::vector<Part>& parts, const Where& where) {
    const auto object = as_object(call);
    const auto function = object ? object_member(*object, "function") : std::nullopt;
    if (!function) return no_form(where, "is no call of a function, the only kind of tool that this model knows.");
    Part part{.kind = Part::Kind::tool_call, .name = text_member(*function, "name"), .id = text_member(*object, "id")};
    if (part.name.empty()) return wrong(where.at("function"), "an object with `name` and `arguments`");
    if (part.id.empty()) return wrong(where.at("id"), "the id of the call");
    const auto arguments = text_member(*function, "arguments");
    const auto json = object_text(arguments);
    if (!json) return wrong(where.at("function"), "a call whose `arguments` are the text of a JSON object");
    part.arguments = *json;
    take_carried(ask_, part);
    return add(parts, std::move(part));
}

Result<void> ChatReader::tools(dom::element value, const Where& where) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of tools");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto object = as_object(item);
        const auto function = object ? object_member(*object, "function") : std::nullopt;
        if (!function) return no_form(here, "is no function, the only kind of tool that can be said there.");
        Tool tool{.name = text_member(*function, "name"), .description = text_member(*function, "description")};
        if (tool.name.empty()) return wrong(here.at("function"), "an object with `name`");
        if (const auto schema = member(*function, "parameters")) {
            if (!as_object(*schema)) return wrong(here.at("function"), "one whose `parameters` are a JSON schema");
            tool.schema = ask_.keep(schema_of_arguments(*schema));
        }
        tool.strict = truth_member(*function, "strict");
        ask_.tools.push_back(tool);
    }
    return {};
}

Result<void> ChatReader::tool_choice(dom::element value, const Where& where) {
    if (const auto word = as_text(value)) {
        if (*word == "auto") ask_.choice = Choice::automatic;
        if (*word == "none") ask_.choice = Choice::none;
        if (*word == "required") ask_.choice = Choice::required;
        return ask_.choice == Choice::unsaid ? Result<void>(wrong(where, "auto, none, required or a function"))
                                             : Result<void>();
    }
    const auto object = as_object(value);
    const auto function = object ? object_member(*object, "function") : std::nullopt;
    if (!function) return no_form(where, "must be auto, none, required or a function.");
    ask_.choice = Choice::named;
    ask_.choice_name = text_member(*function, "name");
    return {};
}

Result<void> ChatReader::format(dom::element value, const Where& where) {
    const auto object = as_object(value);
    const auto type = object ? text_member(*object, "type") : std::string_view{};
    if (type == "text") return {};
    if (type == "json_object") {
        ask_.format.kind = Format::Kind::json;
        return {};
    }
    const auto described = object ? object_member(*object, "json_schema") : std::nullopt;
    const auto schema = described ? member(*described, "schema") : std::nullopt;
    if (type != "json_schema" || !schema || !as_object(*schema))
        return wrong(where, "of the type text, json_object or json_schema, the last with a `schema`");
    ask_.format = {.kind = Format::Kind::schema,
                   .name = text_member(*described, "name"),
                   .description = text_member(*described, "description"),
                   .schema = ask_.keep(json_of(*schema)),
                   .strict = truth_member(*described, "strict"),
                   .closed = is_closed(*schema)};
    return {};
}

Result<void> ChatReader::parallel(dom::element value, const Where& where) {
    bool truth = false;
    if (value.get_bool().get(truth) != simdjson::SUCCESS) return wrong(where, "true or false");
    ask_.parallel = truth;
    return {};
}

Result<void> ChatReader::max_tokens(dom::element value, const Where& where) {
    return read_count(value, where, ask_.max_tokens);
}
Result<void> ChatReader::temperature(dom::element value, const Where& where) {
    return read_number(value, where, ask_.temperature);
}
Result<void> ChatReader::top_p(dom::element value, const Where& where) { return read_number(value, where, ask_.top_p); }
Result<void> ChatReader::top_k(dom::element value, const Where& where) { return read_count(value, where, ask_.top_k); }

/// A hint: what is no number of its kind is not missed.
Result<void> ChatReader::seed(dom::element value, const Where&) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) == simdjson::SUCCESS) ask_.seed = number;
    return {};
}

Result<void> ChatReader::frequency_penalty(dom::element value, const Where& where) {
    return says_nothing(value) ? Result<void>() : read_number(value, where, ask_.frequency_penalty);
}
Result<void> ChatReader::presence_penalty(dom::element value, const Where& where) {
    return says_nothing(value) ? Result<void>() : read_number(value, where, ask_.presence_penalty);
}

Result<void> ChatReader::stop(dom::element value, const Where& where) {
    if (const auto text = as_text(value)) {
        ask_.stop.push_back(*text);
        return {};
    }
    return read_texts(value, where, ask_.stop);
}

Result<void> ChatReader::stream(dom::element value, const Where& where) {
    return value.get_bool().get(ask_.stream) == simdjson::SUCCESS ? Result<void>()
                                                                  : Result<void>(wrong(where, "true or false"));
}

Result<void> ChatReader::user(dom::element value, const Where&) {
    ask_.user = as_text(value).value_or(ask_.user);
    return {};
}

Result<void> ChatReader::effort(dom::element value, const Where& where) {
    return read_effort(value, where, ask_.effort);
}
Result<void> ChatReader::thinking(dom::element value, const Where& where) { return read_thinking(value, where, ask_); }

/// A tier is a promise about price and speed; only the standard one and "as you like" are known on both sides.
Result<void> ChatReader::tier(dom::element value, const Where& where) {
    const auto word = as_text(value).value_or("");
    if (word == "auto" || word == "priority") return {};
    if (word != "default") return no_form(where, "can be auto, default or priority there.");
    ask_.standard_tier = true;
    return {};
}

Result<void> ChatReader::choices(dom::element value, const Where& where) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) == simdjson::SUCCESS && number == 1) return {};
    return no_form(where, "can only be 1 there: this model gives one answer to a call.");
}

Result<void> ChatReader::modalities(dom::element value, const Where& where) {
    std::vector<std::string_view> words;
    TRY_VOID(read_texts(value, where, words));
    if (std::ranges::all_of(words, [](std::string_view word) { return word == "text"; })) return {};
    return no_form(where, "can only be text there.");
}

}  // namespace

Result<void> read_chat_request(dom::object body, Ask& ask) { return ChatReader(ask).read(body); }

}  // namespace bursar::providers::translate
