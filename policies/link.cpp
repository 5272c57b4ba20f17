// Follows the references of a draft: channels to providers and prices, teams to parents and models.
#include "policies/admit_passthrough.h"
#include "policies/draft.h"
#include "policies/embeddings.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::string_view tier_prefix = "tier:";
constexpr std::size_t team_levels_max = 16;
/// A call has ten attempts at most; more models behind each other are of no use.
constexpr std::size_t fallback_levels_max = 8;

class Linker {
  public:
    Linker(Draft& draft, Problems& problems, std::vector<std::string>& warnings)
        : draft_(draft), problems_(problems), warnings_(warnings) {}

    void link(Snapshot& out) {
        if (draft_.organisation) out.organisation = std::move(draft_.organisation->content.organisation);
        if (draft_.retention) out.retention = draft_.retention->content;
        for (auto& [name, entry] : draft_.catalogue) out.catalogue.emplace(name, std::move(entry.content));
        for (auto& [name, entry] : draft_.providers) {
            warn_about_plain_text(entry.content);
            const auto provider = std::make_shared<const Provider>(std::move(entry.content));
            check_passthrough(*provider, entry.at);
            if (!provider->passthrough.empty()) out.passthrough.emplace(name, pass_models_of(provider));
            out.providers.emplace(name, provider);
        }
        for (auto& [key, entry] : draft_.prices)
            out.prices.emplace(key, std::make_shared<const PriceBook>(std::move(entry.content)));
        link_names();
        for (auto& [name, entry] : draft_.models) check_fallbacks(name, entry);
        for (auto& [name, entry] : draft_.models) out.models.emplace(name, link_model(entry.content, out));
        for (const auto& [alias, name] : aliases_)
            if (const auto model = out.models.find(name); model != out.models.end())
                out.models.emplace(alias, model->second);
        const LimitLinker limits(out, tiers_, problems_);
        // The organisation's own limits hold what providers are paid: a company cannot overspend by charging its teams
        // less, nor run dry by charging them more.
        if (draft_.organisation)
            out.organisation.budgets = limits.budgets(std::move(draft_.organisation->content.budgets), Measure::cost);
        for (auto& [name, entry] : draft_.people) out.people.emplace(name, limits.budgets(std::move(entry.content)));
        link_teams(out, limits);
        link_charging(out, limits);
        if (draft_.watch) out.watch = draft_.watch->content;
    }

  private:
    void warn_about_plain_text(const Provider& provider) {
        const std::string& host = provider.base_url.host;
        const bool here = host == "localhost" || host == "::1" || host.starts_with("127.");
        if (!provider.base_url.tls && !provider.keys.empty() && !here)
            warnings_.push_back(fmt::format("provider {}: its key travels unencrypted to {}; use https if it can",
                                            provider.name, host));
    }

    void check_passthrough(const Provider& provider, const Place& at) {
        for (const PassEntry& entry : provider.passthrough)
            for (const std::string& team : entry.teams)
                if (!draft_.teams.contains(team))
                    problems_.add(at, fmt::format("provider \"{}\" passthrough \"{}\" allows the team \"{}\", which "
                                                  "there is not{}",
                                                  provider.name, entry.name, team, hint(team, draft_.teams)));
    }

    /// Every name that callers may use stands for one model.
    void link_names() {
        for (const auto& [name, entry] : draft_.models)
            for (const Reference& alias : entry.content.aliases) {
                if (alias.name == name) {
                    problems_.add(alias.at,
                                  fmt::format("alias \"{}\" is the model's own name; take it out", alias.name));
                } else if (draft_.models.contains(alias.name)) {
                    problems_.add(alias.at, fmt::format("alias \"{}\" is the name of another model; take one of them "
                                                        "out",
                                                        alias.name));
                } else if (const auto [other, added] = aliases_.try_emplace(alias.name, name); !added) {
                    problems_.add(alias.at, fmt::format("alias \"{}\" stands for the model \"{}\" already; keep one of "
                                                        "them",
                                                        alias.name, other->second));
                }
            }
    }

    /// The model's own name, for a name or an alias of it.
    std::string_view own_name(std::string_view name) const {
        const auto alias = aliases_.find(name);
        return alias == aliases_.end() ? name : std::string_view(alias->second);
    }
    const ModelDraft* model_of(std::string_view name) const {
        const auto found = draft_.models.find(own_name(name));
        return found == draft_.models.end() ? nullptr : &found->second.content;
    }

    /// A reference to a model with channels, as that model's own name; empty, with a problem, if it is none.
    std::string name_with_channels(const Reference& reference) {
        const ModelDraft* found = model_of(reference.name);
        if (found == nullptr)
            problems_.add(reference.at, fmt::format("there is no model \"{}\"{}", reference.name,
                                                    hint(reference.name, draft_.models)));
        else if (found->is_virtual)
            problems_.add(reference.at,
                          fmt::format("model \"{}\" has rules itself; name one that has channels", reference.name));
        else
            return std::string(own_name(reference.name));
        return {};
    }

    static std::vector<const Reference*> fallbacks_of(const ModelDraft& model) {
        std::vector<const Reference*> out;
        if (model.context_too_long) out.push_back(&*model.context_too_long);
        if (model.content_refused) out.push_back(&*model.content_refused);
        return out;
    }

    /// Follows the fallbacks of one model for a few steps, whichever reason they have: a call may come by each of them.
    void check_fallbacks(const std::string& name, const Ranked<ModelDraft>& start) {
        std::set<const ModelDraft*> met;
        std::vector<const ModelDraft*> level = {&start.content};
        for (std::size_t depth = 0; depth <= fallback_levels_max; ++depth) {
            std::vector<const ModelDraft*> next;
            for (const ModelDraft* each : level)
                for (const Reference* fallback : fallbacks_of(*each)) {
                    const ModelDraft* behind = model_of(fallback->name);
                    if (behind == &start.content) return refuse_circle(name, *fallback, each == behind);
                    if (behind != nullptr && met.insert(behind).second) next.push_back(behind);
                }
            if (next.empty()) return;
            level = std::move(next);
        }
        problems_.add(start.at, fmt::format("model \"{}\" has more than {} fallbacks behind each other; take some out",
                                            name, fallback_levels_max));
    }

    void refuse_circle(const std::string& name, const Reference& fallback, bool itself) {
        problems_.add(
            fallback.at,
            itself ? fmt::format("model \"{}\" is its own fallback; name another one", name)
                   : fmt::format("model \"{}\" is a fallback of its own fallbacks; name another one here", name));
    }

    void link_references(ModelDraft& draft, Model& model) {
        for (Reference& alias : draft.aliases) model.aliases.push_back(std::move(alias.name));
        if (draft.context_too_long) model.fallbacks.context_too_long = name_with_channels(*draft.context_too_long);
        if (draft.content_refused) model.fallbacks.content_refused = name_with_channels(*draft.content_refused);
        for (RuleDraft& rule : draft.rules) {
            rule.rule.use = name_with_channels(rule.use);
            model.rules.push_back(std::move(rule.rule));
        }
    }

    std::shared_ptr<const Model> link_model(ModelDraft& draft, const Snapshot& out) {
        Model model = std::move(draft.model);
        link_references(draft, model);
        for (ChannelDraft& channel : draft.channels) {
            const auto provider = out.providers.find(channel.provider.name);
            if (provider == out.providers.end()) {
                problems_.add(channel.provider.at, fmt::format("there is no provider \"{}\"{}", channel.provider.name,
                                                               hint(channel.provider.name, out.providers)));
                continue;
            }
            const auto book = book_of(out, *provider->second, channel.model);
            if (book == nullptr)
                warnings_.push_back(
                    fmt::format("model {}: there is no price of {}/{}, so calls to it are refused; add it under prices",
                                model.name, provider->second->catalogue, channel.model));
            // Equals stay in the order in which they are written.
            const auto behind = std::ranges::upper_bound(model.channels, channel.priority, {}, &Channel::priority);
            model.channels.insert(behind, {.provider = provider->second,
                                           .model = std::move(channel.model),
                                           .priority = channel.priority,
                                           .weight = channel.weight,
                                           .prices = book});
        }
        model.hidden_reasoning = draft.hidden_reasoning.value_or(std::ranges::any_of(model.channels, may_hide_output));
        if (std::string warning = embeddings_warning(model); !warning.empty()) warnings_.push_back(std::move(warning));
        if (!model.tier.empty()) tiers_.insert(model.tier);
        return std::make_shared<const Model>(std::move(model));
    }

    /// The company's own price list goes before the one that the catalogue names.
    static std::shared_ptr<const PriceBook> book_of(const Snapshot& out, const Provider& provider,
                                                    const std::string& model) {
        if (const auto own = out.prices.find({provider.catalogue, model}); own != out.prices.end()) return own->second;
        const auto entry = out.catalogue.find(provider.catalogue);
        if (entry == out.catalogue.end()) return nullptr;
        const auto listed = out.prices.find({entry->second.prices, model});
        return listed == out.prices.end() ? nullptr : listed->second;
    }

    /// What nobody has said to show all its output may hide some, and hidden output cannot be followed while it
    /// streams.
    static bool may_hide_output(const Channel& channel) {
        return !channel.prices || std::ranges::any_of(channel.prices->versions, &Price::hidden_reasoning);
    }

    void link_teams(Snapshot& out, const LimitLinker& limits) {
        std::set<std::string> parents;
        for (auto& [name, entry] : draft_.teams) {
            TeamDraft& draft = entry.content;
            if (draft.parent) link_parent(*draft.parent, entry.at, draft.team);
            parents.insert(draft.team.parent);
        }
        for (auto& [name, entry] : draft_.teams) {
            TeamDraft& draft = entry.content;
            for (const Reference& each : draft.models) add_models(each, draft.team, out);
            draft.team.budgets = limits.budgets(std::move(draft.budgets));
            draft.team.per_person = limits.budgets(std::move(draft.per_person));
            if (draft.models.empty() && !parents.contains(name))
                warnings_.push_back(fmt::format("team {}: it lists no models, so its keys may use none", name));
        }
        for (auto& [name, entry] : draft_.teams) inherit_cost_centre(entry.content.team);
        for (auto& [name, entry] : draft_.teams)
            out.teams.emplace(name, std::make_shared<const Team>(std::move(entry.content.team)));
    }

    void inherit_cost_centre(Team& team) const {
        const Team* above = &team;
        for (std::size_t level = 0; above->cost_centre.empty() && level < team_levels_max; ++level) {
            const auto found = draft_.teams.find(above->parent);
            if (found == draft_.teams.end()) return;
            above = &found->second.content.team;
        }
        team.cost_centre = above->cost_centre;
    }

    void link_charging(Snapshot& out, const LimitLinker& limits) {
        if (!draft_.charging) return;
        for (ChargeRuleDraft& each : draft_.charging->content) {
            if (each.of) each.rule.of = limits.of(*each.of);
            if (each.team) each.rule.team = each.team->name;
            if (each.team && !out.teams.contains(each.team->name))
                problems_.add(each.team->at, fmt::format("there is no team \"{}\"{}", each.team->name,
                                                         hint(each.team->name, out.teams)));
            out.charging.push_back(std::move(each.rule));
        }
    }

    void link_parent(const Reference& parent, const Place& at, Team& team) {
        team.parent = parent.name;
        std::string_view above = parent.name;
        for (std::size_t level = 1; !above.empty(); ++level) {
            if (above == team.name) {
                problems_.add(parent.at, fmt::format("team \"{}\" is above itself; change its parent \"{}\"", team.name,
                                                     parent.name));
                return;
            }
            if (level == team_levels_max) {
                problems_.add(at, fmt::format("team \"{}\" stands under {} others; at most {} levels are kept",
                                              team.name, level, team_levels_max));
                return;
            }
            const auto found = draft_.teams.find(above);
            if (found == draft_.teams.end()) {
                if (level == 1)
                    problems_.add(parent.at, fmt::format("there is no team \"{}\"{}", parent.name,
                                                         hint(parent.name, draft_.teams)));
                return;
            }
            const auto& next = found->second.content.parent;
            above = next ? std::string_view(next->name) : std::string_view();
        }
    }

    void add_models(const Reference& reference, Team& team, const Snapshot& out) {
        team.models.push_back(reference.name);
        if (reference.name == "*") {
            team.may_all = true;
        } else if (reference.name.starts_with(tier_prefix)) {
            const std::string tier = reference.name.substr(tier_prefix.size());
            if (!tiers_.contains(tier))
                problems_.add(reference.at, fmt::format("no model is of tier \"{}\"{}", tier, hint(tier, tiers_)));
            else
                team.may_tiers.insert(tier);
        } else if (const auto model = out.models.find(reference.name); model != out.models.end()) {
            team.may_models.insert(model->second->name);
        } else {
            problems_.add(reference.at,
                          fmt::format("there is no model \"{}\"{}", reference.name, hint(reference.name, out.models)));
        }
    }

    template <typename Known>
    std::string hint(std::string_view name, const Known& known) const {
        return advice_for(name, known, problems_);
    }

    Draft& draft_;
    Problems& problems_;
    std::vector<std::string>& warnings_;
    std::set<std::string, std::less<>> tiers_;
    std::map<std::string, std::string, std::less<>> aliases_;  ///< to the model's own name
};

}  // namespace

std::shared_ptr<Snapshot> link(Draft draft, std::int64_t revision, Problems& problems,
                               std::vector<std::string>& warnings) {
    auto out = std::make_shared<Snapshot>();
    out->revision = revision;
    Linker(draft, problems, warnings).link(*out);
    link_allocations(draft, *out, problems);
    link_identity(draft, *out, problems, warnings);
    link_alerts(draft, *out, problems, warnings);
    link_reports(draft, *out, problems, warnings);
    return out;
}

}  // namespace bursar::policies
