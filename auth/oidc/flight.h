#pragma once

#include "service/base/mutex.h"
#include "service/base/result.h"

#include <future>
#include <utility>

namespace bursar::oidc {

/// One question at a time: whoever comes while it is under way waits for its answer instead of asking again. Any
/// thread.
template <typename T>
class Flight {
  public:
    template <typename Ask>
    Result<T> join(const Ask& ask) {
        std::promise<Result<T>> promise;
        std::shared_future<Result<T>> under_way;
        {
            const MutexLock lock(mutex_);
            under_way = under_way_;
            if (!under_way.valid()) under_way_ = promise.get_future().share();
        }
        if (under_way.valid()) return under_way.get();
        Result<T> answer = ask();
        {
            const MutexLock lock(mutex_);
            under_way_ = {};
        }
        promise.set_value(answer);
        return answer;
    }

  private:
    Mutex mutex_;
    std::shared_future<Result<T>> under_way_ GUARDED_BY(mutex_);
};

}  // namespace bursar::oidc
