#pragma once

#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/store/store.h"

#include <memory>
#include <string>
#include <string_view>

namespace bursar::auth {

/// Stores when things were last used, to the minute: in batches, so seldom and so many at once that calls do not wait
/// for them. What a crash loses is the last seconds.
class LastUses {
  public:
    /// `update` is the statement with the time and the id, in this order; it and `log_event` are constants.
    LastUses(store::Store& store, std::string_view update, std::string_view log_event)
        : store_(store), update_(update), log_event_(log_event) {}

    /// Any thread; the store is asked every ten seconds at most.
    void note(std::string id, std::int64_t minute, Timestamp now) const;

  private:
    struct Waiting;  ///< shared with the jobs that store it, which may outlive this
    static std::shared_ptr<Waiting> make_waiting();

    store::Store& store_;
    const std::string_view update_;
    const std::string_view log_event_;
    std::shared_ptr<Waiting> waiting_ = make_waiting();
};

std::int64_t minute_of(Timestamp at);

}  // namespace bursar::auth
