#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>
#include <set>

namespace bursar::providers::translate {
namespace {

constexpr std::size_t texts_max = 10'000;

bool requires_everything(dom::object schema, dom::object properties) {
    std::set<std::string_view> required;
    if (const auto names = list_member(schema, "required"))
        for (const auto name : *names) required.insert(as_text(name).value_or(""));
    return std::ranges::all_of(properties, [&](const auto& property) { return required.contains(property.key); });
}

}  // namespace

std::vector<Part>& turn_of(Ask& ask, Role role) {
    if (ask.turns.empty() || ask.turns.back().role != role) ask.turns.push_back({.role = role, .parts = {}});
    return ask.turns.back().parts;
}

std::optional<std::string_view> object_text(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return "{}";
    text = text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
    dom::object object;
    if (text.front() != '{' || parse(Desk::inner, text).get_object().get(object) != simdjson::SUCCESS)
        return std::nullopt;
    return text;
}

bool is_closed(dom::element schema) {
    dom::array list;
    if (schema.get_array().get(list) == simdjson::SUCCESS)
        return std::ranges::all_of(list, [](dom::element item) { return is_closed(item); });
    const auto object = as_object(schema);
    if (!object) return true;
    const auto properties = object_member(*object, "properties");
    const bool describes = properties || text_member(*object, "type") == "object";
    if (describes && truth_member(*object, "additionalProperties") != false) return false;
    if (properties && !requires_everything(*object, *properties)) return false;
    return std::ranges::all_of(*object, [](const auto& field) { return is_closed(field.value); });
}

bool says_nothing(dom::element value) {
    bool truth = true;
    double number = 1;
    std::string_view text = "-";
    dom::array list;
    dom::object object;
    if (value.get_bool().get(truth) == simdjson::SUCCESS) return !truth;
    if (value.get_double().get(number) == simdjson::SUCCESS) return number == 0;
    if (value.get_string().get(text) == simdjson::SUCCESS) return text.empty();
    if (value.get_array().get(list) == simdjson::SUCCESS) return list.size() == 0;
    if (value.get_object().get(object) == simdjson::SUCCESS) return object.size() == 0;
    return value.is_null();
}

std::string schema_of_arguments(dom::element schema) {
    std::string text = json_of(schema);
    // A schema of arguments is one of an object, but only Anthropic wants it said.
    if (const auto object = as_object(schema); object && !member(*object, "type"))
        text.insert(1, text == "{}" ? R"("type":"object")" : R"("type":"object",)");
    return text;
}

Result<void> read_count(dom::element value, const Where& where, std::optional<std::int64_t>& count) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 0) return wrong(where, "a whole number");
    count = number;
    return {};
}

Result<void> read_number(dom::element value, const Where& where, std::optional<double>& number) {
    double real = 0;
    if (value.get_double().get(real) != simdjson::SUCCESS) return wrong(where, "a number");
    number = real;
    return {};
}

Result<void> read_texts(dom::element value, const Where& where, std::vector<std::string_view>& texts) {
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS || list.size() > texts_max)
        return wrong(where, "a list of texts");
    for (const auto item : list) {
        const auto text = as_text(item);
        if (!text) return wrong(where, "a list of texts");
        texts.push_back(*text);
    }
    return {};
}

Result<void> read_effort(dom::element value, const Where& where, std::string_view& effort) {
    static constexpr std::array<std::string_view, 7> words = {"none", "minimal", "low", "medium",
                                                              "high", "xhigh",   "max"};
    const auto word = as_text(value).value_or("");
    if (std::ranges::find(words, word) == words.end())
        return wrong(where, "none, minimal, low, medium, high, xhigh or max");
    effort = word;
    return {};
}

Result<void> read_thinking(dom::element value, const Where& where, Ask& ask) {
    const auto object = as_object(value);
    const auto type = object ? text_member(*object, "type") : std::string_view{};
    if (type == "disabled") ask.thinking = Thinking::disabled;
    // "between_tools" has no word elsewhere; "adaptive" leaves it to the model as well.
    if (type == "adaptive" || type == "between_tools") ask.thinking = Thinking::adaptive;
    if (type == "enabled") ask.thinking = Thinking::budget;
    if (ask.thinking == Thinking::unsaid) return wrong(where, "of the type enabled, disabled or adaptive");
    ask.thinking_budget =
        std::clamp<std::int64_t>(integer_member(*object, "budget_tokens").value_or(0), 0, 1'000'000'000);
    ask.thinking_display = text_member(*object, "display");
    return {};
}

}  // namespace bursar::providers::translate
