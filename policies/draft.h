#pragma once

#include "policies/alert_fields.h"
#include "policies/fields.h"
#include "policies/report_fields.h"
#include "policies/snapshot.h"
#include "service/base/time_zone.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// A policy while it is read: every entry with its place, references not followed yet.
namespace bursar::policies {

/// Who wins where two documents define the same entry. Within a rank it is a problem.
enum class Rank : unsigned char { shipped, imported, own };

template <typename T>
struct Ranked {
    T content;
    Place at;
    Rank rank = Rank::own;
};

template <typename T>
using Section = std::map<std::string, Ranked<T>, std::less<>>;

struct Reference {
    std::string name;
    Place at;
};

struct ChannelDraft {
    Reference provider;
    std::string model;
    int priority = 1;
    int weight = 1;
};

struct RuleDraft {
    PickRule rule;  ///< without its `use`
    Reference use;
};

struct ModelDraft {
    Model model;  ///< without what refers to something else
    std::optional<bool> hidden_reasoning;
    std::vector<Reference> aliases;
    std::vector<ChannelDraft> channels;
    bool is_virtual = false;  ///< has rules instead of channels
    std::vector<RuleDraft> rules;
    std::optional<Reference> context_too_long;
    std::optional<Reference> content_refused;
};

/// A limit before it is known which models there are and in which time zone its dates are.
struct BudgetDraft {
    Budget budget;  ///< without `of`; dates as midnights of UTC
    std::optional<Reference> of;
    bool measure_written = false;
    bool from_is_day = false;
    bool until_is_day = false;
    Place at;
};

struct OrganisationDraft {
    Organisation organisation;
    std::vector<BudgetDraft> budgets;
};

struct TeamDraft {
    Team team;
    std::optional<Reference> parent;
    std::vector<Reference> models;
    std::vector<BudgetDraft> budgets;
    std::vector<BudgetDraft> per_person;
};

struct ChargeRuleDraft {
    ChargeRule rule;  ///< without what refers to something else
    std::optional<Reference> team;
    std::optional<Reference> of;
};

struct AllocationDraft {
    Allocation allocation;  ///< without what refers to something else
    std::optional<Reference> pool;
    std::vector<Reference> listed;
    std::map<AccountName, Place, std::less<>> share_places;
    std::optional<Place> amount_at;
};

struct WorkloadDraft {
    WorkloadPolicy workload;  ///< without what refers to something else
    std::optional<Reference> team;
    std::vector<Reference> models;
};

struct IdentityDraft {
    Identity identity;  ///< without its workloads
    std::map<std::string, WorkloadDraft, std::less<>> workloads;
};

struct AlertRouteDraft {
    AlertRoute route;  ///< without what refers to something else
    std::vector<Reference> teams;
    std::vector<Reference> targets;
    Place at;
};

struct AlertsDraft {
    std::map<std::string, AlertTargetDraft, std::less<>> targets;
    std::vector<AlertRouteDraft> routes;
    std::optional<Reference> trouble;
};

struct Draft {
    std::size_t nodes_left = policy_nodes_max;
    std::optional<Ranked<OrganisationDraft>> organisation;
    std::optional<Ranked<Watch>> watch;
    std::optional<Ranked<AlertsDraft>> alerts;
    std::optional<Ranked<Retention>> retention;
    std::optional<Ranked<IdentityDraft>> identity;
    Section<CatalogueEntry> catalogue;
    Section<YamlNode> provider_nodes;  ///< as written: what they do not say, the whole catalogue must be known for
    Section<Provider> providers;
    Section<ModelDraft> models;
    Section<TeamDraft> teams;
    Section<std::vector<BudgetDraft>> people;
    std::optional<Ranked<std::vector<ChargeRuleDraft>>> charging;
    Section<AllocationDraft> allocations;
    Section<ReportDraft> reports;
    std::map<std::pair<std::string, std::string>, Ranked<PriceBook>> prices;  ///< by catalogue and model
};

/// The top-level names of a document, for the schema and its test.
std::vector<std::string> section_names();

/// Takes `content` into `section`, unless the name is there already with a higher rank; a problem if with the same one.
template <typename Map, typename T>
void take(Map& section, const typename Map::key_type& key, Ranked<T> content, std::string_view what,
          Problems& problems) {
    const auto [found, added] = section.try_emplace(key, content);
    if (added) {
        if (section.size() <= section_entries_max) return;
        section.erase(found);
        problems.add(content.at, std::string(what) + " is one too many; a policy has at most " +
                                     std::to_string(section_entries_max) + " of a kind");
        return;
    }
    if (found->second.rank == content.rank)
        problems.add(content.at,
                     std::string(what) + " is defined twice; the other one is at " + to_text(found->second.at));
    else if (found->second.rank < content.rank)
        found->second = std::move(content);
}

/// Takes a section that stands in one document only, by the same rules.
template <typename T>
void take_whole(std::optional<Ranked<T>>& section, Ranked<T> content, std::string_view what, Problems& problems) {
    if (section && section->rank == content.rank)
        problems.add(content.at, std::string(what) + " is defined twice; the other one is at " + to_text(section->at));
    else if (!section || section->rank < content.rank)
        section = std::move(content);
}

void read_organisation(const Value& section, Rank rank, Draft& draft);
void read_catalogue(const Value& section, Rank rank, Draft& draft);
void read_providers(const Value& section, Rank rank, Draft& draft);
void read_models(const Value& section, Rank rank, Draft& draft);
void read_teams(const Value& section, Rank rank, Draft& draft);
void read_people(const Value& section, Rank rank, Draft& draft);
void read_prices(const Value& section, Rank rank, Draft& draft);
void read_charging(const Value& section, Rank rank, Draft& draft);
std::vector<BudgetDraft> read_budgets(const Value& value);
void read_allocations(const Value& section, Rank rank, Draft& draft);
void read_watch(const Value& section, Rank rank, Draft& draft);
void read_alerts(const Value& section, Rank rank, Draft& draft);
void read_reports(const Value& section, Rank rank, Draft& draft);
void read_retention(const Value& section, Rank rank, Draft& draft);
void read_identity(const Value& section, Rank rank, Draft& draft);

/// Settings that providers and entries of the catalogue have in common; what is not said stays as it is in `provider`.
/// `new_dialect`: how the key is sent is the default of its dialect.
void read_settings(Fields& fields, Provider& provider, bool new_dialect);
/// Where tokens come from: read_tokens.cpp.
TokenAsk read_tokens(const Value& value);
/// What else of its API passes: read_passthrough.cpp.
std::vector<PassEntry> read_passthrough(const Value& value, std::string_view provider);
void read_quirks(Fields& fields, Provider& provider);
std::optional<Dialect> read_dialect(const Value& value);

/// Makes providers of what documents say and of what their entries in the catalogue say.
void lay_over_catalogue(Draft& draft, Problems& problems);

/// Follows what limits and charges refer to, once the models of `rules` stand.
class LimitLinker {
  public:
    LimitLinker(const Snapshot& rules, const std::set<std::string, std::less<>>& tiers, Problems& problems);

    /// `money` is what a limit in money counts that does not say it.
    std::vector<Budget> budgets(std::vector<BudgetDraft> drafts, Measure money = Measure::money) const;
    /// Which calls a reference means, a model under its own name; empty, with a problem, if there are no such.
    std::string of(const Reference& reference) const;

  private:
    bool good_dates(const BudgetDraft& draft, Budget& budget) const;

    const Snapshot& rules_;
    const std::set<std::string, std::less<>>& tiers_;
    Problems& problems_;
    std::optional<TimeZone> zone_;  ///< none if the organisation names one that there is not
};
/// Checks the allocations against the teams of `out`, and puts them there.
void link_allocations(const Draft& draft, Snapshot& out, Problems& problems);

/// Follows what the section "identity" refers to, and works out what groups give.
void link_identity(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings);

/// Follows what the section "alerts" refers to, once the teams of `out` stand.
void link_alerts(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings);

/// Follows what the section "reports" refers to, once the teams and targets of `out` stand.
void link_reports(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings);

/// Follows every reference. The snapshot is of use only if there are no problems.
std::shared_ptr<Snapshot> link(Draft draft, std::int64_t revision, Problems& problems,
                               std::vector<std::string>& warnings);

}  // namespace bursar::policies
