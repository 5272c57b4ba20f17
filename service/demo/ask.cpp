#include "service/demo/ask.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::demo {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t choices_max = 128;
constexpr std::int64_t dimensions_max = 4'096;
constexpr std::size_t inputs_max = 2'048;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::unexpected<Error> wrong(std::string sentence) { return fail(Fault::invalid_request, std::move(sentence)); }

std::string_view text_of(const element& parent, std::string_view name) {
    std::string_view text;
    if (parent[name].get(text) != simdjson::SUCCESS) return {};
    return text;
}

bool truth_of(const element& parent, std::string_view name) {
    bool truth = false;
    return parent[name].get(truth) == simdjson::SUCCESS && truth;
}

std::optional<std::int64_t> number_of(const element& parent, std::string_view name) {
    std::int64_t number = 0;
    if (parent[name].get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

/// All text of a message's content: a string, or parts that carry "text", "content" or "output" in turn.
void append_text(const element& content, std::string& out) {
    std::string_view text;
    array parts;
    if (content.get(text) == simdjson::SUCCESS) {
        // What a coding agent puts beside the person's words is not the person's wish.
        if (text.starts_with("<system-reminder>")) return;
        if (!out.empty()) out += '\n';
        out += text;
    } else if (content.get(parts) == simdjson::SUCCESS) {
        for (const element part : parts) append_text(part, out);
    } else if (content.is_object()) {
        for (const char* name : {"text", "content", "output"}) {
            element inner;
            if (content[name].get(inner) == simdjson::SUCCESS) append_text(inner, out);
        }
    }
}

Tokens words_of(const element& content) {
    std::string_view text;
    array parts;
    Tokens words = 0;
    if (content.get(text) == simdjson::SUCCESS) return words_in(text);
    if (content.get(parts) == simdjson::SUCCESS) {
        for (const element part : parts) words += words_of(part);
    } else if (content.is_object()) {
        for (const char* name : {"text", "content", "output", "arguments", "thinking"}) {
            element inner;
            if (content[name].get(inner) == simdjson::SUCCESS) words += words_of(inner);
        }
    }
    return words;
}

/// Whether some part of Anthropic content is a tool's result; its text.
std::optional<std::string> tool_result_in(const element& content) {
    array parts;
    if (content.get(parts) != simdjson::SUCCESS) return std::nullopt;
    std::optional<std::string> found;
    for (const element part : parts) {
        if (text_of(part, "type") != "tool_result") continue;
        if (!found) found.emplace();
        element inner;
        if (part["content"].get(inner) == simdjson::SUCCESS) append_text(inner, *found);
    }
    return found;
}

bool is_tool_result(const element& message) {
    const std::string_view type = text_of(message, "type");
    return text_of(message, "role") == "tool" || type == "function_call_output" || type == "custom_tool_call_output" ||
           type == "local_shell_call_output";
}

void read_message(const element& message, Ask& ask) {
    element content;
    const bool result = is_tool_result(message);
    if (message["content"].get(content) != simdjson::SUCCESS && message["output"].get(content) != simdjson::SUCCESS)
        return;
    ask.prompt_words += words_of(content);
    const std::string_view role = text_of(message, "role");
    if (result) {
        std::string text;
        append_text(content, text);
        ask.tool_result = std::move(text);
    } else if (role == "user") {
        ask.tool_result = tool_result_in(content);
        if (ask.tool_result) return;
        ask.user_text.clear();
        append_text(content, ask.user_text);
    } else if (role == "assistant") {
        ask.tool_result.reset();
    }
}

Result<void> read_messages(const element& root, std::string_view name, Ask& ask) {
    element list;
    if (root[name].get(list) != simdjson::SUCCESS) return wrong(fmt::format("Missing required parameter: '{}'.", name));
    std::string_view text;
    if (list.get(text) == simdjson::SUCCESS && ask.endpoint == Endpoint::responses) {
        ask.user_text = text;
        ask.prompt_words += words_in(text);
        return {};
    }
    array messages;
    if (list.get(messages) != simdjson::SUCCESS)
        return wrong(
            fmt::format("Invalid type for '{}': expected an array of objects, but got something else instead.", name));
    for (const element message : messages) {
        if (!message.is_object()) return wrong(fmt::format("Invalid type for '{}[0]': expected an object.", name));
        read_message(message, ask);
    }
    if (messages.size() == 0)
        return wrong(fmt::format("Invalid '{}': empty array. Expected an array with minimum length 1.", name));
    return {};
}

/// Functions of OpenAI chat ({"function":{…}}), of Responses ({"type":"function","name"}) and Anthropic's
/// ({"name","input_schema"}).
void read_tools(const element& root, Ask& ask) {
    array tools;
    if (root["tools"].get(tools) != simdjson::SUCCESS) return;
    for (const element tool : tools) {
        const std::string_view type = text_of(tool, "type");
        element function = tool;
        if (tool["function"].get(function) != simdjson::SUCCESS) function = tool;
        const std::string_view name = text_of(function, "name");
        const bool runs_at_the_caller = type.empty() || type == "function" || type == "custom" ||
                                        function["input_schema"].error() == simdjson::SUCCESS;
        if (name.empty() || !runs_at_the_caller) continue;
        element schema;
        const bool found = function["parameters"].get(schema) == simdjson::SUCCESS ||
                           function["input_schema"].get(schema) == simdjson::SUCCESS;
        ask.tools.push_back({std::string(name), found ? simdjson::minify(schema) : "{}"});
    }
}

void read_tool_choice(const element& root, Ask& ask) {
    element choice;
    if (root["tool_choice"].get(choice) != simdjson::SUCCESS) return;
    std::string_view word;
    if (choice.get(word) != simdjson::SUCCESS) word = text_of(choice, "type");
    if (word == "none") ask.tool_choice = ToolChoice::none;
    if (word == "required" || word == "any") ask.tool_choice = ToolChoice::required;
    if (word == "function" || word == "tool") {
        ask.tool_choice = ToolChoice::required;
        element function;
        if (choice["function"].get(function) != simdjson::SUCCESS) function = choice;
        ask.tool_wanted = text_of(function, "name");
    }
}

void read_answer_schema(const element& root, Ask& ask) {
    element format;
    if (root["response_format"].get(format) != simdjson::SUCCESS &&
        root.at_pointer("/text/format").get(format) != simdjson::SUCCESS)
        return;
    const std::string_view type = text_of(format, "type");
    element schema;
    if (type == "json_object")
        ask.answer_schema = R"({"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"]})";
    if (type != "json_schema") return;
    if (format.at_pointer("/json_schema/schema").get(schema) == simdjson::SUCCESS ||
        format["schema"].get(schema) == simdjson::SUCCESS)
        ask.answer_schema = simdjson::minify(schema);
}

void find_cache_marks(const element& value, Ask& ask) {
    array items;
    object fields;
    if (value.get(items) == simdjson::SUCCESS) {
        for (const element item : items) find_cache_marks(item, ask);
    } else if (value.get(fields) == simdjson::SUCCESS) {
        for (const auto [name, content] : fields) {
            if (name == "cache_control" && content.is_object()) {
                ask.cache_marked = true;
                ask.cache_one_hour = ask.cache_one_hour || text_of(content, "ttl") == "1h";
            } else {
                find_cache_marks(content, ask);
            }
        }
    }
}

/// Text, texts, or token numbers in one or two levels of arrays; a token number counts as a word.
Result<void> read_inputs(const element& root, std::string_view name, Ask& ask) {
    element input;
    if (root[name].get(input) != simdjson::SUCCESS)
        return wrong(fmt::format("Missing required parameter: '{}'.", name));
    std::string_view text;
    array items;
    if (input.get(text) == simdjson::SUCCESS) {
        ask.inputs.emplace_back(text);
    } else if (input.get(items) == simdjson::SUCCESS) {
        std::string numbers;
        for (const element item : items) {
            if (item.is_number())
                numbers += simdjson::minify(item) + ' ';
            else if (item.get(text) == simdjson::SUCCESS)
                ask.inputs.emplace_back(text);
            else if (item.is_array()) {
                std::string inner;
                for (const element number : array(item)) inner += simdjson::minify(number) + ' ';
                ask.inputs.push_back(std::move(inner));
            }
        }
        if (!numbers.empty()) ask.inputs.push_back(std::move(numbers));
    }
    if (ask.inputs.empty() || ask.inputs.size() > inputs_max)
        return wrong(fmt::format("Invalid '{}': expected a string or an array of 1 to {} of them.", name, inputs_max));
    for (const std::string& each : ask.inputs) ask.prompt_words += words_in(each);
    ask.user_text = ask.inputs.back();
    return {};
}

Result<void> read_prompt(const element& root, Ask& ask) {
    switch (ask.endpoint) {
        case Endpoint::chat_completions:
            return read_messages(root, "messages", ask);
        case Endpoint::messages:
        case Endpoint::count_tokens: {
            element system;
            if (root["system"].get(system) == simdjson::SUCCESS) ask.prompt_words += words_of(system);
            find_cache_marks(root, ask);
            return read_messages(root, "messages", ask);
        }
        case Endpoint::responses:
            ask.prompt_words += words_in(text_of(root, "instructions"));
            return read_messages(root, "input", ask);
        case Endpoint::completions:
            return read_inputs(root, "prompt", ask);
        case Endpoint::embeddings:
            return read_inputs(root, "input", ask);
        case Endpoint::models:
        case Endpoint::generate_content:
        case Endpoint::converse:
        case Endpoint::moderations:
        case Endpoint::rerank:
        case Endpoint::images:
        case Endpoint::image_edits:
        case Endpoint::speech:
        case Endpoint::transcriptions:
        case Endpoint::translations:
        case Endpoint::cohere_chat:
        case Endpoint::response_get:
        case Endpoint::response_delete:
        case Endpoint::response_items:
        case Endpoint::response_cancel:
        case Endpoint::response_compact:
        case Endpoint::input_tokens:
        case Endpoint::passthrough:
        case Endpoint::file_upload:
        case Endpoint::file_list:
        case Endpoint::file_get:
        case Endpoint::file_content:
        case Endpoint::file_delete:
        case Endpoint::batch_create:
        case Endpoint::batch_list:
        case Endpoint::batch_get:
        case Endpoint::batch_cancel:
        case Endpoint::realtime:
        case Endpoint::gemini_embeddings:
        case Endpoint::cohere_embed:
            return {};
    }
    return {};
}

Result<void> read_numbers(const element& root, Ask& ask) {
    for (const char* name : {"max_completion_tokens", "max_output_tokens", "max_tokens"}) {
        element value;
        if (root[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
        const auto maximum = number_of(root, name);
        if (!maximum || *maximum < 1)
            return wrong(fmt::format("Invalid '{}': expected an integer that is at least 1.", name));
        if (!ask.output_max) ask.output_max = *maximum;
    }
    if (ask.endpoint == Endpoint::messages && !ask.output_max) return wrong("max_tokens: Field required");
    ask.choices = number_of(root, "n").value_or(1);
    if (ask.choices < 1 || ask.choices > choices_max)
        return wrong(fmt::format("Invalid 'n': expected an integer from 1 to {}.", choices_max));
    ask.dimensions = number_of(root, "dimensions").value_or(0);
    if (ask.dimensions < 0 || ask.dimensions > dimensions_max)
        return wrong(fmt::format("Invalid 'dimensions': expected an integer from 1 to {}.", dimensions_max));
    return {};
}

}  // namespace

Tokens words_in(std::string_view text) {
    Tokens words = 0;
    bool inside = false;
    for (const char c : text) {
        if (!is_space(c) && !inside) ++words;
        inside = !is_space(c);
    }
    return words;
}

Result<Ask> read_ask(Endpoint endpoint, std::string_view body) {
    Ask ask;
    ask.endpoint = endpoint;
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS || !root.is_object())
        return wrong("We could not parse the JSON body of your request. It must be one JSON object.");
    ask.model = text_of(root, "model");
    if (ask.model.empty()) return wrong("you must provide a model parameter");
    ask.stream = truth_of(root, "stream");
    element options;
    if (root["stream_options"].get(options) == simdjson::SUCCESS)
        ask.include_usage = truth_of(options, "include_usage");
    ask.base64 = text_of(root, "encoding_format") == "base64";
    TRY_VOID(read_numbers(root, ask));
    TRY_VOID(read_prompt(root, ask));
    read_tools(root, ask);
    read_tool_choice(root, ask);
    read_answer_schema(root, ask);
    ask.directives = read_directives(ask.user_text);
    if (!ask.directives.wrong.empty()) return wrong(ask.directives.wrong.front());
    return ask;
}

}  // namespace bursar::demo
