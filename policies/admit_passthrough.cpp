#include "policies/admit_passthrough.h"

#include "policies/pass_blanks.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

std::unexpected<Error> not_passed(const PassAsk& ask) {
    return fail(Fault::not_found,
                fmt::format("Nothing lets {} /passthrough/{}{} pass. Whoever runs Bursar can allow such requests under "
                            "passthrough of the provider in the policy.",
                            ask.method, ask.provider, ask.path));
}

/// Whether the team may use any model there.
bool uses(const Snapshot& rules, const Team& team, const std::string& provider) {
    return std::ranges::any_of(rules.models, [&](const auto& entry) {
        const Model& model = *entry.second;
        const auto there = [&](const Channel& channel) { return channel.provider->name == provider; };
        const auto picks = [&](const PickRule& rule) {
            const auto picked = rules.models.find(rule.use);
            return picked != rules.models.end() && std::ranges::any_of(picked->second->channels, there);
        };
        // Who may use a virtual model may get what it picks.
        return team.may(model) &&
               (std::ranges::any_of(model.channels, there) || std::ranges::any_of(model.rules, picks));
    });
}

Result<void> permitted(const Snapshot& rules, const Caller& caller, const Provider& provider, const PassEntry& entry) {
    const auto team = rules.teams.find(caller.team);
    const bool allowed =
        team != rules.teams.end() && (entry.all ? uses(rules, *team->second, provider.name)
                                                : std::ranges::find(entry.teams, caller.team) != entry.teams.end());
    if (!allowed)
        return fail(Fault::not_permitted,
                    fmt::format("Team \"{}\" may not send \"{}\" to {}. Whoever runs Bursar names the teams that may "
                                "under allow of this entry.",
                                caller.team, entry.name, provider.name),
                    fmt::format("team \"{}\" is not allowed by passthrough \"{}\" of provider {}, or may use no model "
                                "there",
                                caller.team, entry.name, provider.name));
    const bool limited = !caller.models.empty() && std::ranges::find(caller.models, "*") == caller.models.end();
    if (limited)
        return fail(Fault::not_permitted,
                    "This key is limited to some models, and what passes to a provider is none of them. Ask for a key "
                    "without that limit.");
    return {};
}

}  // namespace

Result<Route> admit_passthrough(const Snapshot& rules, const Caller& caller, const PassAsk& ask, Timestamp now) {
    const auto provider = rules.providers.find(ask.provider);
    const auto models = rules.passthrough.find(ask.provider);
    if (provider == rules.providers.end() || models == rules.passthrough.end()) return not_passed(ask);
    const std::vector<PassEntry>& entries = provider->second->passthrough;
    const auto entry = std::ranges::find_if(
        entries, [&](const PassEntry& each) { return each.method == ask.method && matches(each.path, ask.path); });
    if (entry == entries.end()) return not_passed(ask);
    TRY_VOID(permitted(rules, caller, *provider->second, *entry));
    // What a blank stands for is the caller's own word.
    if (const auto reserved = reserved_in_blanks(ask.method, entry->path, ask.path))
        return fail(Fault::not_permitted,
                    fmt::format("This path cannot pass: \"{}\" {}.", reserved->part, reserved->why));
    Route route;
    route.model = models->second[static_cast<std::size_t>(entry - entries.begin())];
    const Channel& channel = route.model->channels.front();
    route.channels.push_back(&channel);
    route.price = channel.prices->at(now);
    route.bounds.at = now;
    route.worst = route.expected = route.expected_min = cost_at_most(*route.price, route.bounds, 0);
    route.on_short = OnShort::refuse;
    return route;
}

std::vector<std::shared_ptr<const Model>> pass_models_of(const std::shared_ptr<const Provider>& provider) {
    std::vector<std::shared_ptr<const Model>> out;
    for (const PassEntry& entry : provider->passthrough) {
        // No model's or channel's name has a blank in it, so these are told apart from all of them.
        const std::string called = "passthrough " + entry.name;
        Price price;
        price.rates.input = price.rates.output = NanoUsd{};
        price.per_request = entry.price;
        price.hidden_reasoning = false;
        seal(price, provider->catalogue, called);
        PriceBook book{.provider = provider->catalogue, .model = called, .versions = {}};
        book.versions.push_back(std::move(price));
        Model model;
        model.name = provider->name + " " + entry.name;
        model.attempts_max = 1;
        model.hidden_reasoning = false;
        model.channels.push_back(
            {.provider = provider, .model = called, .prices = std::make_shared<const PriceBook>(std::move(book))});
        out.push_back(std::make_shared<const Model>(std::move(model)));
    }
    return out;
}

}  // namespace bursar::policies
