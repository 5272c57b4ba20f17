#include "service/staff/house.h"

#include "service/base/log.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace bursar::staff {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 1s;
constexpr auto keys_every = 5s;  // asks the network only if they are old, or somebody showed a new one
constexpr auto tidy_every = 10min;

constexpr std::array directory_course{treasury::Course{"directory.down", "directory.back"}};
constexpr std::string_view directory_prefix = "directory:";

/// A SID, or as long and dashed as a GUID.
bool looks_like_an_id(std::string_view name) {
    constexpr std::size_t guid_length = 36;
    const auto is_of_guid = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
    };
    return name.starts_with("S-1-") || (name.size() == guid_length && std::ranges::all_of(name, is_of_guid));
}

/// What the policy in force makes of somebody's groups, by their ids and by their names.
auth::Standing standing_by(const policies::Snapshot& rules, const auth::PersonFacts& facts) {
    std::vector<std::string> groups;
    groups.reserve(2 * facts.groups.size());
    for (const auth::Group& group : facts.groups) {
        if (!group.id.empty()) groups.push_back(group.id);
        // A group that is called like another one's id is not that one.
        if (!group.name.empty() && (group.id.empty() || !looks_like_an_id(group.name))) groups.push_back(group.name);
    }
    policies::GroupsGive gives = policies::groups_give(rules, groups);
    return {.teams = std::move(gives.teams), .leads = std::move(gives.leads), .role = std::move(gives.role)};
}

}  // namespace

auth::People::StandingOf standing_by(std::shared_ptr<const policies::Snapshot> rules) {
    return [rules = std::move(rules)](const auth::PersonFacts& facts) { return standing_by(*rules, facts); };
}

House::House(Parts parts, Makers makers)
    : parts_(parts),
      makers_(std::move(makers)),
      break_glass_(auth::BreakGlass::in(parts.store, parts.clock)),
      devices_(parts.clock),
      codes_(parts.clock),
      connections_(std::make_shared<const Connections>()),
      conditions_(parts.store, directory_course) {
    follow_policy();
}

House::~House() { stop(); }

void House::follow_policy() {
    const MutexLock lock(following_);
    const auto rules = parts_.rules.get();
    if (rules->revision == revision_) return;
    revision_ = rules->revision;
    connections_.set(connect(rules->identity, connections_.get().get(), parts_.vault, makers_, parts_.clock));
    const policies::SessionPolicy& sessions = rules->identity.sessions;
    parts_.sessions.set_limits(
        {.idle = sessions.idle, .absolute = sessions.absolute, .access = sessions.access, .refresh = sessions.refresh});
    parts_.people.restand(standing_by(rules));
}

std::vector<std::string> House::check(const policies::Identity& identity) const {
    std::vector<std::string> problems;
    const auto tell = [&](std::string_view what, const std::string& name, const auto& made) {
        if (!made) problems.push_back(fmt::format("{} {}: {}", what, name, made.error().for_caller));
    };
    const auto none = []() -> Result<Secret> { return Secret{}; };
    for (const auto& [name, policy] : identity.directories)
        tell("directory", name, makers_.directory(options_of(policy), none));
    for (const auto& [name, policy] : identity.oidc)
        tell("provider of identities", name, oidc::Client::make(options_of(policy), none, makers_.http, parts_.clock));
    for (const auto& [name, policy] : identity.workloads)
        tell("workload", name, oidc::Workload::make(options_of(policy), makers_.http, parts_.clock));
    return problems;
}

std::vector<Way> House::ways() const {
    std::vector<Way> ways;
    const auto connections = connections_.get();
    const auto title_of = [](const auto& policy) { return policy.title.empty() ? policy.name : policy.title; };
    for (const auto& [name, policy] : connections->identity.directories)
        if (connections->directories.contains(name)) ways.push_back({Way::Kind::password, name, title_of(policy)});
    for (const auto& [name, policy] : connections->identity.oidc)
        if (connections->providers.contains(name)) ways.push_back({Way::Kind::redirect, name, title_of(policy)});
    return ways;
}

Result<std::vector<auth::Step>> House::test(std::string_view source, std::string_view user, const Secret& password) {
    const Gate::Pass pass = gate_.enter();
    if (!pass) return fail(Fault::overloaded, "Many people are signing in at the moment. Try again in a few seconds.");
    if (const auto asked = directory(source)) {
        std::vector<auth::Step> steps = (*asked)->test(user, password);
        if (!user.empty()) add_standing_step(steps, source, user);
        return steps;
    }
    const auto client = provider(source);
    if (client) return (*client)->test();
    return fail(Fault::not_found, fmt::format("The policy has no directory and no provider \"{}\".", source));
}

/// What the policy makes of somebody, as far as a sign-in or sync has told of them.
void House::add_standing_step(std::vector<auth::Step>& steps, std::string_view source, std::string_view user) const {
    const std::string of = fmt::format("ldap:{}", source);
    for (const auto& person : parts_.people.all()) {
        if (person->facts.origin.source != of || person->facts.user_name != user) continue;
        const auth::Standing& standing = person->standing;
        const bool any = !standing.teams.empty();
        steps.push_back(
            {.name = "teams",
             .state = any ? auth::Step::State::good : auth::Step::State::bad,
             .text = any ? fmt::format("Teams: {}. Role: {}.", fmt::join(standing.teams, ", "), standing.role)
                         : fmt::format("None of the {} groups is of a team (teams.NAME.groups in the policy). "
                                       "Role: {}.",
                                       person->facts.groups.size(), standing.role)});
        return;
    }
    steps.push_back({.name = "teams",
                     .state = auth::Step::State::skipped,
                     .text = "Nobody of that name has signed in or was in a sync yet."});
}

std::vector<SourceFacts> House::health() const {
    const auto connections = connections_.get();
    const auth::DirectoryHealth wrong{
        .good = false, .text = "The policy has something wrong of it; the log says what.", .answered_at = {}};
    std::map<std::string, std::int64_t> people;
    for (const auto& person : parts_.people.all())
        if (person->state != auth::PersonState::gone) ++people[person->facts.origin.source];
    std::vector<SourceFacts> all;
    const auto add = [&](const std::string& name, const std::string& title, const std::string& kind,
                         auth::DirectoryHealth health) {
        all.push_back({.name = name,
                       .title = title,
                       .kind = kind,
                       .health = std::move(health),
                       .people = people[kind + ":" + name],
                       .last_sync = {}});
    };
    for (const auto& [name, policy] : connections->identity.directories) {
        const auto found = connections->directories.find(name);
        add(name, policy.title, "ldap", found != connections->directories.end() ? found->second->health() : wrong);
    }
    for (const auto& [name, policy] : connections->identity.oidc) {
        const auto found = connections->providers.find(name);
        add(name, policy.title, "oidc", found != connections->providers.end() ? found->second->health() : wrong);
    }
    for (const auto& [name, policy] : connections->identity.scim) add(name, policy.title, "scim", {});
    return all;
}

Result<std::vector<SourceFacts>> House::sources() const {
    std::vector<SourceFacts> all = health();
    for (SourceFacts& source : all) {
        if (source.kind != "ldap") continue;
        TRY(auto runs, syncs(source.name, 1));
        if (!runs.empty()) source.last_sync = std::move(runs.front());
    }
    return all;
}

/// An event under its own name: told once, however often it is seen.
void House::tell(treasury::Event event) const {
    auto told = parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(treasury::raise(transaction, event));
        return {};
    });
    if (!told) log::error("event_not_written", {{"event", event.name}, {"reason", told.error().operator_text()}});
}

/// A row in the audit for each change; the audit gathers them while nothing can be written.
void House::note_health() {
    for (const auto& [name, directory] : connections_.get()->directories) {
        const bool good = directory->health().good;
        const auto [was, fresh] = was_good_.try_emplace(name, true);
        if (was->second == good) continue;
        was->second = good;
        parts_.audit.note({.actor = "service",
                           .address = "",
                           .action = good ? "directory.back" : "directory.down",
                           .object = std::string(directory_prefix) + name,
                           .outcome = "ok",
                           .detail = "{}"});
    }
}

/// Tells when a directory does not answer and when it answers again, each once: also if that cannot be written at
/// first, and if the service was started anew in between.
void House::watch_health(Timestamp now) {
    note_health();
    const auto connections = connections_.get();
    std::vector<treasury::Condition> holding;
    for (const auto& [name, directory] : connections->directories) {
        const auth::DirectoryHealth health = directory->health();
        if (health.good) continue;
        holding.push_back({.kind = directory_course.front().begins,
                           .subject = std::string(directory_prefix) + name,
                           .text = fmt::format("The directory {} does not answer: {} Nobody loses access by it; nobody "
                                               "can sign in by it until it does.",
                                               name, health.text)});
    }
    const auto end = [&](std::string_view, const std::string& subject) -> std::optional<std::string> {
        const std::string name = subject.substr(std::min(subject.size(), directory_prefix.size()));
        const auto found = connections->directories.find(name);
        if (found == connections->directories.end())
            return fmt::format("The policy has the directory {} no more.", name);
        // After a start nobody knows, until it was asked something.
        if (!found->second->health().answered_at) return {};
        return fmt::format("The directory {} answers again.", name);
    };
    const Result<void> told = conditions_.look(holding, end, now);
    if (!told && telling_)
        log::error("event_not_written", {{"event", "directory"}, {"reason", told.error().operator_text()}});
    telling_ = told.has_value();
}

void House::tick(Timestamp now) {
    follow_policy();
    watch_health(now);
    sync_what_is_due();
    const Moment moment = parts_.clock.moment();
    if (moment >= keys_due_) {
        keys_due_ = moment + keys_every;
        for (const auto& [name, program] : connections_.get()->workloads)
            if (const auto fetched = program.keys->refresh(); !fetched)
                log::warning("workload_keys_not_fetched",
                             {{"workload", name}, {"reason", fetched.error().operator_text()}});
    }
    if (moment < tidy_due_) return;
    tidy_due_ = moment + tidy_every;
    if (const auto tidied = parts_.sessions.tidy(now); !tidied)
        log::warning("sessions_not_tidied", {{"reason", tidied.error().operator_text()}});
}

void House::work() {
    for (;;) {
        tick(parts_.clock.now());
        if (!wait_until(std::chrono::steady_clock::now() + look_every)) return;
    }
}

bool House::wait_until(Moment then) {
    const MutexLock lock(stopping_mutex_);
    while (!stop_ && std::chrono::steady_clock::now() < then) stopping_.wait_until(stopping_mutex_, then);
    return !stop_;
}

void House::start() {
    thread_ = std::thread([this] { work(); });
}

void House::stop() {
    {
        const MutexLock lock(stopping_mutex_);
        stop_ = true;
        stopping_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

std::vector<store::Schema> Staff::schemas() { return {auth::BreakGlass::schema(), auth::SyncHistory::schema()}; }

std::unique_ptr<Staff> Staff::open(Parts parts) {
    return std::make_unique<House>(
        parts, Makers{.directory =
                          [&clock = parts.clock](ldap::Options options, ldap::BindPassword password) {
                              return ldap::connect(std::move(options), std::move(password), clock);
                          },
                      .http = oidc::by_curl()});
}

}  // namespace bursar::staff
