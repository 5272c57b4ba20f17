#include "service/providers/input_walk.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace bursar::providers {
namespace {

// Input that is not text. OpenAI: an image at detail "original" is at most 10,000 patches of 32x32, one token each
// (images guide, October 2026); Anthropic's largest is below 5,000. gpt-4o-mini alone counts more (33 times gpt-4o), at
// a price as much lower.
constexpr Tokens image_tokens_max = 10'000;
// Audio is at most 32 tokens per second in any price list, and no codec that providers take is below 4 kbit/s: 500
// bytes, 667 of base64, so at least 20 bytes of base64 per token.
constexpr std::size_t audio_base64_bytes_per_token = 16;
constexpr std::string_view pdf = "application/pdf";

std::string_view unquoted(std::string_view token) {
    return token.size() >= 2 ? token.substr(1, token.size() - 2) : std::string_view{};
}

bool is_some_text(ondemand::value value) {
    ondemand::json_type type{};
    return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::string &&
           !unquoted(trimmed(value.raw_json_token())).empty();
}

/// -1 unless it is one of at most nine digits.
std::int64_t whole_number(std::string_view token) {
    constexpr std::size_t digits_max = 9;
    std::int64_t number = -1;
    if (token.size() > digits_max) return number;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    return error == std::errc{} && end == token.data() + token.size() && number >= 0 ? number : -1;
}

}  // namespace

error_code InputWalk::walk(ondemand::value value, Place place, int depth) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if ((place == Place::stored || place == Place::document) && type != ondemand::json_type::null) elsewhere_ = true;
    if (place == Place::document && type != ondemand::json_type::null) needs_.add(Ability::documents);
    switch (type) {
        case ondemand::json_type::object:
            if (depth > body_depth_max) return simdjson::DEPTH_ERROR;
            if (place == Place::message) return walk_message(value, depth);
            if (place == Place::source) return walk_source(value, depth);
            if (place == Place::blob) return walk_blob(value, depth);
            if (place == Place::google_tool) return walk_google_tool(value, depth);
            if (place == Place::tool || place == Place::edit) return walk_tool(value, place, depth);
            return walk_object(value, place, depth);
        case ondemand::json_type::array: {
            if (depth > body_depth_max) return simdjson::DEPTH_ERROR;
            ondemand::array array;
            if (const auto error = value.get_array().get(array)) return error;
            for (auto entry : array) {
                ondemand::value item;
                if (const auto error = std::move(entry).get(item)) return error;
                if (const auto error = walk(item, element_of(place), depth + 1)) return error;
            }
            return simdjson::SUCCESS;
        }
        case ondemand::json_type::string:
            note_text(place, unquoted(trimmed(value.raw_json_token())));
            return simdjson::SUCCESS;
        case ondemand::json_type::number:
            return trimmed(value.raw_json_token()).find_first_not_of("0123456789+-.eE") == std::string_view::npos
                       ? simdjson::SUCCESS
                       : simdjson::NUMBER_ERROR;
        case ondemand::json_type::boolean: {
            bool truth = false;
            return value.get_bool().get(truth);
        }
        case ondemand::json_type::null:
            return trimmed(value.raw_json_token()) == "null" ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
    return simdjson::TAPE_ERROR;
}

error_code InputWalk::walk_object(ondemand::value value, Place place, int depth) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return error;
        Place below = Place::text;
        if (place != Place::text) {
            std::string_view key;
            if (const auto error = field.unescaped_key().get(key)) return error;
            below = inside(place, key);
        }
        if (const auto error = walk(field.value(), below, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
}

/// An item of the Responses API may stand for what the provider has stored: {"type": "item_reference", "id": …}, also
/// without its type; and a thought or a picture of which only the id is there (OpenAI API description, InputItem,
/// November 2026).
error_code InputWalk::walk_message(ondemand::value value, int depth) {
    std::string_view type;
    bool id = false, role = false;
    // Of two of one name the provider may take either: both have to be there.
    std::optional<bool> sealed, drawn;
    const auto error = each_member(value, [&](std::string_view key, ondemand::value member) {
        const bool told = !is_null(member);
        if (key == "type" && told && member.get_string().get(type) == simdjson::SUCCESS) return simdjson::SUCCESS;
        id = id || (key == "id" && told);
        role = role || key == "role";
        if (key == "encrypted_content") sealed = sealed.value_or(true) && is_some_text(member);
        if (key == "result") drawn = drawn.value_or(true) && is_some_text(member);
        return walk(member, inside(Place::message, key), depth + 1);
    });
    const bool reference = id && (type == "item_reference" || (type.empty() && !role));
    const bool only_named = id && ((type == "reasoning" && !sealed.value_or(false)) ||
                                   (type == "image_generation_call" && !drawn.value_or(false)));
    item_reference_ = item_reference_ || reference || only_named;
    elsewhere_ = elsewhere_ || reference || only_named;
    return error;
}

/// Anthropic's {"type": "base64", "media_type": "image/png", "data": "…"}: what `data` is depends on its neighbours, in
/// any order.
error_code InputWalk::walk_source(ondemand::value value, int depth) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    std::string_view type;
    std::string_view media_type;
    std::size_t bytes = 0;
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        ondemand::json_type kind{};
        if (const auto error = field.value().type().get(kind)) return error;
        const auto text = kind == ondemand::json_type::string ? unquoted(trimmed(field.value().raw_json_token()))
                                                              : std::string_view{};
        if (key == "type") type = text;
        if (key == "media_type") media_type = text;
        if (key == "data") bytes = text.size();
        if (const auto error = walk(field.value(), key == "content" ? Place::content : Place::text, depth + 1))
            return error;
    }
    if (type == "base64" && media_type.starts_with("image/")) {
        bytes_not_text_ += bytes;
        tokens_not_text_ += image_tokens_max;
        ++pictures_;
        needs_.add(Ability::images);
    } else if (type != "text" && type != "content") {
        elsewhere_ = true;
        tokens_not_text_ += image_tokens_max;
        ++pictures_;
        if (media_type == pdf) needs_.add(Ability::documents);
    }
    return simdjson::SUCCESS;
}

/// Gemini's {"mimeType": "image/png", "data": "…"}, in any order.
error_code InputWalk::walk_blob(ondemand::value value, int depth) {
    std::string_view media_type;
    std::size_t bytes = 0;
    const auto error = each_member(value, [&](std::string_view key, ondemand::value member) {
        ondemand::json_type kind{};
        if (const auto broken = member.type().get(kind)) return broken;
        const auto text =
            kind == ondemand::json_type::string ? unquoted(trimmed(member.raw_json_token())) : std::string_view{};
        if (key == "mimeType" || key == "mime_type") media_type = text;
        if (key == "data") bytes = text.size();
        return walk(member, Place::text, depth + 1);
    });
    if (media_type.starts_with("text/")) return error;
    bytes_not_text_ += bytes;
    if (media_type.starts_with("image/")) needs_.add(Ability::images);
    if (media_type == pdf) needs_.add(Ability::documents);
    if (media_type.starts_with("audio/")) {
        needs_.add(Ability::audio);
        tokens_not_text_ += static_cast<Tokens>(bytes / audio_base64_bytes_per_token) + 1;
        return error;
    }
    tokens_not_text_ += image_tokens_max;
    ++pictures_;
    // Pages of documents and pictures of films are counted by nobody but the provider.
    if (!media_type.starts_with("image/")) elsewhere_ = true;
    return error;
}

/// Gemini's {"functionDeclarations": […]}, {"googleSearch": {}}, …: one member for each kind.
error_code InputWalk::walk_google_tool(ondemand::value value, int depth) {
    return each_member(value, [&](std::string_view key, ondemand::value member) {
        ++tools_.count;
        if (key != "functionDeclarations" && key != "function_declarations") note_google_tool(key);
        return walk(member, Place::text, depth + 1);
    });
}

void InputWalk::note_google_tool(std::string_view name) {
    // Paid for by their tokens alone (ai.google.dev/gemini-api/docs/pricing, November 2026).
    static constexpr std::array<std::string_view, 8> by_tokens = {"codeExecution", "code_execution", "urlContext",
                                                                  "url_context",   "computerUse",    "computer_use",
                                                                  "fileSearch",    "file_search"};
    ++tools_.typed;
    elsewhere_ = true;
    if (name.starts_with("googleSearch") || name.starts_with("google_search")) {
        tools_.web_search = true;
        tools_.searches_bounded = false;
    } else if (std::ranges::find(by_tokens, name) == by_tokens.end() && tools_.unpriced.empty()) {
        tools_.unpriced = name;
    }
}

/// {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}, in any order; a tool of the caller's own has
/// no type, or "function" or "custom".
error_code InputWalk::walk_tool(ondemand::value value, Place place, int depth) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    std::string_view type;
    std::int64_t uses_max = -1;
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        ondemand::json_type kind{};
        if (const auto error = field.value().type().get(kind)) return error;
        if (key == "type" && kind == ondemand::json_type::string) {
            // Unescaped: "web\u005fsearch" is the same tool.
            if (const auto error = field.value().get_string().get(type)) return error;
            continue;
        }
        if (key == "max_uses" && kind == ondemand::json_type::number)
            uses_max = whole_number(trimmed(field.value().raw_json_token()));
        if (const auto error = walk(field.value(), Place::text, depth + 1)) return error;
    }
    if (runs_at_provider(type)) elsewhere_ = true;
    if (place == Place::tool) note_tool(type, uses_max);
    return simdjson::SUCCESS;
}

void InputWalk::note_tool(std::string_view type, std::int64_t uses_max) {
    ++tools_.count;
    if (!type.empty() && type != "function" && type != "custom") ++tools_.typed;
    if (billed_besides(type) && tools_.unpriced.empty()) tools_.unpriced = type;
    if (!type.starts_with("web_search")) return;
    tools_.web_search = true;
    tools_.searches_bounded = tools_.searches_bounded && uses_max >= 0;
    tools_.searches_max += std::max<std::int64_t>(uses_max, 0);
}

Abilities InputWalk::needs() const {
    Abilities out = needs_;
    if (tools_.count > 0) out.add(Ability::tools);
    return out;
}

error_code InputWalk::count_prompts(ondemand::value value) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (type != ondemand::json_type::array) return walk(value, Place::text, 2);
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    std::int64_t prompts = 0;
    for (auto entry : array) {
        ondemand::value item;
        if (const auto error = std::move(entry).get(item)) return error;
        ondemand::json_type kind{};
        if (const auto error = item.type().get(kind)) return error;
        // A list of numbers is one prompt in tokens.
        if (kind != ondemand::json_type::number) ++prompts;
        in_tokens_ = in_tokens_ || kind == ondemand::json_type::number || kind == ondemand::json_type::array;
        if (const auto error = walk(item, Place::text, 3)) return error;
    }
    prompts_ = std::max<std::int64_t>(prompts, 1);
    return simdjson::SUCCESS;
}

void InputWalk::note_text(Place place, std::string_view text) {
    if (place == Place::image || place == Place::image_url) {
        tokens_not_text_ += image_tokens_max;
        ++pictures_;
        bytes_not_text_ += text.size();
        needs_.add(Ability::images);
    }
    if (place == Place::format_type && text == "json_schema") note_schema();
    if (place == Place::audio) {
        needs_.add(Ability::audio);
        tokens_not_text_ += static_cast<Tokens>(text.size() / audio_base64_bytes_per_token) + 1;
        bytes_not_text_ += text.size();
    }
}

}  // namespace bursar::providers
