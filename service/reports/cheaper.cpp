#include "service/reports/cheaper.h"

#include "service/reports/reprice.h"

#include <algorithm>

namespace bursar::reports {
namespace {

struct Candidate {
    const policies::Model* model = nullptr;
    Repricing prices;
    bool answers = false;  ///< its price list has a price for what it writes: it does not only embed
};

std::vector<Candidate> candidates_of(const policies::Snapshot& rules, Timestamp at) {
    std::vector<Candidate> out;
    for (const auto& [name, model] : rules.models) {
        if (name != model->name || model->tier.empty()) continue;
        const auto prices = Repricing::on(rules, name, at);
        if (!prices) continue;
        const policies::Price& price = *model->channels.front().prices->at(at);
        out.push_back({.model = model.get(), .prices = *prices, .answers = price.rates.output.has_value()});
    }
    return out;
}

struct Offer {
    const policies::Model* model = nullptr;
    NanoUsd cost;
};

/// The cheapest of the model's own tier, else of a lower one; none if nothing is saved.
std::optional<Offer> best_offer(const std::vector<Candidate>& candidates, const policies::Model& model,
                                const audit::UsageSums& sums) {
    std::map<std::string_view, std::vector<Offer>> tiers;
    for (const Candidate& each : candidates) {
        // A model that only embeds cannot do what was asked for here.
        const bool fits = sums.usage.output == 0 || each.answers;
        if (fits) tiers[each.model->tier].push_back({each.model, each.prices.cost(sums)});
    }
    const auto cheapest = [](const std::vector<Offer>& offers) {
        return *std::ranges::min_element(offers, {}, &Offer::cost);
    };
    const auto own = tiers.find(model.tier);
    if (own == tiers.end()) return std::nullopt;
    const Offer here = cheapest(own->second);
    if (here.model != &model && here.cost < sums.cost) return here;
    std::optional<Offer> best;
    for (const auto& [tier, offers] : tiers) {
        const NanoUsd dearest = std::ranges::max_element(offers, {}, &Offer::cost)->cost;
        const Offer offer = cheapest(offers);
        if (tier != model.tier && dearest < here.cost && offer.cost < sums.cost && (!best || offer.cost < best->cost))
            best = offer;
    }
    return best;
}

}  // namespace

std::vector<report::Cheaper> cheaper_models(const policies::Snapshot& rules, const Sums& by_model, Timestamp at) {
    const std::vector<Candidate> candidates = candidates_of(rules, at);
    std::map<const policies::Model*, audit::UsageSums> used;  // aliases of one model together
    for (const auto& [name, sums] : by_model)
        if (const auto found = rules.models.find(name); found != rules.models.end() && !found->second->tier.empty())
            add(used[found->second.get()], sums);
    std::vector<report::Cheaper> out;
    for (const auto& [model, sums] : used) {
        if (sums.cost <= NanoUsd{}) continue;
        if (const auto offer = best_offer(candidates, *model, sums))
            out.push_back(
                {.model = model->name, .other = offer->model->name, .cost = sums.cost, .other_cost = offer->cost});
    }
    std::ranges::sort(out, [](const report::Cheaper& a, const report::Cheaper& b) {
        const NanoUsd saved = a.cost - a.other_cost, other = b.cost - b.other_cost;
        return saved != other ? saved > other : a.model < b.model;
    });
    out.resize(std::min(out.size(), cheaper_max));
    return out;
}

}  // namespace bursar::reports
