#pragma once

#include "service/base/mutex.h"
#include "service/store/connection.h"

#include <memory>
#include <optional>
#include <thread>

namespace bursar::store {

/// Moves the log into the main file on a thread of its own, so that the writer does not wait for the disk. While
/// commits go on it never quite catches up; the log starts over when the writer itself moves the short rest
/// (GroupStore).
class Checkpointer {
  public:
    /// `main_file` is held while the main file is written.
    Checkpointer(std::unique_ptr<Connection> connection, Mutex& main_file)
        : connection_(std::move(connection)), main_file_(main_file) {}
    ~Checkpointer() { stop(); }
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    void start();
    void stop();
    /// Asks for one checkpoint; one that is under way counts.
    void ask();
    /// Returns when one has been made since, or there is none who makes it.
    void ask_and_wait() EXCLUDES(mutex_);

    struct Failure {
        Trouble trouble;
        Error error;
    };
    /// What went wrong since the last call.
    std::optional<Failure> take_failure();

  private:
    void serve();

    std::unique_ptr<Connection> connection_;
    Mutex& main_file_;
    std::thread thread_;
    Mutex mutex_;
    Condition work_;
    bool running_ GUARDED_BY(mutex_) = false;
    Condition done_;
    bool asked_ GUARDED_BY(mutex_) = false;
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::optional<Failure> failure_ GUARDED_BY(mutex_);
};

}  // namespace bursar::store
