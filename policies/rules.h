#pragma once

#include "policies/snapshot.h"
#include "service/base/mutex.h"
#include "service/base/snapshot.h"

#include <functional>
#include <memory>

namespace bursar::policies {

/// The snapshot in force. Two things change it, each without the other's knowledge: a new revision of the documents,
/// and what is decided beside them. Any thread; readers never wait for a change.
class Rules {
  public:
    explicit Rules(std::shared_ptr<const Snapshot> first);

    std::shared_ptr<const Snapshot> get() const { return cell_.get(); }
    /// Puts a revision in force, unless a later one is already. What is decided beside the documents stays.
    void put(std::shared_ptr<const Snapshot> revision);
    /// Changes what is in force beside the documents: `change` gets a copy, which is in force when it returns.
    void change(const std::function<void(InForce&)>& change);

  private:
    mutable Mutex changing_;
    std::int64_t generation_ GUARDED_BY(changing_) = 0;
    SnapshotCell<Snapshot> cell_;
};

}  // namespace bursar::policies
