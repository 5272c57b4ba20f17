#include "service/providers/translate/cohere_model.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {
namespace {

/// What Cohere wants to be left for the answer itself.
constexpr Tokens answer_tokens_min = 1024;

/// Models before those that think, and of other trades; a name that is not among them is a model of today.
bool thinks(std::string_view model) {
    static constexpr std::array<std::string_view, 6> older = {
        "command-r", "command-light", "command-nightly", "command-a-03-2025", "command-a-vision", "command-a-tran"};
    const auto is_of = [&](std::string_view name) { return model.find(name) != std::string_view::npos; };
    return std::ranges::none_of(older, is_of) && !is_of("aya");
}

bool shall_not_think(const Ask& ask) {
    return ask.thinking == Thinking::disabled || (ask.thinking == Thinking::unsaid && ask.effort == "none");
}

/// 0: as much as it likes, which is what Cohere advises.
Tokens budget_of(const Ask& ask) {
    if (ask.thinking == Thinking::budget) return ask.thinking_budget;
    if (ask.effort == "minimal") return 1024;
    if (ask.effort == "low") return 2048;
    return ask.effort == "medium" ? 8192 : 0;
}

}  // namespace

bool takes_thinking(const Ask& ask, std::string_view model) { return thinks(model) && !shall_not_think(ask); }

void write_cohere_thinking(JsonWriter& json, const Ask& ask, std::string_view model, std::optional<Tokens> limit) {
    if (!thinks(model) || (ask.thinking == Thinking::unsaid && ask.effort.empty())) return;
    if (shall_not_think(ask)) {
        json.key("thinking").open().field("type", "disabled").close();
        return;
    }
    Tokens budget = budget_of(ask);
    if (budget > 0 && limit) {
        const Tokens room = *limit > 2 * answer_tokens_min ? *limit - answer_tokens_min : *limit / 2;
        budget = std::max<Tokens>(std::min(budget, room), 1);
    }
    json.key("thinking").open().field("type", "enabled");
    if (budget > 0) json.field("token_budget", budget);
    json.close();
}

}  // namespace bursar::providers::translate
