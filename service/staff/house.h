#pragma once

#include "service/base/mutex.h"
#include "service/base/snapshot.h"
#include "service/staff/away.h"
#include "service/staff/connections.h"
#include "service/staff/gate.h"
#include "service/staff/staff.h"
#include "service/treasury/conditions.h"
#include "service/treasury/events.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace bursar::staff {

/// One sync of a directory at a time, and when its next is due.
struct Syncs {
    Mutex mutex;
    std::set<std::string, std::less<>> under_way GUARDED_BY(mutex);
    /// By the monotonic clock: one that is set back by a day must not put off for a day that leavers lose their keys.
    std::map<std::string, Moment, std::less<>> due GUARDED_BY(mutex);
};

/// What stands behind the face of Staff.
class House final : public Staff {
  public:
    House(Parts parts, Makers makers);
    ~House() override;

    void follow_policy() override;
    std::vector<std::string> check(const policies::Identity& identity) const override;
    std::vector<Way> ways() const override;
    Result<Proven> by_password(std::string_view directory, std::string_view user, const Secret& password,
                               const Visitor& visitor) override;
    Result<Redirect> begin(std::string_view provider, std::string_view callback, Purpose purpose,
                           const Visitor& visitor) override;
    Result<Returned> finish(std::string_view provider, const Answered& answered, std::string_view browser,
                            const Visitor& visitor) override;
    Result<int> logout_notice(std::string_view provider, std::string_view token, const Visitor& visitor) override;
    std::string logout_url(std::string_view way, std::string_view id_token, std::string_view back_to) override;
    Result<auth::NewSession> by_break_glass(const Secret& passphrase, const Visitor& visitor) override;
    Result<void> still_there(std::string_view person) override;
    Result<std::shared_ptr<const Caller>> workload(std::string_view compact, Timestamp now) const override;
    Result<std::vector<auth::Step>> test(std::string_view source, std::string_view user,
                                         const Secret& password) override;
    Result<std::vector<SourceFacts>> sources() const override;
    std::vector<SourceFacts> health() const override;
    Result<auth::SyncRecord> sync(std::string_view directory, SyncMode mode, std::string_view actor) override;
    Result<std::vector<auth::SyncRecord>> syncs(std::string_view directory, int count_max) const override;
    Result<auth::SyncRecord> read_sync(std::string_view directory, std::int64_t number) const override;
    auth::DeviceGrants& devices() override { return devices_; }
    auth::AuthorizationCodes& codes() override { return codes_; }
    auth::BreakGlass& break_glass() override { return *break_glass_; }
    auth::Lockout& lockout() override { return lockout_; }
    void start() override;
    void stop() override;

  private:
    Result<std::shared_ptr<auth::Directory>> directory(std::string_view name) const;
    Result<std::shared_ptr<oidc::Client>> provider(std::string_view name) const;
    /// Makes or changes the person, and refuses whom nobody lets in.
    Result<std::shared_ptr<const auth::Person>> welcome(const auth::PersonFacts& facts, const Visitor& visitor,
                                                        std::string_view way);
    /// Who proves it by a provider that only vouches for people of another source.
    Result<std::shared_ptr<const auth::Person>> known(const auth::Origin& origin);
    void note(const Visitor& visitor, std::string_view way, const Error& error);
    /// A step of somebody nobody sees: "person.seen" and the like, as a row in the transaction of its cause.
    auth::People::AlsoPerson recorded(std::string action, std::string actor, std::string address = {});
    void tell(treasury::Event event) const;
    void watch_health(Timestamp now);
    void note_health();
    void add_standing_step(std::vector<auth::Step>& steps, std::string_view source, std::string_view user) const;
    Result<auth::SyncRecord> run_sync(const policies::DirectoryPolicy& policy, auth::Directory& directory,
                                      SyncMode mode, std::string_view actor);
    using Applying = std::function<Result<void>(const std::function<Result<void>(store::Transaction&)>& also)>;
    Result<void> write_sync(auth::SyncRecord& record, std::string_view actor, const Applying& applying);
    void sync_what_is_due();
    void tick(Timestamp now);
    void work();
    /// False if the service stops before.
    bool wait_until(Moment then) EXCLUDES(stopping_mutex_);

    Parts parts_;
    Makers makers_;
    std::unique_ptr<auth::BreakGlass> break_glass_;
    auth::Lockout lockout_;
    auth::DeviceGrants devices_;
    auth::AuthorizationCodes codes_;
    Away away_;
    Gate gate_;  ///< of the threads that wait for a directory

    Mutex following_;  ///< one policy after the other
    std::int64_t revision_ GUARDED_BY(following_) = -1;
    SnapshotCell<Connections> connections_;

    Syncs syncs_;
    // Of the thread below.
    std::map<std::string, bool, std::less<>> was_good_;
    treasury::Conditions conditions_;
    bool telling_ = true;  ///< false while the last look at the directories could not be written
    Moment keys_due_{}, tidy_due_{};

    Mutex stopping_mutex_;
    Condition stopping_;
    bool stop_ GUARDED_BY(stopping_mutex_) = false;
    std::thread thread_;
};

}  // namespace bursar::staff
