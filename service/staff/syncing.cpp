// What whole directories tell of everybody: worked out, looked at, then done, and written down whatever it was.
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/staff/house.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::staff {
namespace {

constexpr int everybody_percent = 100;

/// Marks a sync as under way for as long as it is; not if one is already.
class UnderWay {
  public:
    UnderWay(Syncs& syncs, std::string name) : syncs_(syncs), name_(std::move(name)) {
        const MutexLock lock(syncs_.mutex);
        begun_ = syncs_.under_way.insert(name_).second;
    }
    ~UnderWay() {
        if (!begun_) return;
        const MutexLock lock(syncs_.mutex);
        syncs_.under_way.erase(name_);
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    bool begun() const { return begun_; }

  private:
    Syncs& syncs_;
    const std::string name_;
    bool begun_ = false;
};

/// Of whom something was told while the list was being read, it knows less than we do.
void leave_out_newer(std::vector<std::shared_ptr<const auth::Person>>& known, auth::Listing& listing,
                     Timestamp asked_at) {
    std::set<auth::Origin> newer;
    for (const auto& person : known)
        if (person->changed_at > asked_at || (person->signed_in_at && *person->signed_in_at > asked_at))
            newer.insert(person->facts.origin);
    if (newer.empty()) return;
    std::erase_if(known, [&](const auto& person) { return newer.contains(person->facts.origin); });
    std::erase_if(listing.people, [&](const auth::PersonFacts& facts) { return newer.contains(facts.origin); });
}

std::string detail_of(const auth::SyncRecord& record) {
    JsonWriter json;
    json.open().field("state", record.state).field("arrivals", record.arrivals).field("changes", record.changes);
    json.field("returns", record.returns).field("missing", record.missing).field("leavers", record.leavers);
    json.field("why", record.why.substr(0, 500)).close();
    return std::move(json).text();
}

}  // namespace

Result<std::vector<auth::SyncRecord>> House::syncs(std::string_view directory, int count_max) const {
    return auth::SyncHistory::list(parts_.store, fmt::format("ldap:{}", directory), count_max);
}

Result<auth::SyncRecord> House::read_sync(std::string_view directory, std::int64_t number) const {
    TRY(auth::SyncRecord record, auth::SyncHistory::read(parts_.store, number));
    if (record.source == fmt::format("ldap:{}", directory)) return record;
    return fail(Fault::not_found, "This directory has had no sync of that number.");
}

Result<auth::SyncRecord> House::sync(std::string_view name, SyncMode mode, std::string_view actor) {
    TRY(const std::shared_ptr<auth::Directory> asked, directory(name));
    const auto connections = connections_.get();
    const auto policy = connections->identity.directories.find(name);
    if (policy == connections->identity.directories.end())
        return fail(Fault::not_found, fmt::format("There is no directory \"{}\".", name));
    const UnderWay mark(syncs_, std::string(name));
    if (!mark.begun())
        return fail(Fault::conflict, "A sync of this directory is under way. Try again when it has ended.");
    return run_sync(policy->second, *asked, mode, actor);
}

Result<auth::SyncRecord> House::run_sync(const policies::DirectoryPolicy& policy, auth::Directory& directory,
                                         SyncMode mode, std::string_view actor) {
    const std::string source = "ldap:" + policy.name;
    const Timestamp asked_at = parts_.clock.now();
    auto listing = directory.list();
    const Timestamp now = parts_.clock.now();
    if (!listing) {
        auth::SyncRecord failed{
            .source = source, .at = now, .state = "failed", .why = std::string(listing.error().operator_text())};
        if (mode != SyncMode::dry) TRY_VOID(write_sync(failed, actor, {}));
        return failed;
    }
    const bool confirmed = mode == SyncMode::confirmed;
    const auth::SyncLimits limits{.removals_percent_max = confirmed ? everybody_percent : policy.removals_percent_max,
                                  .removals_min = policy.removals_min,
                                  .grace = std::chrono::duration_cast<std::chrono::seconds>(policy.grace)};
    auto known = parts_.people.all();
    leave_out_newer(known, *listing, asked_at);
    const auth::Proposal proposal = auth::propose(source, known, *listing, limits, now);
    auth::SyncRecord record = auth::record_of(proposal, now);
    if (mode == SyncMode::dry) {
        record.state = "dry_run";
        return record;
    }
    TRY_VOID(write_sync(record, actor, [&](const std::function<Result<void>(store::Transaction&)>& also) {
        return auth::apply(parts_.people, proposal, also);
    }));
    if (proposal.stop != auth::SyncStop::none)
        tell({.at = now,
              .name = fmt::format("sync.stopped:{}:{}:{}", policy.name, auth::name_of(proposal.stop),
                                  to_text(now).substr(0, std::string_view("2026-11-29").size())),
              .kind = "sync.stopped",
              .subject = "directory:" + policy.name,
              .text = fmt::format("The sync of the directory {} has stopped, and nobody lost access by it: {}",
                                  policy.name, proposal.why),
              .detail = "{}"});
    return record;
}

/// The record and its audit row stand in one transaction with what was taken away.
Result<void> House::write_sync(auth::SyncRecord& record, std::string_view actor, const Applying& applying) {
    const auto also = [&](store::Transaction& transaction) -> Result<void> {
        TRY(record.number, auth::SyncHistory::append(transaction, record));
        return parts_.audit.append(transaction, {.actor = std::string(actor),
                                                 .address = "",
                                                 .action = "directory.sync",
                                                 .object = record.source,
                                                 .outcome = record.state == "failed" ? "directory_unavailable" : "ok",
                                                 .detail = detail_of(record)});
    };
    log::info("directory_sync", {{"source", record.source},
                                 {"state", record.state},
                                 {"arrivals", record.arrivals},
                                 {"changes", record.changes},
                                 {"leavers", record.leavers},
                                 {"why", record.why}});
    if (applying) return applying(also);
    return parts_.store.write(also);
}

void House::sync_what_is_due() {
    const Moment now = parts_.clock.moment();
    const auto connections = connections_.get();
    for (const auto& [name, policy] : connections->identity.directories) {
        if (policy.bind_dn.empty()) continue;  // nobody may list it
        {
            const MutexLock lock(syncs_.mutex);
            const auto [due, fresh] = syncs_.due.try_emplace(name, now);
            if (now < due->second) continue;
            due->second = now + std::chrono::duration_cast<Moment::duration>(policy.sync_every);
        }
        const auto done = sync(name, SyncMode::careful, "service");
        if (!done)
            log::warning("directory_not_synced", {{"directory", name}, {"reason", done.error().operator_text()}});
        const MutexLock lock(stopping_mutex_);
        if (stop_) return;
    }
}

}  // namespace bursar::staff
