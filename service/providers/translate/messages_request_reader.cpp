#include "service/providers/translate/carried.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/media.h"
#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>

// Anthropic's Messages request (API reference, versions 2023-06-01 and 2026-10-21). Fields that are not known here are
// left out without a word: its clients update themselves and must not fail over a new one.
namespace bursar::providers::translate {
namespace {

/// Of a block or a tool (prompt caching guide, October 2026).
CacheMark cache_mark_of(dom::object marked) {
    const auto control = object_member(marked, "cache_control");
    if (!control) return CacheMark::none;
    return text_member(*control, "ttl") == "1h" ? CacheMark::hour : CacheMark::usual;
}

class MessagesReader {
  public:
    explicit MessagesReader(Ask& ask) : ask_(ask) {}
    Result<void> read(dom::object body);

  private:
    using Handler = Result<void> (MessagesReader::*)(dom::element, const Where&);
    struct Field {
        std::string_view name;
        Handler read;
    };
    static const std::array<Field, 20> fields;

    Result<void> messages(dom::element value, const Where& where);
    Result<void> system_prompt(dom::element value, const Where& where);
    Result<void> tools(dom::element value, const Where& where);
    Result<void> tool_choice(dom::element value, const Where& where);
    Result<void> max_tokens(dom::element value, const Where& where);
    Result<void> temperature(dom::element value, const Where& where);
    Result<void> top_p(dom::element value, const Where& where);
    Result<void> top_k(dom::element value, const Where& where);
    Result<void> stop(dom::element value, const Where& where);
    Result<void> stream(dom::element value, const Where& where);
    Result<void> metadata(dom::element value, const Where& where);
    Result<void> thinking(dom::element value, const Where& where);
    Result<void> output_config(dom::element value, const Where& where);
    Result<void> output_format(dom::element value, const Where& where);
    Result<void> tier(dom::element value, const Where& where);
    Result<void> only_anthropic(dom::element value, const Where& where);

    Result<void> message(dom::object message, const Where& where);
    Result<void> content(dom::element value, std::vector<Part>& parts, const Where& where);
    Result<void> block(dom::object block, std::vector<Part>& parts, const Where& where);
    Result<void> source(dom::object block, Part part, std::vector<Part>& parts, const Where& where);
    Result<void> document_text(dom::object block, std::string_view text, std::vector<Part>& parts);
    Result<void> tool_call(dom::object block, std::vector<Part>& parts, const Where& where);
    Result<void> tool_result(dom::object block, std::vector<Part>& parts, const Where& where);
    Result<void> search_result(dom::object block, std::vector<Part>& parts, const Where& where);
    Result<void> add(std::vector<Part>& parts, Part part);

    Ask& ask_;
    std::size_t parts_ = 0;
    int depth_ = 0;
};

const std::array<MessagesReader::Field, 20> MessagesReader::fields = {{
    {"messages", &MessagesReader::messages},
    {"system", &MessagesReader::system_prompt},
    {"tools", &MessagesReader::tools},
    {"tool_choice", &MessagesReader::tool_choice},
    {"max_tokens", &MessagesReader::max_tokens},
    {"temperature", &MessagesReader::temperature},
    {"top_p", &MessagesReader::top_p},
    {"top_k", &MessagesReader::top_k},
    {"stop_sequences", &MessagesReader::stop},
    {"stream", &MessagesReader::stream},
    {"metadata", &MessagesReader::metadata},
    {"thinking", &MessagesReader::thinking},
    {"output_config", &MessagesReader::output_config},
    {"output_format", &MessagesReader::output_format},
    {"service_tier", &MessagesReader::tier},
    {"container", &MessagesReader::only_anthropic},
    {"mcp_servers", &MessagesReader::only_anthropic},
    {"inference_geo", &MessagesReader::only_anthropic},
    // Claude Code asks again without it when the sentence names it.
    {"safeguards", &MessagesReader::only_anthropic},
    {"fallbacks", &MessagesReader::only_anthropic},
}};

Result<void> MessagesReader::read(dom::object body) {
    for (const auto entry : body) {
        const auto* field = std::ranges::find(fields, entry.key, &Field::name);
        if (field == fields.end() || entry.value.is_null()) continue;
        const Where where{.name = entry.key};
        TRY_VOID((this->*field->read)(entry.value, where));
    }
    return {};
}

Result<void> MessagesReader::only_anthropic(dom::element, const Where& where) {
    return no_form(where, "is known to Anthropic's API only. Leave it out, or ask for a model of Anthropic's.");
}

Result<void> MessagesReader::add(std::vector<Part>& parts, Part part) {
    if (++parts_ > parts_max)
        return fail(Fault::invalid_request, "`messages` has too many blocks. Send a shorter conversation.");
    parts.push_back(std::move(part));
    return {};
}

Result<void> MessagesReader::messages(dom::element value, const Where& where) {
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

Result<void> MessagesReader::message(dom::object message, const Where& where) {
    const auto role = text_member(message, "role");
    const auto value = member(message, "content");
    if (!value) return wrong(where.at("content"), "text or a list of blocks");
    const Where here = where.at("content");
    if (role == "user") return content(*value, turn_of(ask_, Role::user), here);
    if (role == "assistant") return content(*value, turn_of(ask_, Role::assistant), here);
    if (role == "system") return content(*value, turn_of(ask_, Role::system), here);
    return wrong(where.at("role"), "user, assistant or system");
}

Result<void> MessagesReader::system_prompt(dom::element value, const Where& where) {
    TRY_VOID(content(value, ask_.system, where));
    // What Claude Code tells the provider about itself; it changes from call to call and is nothing to a model.
    std::erase_if(ask_.system, [](const Part& part) { return part.text.starts_with("x-anthropic-billing-header:"); });
    return {};
}

Result<void> MessagesReader::content(dom::element value, std::vector<Part>& parts, const Where& where) {
    if (const auto text = as_text(value)) return add(parts, {.text = *text});
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "text or a list of blocks");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(here, "a block: an object with `type`");
        TRY_VOID(block(*object, parts, here));
        if (const auto mark = cache_mark_of(*object); !parts.empty() && mark != CacheMark::none)
            parts.back().cache_mark = mark;
    }
    return {};
}

Result<void> MessagesReader::block(dom::object block, std::vector<Part>& parts, const Where& where) {
    const auto type = text_member(block, "type");
    if (type == "text") return add(parts, {.text = text_member(block, "text")});
    if (type == "thinking")
        return add(parts, {.kind = Part::Kind::thinking,
                           .text = text_member(block, "thinking"),
                           .signature = text_member(block, "signature")});
    if (type == "redacted_thinking")
        return add(parts, {.kind = Part::Kind::redacted_thinking, .text = text_member(block, "data")});
    if (type == "image") return source(block, {.kind = Part::Kind::image}, parts, where);
    if (type == "document") return source(block, {.kind = Part::Kind::document}, parts, where);
    if (type == "search_result") return search_result(block, parts, where);
    if (type == "tool_use") return tool_call(block, parts, where);
    if (type == "tool_result") return tool_result(block, parts, where);
    if (type.empty()) return wrong(where.at("type"), "the kind of the block");
    return no_form(where, "is a block of a kind that only Anthropic's models know.");
}

Result<void> MessagesReader::source(dom::object block, Part part, std::vector<Part>& parts, const Where& where) {
    const auto from = object_member(block, "source");
    if (!from) return wrong(where.at("source"), "an object");
    const auto citations = object_member(block, "citations");
    if (citations && truth_member(*citations, "enabled") == true)
        return no_form(where.at("citations"), "cannot be had there. Leave it out.");
    const auto type = text_member(*from, "type");
    const bool image = part.kind == Part::Kind::image;
    part.name = text_member(block, "title");
    if (type == "base64") {
        part.media_type = text_member(*from, "media_type");
        part.data = text_member(*from, "data");
        if (!is_taken(part.media_type, image))
            return wrong(where.at("source"), image ? "a JPEG, PNG, GIF or WebP" : "a PDF");
        return add(parts, std::move(part));
    }
    if (type == "url" && image) {
        TRY(auto linked, image_from_url(text_member(*from, "url"), where.at("source")));
        return add(parts, std::move(linked));
    }
    if (type == "text" && !image) return document_text(block, text_member(*from, "data"), parts);
    if (type == "content" && !image && depth_ == 0) {
        const auto inner = member(*from, "content");
        const Where here = where.at("source");
        if (!inner) return wrong(here, "an object with `content`");
        TRY_VOID(document_text(block, {}, parts));
        ++depth_;
        auto done = content(*inner, parts, here);
        --depth_;
        return done;
    }
    return no_form(where.at("source"), "is none that can be said there. Send the bytes as base64.");
}

/// A document that is text becomes text: there is no other place for it.
Result<void> MessagesReader::document_text(dom::object block, std::string_view text, std::vector<Part>& parts) {
    std::string whole;
    for (const auto line : {text_member(block, "title"), text_member(block, "context"), text}) {
        if (line.empty()) continue;
        if (!whole.empty()) whole += "\n\n";
        whole += line;
    }
    return add(parts, {.text = ask_.keep(std::move(whole))});
}

Result<void> MessagesReader::search_result(dom::object block, std::vector<Part>& parts, const Where& where) {
    const auto citations = object_member(block, "citations");
    if (citations && truth_member(*citations, "enabled") == true)
        return no_form(where.at("citations"), "cannot be had there. Leave it out.");
    std::string head(text_member(block, "title"));
    head.append("\n").append(text_member(block, "source"));
    TRY_VOID(add(parts, {.text = ask_.keep(std::move(head))}));
    const auto inner = list_member(block, "content");
    if (!inner) return {};
    for (const auto item : *inner)
        if (const auto text = as_object(item)) TRY_VOID(add(parts, {.text = text_member(*text, "text")}));
    return {};
}

Result<void> MessagesReader::tool_call(dom::object block, std::vector<Part>& parts, const Where& where) {
    Part part{.kind = Part::Kind::tool_call, .name = text_member(block, "name"), .id = text_member(block, "id")};
    if (part.name.empty() || part.id.empty()) return wrong(where, "a tool use with `id`, `name` and `input`");
    const auto input = member(block, "input");
    if (input && !as_object(*input)) return wrong(where.at("input"), "an object");
    part.arguments = input ? ask_.keep(json_of(*input)) : std::string_view("{}");
    take_carried(ask_, part);
    return add(parts, std::move(part));
}

Result<void> MessagesReader::tool_result(dom::object block, std::vector<Part>& parts, const Where& where) {
    Part part{.kind = Part::Kind::tool_result, .id = text_member(block, "tool_use_id")};
    if (part.id.empty()) return wrong(where.at("tool_use_id"), "the id of the tool use that this is the result of");
    if (depth_ > 0) return wrong(where, "no result within a result");
    take_carried(ask_, part);
    part.failed = truth_member(block, "is_error").value_or(false);
    if (const auto inner = member(block, "content")) {
        ++depth_;
        auto done = content(*inner, part.parts, where.at("content"));
        --depth_;
        TRY_VOID(done);
    }
    return add(parts, std::move(part));
}

Result<void> MessagesReader::tools(dom::element value, const Where& where) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of tools");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(here, "a tool: an object with `name` and `input_schema`");
        const auto type = text_member(*object, "type");
        if (!type.empty() && type != "custom")
            return no_form(here,
                           "is a tool of Anthropic's own, \"" + std::string(type) + "\", which this model has not.");
        Tool tool{.name = text_member(*object, "name"), .description = text_member(*object, "description")};
        const auto schema = member(*object, "input_schema");
        if (tool.name.empty() || !schema || !as_object(*schema))
            return wrong(here, "a tool with `name` and `input_schema`");
        tool.schema = ask_.keep(json_of(*schema));
        tool.strict = truth_member(*object, "strict");
        tool.cache_mark = cache_mark_of(*object);
        ask_.tools.push_back(tool);
    }
    return {};
}

Result<void> MessagesReader::tool_choice(dom::element value, const Where& where) {
    const auto object = as_object(value);
    const auto type = object ? text_member(*object, "type") : std::string_view{};
    if (type == "auto") ask_.choice = Choice::automatic;
    if (type == "any") ask_.choice = Choice::required;
    if (type == "none") ask_.choice = Choice::none;
    if (type == "tool") ask_.choice = Choice::named;
    if (ask_.choice == Choice::unsaid) return wrong(where, "of the type auto, any, tool or none");
    ask_.choice_name = text_member(*object, "name");
    if (const auto alone = truth_member(*object, "disable_parallel_tool_use")) ask_.parallel = !*alone;
    return {};
}

Result<void> MessagesReader::max_tokens(dom::element value, const Where& where) {
    return read_count(value, where, ask_.max_tokens);
}
Result<void> MessagesReader::temperature(dom::element value, const Where& where) {
    return read_number(value, where, ask_.temperature);
}
Result<void> MessagesReader::top_p(dom::element value, const Where& where) {
    return read_number(value, where, ask_.top_p);
}
Result<void> MessagesReader::top_k(dom::element value, const Where& where) {
    return read_count(value, where, ask_.top_k);
}
Result<void> MessagesReader::stop(dom::element value, const Where& where) {
    return read_texts(value, where, ask_.stop);
}
Result<void> MessagesReader::stream(dom::element value, const Where& where) {
    return value.get_bool().get(ask_.stream) == simdjson::SUCCESS ? Result<void>()
                                                                  : Result<void>(wrong(where, "true or false"));
}

Result<void> MessagesReader::metadata(dom::element value, const Where&) {
    if (const auto object = as_object(value)) ask_.user = text_member(*object, "user_id");
    return {};
}

Result<void> MessagesReader::thinking(dom::element value, const Where& where) {
    return read_thinking(value, where, ask_);
}

Result<void> MessagesReader::output_config(dom::element value, const Where& where) {
    const auto object = as_object(value);
    if (!object) return wrong(where, "an object");
    if (const auto effort = member(*object, "effort")) TRY_VOID(read_effort(*effort, where.at("effort"), ask_.effort));
    if (const auto format = member(*object, "format")) return output_format(*format, where.at("format"));
    return {};
}

/// Also the beta's top-level field, whose form is the same.
Result<void> MessagesReader::output_format(dom::element value, const Where& where) {
    const auto object = as_object(value);
    const auto schema = object ? member(*object, "schema") : std::nullopt;
    if (!schema || !as_object(*schema) || text_member(*object, "type") != "json_schema")
        return wrong(where, "of the type json_schema, with a `schema`");
    ask_.format = {.kind = Format::Kind::schema, .schema = ask_.keep(json_of(*schema)), .closed = is_closed(*schema)};
    return {};
}

Result<void> MessagesReader::tier(dom::element value, const Where&) {
    ask_.standard_tier = as_text(value) == "standard_only";
    return {};
}

}  // namespace

Result<void> read_messages_request(dom::object body, Ask& ask) { return MessagesReader(ask).read(body); }

}  // namespace bursar::providers::translate
