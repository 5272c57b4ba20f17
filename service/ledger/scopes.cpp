#include "service/ledger/scopes.h"

#include "service/ledger/taken.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ledger {
namespace {

constexpr std::size_t account_name_bytes_max = 256;
constexpr std::size_t budgets_per_level_max = 64;

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

bool counts(const Scopes::Rung& rung, const HoldRequest& request) {
    switch (rung.counts) {
        case Scopes::Counts::all:
            return true;
        case Scopes::Counts::tier:
            return request.tier == rung.only;
        case Scopes::Counts::model:
            return request.model == rung.only;
        case Scopes::Counts::tag:
            return lists(request.tags, rung.only);
    }
    return true;
}

/// "tier:frontier" -> tier, "frontier"
bool read_of(std::string_view of, Scopes::Rung& rung) {
    const std::size_t colon = of.find(':');
    if (colon == std::string_view::npos || colon + 1 == of.size()) return false;
    const std::string_view kind = of.substr(0, colon);
    if (kind == "tier")
        rung.counts = Scopes::Counts::tier;
    else if (kind == "model")
        rung.counts = Scopes::Counts::model;
    else if (kind == "tag")
        rung.counts = Scopes::Counts::tag;
    else
        return false;
    rung.only = of.substr(colon + 1);
    return true;
}

Result<void> check(const Level& level) {
    if (level.account.empty() || level.account.size() > account_name_bytes_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("The name of an account has 1 to {} bytes; '{}' has {}.", account_name_bytes_max,
                                level.account.substr(0, 80), level.account.size()));
    if (level.budgets.size() > budgets_per_level_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("'{}' has {} budgets; at most {} are kept apart.", level.account, level.budgets.size(),
                                budgets_per_level_max));
    return {};
}

/// The rung of an account for such calls: that which is there, or a new one. It is charged once, under all limits.
Scopes::Rung& rung_for(std::vector<Scopes::Rung>& rungs, const Scopes::Rung& like) {
    const auto same = std::ranges::find_if(rungs, [&](const Scopes::Rung& each) {
        return each.shown == like.shown && each.counts == like.counts && each.only == like.only;
    });
    return same == rungs.end() ? rungs.emplace_back(like) : *same;
}

}  // namespace

Taken Scopes::taken_by(const HoldRequest& request) const {
    if (all_count_all) return whole;
    Taken taken;
    for (std::size_t i = 0; i < rungs.size(); ++i) taken[i] = counts(rungs[i], request);
    return taken;
}

AccountName name_of(const Scopes::Rung& rung) {
    switch (rung.counts) {
        case Scopes::Counts::all:
            return rung.shown;
        case Scopes::Counts::tier:
            return rung.shown + "|tier:" + rung.only;
        case Scopes::Counts::model:
            return rung.shown + "|model:" + rung.only;
        case Scopes::Counts::tag:
            return rung.shown + "|tag:" + rung.only;
    }
    return rung.shown;
}

std::vector<AccountName> books_taken(const Scopes& scopes, std::string_view model, std::string_view tier,
                                     std::string_view tags) {
    const Taken taken = scopes.taken_by({.call = {},
                                         .attempt = {},
                                         .scopes = {},
                                         .amount = {},
                                         .amount_min = {},
                                         .at = {},
                                         .model = model,
                                         .tier = tier,
                                         .tags = tags});
    std::vector<AccountName> names;
    scopes.each(taken, [&](const Scopes::Rung& rung) { names.push_back(name_of(rung)); });
    return names;
}

Result<std::vector<Scopes::Rung>> rungs_of(std::vector<Level> levels) {
    std::vector<Scopes::Rung> rungs;
    for (Level& level : levels) {
        TRY_VOID(check(level));
        (void)rung_for(rungs, {.account = nullptr, .budgets = {}, .shown = level.account});
        for (Budget& budget : level.budgets) {
            Scopes::Rung like{.account = nullptr, .budgets = {}, .shown = level.account};
            if (!budget.of.empty() && !read_of(budget.of, like))
                return fail(Fault::wrong_configuration,
                            fmt::format("A limit of '{}' counts '{}', which is neither tier:NAME, model:NAME nor "
                                        "tag:NAME.",
                                        level.account, budget.of));
            rung_for(rungs, like).budgets.push_back(std::move(budget));
        }
    }
    if (rungs.empty() || rungs.size() > rungs_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("A caller is charged to 1 to {} accounts, not to {}. Make the tree of teams less deep, "
                                "or limit fewer tiers, models and tags.",
                                rungs_max, rungs.size()));
    return rungs;
}

}  // namespace bursar::ledger
