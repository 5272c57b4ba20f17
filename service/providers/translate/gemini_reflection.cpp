#include "service/providers/translate/gemini_reflection.h"

#include <algorithm>

namespace bursar::providers::translate {
namespace {

bool named(std::string_view model, auto... fragments) {
    return (... || (model.find(fragments) != std::string_view::npos));
}

// ai.google.dev/gemini-api/docs/thinking and /openai, November 2026.
bool never_thinks(std::string_view model) { return named(model, "gemini-1", "gemini-2.0", "gemma", "-image", "-tts"); }
bool takes_budgets(std::string_view model) { return named(model, "gemini-2.5"); }
bool is_pro(std::string_view model) { return named(model, "pro"); }

constexpr Tokens pro_budget_min = 128;  // it cannot be told not to think
constexpr Tokens budget_max = 24'576;   // every model takes it

Tokens budget_for(std::string_view effort) {
    if (effort == "minimal" || effort == "low") return 1024;
    return effort == "medium" ? 8192 : budget_max;
}

GeminiReflection by_budget(const Ask& ask, std::string_view model) {
    const Tokens least = is_pro(model) ? pro_budget_min : 0;
    if (ask.thinking == Thinking::disabled || (ask.thinking == Thinking::unsaid && ask.effort == "none"))
        return {.budget = least, .level = {}};
    if (ask.thinking == Thinking::budget)
        return {.budget = std::clamp(ask.thinking_budget, least, budget_max), .level = {}, .shown = true};
    if (ask.effort.empty()) return {.budget = -1, .level = {}, .shown = true};
    return {.budget = budget_for(ask.effort), .level = {}, .shown = true};
}

std::string_view word_for_budget(Tokens budget) {
    if (budget < 4096) return "low";
    return budget < 16384 ? "medium" : "high";
}

GeminiReflection by_level(const Ask& ask, std::string_view model) {
    std::string_view word = ask.effort;
    if (ask.thinking == Thinking::disabled) word = "none";
    if (word.empty() && ask.thinking == Thinking::budget) word = word_for_budget(ask.thinking_budget);
    if (word.empty()) return {.budget = {}, .level = {}, .shown = true};
    if (word == "none") return {.budget = {}, .level = is_pro(model) ? "LOW" : "MINIMAL"};
    if (word == "minimal") return {.budget = {}, .level = is_pro(model) ? "LOW" : "MINIMAL", .shown = true};
    if (word == "low") return {.budget = {}, .level = "LOW", .shown = true};
    // The first of them knows two words only.
    if (word == "medium" && !named(model, "gemini-3-pro")) return {.budget = {}, .level = "MEDIUM", .shown = true};
    return {.budget = {}, .level = "HIGH", .shown = true};
}

}  // namespace

GeminiReflection gemini_reflection_of(const Ask& ask, std::string_view model) {
    const bool unsaid = ask.thinking == Thinking::unsaid && ask.effort.empty();
    if (unsaid || never_thinks(model)) return {};
    GeminiReflection reflection = takes_budgets(model) ? by_budget(ask, model) : by_level(ask, model);
    if (ask.thinking_display == "omitted") reflection.shown = false;
    return reflection;
}

bool wants_signed_calls(std::string_view model) { return !never_thinks(model) && !takes_budgets(model); }

}  // namespace bursar::providers::translate
