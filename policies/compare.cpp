// Two snapshots, and what changes for people between them.
#include "policies/documents.h"
#include "policies/price_words.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

class Comparison {
  public:
    std::vector<std::string> take() && { return std::move(lines_); }

    /// "team research: parent a -> b", if they differ.
    void value(std::string_view thing, std::string_view what, std::string_view before, std::string_view after) {
        if (before == after) return;
        if (before.empty())
            lines_.push_back(fmt::format("{}: {} {}", thing, what, after));
        else if (after.empty())
            lines_.push_back(fmt::format("{}: no longer {} {}", thing, what, before));
        else
            lines_.push_back(fmt::format("{}: {} {} -> {}", thing, what, before, after));
    }

    void budgets(std::string_view thing, std::string_view what, const std::vector<Budget>& before,
                 const std::vector<Budget>& after) {
        const auto like = [](const std::vector<Budget>& all, const Budget& one) {
            return std::ranges::find_if(
                all, [&](const Budget& each) { return each.per == one.per && each.hard == one.hard; });
        };
        for (const Budget& old : before)
            if (like(after, old) == after.end())
                lines_.push_back(fmt::format("{}: {} {} is gone", thing, what, words(old)));
        for (const Budget& now : after) {
            const auto old = like(before, now);
            if (old == before.end())
                lines_.push_back(fmt::format("{}: new {} {}", thing, what, words(now)));
            else if (old->limit != now.limit)
                lines_.push_back(fmt::format("{}: {} {} -> {}", thing, what, words(*old), words(now)));
            else if (old->warn_percent != now.warn_percent)
                lines_.push_back(fmt::format("{}: {} {} warns at {}", thing, what, words(now), percents(now)));
        }
    }

    template <typename Map, typename Details>
    void section(std::string_view kind, const Map& before, const Map& after, Details details) {
        for (const auto& entry : before)
            if (!after.contains(entry.first)) lines_.push_back(fmt::format("{} {}: gone", kind, entry.first));
        for (const auto& [name, now] : after) {
            const auto old = before.find(name);
            const std::string thing = fmt::format("{} {}", kind, name);
            if (old == before.end()) lines_.push_back(fmt::format("{}: new", thing));
            details(thing, old == before.end() ? typename Map::mapped_type{} : old->second, now);
        }
    }

    void line(std::string text) { lines_.push_back(std::move(text)); }

  private:
    static std::string words(const Budget& budget) {
        return fmt::format("{} {}{}", budget.limit.for_people(),
                           budget.per == Per::ever ? "for good" : "per " + std::string(name_of(budget.per)),
                           budget.hard ? "" : " (soft)");
    }
    static std::string percents(const Budget& budget) {
        return budget.warn_percent.empty() ? "nothing" : fmt::format("{}%", fmt::join(budget.warn_percent, "%, "));
    }
    std::vector<std::string> lines_;
};

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string keys_text(const Provider& provider) {
    std::vector<std::string> out;
    for (const ProviderKey& key : provider.keys)
        out.push_back(key.weight == 1 ? key.secret : fmt::format("{} (weight {})", key.secret, key.weight));
    return joined(out);
}

std::string channels_text(const Model& model) {
    std::vector<std::string> out;
    for (const Channel& channel : model.channels)
        out.push_back(fmt::format("{} (priority {})", channel.name(), channel.priority));
    return joined(out);
}

std::string deadlines_text(const Deadlines& deadlines) {
    return fmt::format("connect {} ms, first byte {} ms, idle {} ms, total {} ms", deadlines.connect.count(),
                       deadlines.first_byte.count(), deadlines.idle.count(), deadlines.total.count());
}

void compare_provider(Comparison& out, const std::string& thing, const Provider& before, const Provider& after) {
    const auto url = [](const Provider& each) { return each.name.empty() ? std::string() : each.base_url.text(); };
    const auto proxy = [](const Provider& each) { return each.proxy ? each.proxy->text() : std::string(); };
    out.value(thing, "address", url(before), url(after));
    out.value(thing, "keys", keys_text(before), keys_text(after));
    out.value(thing, "proxy", proxy(before), proxy(after));
    out.value(thing, "CA file", before.ca_file, after.ca_file);
    if (before.name.empty()) return;
    const auto dialect = [](const Provider& each) {
        return each.dialect == Dialect::anthropic ? "anthropic" : "openai";
    };
    const auto leaving = [](const Provider& each) {
        return each.on_disconnect == OnDisconnect::cancel ? std::string("cancel")
                                                          : fmt::format("drain for {} ms", each.drain_max.count());
    };
    out.value(thing, "dialect", dialect(before), dialect(after));
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

void compare_model(Comparison& out, const std::string& thing, const Model& before, const Model& after) {
    out.value(thing, "tier", before.tier, after.tier);
    out.value(thing, "channels", channels_text(before), channels_text(after));
    if (!before.name.empty()) {
        out.value(thing, "output tokens at most", std::to_string(before.output_tokens_max),
                  std::to_string(after.output_tokens_max));
        const auto window = [](const Model& model) {
            return model.input_tokens_max ? std::to_string(*model.input_tokens_max) : std::string("not told");
        };
        out.value(thing, "input tokens at most", window(before), window(after));
        out.value(thing, "hidden reasoning", before.hidden_reasoning ? "yes" : "no",
                  after.hidden_reasoning ? "yes" : "no");
        compare_prices(out, thing, before, after);
    }
}

void compare_team(Comparison& out, const std::string& thing, const Team& before, const Team& after) {
    out.value(thing, "parent", before.parent, after.parent);
    out.value(thing, "models", joined(before.models), joined(after.models));
    out.value(thing, "groups", joined(before.groups), joined(after.groups));
    out.budgets(thing, "budget", before.budgets, after.budgets);
    out.budgets(thing, "budget of each person", before.per_person, after.per_person);
    if (!before.name.empty())
        out.value(thing, "when little is left:", before.on_short == OnShort::lower ? "lower" : "refuse",
                  after.on_short == OnShort::lower ? "lower" : "refuse");
}

template <typename T>
const T& or_empty(const std::shared_ptr<const T>& pointer) {
    static const T empty{};
    return pointer ? *pointer : empty;
}

}  // namespace

std::vector<std::string> compare(const Snapshot& before, const Snapshot& after) {
    Comparison out;
    out.value("organisation", "name", before.organisation.name, after.organisation.name);
    out.value("organisation", "currency", before.organisation.currency, after.organisation.currency);
    out.value("organisation", "time zone", before.organisation.time_zone, after.organisation.time_zone);
    out.budgets("organisation", "budget", before.organisation.budgets, after.organisation.budgets);
    out.section("provider", before.providers, after.providers,
                [&](const std::string& thing, const auto& old, const auto& now) {
                    compare_provider(out, thing, or_empty(old), *now);
                });
    out.section("model", before.models, after.models, [&](const std::string& thing, const auto& old, const auto& now) {
        compare_model(out, thing, or_empty(old), *now);
    });
    out.section("team", before.teams, after.teams, [&](const std::string& thing, const auto& old, const auto& now) {
        compare_team(out, thing, or_empty(old), *now);
    });
    out.section("person", before.people, after.people, [&](const std::string& thing, const auto& old, const auto& now) {
        out.budgets(thing, "budget", old, now);
    });
    for (std::string& line : count_changes(before.prices, after.prices)) out.line(std::move(line));
    return std::move(out).take();
}

}  // namespace bursar::policies
