#pragma once

#include "auth/directory.h"
#include "auth/ldap/channel.h"
#include "auth/ldap/failure.h"
#include "auth/ldap/ldap.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bursar::ldap {

/// The servers of one directory and how each was when last asked. Any thread.
class Servers {
  public:
    /// Asks DNS; an argument, so that tests need none.
    using Discover = std::function<Outcome<std::vector<Server>>(const std::string& domain, Deadline deadline)>;

    Servers(const Options& options, const Clock& clock, Discover discover);

    /// In the order in which they are to be tried: those that failed within the last minute come last.
    Outcome<std::vector<Server>> in_order(Deadline deadline);
    void answered(const Server& server);
    void failed_at(const Server& server, const std::string& why);
    /// All that could be done failed: for health.
    void none_answered(const std::string& why);
    auth::DirectoryHealth health() const;

  private:
    struct Trouble {
        std::string why;
        Timestamp since;
        Moment until;  ///< asked only after the others before this
    };
    Outcome<std::vector<Server>> known(Deadline deadline) EXCLUDES(mutex_);

    const std::string domain_;
    const Clock& clock_;
    const Discover discover_;
    mutable Mutex mutex_;
    std::vector<Server> servers_ GUARDED_BY(mutex_);
    std::optional<Moment> asked_at_ GUARDED_BY(mutex_);
    std::map<Server, Trouble> troubles_ GUARDED_BY(mutex_);
    std::optional<Server> last_good_ GUARDED_BY(mutex_);
    std::optional<Timestamp> answered_at_ GUARDED_BY(mutex_);
    std::string all_bad_ GUARDED_BY(mutex_);
};

}  // namespace bursar::ldap
