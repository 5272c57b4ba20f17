// Two snapshots, and what changes for people between them.
#include "policies/compare_alerts.h"
#include "policies/compare_identity.h"
#include "policies/compare_limits.h"
#include "policies/compare_reports.h"
#include "policies/comparison.h"
#include "policies/documents.h"
#include "policies/price_words.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

std::string keys_text(const Provider& provider) {
    std::vector<std::string> out;
    for (const ProviderKey& key : provider.keys)
        out.push_back(key.weight == 1 ? key.secret : fmt::format("{} (weight {})", key.secret, key.weight));
    return joined(out);
}

std::string channels_text(const Model& model) {
    std::vector<std::string> out;
    for (const Channel& channel : model.channels)
        out.push_back(channel.weight == 1 ? fmt::format("{} (priority {})", channel.name(), channel.priority)
                                          : fmt::format("{} (priority {}, weight {})", channel.name(), channel.priority,
                                                        channel.weight));
    return joined(out);
}

std::string deadlines_text(const Deadlines& deadlines) {
    return fmt::format("connect {} ms, first byte {} ms, first token {} ms, idle {} ms, total {} ms",
                       deadlines.connect.count(), deadlines.first_byte.count(), deadlines.first_token.count(),
                       deadlines.idle.count(), deadlines.total.count());
}

std::string breaker_text(const Breaker& breaker) {
    return fmt::format(
        "at {}% errors of at least {} calls in {} ms, tried again after {} to {} ms; a key after {} to {} ms",
        breaker.errors_percent, breaker.calls_min, breaker.window.count(), breaker.first_retry.count(),
        breaker.last_retry.count(), breaker.key_first_retry.count(), breaker.key_last_retry.count());
}

std::string headers_text(const Quirks& quirks) {
    std::vector<std::string> out;
    for (const auto& [name, value] : quirks.headers) out.push_back(fmt::format("{}: {}", name, value));
    return joined(out);
}

std::string tokens_text(const TokenAsk& ask) {
    if (ask.source == TokenSource::none) return {};
    return fmt::format("from {} at {} for {}", name_of(ask.source), token_url(ask).text(), token_scope(ask));
}

/// What is out of the ordinary is said of a new provider too.
void compare_quirks(Comparison& out, const std::string& thing, const Provider& before, const Provider& after) {
    const auto either = [](bool holds, std::string_view yes, std::string_view no) { return holds ? yes : no; };
    const Quirks &old = before.quirks, &now = after.quirks;
    out.value(thing, "model in the path", either(old.deployments, "yes", "no"), either(now.deployments, "yes", "no"));
    out.value(thing, "region", old.region, now.region);
    out.value(thing, "API version", old.api_version, now.api_version);
    out.value(thing, "name of the token limit", old.max_tokens_name, now.max_tokens_name);
    out.value(thing, "usage of streams", either(old.stream_usage, "asked for", "not asked for"),
              either(now.stream_usage, "asked for", "not asked for"));
    out.value(thing, "Responses API", either(old.responses, "yes", "by chat"), either(now.responses, "yes", "by chat"));
    out.value(thing, "version added to the path", either(old.version_in_path, "yes", "no"),
              either(now.version_in_path, "yes", "no"));
    out.value(thing, "model only in the path", either(old.raw_predict, "yes", "no"),
              either(now.raw_predict, "yes", "no"));
    out.value(thing, "headers", headers_text(old), headers_text(now));
    const auto path = [](const Quirks& quirks) -> std::string_view {
        return quirks.models_path.empty() ? "none" : std::string_view(quirks.models_path);
    };
    out.value(thing, "models path", path(old), path(now));
    const auto probe = [](const Provider& each) {
        return each.probe_every.count() == 0 ? std::string() : fmt::format("every {} ms", each.probe_every.count());
    };
    out.value(thing, "probed", probe(before), probe(after));
    out.value(thing, "breaker opens", breaker_text(before.breaker), breaker_text(after.breaker));
}

/// A new price or team is money that may be spent, so each entry is told by itself.
void compare_passthrough(Comparison& out, const std::string& thing, const Provider& before, const Provider& after) {
    std::set<std::string> names;
    for (const Provider* const each : {&before, &after})
        for (const PassEntry& entry : each->passthrough) names.insert(entry.name);
    const auto text_in = [](const Provider& provider, const std::string& name) {
        const auto found = std::ranges::find(provider.passthrough, name, &PassEntry::name);
        return found == provider.passthrough.end() ? std::string() : words_of(*found);
    };
    for (const std::string& name : names)
        out.value(thing, fmt::format("passthrough \"{}\"", name), text_in(before, name), text_in(after, name));
}

void compare_provider(Comparison& out, const std::string& thing, const Provider& before, const Provider& after) {
    const auto url = [](const Provider& each) { return each.name.empty() ? std::string() : each.base_url.text(); };
    const auto proxy = [](const Provider& each) { return each.proxy ? each.proxy->text() : std::string(); };
    out.value(thing, "address", url(before), url(after));
    out.value(thing, "keys", keys_text(before), keys_text(after));
    out.value(thing, "proxy", proxy(before), proxy(after));
    out.value(thing, "CA file", before.ca_file, after.ca_file);
    out.value(thing, "tokens", tokens_text(before.tokens), tokens_text(after.tokens));
    compare_passthrough(out, thing, before, after);
    compare_quirks(out, thing, before, after);
    if (before.name.empty()) return;
    const auto leaving = [](const Provider& each) {
        return each.on_disconnect == OnDisconnect::cancel ? std::string("cancel")
                                                          : fmt::format("drain for {} ms", each.drain_max.count());
    };
    out.value(thing, "dialect", name_of(before.dialect), name_of(after.dialect));
    out.value(thing, "key is sent as", name_of(before.auth), name_of(after.auth));
    out.value(thing, "deadlines", deadlines_text(before.deadlines), deadlines_text(after.deadlines));
    out.value(thing, "when callers leave:", leaving(before), leaving(after));
    out.value(thing, "price catalogue", before.catalogue, after.catalogue);
}

/// The prices of the channels that both have.
void compare_prices(Comparison& out, const std::string& thing, const Model& before, const Model& after) {
    for (const Channel& now : after.channels) {
        const auto old =
            std::ranges::find_if(before.channels, [&](const Channel& each) { return each.name() == now.name(); });
        if (old == before.channels.end()) continue;
        if (!old->prices && now.prices)
            out.line(fmt::format("{}: {} has a price now: {}", thing, now.name(), words_of(*now.prices)));
        if (old->prices && !now.prices)
            out.line(fmt::format("{}: {} has no price any more; calls to it are refused", thing, now.name()));
        if (!old->prices || !now.prices) continue;
        const auto changes = changes_between(*old->prices, *now.prices);
        if (!changes.empty())
            out.line(fmt::format("{}: the price of {}: {}", thing, now.name(), fmt::join(changes, "; ")));
    }
}

std::string rule_text(const PickRule& rule) {
    std::vector<std::string> when;
    if (rule.input_above) when.push_back(fmt::format("more than {} input tokens", *rule.input_above));
    if (rule.tools) when.emplace_back(*rule.tools ? "tools" : "no tools");
    if (rule.images) when.emplace_back(*rule.images ? "images" : "no images");
    if (!rule.tags.empty()) when.push_back(fmt::format("tag {}", fmt::join(rule.tags, " or ")));
    if (rule.budget_left_below_percent)
        when.push_back(fmt::format("less than {}% of the budget left", *rule.budget_left_below_percent));
    return when.empty() ? rule.use : fmt::format("{} for {}", rule.use, fmt::join(when, " and "));
}

std::string rules_text(const Model& model) {
    std::vector<std::string> out;
    for (const PickRule& rule : model.rules) out.push_back(rule_text(rule));
    return fmt::format("{}", fmt::join(out, ", else "));
}

std::string abilities_text(const Model& model) {
    if (!model.abilities) return "not told";
    std::vector<std::string_view> out;
    for (const AbilityName& each : ability_names)
        if (model.abilities->has(each.ability)) out.push_back(each.name);
    return out.empty() ? "text only" : fmt::format("{}", fmt::join(out, ", "));
}

void compare_model(Comparison& out, const std::string& thing, const Model& before, const Model& after) {
    out.value(thing, "tier", before.tier, after.tier);
    out.value(thing, "aliases", joined(before.aliases), joined(after.aliases));
    out.value(thing, "channels", channels_text(before), channels_text(after));
    out.value(thing, "picks", rules_text(before), rules_text(after));
    out.value(thing, "strategy", name_of(before.strategy), name_of(after.strategy));
    out.value(thing, "attempts at most", std::to_string(before.attempts_max), std::to_string(after.attempts_max));
    out.value(thing, "when the input is too long:", before.fallbacks.context_too_long,
              after.fallbacks.context_too_long);
    out.value(thing, "when the content is refused:", before.fallbacks.content_refused, after.fallbacks.content_refused);
    if (!before.name.empty()) {
        out.value(thing, "output tokens at most", std::to_string(before.output_tokens_max),
                  std::to_string(after.output_tokens_max));
        const auto window = [](const Model& model) {
            return model.input_tokens_max ? std::to_string(*model.input_tokens_max) : std::string("not told");
        };
        out.value(thing, "input tokens at most", window(before), window(after));
        out.value(thing, "hidden reasoning", before.hidden_reasoning ? "yes" : "no",
                  after.hidden_reasoning ? "yes" : "no");
        out.value(thing, "abilities", abilities_text(before), abilities_text(after));
        compare_prices(out, thing, before, after);
    }
}

void compare_team(Comparison& out, const std::string& thing, const Team& before, const Team& after) {
    out.value(thing, "parent", before.parent, after.parent);
    out.value(thing, "models", joined(before.models), joined(after.models));
    out.value(thing, "groups", joined(before.groups), joined(after.groups));
    out.value(thing, "led by", joined(before.leads), joined(after.leads));
    out.budgets(thing, "budget", before.budgets, after.budgets);
    out.budgets(thing, "budget of each person", before.per_person, after.per_person);
    out.value(thing, "rate", words_of(before.rate), words_of(after.rate));
    out.value(thing, "rate of each person", words_of(before.rate_per_person), words_of(after.rate_per_person));
    out.value(thing, "rate of each key", words_of(before.rate_per_key), words_of(after.rate_per_key));
    out.value(thing, "cost centre", before.cost_centre, after.cost_centre);
    if (!before.name.empty())
        out.value(thing, "when little is left:", before.on_short == OnShort::lower ? "lower" : "refuse",
                  after.on_short == OnShort::lower ? "lower" : "refuse");
}

std::string share_text(const ShareRule& rule) {
    std::string text = rule.fixed ? "fixed " + rule.fixed->for_people() : fmt::format("weight {}", rule.weight);
    if (rule.floor > NanoUsd{}) text += ", at least " + rule.floor.for_people();
    if (rule.cap) text += ", at most " + rule.cap->for_people();
    if (rule.heads) text += fmt::format(", {} heads", *rule.heads);
    return text;
}

std::string among_text(const Allocation& allocation) {
    switch (allocation.among) {
        case Among::teams:
            return "the teams directly below";
        case Among::people:
            return "its people";
        case Among::listed:
            break;
    }
    return joined(allocation.listed);
}

void compare_shares(Comparison& out, const std::string& thing, const Allocation& before, const Allocation& after) {
    // A new one is compared with nothing, and what is usual goes without saying.
    const auto text_of = [](const Allocation& allocation, const ShareRule& rule) {
        return allocation.name.empty() ? std::string() : share_text(rule);
    };
    if (!before.name.empty() || after.each != ShareRule{})
        out.value(thing, "share of each", text_of(before, before.each), text_of(after, after.each));
    std::set<AccountName> named;
    for (const Allocation* const each : {&before, &after})
        for (const auto& entry : each->shares) named.insert(entry.first);
    for (const AccountName& account : named)
        out.value(thing, "share of " + account, text_of(before, before.rule_of(account)),
                  text_of(after, after.rule_of(account)));
}

void compare_allocation(Comparison& out, const std::string& thing, const Allocation& before, const Allocation& after) {
    const bool is_new = before.name.empty();
    const auto amount = [](const Allocation& each) { return each.amount ? each.amount->for_people() : std::string(); };
    const auto roll_over = [](const Allocation& each) {
        if (!each.roll_over) return std::string();
        const RollOver& rule = *each.roll_over;
        return fmt::format("up to {}%{}", rule.up_to_percent,
                           rule.ceiling ? ", at most " + rule.ceiling->for_people() : "");
    };
    const auto lending = [](const Allocation& each) {
        return each.lending ? fmt::format("up to {}%, a lender keeps {}%", each.lending->up_to_percent,
                                          each.lending->keep_percent)
                            : std::string();
    };
    const auto warnings = [](const Allocation& each) {
        return each.warn_percent.empty() ? std::string() : fmt::format("{}%", fmt::join(each.warn_percent, "%, "));
    };
    const auto if_old = [&](std::string text) { return is_new ? std::string() : std::move(text); };
    out.value(thing, "pool", before.pool, after.pool);
    out.value(thing, "amount", amount(before), amount(after));
    out.value(thing, "per", if_old(std::string(name_of(before.per))), name_of(after.per));
    out.value(thing, "among", if_old(among_text(before)), among_text(after));
    out.value(thing, "by", if_old(std::string(name_of(before.by))), name_of(after.by));
    if (!is_new && after.by == ShareBy::use)
        out.value(thing, "smoothing", fmt::format("{}%", before.smoothing_percent),
                  fmt::format("{}%", after.smoothing_percent));
    compare_shares(out, thing, before, after);
    out.value(thing, "roll-over", roll_over(before), roll_over(after));
    out.value(thing, "lending", lending(before), lending(after));
    out.value(thing, "warns at", warnings(before), warnings(after));
}

/// Entries of the catalogue by name only: what they change for a provider is said of the provider.
void compare_catalogue(Comparison& out, const Snapshot& before, const Snapshot& after) {
    std::vector<std::string> added, changed, gone;
    for (const auto& [name, now] : after.catalogue) {
        const auto old = before.catalogue.find(name);
        if (old == before.catalogue.end())
            added.push_back(name);
        else if (old->second != now)
            changed.push_back(name);
    }
    for (const auto& entry : before.catalogue)
        if (!after.catalogue.contains(entry.first)) gone.push_back(entry.first);
    const auto say = [&](std::string_view what, const std::vector<std::string>& names) {
        constexpr std::size_t shown_max = 20;
        if (names.empty()) return;
        const std::size_t shown = std::min(names.size(), shown_max);
        out.line(fmt::format("catalogue: {} {} ({}{})", names.size(), what,
                             fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                             shown == names.size() ? "" : fmt::format(" and {} more", names.size() - shown)));
    };
    say("new", added);
    say("changed", changed);
    say("gone", gone);
}

std::string words(const Watch::Unusual& unusual) {
    return fmt::format("{} times the usual and at least {}", unusual.factor, unusual.at_least.for_people());
}

std::string words(const Watch::Runaway& runaway) {
    return fmt::format("{} times the usual and at least {} within {} min, {}", runaway.factor,
                       runaway.at_least.for_people(), runaway.within.count(),
                       runaway.pause ? fmt::format("paused for {} min", runaway.pause->count()) : "not paused");
}

/// "EUR, 0.92 per dollar"
std::string currency_words(const Organisation& organisation) {
    if (organisation.currency == books_currency) return organisation.currency;
    std::string rate = NanoUsd(organisation.per_usd_millionths * 1'000).text();
    return fmt::format("{}, {} per dollar", organisation.currency, rate);
}

/// Each once, though it stands under its aliases too.
auto by_own_name(const Snapshot& rules) {
    auto out = rules.models;
    std::erase_if(out, [](const auto& entry) { return entry.first != entry.second->name; });
    return out;
}

template <typename T>
const T& or_empty(const std::shared_ptr<const T>& pointer) {
    static const T empty{};
    return pointer ? *pointer : empty;
}

}  // namespace

std::vector<std::string> compare(const Snapshot& before, const Snapshot& after) {
    Comparison out(after.organisation.time_zone);
    out.value("organisation", "name", before.organisation.name, after.organisation.name);
    out.value("organisation", "currency", currency_words(before.organisation), currency_words(after.organisation));
    out.value("organisation", "language", name_of(before.organisation.language), name_of(after.organisation.language));
    out.value("organisation", "time zone", before.organisation.time_zone, after.organisation.time_zone);
    out.budgets("organisation", "budget", before.organisation.budgets, after.organisation.budgets, Measure::cost);
    out.value("organisation", "rate", words_of(before.organisation.rate), words_of(after.organisation.rate));
    const auto days = [](std::chrono::days kept) { return fmt::format("{} days", kept.count()); };
    out.value("retention", "calls", days(before.retention.calls), days(after.retention.calls));
    out.value("retention", "usage by hour", days(before.retention.usage_hours), days(after.retention.usage_hours));
    out.value("retention", "usage by day", days(before.retention.usage_days), days(after.retention.usage_days));
    out.value("retention", "events", days(before.retention.events), days(after.retention.events));
    out.section("provider", before.providers, after.providers,
                [&](const std::string& thing, const auto& old, const auto& now) {
                    compare_provider(out, thing, or_empty(old), *now);
                });
    out.section("model", by_own_name(before), by_own_name(after),
                [&](const std::string& thing, const auto& old, const auto& now) {
                    compare_model(out, thing, or_empty(old), *now);
                });
    out.section("team", before.teams, after.teams, [&](const std::string& thing, const auto& old, const auto& now) {
        compare_team(out, thing, or_empty(old), *now);
    });
    out.section("person", before.people, after.people, [&](const std::string& thing, const auto& old, const auto& now) {
        out.budgets(thing, "budget", old, now);
    });
    for (std::string& line : charging_changes(before.charging, after.charging)) out.line(std::move(line));
    out.section("allocation", before.allocations, after.allocations,
                [&](const std::string& thing, const auto& old, const auto& now) {
                    compare_allocation(out, thing, or_empty(old), *now);
                });
    out.value("watch", "unusual:", words(before.watch.unusual), words(after.watch.unusual));
    out.value("watch", "runaway:", words(before.watch.runaway), words(after.watch.runaway));
    compare_alerts(out, before.alerts, after.alerts);
    compare_reports(out, before.reports, after.reports);
    compare_identity(out, before.identity, after.identity);
    compare_catalogue(out, before, after);
    for (std::string& line : count_changes(before.prices, after.prices)) out.line(std::move(line));
    return std::move(out).take();
}

}  // namespace bursar::policies
