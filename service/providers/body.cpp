#include "service/providers/body.h"

#include "service/providers/body_reading.h"
#include "service/providers/embedded_prompt.h"
#include "service/providers/fields.h"
#include "service/providers/input_walk.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"
#include "service/providers/unit_prompt.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

static_assert(simdjson::SIMDJSON_PADDING <= padding_bytes);

constexpr std::string_view usage_option = "include_usage";
constexpr std::size_t model_bytes_max = 256;
/// As many as are remembered of a response (service/stored).
constexpr std::size_t response_id_bytes_max = 1'024;
/// What OpenAI and vLLM generate at most where legacy completions say nothing (API reference, October 2026). It stands
/// for null only with the former, so that null is no number here.
constexpr Tokens completions_default = 16;
constexpr std::int64_t tool_calls_max = 1'000;
/// Anthropic puts a prompt of its own before the tools of a request, below 600 tokens, and the definitions of tools
/// that it brings itself, each below 1,500 (tool use guide, October 2026).
constexpr Tokens anthropic_tools_tokens = 600;
constexpr Tokens anthropic_typed_tool_tokens = 1'500;
constexpr std::size_t parser_kept_bytes_max = 1024 * 1024;

/// A member with the comma behind it; the last one with the comma before it.
Span with_comma(std::string_view body, Span member) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t next = body.find_first_not_of(blanks, member.end);
    if (next != std::string_view::npos && body[next] == ',') return {member.begin, next + 1};
    const std::size_t before = body.find_last_not_of(blanks, member.begin - 1);
    return {body[before] == ',' ? before : member.begin, member.end};
}

/// Within a field nothing has to be of one type or another.
Result<void> walked(error_code error) {
    if (error) return not_json(error == simdjson::INCORRECT_TYPE ? simdjson::TAPE_ERROR : error);
    return {};
}

/// One pass over one body. The parser of the thread and the padded copy are in use until it ends.
class PromptReader {
  public:
    PromptReader(Endpoint endpoint, std::string_view padded) : endpoint_(endpoint), body_(padded) {}
    Result<Prompt> read(ondemand::parser& parser);

  private:
    Result<void> read_field(std::string_view name, ondemand::value value);
    Result<void> read_model(ondemand::value value);
    Result<void> read_max_tokens(std::string_view name, ondemand::value value);
    Result<void> read_choices(std::string_view name, ondemand::value value);
    Result<void> read_stream_options(ondemand::value value);
    Result<void> read_service_tier(ondemand::value value);
    Result<void> read_speed(ondemand::value value);
    Result<void> read_max_tool_calls(ondemand::value value);
    Result<void> read_thinking(ondemand::value value);
    Result<void> read_tags(ondemand::value value);
    Result<void> read_previous_response(ondemand::value value);
    Result<void> read_kept_input(std::string_view name, ondemand::value value);
    Result<std::optional<bool>> read_truth(std::string_view name, ondemand::value value);
    Result<void> walk_from(ondemand::value value, Place place);
    void note_tools();
    Result<Prompt> finished();
    bool has_items() const { return (bit(endpoint_) & at_items) != 0; }

    Span span_of(std::string_view token) const {
        const auto begin = static_cast<std::size_t>(token.data() - body_.data());
        return {begin, begin + token.size()};
    }

    Endpoint endpoint_;
    std::string_view body_;
    ondemand::document document_;
    std::size_t member_at_ = 0;  ///< where the name of the member begins that is being read
    Prompt prompt_;
    std::array<bool, key_names.size()> seen_{};
    InputWalk input_;
    bool fast_ = false;
    bool web_search_options_ = false;
    std::optional<std::int64_t> tool_calls_max_;
};

Result<Prompt> PromptReader::read(ondemand::parser& parser) {
    if (const auto error = parser.iterate(body_.data(), body_.size(), body_.size() + padding_bytes).get(document_))
        return not_json(error);
    ondemand::object object;
    if (const auto error = document_.get_object().get(object)) return not_json(error);
    prompt_.insert_at = body_.find('{') + 1;
    prompt_.object_empty = true;
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        member_at_ = static_cast<std::size_t>(field.key().raw() - body_.data()) - 1;
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        prompt_.object_empty = false;
        TRY_VOID(read_field(name, field.value()));
    }
    const char* rest = nullptr;
    if (document_.current_location().get(rest) == simdjson::SUCCESS)
        return fail(Fault::invalid_request,
                    "Something follows the JSON object in the body. Send one object and nothing else.");
    return finished();
}

Result<void> PromptReader::read_field(std::string_view name, ondemand::value value) {
    const std::size_t row = row_of(endpoint_, name);
    if (row == no_row) {
        const std::size_t meant = row_meant(endpoint_, name);
        if (meant != no_row) return in_lower_case(key_names[meant].name);
        return walk_from(value, Place::text);
    }
    // Two parsers that differ in which one counts would make one body two requests.
    if (seen_[row])
        return fail(Fault::invalid_request, fmt::format("`{}` stands twice in the body. Send it once.", name));
    seen_[row] = true;
    switch (key_names[row].key) {
        case Key::model:
            // Gemini's stands in the path.
            return endpoint_ == Endpoint::generate_content ? walk_from(value, Place::text) : read_model(value);
        case Key::stream: {
            TRY(const auto truth, read_truth(name, value));
            prompt_.stream = truth.value_or(false);
            return {};
        }
        case Key::max_tokens:
            return read_max_tokens(name, value);
        case Key::stream_options:
            return read_stream_options(value);
        case Key::choices:
            return read_choices(name, value);
        case Key::service_tier:
            return read_service_tier(value);
        case Key::messages:
            return walk_from(value, Place::messages);
        case Key::input:
            if (endpoint_ == Endpoint::embeddings) return walked(input_.count_prompts(value));
            return walk_from(value, has_items() ? Place::messages : Place::text);
        case Key::tools:
            return walk_from(value, endpoint_ == Endpoint::generate_content ? Place::google_tools : Place::tools);
        case Key::context_management:
            return walk_from(value, Place::context);
        case Key::prompt:
            if (has_items()) return read_kept_input(name, value);
            return walked(input_.count_prompts(value));
        case Key::stored_input:
            return walk_from(value, Place::stored);
        case Key::kept_input:
            return has_items() ? read_kept_input(name, value) : walk_from(value, Place::stored);
        case Key::previous_response:
            return has_items() ? read_previous_response(value) : walk_from(value, Place::stored);
        case Key::store: {
            TRY(const auto truth, read_truth(name, value));
            prompt_.stored = truth.value_or(true);
            return {};
        }
        case Key::speed:
            return read_speed(value);
        case Key::web_search:
            web_search_options_ = !is_null(value);
            return walk_from(value, Place::stored);
        case Key::max_tool_calls:
            return read_max_tool_calls(value);
        case Key::thinking:
            return read_thinking(value);
        case Key::tags:
            return read_tags(value);
        case Key::contents:
            return walk_from(value, Place::contents);
        case Key::format:
            return walk_from(value, Place::format);
        case Key::output_settings:
            return walk_from(value, Place::output_settings);
        case Key::encoding:
        case Key::dimensions:
        case Key::purpose:
            return walked(read_embedded(key_names[row].key, value, input_, prompt_));
        case Key::instruction:
            return walk_from(value, Place::turn);
        case Key::generation_config:
            return read_generation_config(value, body_, prompt_, input_);
        case Key::background: {
            // Its answer comes later, to a request that we do not see: nobody could meter it.
            TRY(const auto truth, read_truth(name, value));
            if (truth.value_or(false))
                return fail(Fault::invalid_request,
                            "`background` is not offered here: its cost could not be metered. Leave it out and stream "
                            "instead.");
            return {};
        }
    }
    return {};
}

Result<void> PromptReader::read_model(ondemand::value value) {
    const auto token = trimmed(value.raw_json_token());
    std::string_view name;
    if (value.get_string().get(name) != simdjson::SUCCESS) return wrong("model", "a string");
    if (name.empty() || name.size() > model_bytes_max)
        return wrong("model", fmt::format("the name of a model, from 1 to {} bytes", model_bytes_max));
    prompt_.model = name;
    prompt_.model_at = span_of(token);
    return {};
}

Result<void> PromptReader::read_max_tokens(std::string_view name, ondemand::value value) {
    const auto token = trimmed(value.raw_json_token());
    const bool none = is_null(value);
    if (prompt_.max_tokens && !none)
        return fail(Fault::invalid_request,
                    fmt::format("`{}` and `{}` say the same. Send only one of them.", prompt_.max_tokens_field, name));
    // Of two names the one with a value counts; null stands for absent, but its place is where a value would go.
    if (prompt_.max_tokens && none) return {};
    prompt_.max_tokens_field = name;
    prompt_.max_tokens_at = span_of(token);
    if (none) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 1 || number > max_tokens_max)
        return wrong(name, fmt::format("a whole number from 1 to {}", max_tokens_max));
    prompt_.max_tokens = number;
    return {};
}

Result<void> PromptReader::read_choices(std::string_view name, ondemand::value value) {
    if (is_null(value)) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 1 || number > choices_max)
        return wrong(name, fmt::format("a whole number from 1 to {}", choices_max));
    prompt_.choices = std::max(prompt_.choices, number);
    return {};
}

Result<std::optional<bool>> PromptReader::read_truth(std::string_view name, ondemand::value value) {
    if (is_null(value)) return std::nullopt;
    bool truth = false;
    if (value.get_bool().get(truth) != simdjson::SUCCESS) return wrong(name, "true or false");
    return truth;
}

Result<void> PromptReader::read_service_tier(ondemand::value value) {
    if (is_null(value)) return {};
    std::string_view tier;
    if (value.get_string().get(tier) != simdjson::SUCCESS || tier.size() > model_bytes_max)
        return wrong("service_tier", "a short string");
    prompt_.service_tier = tier;
    return {};
}

/// A dearer way of serving, like a tier.
Result<void> PromptReader::read_speed(ondemand::value value) {
    std::string_view speed;
    if (!is_null(value) && value.get_string().get(speed) != simdjson::SUCCESS) return wrong("speed", "a string");
    fast_ = speed == "fast";
    return {};
}

Result<void> PromptReader::read_max_tool_calls(ondemand::value value) {
    prompt_.max_tool_calls_at = span_of(trimmed(value.raw_json_token()));
    if (is_null(value)) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 0 || number > tool_calls_max)
        return wrong("max_tool_calls", fmt::format("a whole number from 0 to {}", tool_calls_max));
    tool_calls_max_ = number;
    return {};
}

/// {"type": "enabled", "budget_tokens": 10000}: the limit of output must be larger (extended thinking guide, October
/// 2026).
Result<void> PromptReader::read_thinking(ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS || type != ondemand::json_type::object)
        return walk_from(value, Place::text);
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return not_json(error);
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        std::int64_t number = 0;
        if (name == "budget_tokens" && field.value().get_int64().get(number) == simdjson::SUCCESS)
            prompt_.output_min = std::clamp<std::int64_t>(number, 0, max_tokens_max);
        else
            TRY_VOID(walk_from(field.value(), Place::text));
    }
    return {};
}

Result<void> PromptReader::read_tags(ondemand::value value) {
    const auto token = trimmed(value.raw_json_token());
    std::size_t end = span_of(token).end;
    TRY_VOID(walk_from(value, Place::text));
    if (token == "{" || token == "[") {
        // The walk has gone through to what follows.
        const char* next = nullptr;
        if (const auto error = document_.current_location().get(next)) return not_json(error);
        end = trimmed(body_.substr(0, static_cast<std::size_t>(next - body_.data()))).size();
    }
    prompt_.tags_at = with_comma(body_, {member_at_, end});
    return {};
}

Result<void> PromptReader::read_previous_response(ondemand::value value) {
    if (is_null(value)) return {};
    std::string_view id;
    if (value.get_string().get(id) != simdjson::SUCCESS || id.empty() || id.size() > response_id_bytes_max)
        return wrong("previous_response_id",
                     fmt::format("the id of a response, from 1 to {} bytes", response_id_bytes_max));
    prompt_.previous_response = id;
    return {};
}

/// What a provider keeps by an id of which nobody here knows whose it is, or what is in it.
Result<void> PromptReader::read_kept_input(std::string_view name, ondemand::value value) {
    if (is_null(value)) return {};
    return fail(Fault::invalid_request,
                fmt::format("`{}` is not offered here: what the provider keeps under its id has no owner in Bursar. "
                            "Leave it out and send `instructions` and `input` in full, or go on from a response of "
                            "your own (`previous_response_id`).",
                            name));
}

Result<void> PromptReader::read_stream_options(ondemand::value value) {
    if (is_null(value)) {
        prompt_.stream_options_at = span_of(trimmed(value.raw_json_token()));
        return {};
    }
    ondemand::object options;
    if (value.get_object().get(options) != simdjson::SUCCESS)
        return wrong("stream_options", "an object, such as {\"include_usage\": true}");
    std::string_view whole;
    if (const auto error = options.raw_json().get(whole)) return not_json(error);
    prompt_.stream_options_at = span_of(trimmed(whole));
    bool again = false;
    if (const auto error = options.reset().get(again)) return not_json(error);
    bool seen = false;
    for (auto entry : options) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        if (name != usage_option) {
            if (is_meant(usage_option, name)) return in_lower_case(usage_option);
            if (const auto error = input_.walk(field.value(), Place::text, 3)) return not_json(error);
            continue;
        }
        if (seen)
            return fail(Fault::invalid_request,
                        "`stream_options.include_usage` stands twice in the body. Send it once.");
        seen = true;
        prompt_.include_usage_at = span_of(trimmed(field.value().raw_json_token()));
        TRY(const auto truth, read_truth("stream_options.include_usage", field.value()));
        prompt_.usage_asked = truth.value_or(false);
    }
    return {};
}

Result<void> PromptReader::walk_from(ondemand::value value, Place place) {
    return walked(input_.walk(value, place, 2));
}

void PromptReader::note_tools() {
    const InputWalk::Tools& tools = input_.tools();
    if (endpoint_ == Endpoint::messages && tools.count > 0)
        prompt_.input_at_most += anthropic_tools_tokens + tools.typed * anthropic_typed_tool_tokens;
    prompt_.tool_unpriced = tools.unpriced;
    prompt_.tools = tools.count > 0;
    prompt_.pictures = input_.pictures() > 0;
    prompt_.needs = input_.needs();
    prompt_.web_search = tools.web_search || (web_search_options_ && endpoint_ == Endpoint::chat_completions);
    if (endpoint_ == Endpoint::responses) prompt_.searches_max = tool_calls_max_;
    if (endpoint_ == Endpoint::messages && tools.web_search && tools.searches_bounded)
        prompt_.searches_max = tools.searches_max;
}

Result<Prompt> PromptReader::finished() {
    if (prompt_.model_at.empty() && endpoint_ != Endpoint::generate_content)
        return fail(Fault::invalid_request, "`model` is missing. Name a model; GET /v1/models lists them.");
    if (endpoint_ == Endpoint::embeddings) {
        prompt_.texts = static_cast<std::size_t>(input_.prompts());
        prompt_.in_tokens = input_.in_tokens();
    } else {
        prompt_.choices *= input_.prompts();
    }
    prompt_.input_at_most = static_cast<Tokens>(body_.size() - input_.bytes_not_text()) + input_.tokens_not_text();
    prompt_.input_elsewhere = input_.elsewhere();
    prompt_.item_reference = has_items() && input_.item_reference();
    note_tools();
    if (prompt_.max_tokens_field.empty()) {
        if (endpoint_ == Endpoint::completions) prompt_.max_tokens = completions_default;
        if (endpoint_ == Endpoint::chat_completions) prompt_.max_tokens_field = "max_completion_tokens";
        if (endpoint_ == Endpoint::responses) prompt_.max_tokens_field = "max_output_tokens";
        if (endpoint_ == Endpoint::generate_content) prompt_.max_tokens_field = "maxOutputTokens";
        if (endpoint_ == Endpoint::completions || endpoint_ == Endpoint::messages)
            prompt_.max_tokens_field = "max_tokens";
    }
    prompt_.usage_asked = prompt_.usage_asked && prompt_.stream;
    if (fast_) prompt_.service_tier = "fast";
    return std::move(prompt_);
}

}  // namespace

Result<Prompt> read_prompt(Endpoint endpoint, std::string_view body) { return read_prompt(endpoint, body, 0); }

Result<Prompt> read_prompt(Endpoint endpoint, std::string_view body, std::size_t room) {
    if (body.starts_with("\xEF\xBB\xBF"))
        return fail(Fault::invalid_request, "The body begins with a byte order mark. Send JSON without one.");
    if (body.empty())
        return fail(Fault::invalid_request, "The body is empty. Send a JSON object, such as {\"model\": \"…\"}.");
    thread_local ondemand::parser parser;
    const std::string_view padded = room < padding_bytes ? padded_copy(body) : body;
    auto prompt = facts(endpoint).metered == Metered::tokens ? PromptReader(endpoint, padded).read(parser)
                                                             : read_unit_prompt(endpoint, padded, parser);
    // The parser's tables are several times as large as the largest body it has seen.
    if (body.size() > parser_kept_bytes_max) parser = ondemand::parser();
    return prompt;
}

}  // namespace bursar::providers
