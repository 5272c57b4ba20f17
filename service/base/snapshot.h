#pragma once

#include "service/base/mutex.h"

#include <memory>
#include <utility>

namespace bursar {

/// Holds the current immutable T; readers keep theirs for as long as they need it. Reading costs two uncontended
/// atomic operations and the count of the pointer; nothing is ever changed in place.
template <typename T>
class SnapshotCell {
  public:
    explicit SnapshotCell(std::shared_ptr<const T> first) : current_(std::move(first)) {}
    std::shared_ptr<const T> get() const {
        const MutexLock lock(mutex_);
        return current_;
    }
    void set(std::shared_ptr<const T> next) {
        const MutexLock lock(mutex_);
        current_.swap(next);
    }

  private:
    mutable Mutex mutex_;
    std::shared_ptr<const T> current_ GUARDED_BY(mutex_);
};

}  // namespace bursar
