#pragma once

#include "service/base/mutex.h"
#include "service/store/checkpointer.h"
#include "service/store/connection.h"
#include "service/store/files.h"
#include "service/store/log_reader.h"
#include "service/store/readers.h"

#include <array>
#include <atomic>
#include <thread>

namespace bursar::store {

inline constexpr std::array<std::int64_t, 14> bounds_us = {20,    50,     100,    200,    500,     1'000,   2'000,
                                                           5'000, 10'000, 20'000, 50'000, 100'000, 500'000, 1'000'000};

/// The one implementation of Store on a single machine. The writing connection belongs to the writer thread from
/// start() to stop(), and to whoever calls before that.
class GroupStore final : public Store {
  public:
    GroupStore(std::filesystem::path file, FileLock lock, Ballast ballast, std::unique_ptr<Connection> writer,
               std::unique_ptr<Readers> readers, std::unique_ptr<Connection> checkpoints);
    ~GroupStore() override;

    void attach(Contributor& contributor) override;
    void follow_with(Follower& follower) override;
    void start() override;
    void stop() override;
    void wake() override;
    void wake_soon() override;
    void submit(std::move_only_function<Result<void>(Transaction&)> job,
                std::move_only_function<void(Result<void>)> done) override;
    Result<void> write(std::move_only_function<Result<void>(Transaction&)> job) override;
    Result<void> read(const std::function<Result<void>(Transaction&)>& job) override;
    Health health() const override;
    bool writable() const override { return writable_.load(std::memory_order_relaxed); }
    void on_broken(std::move_only_function<void(const Error&)> stop) override;
    Result<void> verify() override;

  private:
    struct Job {
        std::move_only_function<Result<void>(Transaction&)> work;
        std::move_only_function<void(Result<void>)> done;
        Result<void> result{};
    };
    enum class Phase : std::uint8_t { prepared, serving, stopped };

    void serve();
    bool wait_for_work(std::vector<Job>& jobs);
    void space_out_crowds();
    bool anything_due();
    void run_group(std::vector<Job>& jobs);
    Result<void> fill_group(std::vector<Job>& jobs, std::size_t& asked);
    Result<void> run_job(Job& job);
    Result<void> commit(std::int64_t changes_before);
    Result<void> let_follow();
    Result<void> write_at_once(std::move_only_function<Result<void>(Transaction&)> job) REQUIRES(mutex_);
    void give_up(std::vector<Job>& jobs, std::size_t asked, Trouble trouble, const Error& error);
    void refuse_group(std::vector<Job>& jobs);
    void after_failure(Trouble trouble, const Error& error);
    void tell_if_broken();
    void make_writable_again();
    void set_unwritable(std::string reason);
    void keep_log_short();

    const std::filesystem::path file_;
    FileLock lock_;
    LogReader log_reader_;  ///< outlives the connections, whose locks would go with it
    Ballast ballast_;
    std::unique_ptr<Connection> writer_;
    std::unique_ptr<Readers> readers_;
    std::vector<Contributor*> contributors_;
    Follower* follower_ = nullptr;
    std::move_only_function<void(const Error&)> broken_stop_;
    bool retry_ = false;  ///< the last group failed; what it carried waits in its contributors
    Error broken_error_;
    int checkpoint_at_pages_;
    int finish_at_pages_;
    std::thread thread_;
    // How many records come: the writer thread's.
    std::int64_t counted_ = 0;
    std::chrono::steady_clock::time_point counted_since_{};
    std::chrono::steady_clock::time_point group_begun_{};
    bool crowded_ = false;

    std::atomic<bool> woken_ = false;
    std::atomic<std::int64_t> wakes_ = 0;
    std::atomic<bool> soon_ = false;
    std::atomic<bool> fast_asleep_ = false;
    std::atomic<bool> writable_ = true;
    std::atomic<bool> broken_ = false;
    std::atomic<std::thread::id> writer_thread_{};

    Mutex mutex_;
    Condition work_;
    Condition stop_asked_;  ///< alone, for the pause between crowded groups
    std::vector<Job> queue_ GUARDED_BY(mutex_);
    Phase phase_ GUARDED_BY(mutex_) = Phase::prepared;
    bool stopping_ GUARDED_BY(mutex_) = false;

    /// Held by whoever moves pages from the log into the main file or reads the main file past SQLite: I/O under a
    /// lock, because to keep the two apart is what it is for. Never taken by a call's thread.
    Mutex main_file_;
    Checkpointer checkpointer_;

    mutable Mutex health_mutex_;
    Health health_ GUARDED_BY(health_mutex_);
};

}  // namespace bursar::store
