#include "service/providers/translate/effort.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {
namespace {

constexpr Tokens budget_min = 1024;  // Anthropic's (extended thinking guide, October 2026)

bool named(std::string_view model, auto... fragments) {
    return (... || (model.find(fragments) != std::string_view::npos));
}

/// What a model of Anthropic's knows about thinking (model overview and migration guides, October 2026).
enum class Knows : std::uint8_t { nothing, budgets, effort };
Knows knowledge_of(std::string_view model) {
    if (named(model, "claude-2", "claude-instant", "claude-3-5", "claude-3-haiku", "claude-3-opus", "claude-3-sonnet"))
        return Knows::nothing;
    if (named(model, "claude-3-7", "opus-4-0", "opus-4-1", "opus-4-2", "opus-4-5", "sonnet-4-0", "sonnet-4-2",
              "sonnet-4-5", "haiku-4-5"))
        return Knows::budgets;
    return Knows::effort;
}

Tokens budget_for(std::string_view effort, Tokens max_tokens) {
    Tokens wanted = 8192;
    if (effort == "minimal") wanted = budget_min;
    if (effort == "low") wanted = 2048;
    if (effort == "high") wanted = 16384;
    if (effort == "xhigh" || effort == "max") wanted = 32768;
    // The other half is for what the caller sees.
    return std::min(wanted, max_tokens / 2);
}

/// Anthropic's word. Those of 4.6 know "max", but not "xhigh".
std::string_view anthropic_word(std::string_view effort, std::string_view model) {
    if (effort == "none" || effort == "minimal") return "low";
    if (effort == "xhigh" && named(model, "-4-6")) return "high";
    return effort;
}

/// Budgets demand that an unfinished turn with tools began with its thinking, which not every Chat client gives back.
bool thinking_is_lost(const Ask& ask) {
    if (ask.turns.size() < 2 || ask.turns.back().role != Role::user) return false;
    const auto& results = ask.turns.back().parts;
    if (std::ranges::none_of(results, [](const Part& part) { return part.kind == Part::Kind::tool_result; }))
        return false;
    const auto& before = ask.turns[ask.turns.size() - 2].parts;
    return std::ranges::none_of(before, [](const Part& part) {
        return part.kind == Part::Kind::redacted_thinking ||
               (part.kind == Part::Kind::thinking && !part.signature.empty());
    });
}

/// OpenAI's models before they reasoned: they refuse the field.
bool never_reasons(std::string_view model) {
    return named(model, "gpt-3.5", "gpt-4", "chatgpt-4o", "o1-mini", "o1-preview");
}
bool is_first_gpt5(std::string_view model) { return named(model, "gpt-5") && !named(model, "gpt-5."); }
/// Those whose highest word is "high".
bool stops_at_high(std::string_view model) {
    return is_first_gpt5(model) || named(model, "gpt-5.1", "gpt-oss") || model.starts_with("o1") ||
           model.starts_with("o3") || model.starts_with("o4") || !named(model, "gpt-");
}

std::string_view word_for_budget(Tokens budget) {
    if (budget < 4096) return "low";
    return budget < 16384 ? "medium" : "high";
}

}  // namespace

Reflection reflection_of(const Ask& ask, std::string_view model, Tokens max_tokens) {
    if (ask.thinking != Thinking::unsaid)
        return {ask.thinking, std::min(ask.thinking_budget, max_tokens - 1), ask.effort};
    const Knows knows = knowledge_of(model);
    if (ask.effort.empty() || knows == Knows::nothing) return {};
    const bool none = ask.effort == "none";
    // A forced tool and thinking exclude each other.
    const bool forced = ask.choice == Choice::required || ask.choice == Choice::named;
    if (knows == Knows::effort) {
        Reflection reflection{.effort = anthropic_word(ask.effort, model)};
        if (none) reflection.thinking = Thinking::disabled;
        if (!none && !forced) reflection.thinking = Thinking::adaptive;
        return reflection;
    }
    const Tokens budget = budget_for(ask.effort, max_tokens);
    if (none || forced || budget < budget_min || thinking_is_lost(ask)) return {};
    return {Thinking::budget, budget, {}};
}

std::string_view effort_of(const Ask& ask, std::string_view model) {
    if (never_reasons(model)) return {};
    std::string_view word = ask.effort;
    if (word.empty() && ask.thinking == Thinking::budget) word = word_for_budget(ask.thinking_budget);
    if (ask.thinking == Thinking::disabled && word.empty()) {
        if (is_first_gpt5(model)) return "minimal";
        return named(model, "gpt-5.", "gpt-6") ? "none" : std::string_view{};
    }
    const bool above_high = word == "xhigh" || word == "max";
    if (above_high && stops_at_high(model)) return "high";
    return word == "max" && named(model, "gpt-5.") ? "xhigh" : word;
}

}  // namespace bursar::providers::translate
