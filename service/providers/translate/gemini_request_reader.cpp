#include "service/providers/translate/dialects.h"
#include "service/providers/translate/gemini_config.h"
#include "service/providers/translate/gemini_names.h"
#include "service/providers/translate/gemini_proof.h"
#include "service/providers/translate/media.h"
#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

// Google's generateContent request (ai.google.dev/api/generate-content, v1 and v1beta, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class GeminiReader {
  public:
    explicit GeminiReader(Ask& ask) : ask_(ask) {}
    Result<void> read(dom::object body);

  private:
    using Handler = Result<void> (GeminiReader::*)(dom::element, const Where&);
    struct Field {
        std::string_view name;
        Handler read;
    };
    static const std::array<Field, 11> fields;

    Result<void> contents(dom::element value, const Where& where);
    Result<void> system_instruction(dom::element value, const Where& where);
    Result<void> tools(dom::element value, const Where& where);
    Result<void> tool_config(dom::element value, const Where& where);
    Result<void> generation_config(dom::element value, const Where& where);
    Result<void> safety(dom::element value, const Where& where);
    Result<void> stored(dom::element value, const Where& where);
    Result<void> hint(dom::element value, const Where& where);

    Result<void> content(dom::object content, const Where& where);
    Result<void> parts(dom::object content, std::vector<Part>& parts, const Where& where);
    Result<void> part(dom::object part, std::vector<Part>& parts, const Where& where);
    Result<void> thought(dom::object part, std::vector<Part>& parts);
    Result<void> call(dom::object call, std::vector<Part>& parts, const Where& where);
    Result<void> result(dom::object response, std::vector<Part>& parts, const Where& where);
    Result<void> blob(dom::object blob, std::vector<Part>& parts, const Where& where);
    Result<void> file(dom::object file, std::vector<Part>& parts, const Where& where);
    Result<void> declaration(dom::object function, const Where& where);
    Result<void> add(std::vector<Part>& parts, Part part);

    struct Pending {
        std::string_view id, name;
    };
    Ask& ask_;
    std::size_t parts_ = 0;
    std::vector<Pending> pending_;  ///< calls whose results have not come; many clients give neither an id
};

const std::array<GeminiReader::Field, 11> GeminiReader::fields = {{
    {"contents", &GeminiReader::contents},
    {"systemInstruction", &GeminiReader::system_instruction},
    {"tools", &GeminiReader::tools},
    {"toolConfig", &GeminiReader::tool_config},
    {"generationConfig", &GeminiReader::generation_config},
    {"safetySettings", &GeminiReader::safety},
    {"cachedContent", &GeminiReader::stored},
    {"labels", &GeminiReader::hint},
    {"store", &GeminiReader::hint},
    {"serviceTier", &GeminiReader::hint},
    {"model", &GeminiReader::hint},
}};

Result<void> GeminiReader::read(dom::object body) {
    for (const auto entry : body) {
        if (entry.value.is_null()) continue;
        const Where where{.name = entry.key};
        const auto* field =
            std::ranges::find_if(fields, [&](const Field& one) { return is_named(entry.key, one.name); });
        if (field == fields.end())
            return no_form(where, "has no form there. Leave it out, or ask for a model of Google's.");
        TRY_VOID((this->*field->read)(entry.value, where));
    }
    return {};
}

Result<void> GeminiReader::hint(dom::element, const Where&) { return {}; }

Result<void> GeminiReader::stored(dom::element, const Where& where) {
    return no_form(where, "names a cache at Google. Send the contents themselves.");
}

/// Filters that shall let everything pass are as good as none; only Google has the others.
Result<void> GeminiReader::safety(dom::element value, const Where& where) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of settings");
    for (const auto item : list) {
        const auto setting = as_object(item);
        const auto threshold = setting ? google_text(*setting, "threshold") : std::string_view{};
        const bool open = threshold == "BLOCK_NONE" || threshold == "OFF" || threshold.ends_with("_UNSPECIFIED");
        if (!open) return no_form(where, "can only be BLOCK_NONE or OFF there: the filters are Google's own.");
    }
    return {};
}

Result<void> GeminiReader::add(std::vector<Part>& parts, Part part) {
    if (++parts_ > parts_max)
        return fail(Fault::invalid_request, "`contents` has too many parts. Send a shorter conversation.");
    parts.push_back(std::move(part));
    return {};
}

Result<void> GeminiReader::contents(dom::element value, const Where& where) {
    if (const auto alone = as_object(value)) return content(*alone, where);
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of contents");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(here, "an object with `role` and `parts`");
        TRY_VOID(content(*object, here));
    }
    return {};
}

Result<void> GeminiReader::content(dom::object content, const Where& where) {
    const auto role = text_member(content, "role");
    if (role == "model") return parts(content, turn_of(ask_, Role::assistant), where);
    if (role.empty() || role == "user" || role == "function") return parts(content, turn_of(ask_, Role::user), where);
    return wrong(where.at("role"), "user or model");
}

Result<void> GeminiReader::system_instruction(dom::element value, const Where& where) {
    if (const auto text = as_text(value)) return add(ask_.system, {.text = *text});
    const auto object = as_object(value);
    return object ? parts(*object, ask_.system, where) : Result<void>(wrong(where, "an object with `parts`"));
}

Result<void> GeminiReader::parts(dom::object content, std::vector<Part>& parts, const Where& where) {
    const auto value = google_member(content, "parts");
    if (!value) return {};
    const Where here = where.at("parts");
    if (const auto alone = as_object(*value)) return part(*alone, parts, here);
    dom::array list;
    if (value->get_array().get(list) != simdjson::SUCCESS) return wrong(here, "a list of parts");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where there = here.at(index++);
        const auto object = as_object(item);
        if (!object) return wrong(there, "a part, such as {\"text\": \"…\"}");
        TRY_VOID(part(*object, parts, there));
    }
    return {};
}

Result<void> GeminiReader::part(dom::object part, std::vector<Part>& parts, const Where& where) {
    if (const auto one = google_object(part, "functionCall")) return call(*one, parts, where.at("functionCall"));
    if (const auto one = google_object(part, "functionResponse"))
        return result(*one, parts, where.at("functionResponse"));
    if (const auto one = google_object(part, "inlineData")) return blob(*one, parts, where.at("inlineData"));
    if (const auto one = google_object(part, "fileData")) return file(*one, parts, where.at("fileData"));
    if (truth_member(part, "thought") == true) return thought(part, parts);
    if (const auto text = google_member(part, "text"))
        return as_text(*text) ? add(parts, {.text = *as_text(*text)}) : Result<void>(wrong(where.at("text"), "text"));
    // Of a text's end some answers keep only its signature.
    if (google_member(part, "thoughtSignature") || part.size() == 0) return {};
    return no_form(where, "is a part of a kind that only Google's models know.");
}

/// A streamed thought comes back in pieces, the last of which has the proof.
Result<void> GeminiReader::thought(dom::object part, std::vector<Part>& parts) {
    const auto text = google_text(part, "text"), proof = google_text(part, "thoughtSignature");
    const bool more = !parts.empty() && parts.back().kind == Kind::thinking && parts.back().signature.empty();
    Part one{.kind = Kind::thinking, .text = text};
    take_proof(one, proof);
    if (!more || one.kind != Kind::thinking) return add(parts, std::move(one));
    if (!text.empty()) parts.back().text = ask_.keep(std::string(parts.back().text).append(text));
    parts.back().signature = one.signature;
    return {};
}

Result<void> GeminiReader::call(dom::object call, std::vector<Part>& parts, const Where& where) {
    Part part{.kind = Kind::tool_call, .name = google_text(call, "name"), .id = google_text(call, "id")};
    if (part.name.empty()) return wrong(where, "a call with `name` and `args`");
    const auto args = google_member(call, "args");
    if (args && !as_object(*args)) return wrong(where.at("args"), "an object");
    part.arguments = args ? ask_.keep(json_of(*args)) : std::string_view("{}");
    if (part.id.empty()) part.id = ask_.keep(fmt::format("call_{}", parts_));
    pending_.push_back({part.id, part.name});
    return add(parts, std::move(part));
}

Result<void> GeminiReader::result(dom::object response, std::vector<Part>& parts, const Where& where) {
    const auto id = google_text(response, "id"), name = google_text(response, "name");
    auto found = std::ranges::find(pending_, id, &Pending::id);
    if (found == pending_.end()) found = std::ranges::find(pending_, name, &Pending::name);
    if (found == pending_.end()) return wrong(where, "the result of a call that stands in `contents` before it");
    Part part{.kind = Kind::tool_result, .id = found->id};
    pending_.erase(found);
    if (const auto said = google_object(response, "response")) {
        const bool alone = said->size() == 1;
        const auto output = text_member(*said, "output"), error = text_member(*said, "error");
        part.failed = alone && !error.empty();
        if (alone && !(output.empty() && error.empty()))
            TRY_VOID(add(part.parts, {.text = part.failed ? error : output}));
        else
            TRY_VOID(add(part.parts, {.text = ask_.keep(json_of(*google_member(response, "response")))}));
    }
    TRY_VOID(this->parts(response, part.parts, where));
    return add(parts, std::move(part));
}

Result<void> GeminiReader::blob(dom::object blob, std::vector<Part>& parts, const Where& where) {
    Part part{.kind = Kind::image, .media_type = google_text(blob, "mimeType"), .data = google_text(blob, "data")};
    if (part.media_type == "image/jpg") part.media_type = "image/jpeg";
    if (!part.media_type.starts_with("image/")) part.kind = Kind::document;
    if (!is_taken(part.media_type, part.kind == Kind::image))
        return no_form(where, "is none of what can be said there: a JPEG, PNG, GIF or WebP, or a PDF.");
    part.name = google_text(blob, "displayName");
    return add(parts, std::move(part));
}

Result<void> GeminiReader::file(dom::object file, std::vector<Part>& parts, const Where& where) {
    const auto uri = google_text(file, "fileUri");
    const bool at_google = uri.find("googleapis.com/") != std::string_view::npos || !uri.starts_with("https://");
    if (at_google || !google_text(file, "mimeType").starts_with("image/"))
        return no_form(where, "names a file that only Google can read. Send its bytes as `inlineData` instead.");
    return add(parts, {.kind = Kind::image, .by_url = true, .data = uri});
}

Result<void> GeminiReader::tools(dom::element value, const Where& where) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong(where, "a list of tools");
    std::size_t index = 0;
    for (const auto item : list) {
        const Where here = where.at(index++);
        const auto tool = as_object(item);
        if (!tool) return wrong(here, "a tool: an object with `functionDeclarations`");
        for (const auto field : *tool)
            if (!is_named(field.key, "functionDeclarations") && !field.value.is_null())
                return no_form(here.at(field.key), "is a tool of Google's own, which this model has not.");
        const auto functions = google_list(*tool, "functionDeclarations");
        if (!functions) continue;
        std::size_t number = 0;
        for (const auto one : *functions) {
            const Where there = here.at("functionDeclarations");
            const Where place = there.at(number++);
            const auto function = as_object(one);
            if (!function) return wrong(place, "a function: an object with `name`");
            TRY_VOID(declaration(*function, place));
        }
    }
    return {};
}

Result<void> GeminiReader::declaration(dom::object function, const Where& where) {
    Tool tool{.name = google_text(function, "name"), .description = google_text(function, "description")};
    if (tool.name.empty()) return wrong(where, "a function with `name`");
    if (const auto schema = google_member(function, "parametersJsonSchema"))
        tool.schema = ask_.keep(json_of(*schema));
    else if (const auto own = google_member(function, "parameters"))
        tool.schema = ask_.keep(json_schema_of(*own, Objects::open));
    if (!tool.schema.empty() && !tool.schema.starts_with('{'))
        return wrong(where, "one whose parameters are an object");
    ask_.tools.push_back(tool);
    return {};
}

Result<void> GeminiReader::tool_config(dom::element value, const Where& where) {
    const auto object = as_object(value);
    return object ? read_tool_config(*object, where, ask_) : Result<void>(wrong(where, "an object"));
}

Result<void> GeminiReader::generation_config(dom::element value, const Where& where) {
    const auto object = as_object(value);
    return object ? read_generation_config(*object, where, ask_) : Result<void>(wrong(where, "an object"));
}

}  // namespace

Result<void> read_gemini_request(dom::object body, Ask& ask) { return GeminiReader(ask).read(body); }

}  // namespace bursar::providers::translate
