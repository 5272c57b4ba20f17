#include "policies/admit.h"

#include "policies/embeddings.h"
#include "policies/path.h"
#include "policies/units.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// What a streamed answer is expected to need at first, for each choice, as long as nothing was learned; the hold grows
/// from there.
constexpr Tokens stream_tokens_expected = 1'024;
/// Up to so many tokens a stream of which nothing is known holds its worst case at once: growing would cost more than
/// it saves.
constexpr Tokens stream_tokens_held_whole = 4'096;
/// What was learned is no less than this. It is more than the hold must be ahead of the stream (256 tokens): else it
/// would grow, or end the stream, at the first word, and a fast provider would make more than is held before it hears
/// of that.
constexpr Tokens learned_tokens_min = 512;
/// Fewer tokens than these, for each choice, are no answer.
constexpr Tokens answer_tokens_min = 16;

/// Searches that a response may make whose caller set no bound; it is written into the request.
constexpr std::int64_t searches_default = 5;

/// The window of a model whose policy does not tell it, for calls whose input is not all in the body.
constexpr Tokens window_unknown = 200'000;

constexpr std::string_view tier_prefix = "tier:";

Tokens times(Tokens each, std::int64_t choices) {
    if (each <= 0) return 0;
    return choices > call_tokens_max / each ? call_tokens_max : each * std::max<std::int64_t>(1, choices);
}

bool listed(const std::vector<std::string>& names, const Model& model) {
    return std::ranges::any_of(names, [&](const std::string& name) {
        if (name == "*" || name == model.name || std::ranges::find(model.aliases, name) != model.aliases.end())
            return true;
        return !model.tier.empty() && name.starts_with(tier_prefix) && name.substr(tier_prefix.size()) == model.tier;
    });
}

/// Whether a comma list has this item.
bool lists(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view one = list.substr(0, comma);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one == item) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

bool key_may(const Caller& caller, const Model& model) { return caller.models.empty() || listed(caller.models, model); }

/// By a channel of that dialect or, at endpoints that can be translated, by others.
bool serves(const Model& model, const Channel& channel, const Ask& ask) {
    const Dialect spoken = channel.provider->dialect;
    if (ask.batch) return takes_batches(*channel.provider, ask.endpoint);
    if (ask.endpoint == Endpoint::embeddings) return embeds(model, channel);
    if (needs_responses(ask.endpoint) && !channel.provider->quirks.responses) return false;
    // A rerank is Cohere's, whatever else it stands beside.
    const bool rerank = ask.endpoint == Endpoint::rerank && spoken == Dialect::cohere;
    return spoken == ask.dialect || can_translate(ask.endpoint, *channel.provider) || rerank;
}

bool holds(const PickRule& rule, const Ask& ask) {
    if (rule.input_above && ask.input_estimated <= *rule.input_above) return false;
    if (rule.tools && ask.tools != *rule.tools) return false;
    if (rule.images && ask.pictures != *rule.images) return false;
    if (rule.budget_left_below_percent && ask.budget_left_percent >= *rule.budget_left_below_percent) return false;
    return rule.tags.empty() ||
           std::ranges::any_of(rule.tags, [&](const std::string& tag) { return lists(ask.tags, tag); });
}

/// By dialect.
constexpr std::array<std::string_view, 5> apis = {"OpenAI", "Anthropic", "Gemini", "Bedrock", "Cohere"};
std::string_view api_of(Dialect dialect) { return apis[static_cast<std::size_t>(dialect)]; }

std::string path_of(Dialect dialect, const Model& model) {
    switch (dialect) {
        case Dialect::openai:
            return "POST /v1/chat/completions";
        case Dialect::anthropic:
            return "POST /v1/messages";
        case Dialect::gemini:
            return fmt::format("POST /v1beta/models/{}:generateContent", model.name);
        case Dialect::bedrock:
        case Dialect::cohere:
            break;
    }
    return "";
}

std::unexpected<Error> team_gone(const Caller& caller) {
    return fail(
        Fault::not_permitted,
        fmt::format("The team \"{}\" of this key is no longer in the policy. Ask your operator for a key of "
                    "another team.",
                    caller.team),
        fmt::format("key {} belongs to team \"{}\", which the policy does not have", caller.key_id, caller.team));
}

/// Room 3's first half: is this model for this caller?
Result<std::shared_ptr<const Model>> permitted_model(const Snapshot& rules, const Caller& caller, const Ask& ask) {
    const auto team = rules.teams.find(caller.team);
    if (team == rules.teams.end()) return team_gone(caller);
    const auto found = rules.models.find(ask.model);
    if (found == rules.models.end()) {
        constexpr std::size_t shown_max = 200;
        return fail(Fault::model_unknown,
                    fmt::format("There is no model \"{}\". See GET /v1/models for those this key may use.",
                                ask.model.substr(0, shown_max)));
    }
    const Model& model = *found->second;
    if (!team->second->may(model))
        return fail(Fault::not_permitted,
                    fmt::format("Team \"{}\" may not use the model \"{}\". See GET /v1/models for those it may use.",
                                caller.team, model.name));
    if (!key_may(caller, model))
        return fail(Fault::not_permitted,
                    fmt::format("This key may not use the model \"{}\", though its team \"{}\" may. See GET /v1/models "
                                "for those it may use.",
                                model.name, caller.team));
    return found->second;
}

/// The model with channels that answers for `model`: itself, or what the rules of a virtual one pick.
std::shared_ptr<const Model> picked(const Snapshot& rules, const std::shared_ptr<const Model>& model, const Ask& ask) {
    for (const PickRule& rule : model->rules)
        if (holds(rule, ask)) return rules.models.find(rule.use)->second;
    return model;
}

/// The price in force of one channel, good enough to hold money for such a call.
Result<const Price*> price_of(const Channel& channel, const Model& model, const Ask& ask, Timestamp now) {
    const Price* price = channel.prices ? channel.prices->at(now) : nullptr;
    const auto missing = [&](std::string_view what) {
        return fail(
            Fault::price_missing,
            fmt::format("The model \"{}\" has no price, so its cost cannot be held. Ask your operator to add it "
                        "to the policy; see GET /v1/models for others.",
                        model.name),
            fmt::format("no {} of {}/{} at {}; add it under prices", what, channel.provider->catalogue, channel.model,
                        to_text(now)));
    };
    if (price == nullptr) return missing("price");
    if (const std::string_view lacking = missing_for(ask.endpoint, *price); !lacking.empty()) return missing(lacking);
    return price;
}

/// Nothing larger than the window is ever billed; what is not in the body may fill it.
Tokens input_bound(const Model& model, const Ask& ask) {
    if (ask.input_elsewhere) return std::max(ask.input_at_most, model.input_tokens_max.value_or(window_unknown));
    // Of many texts or documents in one call each may fill it.
    if (facts(ask.endpoint).held == Held::input) return ask.input_at_most;
    return std::min(ask.input_at_most, model.input_tokens_max.value_or(ask.input_at_most));
}

/// What the provider does beside the model's tokens costs money too: it is bounded, or it is not done.
Result<void> bound_tools(Bounds& bounds, std::span<const Price* const> prices, const Ask& ask) {
    if (facts(ask.endpoint).held == Held::nothing) return {};
    if (!ask.untold.empty() && !std::ranges::all_of(prices, costs_nothing))
        return fail(
            Fault::invalid_request,
            fmt::format("An answer as {} does not say how much was used, so its cost could not be told. Ask for "
                        "json or verbose_json.",
                        ask.untold));
    if (!ask.tool_unpriced.empty() && !std::ranges::all_of(prices, costs_nothing))
        return fail(
            Fault::price_missing,
            fmt::format("The provider bills the tool \"{}\" beside its tokens, and there is no price for it here, so "
                        "its cost cannot be held. Leave it out.",
                        ask.tool_unpriced));
    const bool billed =
        std::ranges::any_of(prices, [](const Price* price) { return price->per_web_search != NanoUsd{}; });
    if (!ask.web_search || !billed) return {};
    switch (ask.endpoint) {
        case Endpoint::responses:
            bounds.web_searches = ask.searches_max.value_or(searches_default);
            return {};
        case Endpoint::generate_content:
            bounds.web_searches = searches_default;
            return {};
        case Endpoint::messages:
            if (!ask.searches_max)
                return fail(
                    Fault::invalid_request,
                    "Each web search is billed. Say how many there may be: \"max_uses\" of the web search tool.");
            bounds.web_searches = *ask.searches_max;
            return {};
        default:
            // Chat completions search once before they answer.
            bounds.web_searches = 1;
            return {};
    }
}

/// The price that a hold is made of: of the only channel, or a ceiling over all of them. What is asked by the id of
/// something that is stored costs nothing, and its owner can have it deleted also where the price has ended.
Result<void> set_price(Route& route, const Ask& ask, Timestamp now) {
    if (facts(ask.endpoint).reached == Reached::by_id && facts(ask.endpoint).held == Held::nothing) return {};
    std::vector<const Price*> prices;
    for (const Channel* channel : route.channels) {
        TRY(const Price* price, price_of(*channel, *route.model, ask, now));
        if (std::ranges::find(prices, price) == prices.end()) prices.push_back(price);
    }
    TRY_VOID(bound_tools(route.bounds, prices, ask));
    route.price = prices.front();
    if (prices.size() > 1) {
        route.ceiling = std::make_shared<const Price>(ceiling_of(prices, route.bounds));
        route.price = route.ceiling.get();
    }
    return {};
}

/// How much to hold, and whether it may grow.
void plan_hold(Route& route, const Ask& ask) {
    const Held held = facts(ask.endpoint).held;
    if (held == Held::nothing) return;
    const auto cost_with = [&](Tokens output) { return cost_at_most(*route.price, route.bounds, output); };
    const bool makes_tokens = held == Held::output || (held == Held::units && prices_output(*route.price));
    if (makes_tokens) {
        const Tokens most = route.model->output_tokens_max;
        route.output_worst = times(std::min(ask.max_tokens.value_or(most), most), ask.choices);
        if (ask.max_tokens) route.output_limit = times(*ask.max_tokens, ask.choices);
    }
    const Tokens learned = std::max(ask.output_learned.value_or(stream_tokens_expected), learned_tokens_min);
    const Tokens expected = std::min(route.output_worst, times(learned, ask.choices));
    const bool worth_it =
        route.output_worst > stream_tokens_held_whole || (ask.output_learned && expected < route.output_worst);
    route.grows = ask.stream && !route.model->hidden_reasoning && worth_it;
    route.output_expected = route.grows ? expected : route.output_worst;
    route.worst = cost_with(route.output_worst);
    // Of most calls they are the same.
    route.expected = route.output_expected == route.output_worst ? route.worst : cost_with(route.output_expected);
    route.output_least = route.output_expected;
    // Compacting takes no limit that could be lowered, and a session has its own for all its responses.
    const bool lowers = ask.endpoint != Endpoint::response_compact && ask.endpoint != Endpoint::realtime;
    if (route.on_short == OnShort::lower && held == Held::output && lowers)
        route.output_least = std::min(route.output_expected,
                                      times(std::max(ask.output_min, Tokens{0}) + answer_tokens_min, ask.choices));
    route.expected_min = route.output_least == route.output_expected ? route.expected : cost_with(route.output_least);
}

std::unexpected<Error> not_offered(const Model& model, const Ask& ask) {
    if (ask.endpoint == Endpoint::realtime)
        return fail(
            Fault::model_unknown,
            fmt::format("The model \"{}\" has no realtime sessions: only providers of OpenAI's API have them. See "
                        "GET /v1/models for others.",
                        model.name));
    if (ask.batch)
        return fail(Fault::invalid_request,
                    fmt::format("The model \"{}\" is at no provider that takes batches of such calls in OpenAI's API. "
                                "Name another one, or send the calls one by one.",
                                ask.model));
    if (needs_responses(ask.endpoint))
        return fail(Fault::model_unknown,
                    fmt::format("The model \"{}\" cannot be asked for this: its provider does not have OpenAI's "
                                "Responses API. POST /v1/responses reaches it.",
                                model.name));
    // A virtual model that picks none has no channels of its own.
    const Dialect other = model.channels.empty() ? ask.dialect : model.channels.front().provider->dialect;
    if (ask.endpoint == Endpoint::embeddings && other == Dialect::gemini)
        return fail(
            Fault::model_unknown,
            fmt::format("The model \"{}\" makes no embeddings here: its provider is Vertex AI, which has another "
                        "call for them than Gemini's own API. Take a model of a provider with that one, or "
                        "with OpenAI's or Cohere's.",
                        model.name));
    if (path_of(other, model).empty())
        return fail(
            Fault::model_unknown,
            fmt::format("The model \"{}\" cannot be asked for this: its provider's {} API has no such call that "
                        "Bursar knows. Chats reach it: POST /v1/chat/completions.",
                        model.name, api_of(other)));
    return fail(Fault::model_unknown,
                fmt::format("The model \"{}\" is not offered in the {} API. Call it in the {} API: {}.", model.name,
                            api_of(ask.dialect), api_of(other), path_of(other, model)));
}

/// What a provider of the other dialect adds to a prompt with tools that says nothing of it (body.cpp has the same for
/// its own).
Tokens translated_input(const Route& route, const Ask& ask) {
    constexpr Tokens tools_prompt = 1'000;
    const bool translated = std::ranges::any_of(
        route.channels, [&](const Channel* channel) { return channel->provider->dialect != ask.dialect; });
    return translated && ask.tools ? tools_prompt : 0;
}

bool able(const Model& model, Abilities needs) { return !model.abilities || model.abilities->cover(needs); }

/// The first by name that this caller may use, that is known to do all that the call needs and that can be asked here.
std::string able_instead(const Snapshot& rules, const Caller& caller, const Ask& ask) {
    for (const auto& model : models_of(rules, caller)) {
        const bool known = model->abilities && model->abilities->cover(ask.needs);
        const auto taken = [&](const Channel& each) { return serves(*model, each, ask); };
        if (known && std::ranges::any_of(model->channels, taken)) return model->name;
    }
    return "";
}

std::unexpected<Error> not_able(const Snapshot& rules, const Model& model, const Caller& caller, const Ask& ask) {
    std::vector<std::string_view> missing;
    for (const AbilityName& each : ability_names)
        if (ask.needs.has(each.ability) && !model.abilities->has(each.ability)) missing.push_back(each.said);
    const std::string other = able_instead(rules, caller, ask);
    const std::string instead =
        other.empty() ? "No other model of this key is known to; ask your operator for one, or leave that out."
                      : fmt::format("Call \"{}\", which does, or leave that out.", other);
    return fail(Fault::invalid_request,
                fmt::format("The model \"{}\" takes no {}. {}", model.name, fmt::join(missing, " and no "), instead),
                fmt::format("the policy lists the abilities of {} without what a call needs", model.name));
}

Result<Route> route_over(const Snapshot& rules, std::shared_ptr<const Model> model, const Caller& caller,
                         const Ask& ask, Timestamp now) {
    if (!able(*model, ask.needs)) return not_able(rules, *model, caller, ask);
    Route route;
    route.model = std::move(model);
    for (const Channel& channel : route.model->channels)
        if (serves(*route.model, channel, ask) && (ask.pin == nullptr || is_place(channel, *ask.pin)))
            route.channels.push_back(&channel);
    if (route.channels.empty() && ask.pin != nullptr) return place_gone(*ask.pin, ask.model);
    if (route.channels.empty()) return not_offered(*route.model, ask);
    // All of them speak the same dialect then.
    if (ask.endpoint == Endpoint::embeddings) TRY_VOID(check_embedded(route.channels.front()->provider->dialect, ask));
    route.bounds = {.input = input_bound(*route.model, ask) + translated_input(route, ask),
                    .images = ask.images,
                    .web_searches = 0,
                    .characters = ask.characters,
                    .seconds = ask.seconds,
                    .search_units = ask.search_units,
                    .picture = ask.picture,
                    .service_tier = ask.service_tier,
                    .at = now};
    route.on_short = rules.teams.find(caller.team)->second->on_short;
    if (!known_service_tier(ask.service_tier))
        return fail(
            Fault::price_missing,
            fmt::format("The service tier \"{}\" has no price here. Leave it out or ask for auto, default, flex "
                        "or priority.",
                        ask.service_tier));
    TRY_VOID(set_price(route, ask, now));
    plan_hold(route, ask);
    return route;
}

/// Whether a call for `asked` may be answered by `model` today: it is that one, or a rule or a fallback names it.
bool leads_to(const Snapshot& rules, const Model& asked, const Model& model) {
    std::vector<const Model*> met = {&asked};
    const auto meet = [&](const std::string& name) {
        const auto found = rules.models.find(name);
        if (found != rules.models.end() && std::ranges::find(met, found->second.get()) == met.end())
            met.push_back(found->second.get());
    };
    for (std::size_t i = 0; i < met.size(); ++i) {
        const Model& one = *met[i];
        if (&one == &model) return true;
        for (const PickRule& rule : one.rules) meet(rule.use);
        meet(one.fallbacks.context_too_long);
        meet(one.fallbacks.content_refused);
    }
    return false;
}

/// The model that made what `ask` is pinned to. That the caller may use the one that is asked for is known; it may
/// stand for another one by now.
Result<std::shared_ptr<const Model>> permitted_maker(const Snapshot& rules, const Caller& caller, const Model& asked,
                                                     const Ask& ask) {
    const auto found = rules.models.find(ask.pin->model);
    if (found == rules.models.end()) return place_gone(*ask.pin, ask.model);
    const Model& maker = *found->second;
    const bool itself = rules.teams.find(caller.team)->second->may(maker) && key_may(caller, maker);
    if (itself || leads_to(rules, asked, maker)) return found->second;
    return fail(
        Fault::not_permitted,
        fmt::format("The model \"{}\" no longer stands for the one that made this response, and this key may not "
                    "use that one. Ask your operator, or send the conversation's items in full.",
                    ask.model),
        fmt::format("a stored response was made by {}, which {} does not lead to any more, and which key {} of "
                    "team \"{}\" may not use itself",
                    maker.name, asked.name, caller.key_id, caller.team));
}

}  // namespace

Result<Route> admit(const Snapshot& rules, const Caller& caller, const Ask& ask, Timestamp now) {
    TRY(const auto model, permitted_model(rules, caller, ask));
    if (ask.pin != nullptr && !ask.pin->model.empty()) {
        TRY(auto maker, permitted_maker(rules, caller, *model, ask));
        return route_over(rules, std::move(maker), caller, ask, now);
    }
    return route_over(rules, picked(rules, model, ask), caller, ask, now);
}

Result<Route> route_to(const Snapshot& rules, const std::string& model, const Caller& caller, const Ask& ask,
                       Timestamp now) {
    const auto found = rules.models.find(model);
    if (found == rules.models.end()) return fail(Fault::model_unknown, fmt::format("There is no model \"{}\".", model));
    return route_over(rules, found->second, caller, ask, now);
}

bool is_virtual(const Snapshot& rules, std::string_view model) {
    const auto found = rules.models.find(model);
    return found != rules.models.end() && !found->second->rules.empty();
}

std::vector<std::shared_ptr<const Model>> models_of(const Snapshot& rules, const Caller& caller) {
    std::vector<std::shared_ptr<const Model>> out;
    const auto team = rules.teams.find(caller.team);
    if (team == rules.teams.end()) return out;
    // A model stands under its aliases as well, and is shown once. Most can be asked in either dialect.
    for (const auto& [name, model] : rules.models)
        if (name == model->name && team->second->may(*model) && key_may(caller, *model)) out.push_back(model);
    return out;
}

Result<std::vector<Charged>> accounts_of(const Snapshot& rules, const Caller& caller) {
    std::vector<Charged> teams;  // from the caller's own up, then turned round
    std::vector<Budget> of_person;
    for (std::string_view name = caller.team; !name.empty();) {
        const auto team = rules.teams.find(name);
        if (team == rules.teams.end()) return team_gone(caller);
        teams.push_back({"team:" + team->second->name, team->second->budgets});
        of_person.insert(of_person.end(), team->second->per_person.begin(), team->second->per_person.end());
        name = team->second->parent;
    }
    if (teams.empty()) return team_gone(caller);
    std::vector<Charged> out;
    out.push_back({"org", rules.organisation.budgets});
    out.insert(out.end(), std::make_move_iterator(teams.rbegin()), std::make_move_iterator(teams.rend()));
    if (!caller.person.empty()) {
        const auto named = rules.people.find(caller.person);
        if (named != rules.people.end()) of_person.insert(of_person.end(), named->second.begin(), named->second.end());
        out.push_back({"person:" + caller.person, std::move(of_person)});
    }
    out.push_back({"key:" + caller.key_id, caller.budgets});
    for (Charged& one : out) one.budgets = limits_of(rules, one.account, std::move(one.budgets));
    return out;
}

std::string contact_of(const Snapshot& rules, std::string_view team) {
    for (auto found = rules.teams.find(team); found != rules.teams.end();
         found = rules.teams.find(found->second->parent))
        if (!found->second->contact.empty()) return found->second->contact;
    return rules.organisation.contact;
}

std::vector<Budget> limits_of(const Snapshot& rules, const AccountName& account, std::vector<Budget> documented) {
    const InForce& decided = *rules.in_force;
    if (const auto allotted = decided.allotted.find(account); allotted != decided.allotted.end())
        documented.insert(documented.end(), allotted->second.begin(), allotted->second.end());
    for (const auto* const all : {&decided.rolled_over, &decided.raises}) {
        const auto raises = all->find(account);
        if (raises == all->end()) continue;
        for (const InForce::Raise& raise : raises->second) {
            // One that stands in several documents is the tightest of them: each is raised.
            for (Budget& budget : documented)
                if (budget.is_like(raise.like)) budget.adjustments.push_back(raise.adjustment);
        }
    }
    return documented;
}

}  // namespace bursar::policies
