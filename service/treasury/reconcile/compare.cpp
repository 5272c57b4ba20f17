#include "service/treasury/reconcile/compare.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace bursar::treasury::reconcile {
namespace {

/// Providers' own figures of a day come in for a while after its end.
constexpr auto figures_settle_within = std::chrono::hours(2);
/// Estimates are wrong by hidden reasoning at most; beyond that, somebody else uses the provider's account too.
constexpr std::int64_t raise_factor_max = 10;

struct Group {
    ComparedRow row;
    std::vector<const audit::BookedUnsure*> unsure;  ///< oldest first
    std::set<std::string> names;                     ///< of ours
    std::string their_name;
    bool has_open = false;  ///< a batch that is booked at its most yet
};

using Groups = std::map<std::pair<Day, std::string>, Group>;

Amounts amounts_of(const audit::BookedUnsure& unsure, const Earlier& earlier) {
    Amounts amounts{.charge = unsure.charge, .cost = unsure.cost, .tokens = tokens_of(unsure.usage), .calls = 1};
    if (const auto found = earlier.find(unsure.attempt); found != earlier.end()) amounts += found->second;
    return amounts;
}

constexpr Tokens Usage::* token_fields[] = {
    &Usage::input,     &Usage::cache_read,  &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::output,
    &Usage::reasoning, &Usage::audio_input, &Usage::audio_output,   &Usage::image_input,    &Usage::image_output};

void add_usage(Side& side, std::int64_t calls, const Usage& usage, NanoUsd cost) {
    side.calls += calls;
    for (const auto field : token_fields) side.usage.*field += usage.*field;
    side.usage.images += usage.images;
    side.usage.web_searches += usage.web_searches;
    side.usage.characters += usage.characters;
    side.usage.seconds += usage.seconds;
    side.usage.search_units += usage.search_units;
    side.tokens += tokens_of(usage);
    side.cost += cost;
}

Groups group(const Export& theirs, const audit::Booked& booked, const Earlier& earlier) {
    const bool by_model = std::ranges::any_of(theirs.lines, [](const Line& line) { return !line.model.empty(); });
    const auto key_of = [&](const std::string& model) { return by_model ? model_key(model) : std::string(); };
    Groups groups;
    for (const audit::BookedSum& sum : booked.sums) {
        Group& group = groups[{sum.day, key_of(sum.model)}];
        add_usage(group.row.ours, sum.calls, sum.usage, sum.cost);
        if (by_model) group.names.insert(sum.model);
    }
    for (const audit::BookedUnsure& unsure : booked.unsure) {
        const Day day = std::chrono::floor<std::chrono::days>(unsure.at);
        Group& group = groups[{day, key_of(unsure.model)}];
        group.unsure.push_back(&unsure);
        const Amounts now = amounts_of(unsure, earlier);
        Unproven& unproven = unsure.source == UsageSource::lost ? group.row.lost : group.row.estimated;
        ++unproven.calls;
        unproven.cost += now.cost;
        if (const auto found = earlier.find(unsure.attempt); found != earlier.end()) {
            group.row.ours.cost += found->second.cost;
            group.row.ours.tokens += found->second.tokens;
        }
    }
    for (const audit::BookedBatch& batch : booked.open) groups[{batch.day, key_of(batch.model)}].has_open = true;
    for (const Line& line : theirs.lines) {
        Group& group = groups[{line.day, key_of(line.model)}];
        add_usage(group.row.theirs, line.calls, line.usage, line.cost);
        group.their_name = line.model;
    }
    for (auto& [key, group] : groups) {
        group.row.day = key.first;
        group.row.model = group.names.size() == 1 ? *group.names.begin()
                          : group.names.empty()   ? group.their_name
                                                  : key.second;
    }
    return groups;
}

/// What to add to each of the values, in one measure; nothing if it cannot be explained by them.
std::vector<std::int64_t> spread(const std::vector<std::int64_t>& values, const std::vector<bool>& may_rise,
                                 std::int64_t difference, std::string& note) {
    const std::vector<std::int64_t> nothing(values.size(), 0);
    if (difference == 0) return nothing;
    if (values.empty()) {
        note = "no call here is lost or estimated, so none is corrected";
        return nothing;
    }
    if (difference < 0) {
        const std::int64_t covered = std::accumulate(values.begin(), values.end(), std::int64_t{0});
        if (covered >= -difference) return lower_in_order(values, -difference);
        note = "lost and estimated calls explain less than the difference, so none is corrected";
        return nothing;
    }
    std::vector<std::int64_t> rising;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (may_rise[i]) rising.push_back(values[i]);
    const std::int64_t estimated = std::accumulate(rising.begin(), rising.end(), std::int64_t{0});
    if (rising.empty() || difference / raise_factor_max > estimated) {
        note = rising.empty() ? "no call here is estimated, so none is raised"
                              : "the provider has far more than our estimates explain; does somebody else use its "
                                "account? None is raised";
        return nothing;
    }
    const std::vector<std::int64_t> parts = raise_in_proportion(rising, difference);
    std::vector<std::int64_t> out = nothing;
    for (std::size_t i = 0, next = 0; i < values.size(); ++i)
        if (may_rise[i]) out[i] = parts[next++];
    return out;
}

/// What accounts were charged follows what the provider is paid.
NanoUsd charge_for(const Amounts& now, std::int64_t cost_change) {
    if (now.cost.nanos() <= 0) return NanoUsd{cost_change};
    __extension__ using Wide = __int128;
    // What of a charge is a fee for the call is not known here. A call whose charge is many times its cost is one whose
    // fee weighs most: its cost changes and its charge with it, one to one.
    constexpr std::int64_t markup_max = 10;
    if (now.charge.nanos() / markup_max > now.cost.nanos()) return NanoUsd{cost_change};
    const Wide product = static_cast<Wide>(now.charge.nanos()) * cost_change;
    return NanoUsd{static_cast<std::int64_t>(product / now.cost.nanos())};
}

void correct(Group& group, const Export& theirs, const Earlier& earlier, std::vector<Correction>& out) {
    std::vector<Amounts> now;
    std::vector<std::int64_t> costs, tokens;
    std::vector<bool> may_rise;
    for (const audit::BookedUnsure* unsure : group.unsure) {
        now.push_back(amounts_of(*unsure, earlier));
        costs.push_back(std::max<std::int64_t>(now.back().cost.nanos(), 0));
        tokens.push_back(std::max<std::int64_t>(now.back().tokens, 0));
        may_rise.push_back(unsure->source == UsageSource::estimated);
    }
    const ComparedRow& row = group.row;
    std::string note;
    std::vector<std::int64_t> cost_changes(now.size(), 0), token_changes(now.size(), 0);
    if (theirs.has_tokens) token_changes = spread(tokens, may_rise, row.theirs.tokens - row.ours.tokens, note);
    if (theirs.has_cost) cost_changes = spread(costs, may_rise, (row.theirs.cost - row.ours.cost).nanos(), note);
    group.row.note = note;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (cost_changes[i] == 0 && token_changes[i] == 0) continue;
        const audit::BookedUnsure& unsure = *group.unsure[i];
        out.push_back({.call = unsure.call,
                       .attempt = unsure.attempt,
                       .day = row.day,
                       .model = unsure.model,
                       .source = unsure.source,
                       .amounts = {.charge = charge_for(now[i], cost_changes[i]),
                                   .cost = NanoUsd{cost_changes[i]},
                                   .tokens = token_changes[i]}});
    }
}

}  // namespace

Tokens tokens_of(const Usage& usage) {
    Tokens sum = 0;
    for (const auto field : token_fields) sum += usage.*field;
    return sum;
}

std::string model_key(std::string_view name) {
    std::string key;
    for (const char c : name) {
        const bool joint = c == ' ' || c == '.' || c == '_' || c == '@';
        key += joint ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    // A date behind the name: -20251001 or -2024-08-06.
    for (const std::string_view shape : {"-dddddddd", "-dddd-dd-dd"}) {
        if (key.size() <= shape.size()) continue;
        const std::string_view tail = std::string_view(key).substr(key.size() - shape.size());
        const bool fits = std::ranges::equal(
            tail, shape, [](char c, char wanted) { return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted; });
        if (fits && tail.substr(1, 2) == "20") return key.substr(0, key.size() - shape.size());
    }
    return key;
}

std::vector<std::int64_t> lower_in_order(const std::vector<std::int64_t>& values, std::int64_t surplus) {
    std::vector<std::int64_t> changes;
    for (const std::int64_t value : values) {
        const std::int64_t taken = std::min(value, surplus);
        changes.push_back(-taken);
        surplus -= taken;
    }
    return changes;
}

std::vector<std::int64_t> raise_in_proportion(const std::vector<std::int64_t>& values, std::int64_t deficit) {
    __extension__ using Wide = __int128;
    const bool all_zero = std::ranges::all_of(values, [](std::int64_t value) { return value == 0; });
    Wide sum = 0;
    for (const std::int64_t value : values) sum += all_zero ? 1 : value;
    std::vector<std::int64_t> changes;
    std::vector<std::pair<Wide, std::size_t>> remainders;
    std::int64_t left = deficit;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Wide share = static_cast<Wide>(deficit) * (all_zero ? 1 : values[i]);
        changes.push_back(static_cast<std::int64_t>(share / sum));
        left -= changes.back();
        remainders.emplace_back(-(share % sum), i);  // largest first, then the oldest
    }
    std::ranges::sort(remainders);
    for (std::size_t i = 0; left > 0; ++i, --left) ++changes[remainders[i].second];
    return changes;
}

Comparison compare(const Export& theirs, const audit::Booked& booked, const Earlier& earlier, Timestamp now) {
    Comparison comparison{.has_calls = theirs.has_calls,
                          .has_tokens = theirs.has_tokens,
                          .has_cost = theirs.has_cost,
                          .unplaced_calls = booked.unplaced_calls,
                          .unplaced_cost = booked.unplaced_cost};
    std::set<std::string> named;
    for (const Line& line : theirs.lines) named.insert(model_key(line.model));
    for (auto& [key, group] : group(theirs, booked, earlier)) {
        if (Timestamp(key.first + std::chrono::days(1)) + figures_settle_within > now)
            group.row.note = "the day is not over, or has only just ended: the provider may not have all of it yet";
        else if (group.has_open)
            group.row.note =
                "a batch of this day is booked at the most that it may cost until its results are read, so no call is "
                "corrected; compare again then";
        else if (!named.contains(key.second))
            group.row.note = "the export does not name this model on any day, so none of its calls is corrected";
        else
            correct(group, theirs, earlier, comparison.corrections);
        comparison.rows.push_back(std::move(group.row));
    }
    return comparison;
}

}  // namespace bursar::treasury::reconcile
