#include "service/providers/model_list.h"

#include <algorithm>

#include <simdjson.h>

namespace bursar::providers {
namespace {

constexpr std::size_t models_max = 100'000;
constexpr std::size_t refusal_bytes_max = 200;
constexpr std::size_t harmless_word_bytes_max = 19;

using simdjson::dom::element;

std::optional<std::vector<std::string>> names_in(const simdjson::dom::array& list) {
    std::vector<std::string> names;
    for (const element each : list) {
        std::string_view name;
        if (each["id"].get(name) != simdjson::SUCCESS && each["name"].get(name) != simdjson::SUCCESS) continue;
        if (names.size() == models_max) break;
        names.emplace_back(name);
    }
    // A list of something else is no list of models; one that is empty is.
    if (names.empty() && list.size() > 0) return {};
    return names;
}

/// OpenAI: {"error":{"message"}}; others: {"message"}, {"detail"}, {"error":"…"}, or the first of a list of errors.
std::string_view message_in(const element& root) {
    std::string_view text;
    for (const std::string_view pointer : {"/error/message", "/message", "/detail", "/error", "/0/error/message"})
        if (root.at_pointer(pointer).get(text) == simdjson::SUCCESS && !text.empty()) return text;
    return {};
}

std::string without_long_words(std::string_view text, std::string_view known) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
        const std::string_view word = text.substr(at, end - at);
        const bool digits = word.find_first_of("0123456789") != std::string_view::npos;
        const bool keep =
            word.size() <= harmless_word_bytes_max || !digits ||
            (!known.empty() && word.find(known) != std::string_view::npos && word.size() <= known.size() + 4);
        if (!word.empty()) out.append(out.empty() ? "" : " ").append(keep ? word : "…");
        at = end + 1;
    }
    return out;
}

}  // namespace

std::optional<std::vector<std::string>> read_model_list(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    simdjson::dom::array list;
    if (parser.parse(json).get(root) != simdjson::SUCCESS) return {};
    if (root.get(list) == simdjson::SUCCESS) return names_in(list);
    for (const std::string_view name : {"data", "models"})
        if (root[name].get(list) == simdjson::SUCCESS) return names_in(list);
    return {};
}

bool lists(const std::vector<std::string>& names, std::string_view model) {
    return std::ranges::any_of(names, [&](std::string_view name) {
        if (name.starts_with("models/")) name.remove_prefix(7);
        if (name == model) return true;
        constexpr std::string_view latest = ":latest";
        return name.size() == model.size() + latest.size() && name.starts_with(model) && name.ends_with(latest);
    });
}

std::string read_refusal(std::string_view json, std::string_view known) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(json).get(root) != simdjson::SUCCESS) return {};
    std::string text = without_long_words(message_in(root), known);
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (text.size() <= refusal_bytes_max) return text;
    text.resize(refusal_bytes_max);
    // No character is cut in two (RFC 3629 §3).
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80) text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
    return text + "…";
}

}  // namespace bursar::providers
