// Allocations against the teams: whether the pool is there, who gets a part of it, and whether it is enough.
#include "policies/draft.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::string_view team_prefix = "team:";
constexpr std::string_view person_prefix = "person:";

/// "team:rnd" -> "rnd"; nothing for anything else.
std::string_view team_of(std::string_view account) {
    return account.starts_with(team_prefix) ? account.substr(team_prefix.size()) : std::string_view();
}

class AllocationLinker {
  public:
    AllocationLinker(const Draft& draft, Snapshot& out, Problems& problems)
        : draft_(draft), out_(out), problems_(problems) {}

    void link() {
        for (const auto& [name, entry] : draft_.allocations) {
            Allocation allocation = entry.content.allocation;
            if (!entry.content.pool || !link_pool(*entry.content.pool)) continue;
            allocation.pool = entry.content.pool->name;
            const std::vector<AccountName> members = link_members(allocation, entry.content);
            for (const AccountName& member : members) take_member(allocation, entry.content, member);
            check_shares(allocation, entry.content, members);
            out_.allocations.emplace(name, std::make_shared<const Allocation>(std::move(allocation)));
        }
        // Which pools another allocation fills is known only now.
        for (const auto& [name, allocation] : out_.allocations)
            check_amounts(*allocation, draft_.allocations.find(name)->second.content);
    }

  private:
    bool link_pool(const Reference& pool) {
        if (pool.name == "org") return true;
        const std::string_view team = team_of(pool.name);
        if (team.empty()) {
            problems_.add(pool.at, fmt::format("allocation pool \"{}\" must be org or team:NAME", pool.name));
            return false;
        }
        if (out_.teams.contains(team)) return true;
        problems_.add(pool.at, no_team(team));
        return false;
    }

    std::string no_team(std::string_view name) const {
        const std::string hint = did_you_mean(name, out_.teams, problems_);
        return fmt::format("there is no team \"{}\"{}", name, hint.empty() ? "; define it or take it out" : hint);
    }

    /// Whether the team stands below the account, at any distance.
    bool is_below(std::string_view team, std::string_view above) const {
        // Circles of teams have been told already; their number is a bound for any way up.
        for (std::size_t level = 0; level <= out_.teams.size(); ++level) {
            const auto found = out_.teams.find(team);
            if (found == out_.teams.end()) return false;
            team = found->second->parent;
            if (team == team_of(above)) return true;
            if (team.empty()) return false;
        }
        return false;
    }

    /// Those that are known before anybody calls: nobody, where the pool is shared among people.
    std::vector<AccountName> link_members(Allocation& allocation, const AllocationDraft& draft) {
        std::vector<AccountName> members;
        if (allocation.among == Among::teams) {
            for (const auto& [name, team] : out_.teams)
                if (team->parent == team_of(allocation.pool)) members.push_back(std::string(team_prefix) + name);
            if (members.empty())
                problems_.add(draft.pool->at,
                              fmt::format("no team is directly below the pool {}; list the members, or share it among "
                                          "people",
                                          allocation.pool));
        }
        for (const Reference& each : draft.listed) {
            if (!good_member(allocation, members, each)) continue;
            members.push_back(each.name);
        }
        if (allocation.among == Among::listed) allocation.listed = members;
        return members;
    }

    bool good_member(const Allocation& allocation, const std::vector<AccountName>& before, const Reference& member) {
        const auto wrong = [&](std::string text) {
            problems_.add(member.at, std::move(text));
            return false;
        };
        if (std::ranges::find(before, member.name) != before.end())
            return wrong(fmt::format("allocation member \"{}\" stands twice; keep one of them", member.name));
        if (member.name.starts_with(person_prefix)) return true;
        const std::string_view team = team_of(member.name);
        if (team.empty())
            return wrong(fmt::format("allocation member \"{}\" must be team:NAME or person:NAME", member.name));
        if (!out_.teams.contains(team)) return wrong(no_team(team));
        if (!is_below(team, allocation.pool))
            return wrong(fmt::format("allocation member \"{}\" is not below the pool {}; take it out", member.name,
                                     allocation.pool));
        for (const AccountName& other : before)
            if (is_below(team, other) || is_below(team_of(other), member.name))
                return wrong(
                    fmt::format("allocation members \"{}\" and \"{}\" are one below the other; keep one of them", other,
                                member.name));
        return true;
    }

    /// One limit of one kind is set by one allocation.
    void take_member(const Allocation& allocation, const AllocationDraft& draft, const AccountName& member) {
        const auto [found, added] = allotted_.try_emplace({member, allocation.per}, allocation.name);
        if (!added)
            problems_.add(draft.pool->at,
                          fmt::format("allocations \"{}\" and \"{}\" both allot {} per {}; take it out of "
                                      "one of them",
                                      found->second, allocation.name, member, name_of(allocation.per)));
    }

    void check_shares(const Allocation& allocation, const AllocationDraft& draft,
                      const std::vector<AccountName>& members) {
        for (const auto& [account, at] : draft.share_places) {
            const bool known = allocation.among == Among::people ? account.starts_with(person_prefix)
                                                                 : std::ranges::find(members, account) != members.end();
            if (known) continue;
            const std::string hint = did_you_mean(account, members, problems_);
            problems_.add(at, fmt::format("allocation share \"{}\" is of nobody among the members{}", account,
                                          !hint.empty()                       ? hint
                                          : allocation.among == Among::people ? "; write it like person:NAME"
                                                                              : "; take it out"));
        }
        if (allocation.by != ShareBy::fixed || allocation.each.fixed) return;
        for (const AccountName& member : members)
            if (!allocation.rule_of(member).fixed)
                problems_.add(draft.pool->at,
                              fmt::format("allocation \"{}\" shares by fixed amounts and has none for {}; add it to "
                                          "shares, or to each",
                                          allocation.name, member));
    }

    void check_amounts(const Allocation& allocation, const AllocationDraft& draft) {
        const std::string_view team = team_of(allocation.pool);
        const Budget* const limit = pool_limit(
            team.empty() ? out_.organisation.budgets : out_.teams.find(team)->second->budgets, allocation.per);
        if (allocation.amount && limit != nullptr && limit->limit < Quantity(*allocation.amount))
            problems_.add(*draft.amount_at,
                          fmt::format("allocation amount {} is more than {} may spend per {}, which is "
                                      "{}; lower it",
                                      allocation.amount->for_people(), allocation.pool, name_of(allocation.per),
                                      limit->limit.usd().for_people()));
        if (!allocation.amount && limit == nullptr && !allotted_.contains({allocation.pool, allocation.per}))
            problems_.add(draft.pool->at,
                          fmt::format("the pool {} has no hard money limit per {}; give it one, or the allocation an "
                                      "amount",
                                      allocation.pool, name_of(allocation.per)));
        if (!allocation.amount && limit == nullptr) return;
        check_floors(allocation, draft, allocation.amount ? *allocation.amount : limit->limit.usd());
    }

    void check_floors(const Allocation& allocation, const AllocationDraft& draft, NanoUsd pool) {
        NanoUsd sum;
        const auto add = [&](const ShareRule& rule) {
            // Beyond the pool it does not matter how far, and a sum of many could be more than money can be.
            if (sum <= pool) sum += rule.fixed.value_or(rule.floor);
        };
        if (allocation.among == Among::people) {
            for (const auto& entry : allocation.shares) add(entry.second);
        } else {
            for (const auto& [member, by] : allotted_)
                if (by == allocation.name && member.second == allocation.per) add(allocation.rule_of(member.first));
        }
        if (sum > pool)
            problems_.add(draft.pool->at, fmt::format("the floors and fixed amounts of allocation \"{}\" together are "
                                                      "more than its pool of {}; lower them",
                                                      allocation.name, pool.for_people()));
    }

    const Draft& draft_;
    Snapshot& out_;
    Problems& problems_;
    std::map<std::pair<AccountName, Per>, std::string> allotted_;  ///< by which allocation
};

}  // namespace

void link_allocations(const Draft& draft, Snapshot& out, Problems& problems) {
    AllocationLinker(draft, out, problems).link();
}

}  // namespace bursar::policies
