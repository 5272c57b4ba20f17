#pragma once

#include <condition_variable>
#include <mutex>

// Clang's thread-safety analysis (-Wthread-safety): every mutex says what it guards, and the compiler checks it.
#if defined(__clang__)
#define BURSAR_THREAD(x) __attribute__((x))
#else
#define BURSAR_THREAD(x)
#endif
#define GUARDED_BY(mutex) BURSAR_THREAD(guarded_by(mutex))
#define REQUIRES(...) BURSAR_THREAD(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) BURSAR_THREAD(locks_excluded(__VA_ARGS__))

namespace bursar {

class BURSAR_THREAD(capability("mutex")) Mutex {
  public:
    void lock() BURSAR_THREAD(acquire_capability()) { mutex_.lock(); }
    void unlock() BURSAR_THREAD(release_capability()) { mutex_.unlock(); }
    bool try_lock() BURSAR_THREAD(try_acquire_capability(true)) { return mutex_.try_lock(); }

  private:
    std::mutex mutex_;
};

class BURSAR_THREAD(scoped_lockable) MutexLock {
  public:
    explicit MutexLock(Mutex& mutex) BURSAR_THREAD(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() BURSAR_THREAD(release_capability()) { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& mutex_;
};

/// Waits with the mutex held by the caller; spurious wake-ups are the caller's to loop over.
class Condition {
  public:
    void wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
    template <typename Deadline>
    bool wait_until(Mutex& mutex, Deadline deadline) REQUIRES(mutex) {
        return condition_.wait_until(mutex, deadline) == std::cv_status::no_timeout;
    }
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }

  private:
    std::condition_variable_any condition_;
};

}  // namespace bursar
