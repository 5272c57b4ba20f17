#pragma once

#include "service/base/mutex.h"
#include "service/store/connection.h"

#include <memory>
#include <vector>

namespace bursar::store {

/// Read-only connections, lent to one thread at a time.
class Readers {
  public:
    static Result<std::unique_ptr<Readers>> open(const std::filesystem::path& file, const Secret& key, int count);

    /// Runs `job` on a free connection; waits for one if need be.
    Result<void> lend(const std::function<Result<void>(Connection&)>& job);

  private:
    explicit Readers(std::vector<std::unique_ptr<Connection>> connections) : free_(std::move(connections)) {}

    Mutex mutex_;
    Condition returned_;
    std::vector<std::unique_ptr<Connection>> free_ GUARDED_BY(mutex_);
};

}  // namespace bursar::store
