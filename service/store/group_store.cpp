#include "service/store/group_store.h"

#include "service/base/ensure.h"
#include "service/base/log.h"
#include "service/store/open.h"

#include <algorithm>
#include <pthread.h>
#include <sched.h>
#include <semaphore>

#include <fmt/format.h>

namespace bursar::store {
namespace {

/// How long the writer sleeps at most before it asks the contributors whether something is due.
constexpr auto look_every = std::chrono::milliseconds(200);
/// How long wake_soon() leaves a record for others to join it.
constexpr auto soon_means = std::chrono::milliseconds(2);
/// So many records are a crowd, and crowds are written in groups this far apart.
constexpr int crowd_per_millisecond = 4;
constexpr auto crowd_counted_over = std::chrono::milliseconds(4);
constexpr auto crowd_every = std::chrono::milliseconds(2);
constexpr std::size_t jobs_waiting_max = 10'000;
/// Every so many pages (of 2 KiB) of log the checkpointer is asked, and from here on the writer helps to end the log.
constexpr int checkpoint_every_pages = 2'000;
constexpr int finish_from_pages = 16'000;
constexpr const char* not_recorded =
    "The service cannot record this right now, so it does not do it. Try again in a minute.";

/// Stands in for the connection once nothing may be written: contributors are asked as ever and fail as ever.
class RefusingTransaction final : public Transaction {
  public:
    explicit RefusingTransaction(const Error& error) : error_(error) {}
    Result<void> run(std::string_view, std::initializer_list<Value>) override { return std::unexpected(error_); }
    Result<void> each(std::string_view, std::initializer_list<Value>,
                      const std::function<Result<void>(const Row&)>&) override {
        return std::unexpected(error_);
    }

  private:
    const Error& error_;
};

std::unexpected<Error> stopped() { return fail(Fault::storage_unavailable, not_recorded, "the store is stopped"); }

}  // namespace

GroupStore::GroupStore(std::filesystem::path file, FileLock lock, Ballast ballast, std::unique_ptr<Connection> writer,
                       std::unique_ptr<Readers> readers, std::unique_ptr<Connection> checkpoints)
    : file_(std::move(file)),
      lock_(std::move(lock)),
      log_reader_(file_),
      ballast_(std::move(ballast)),
      writer_(std::move(writer)),
      readers_(std::move(readers)),
      checkpoint_at_pages_(checkpoint_every_pages),
      finish_at_pages_(finish_from_pages),
      checkpointer_(std::move(checkpoints), main_file_) {
    {
        const MutexLock guard(health_mutex_);
        health_.commit_histogram.assign(bounds_us.size() + 1, 0);
    }
    if (!ballast_.make()) set_unwritable(fmt::format("the disk of {} has too little space left", file_.string()));
}

GroupStore::~GroupStore() { stop(); }

void GroupStore::attach(Contributor& contributor) {
    const MutexLock lock(mutex_);
    ENSURE(phase_ == Phase::prepared);
    contributors_.push_back(&contributor);
}

void GroupStore::follow_with(Follower& follower) {
    const MutexLock lock(mutex_);
    ENSURE(phase_ == Phase::prepared && follower_ == nullptr);
    follower_ = &follower;
}

void GroupStore::start() {
    const MutexLock lock(mutex_);
    ENSURE(phase_ == Phase::prepared);
    phase_ = Phase::serving;
    checkpointer_.start();
    thread_ = std::thread([this] { serve(); });
}

void GroupStore::stop() {
    {
        const MutexLock lock(mutex_);
        if (phase_ == Phase::stopped) return;
        stopping_ = true;
        if (phase_ == Phase::prepared) phase_ = Phase::stopped;
    }
    work_.notify_one();
    stop_asked_.notify_one();
    if (thread_.joinable()) thread_.join();
    checkpointer_.stop();
    if (broken_) return;
    const MutexLock lock(main_file_);
    if (auto left = writer_->checkpoint(true); !left)
        log::warning("store_checkpoint_failed", {{"file", file_.string()}, {"error", left.error().operator_text()}});
}

void GroupStore::wake() {
    wakes_.fetch_add(1, std::memory_order_relaxed);
    // While a group is being written this is one atomic exchange; the writer looks again before it sleeps.
    if (woken_.exchange(true)) return;
    {
        const MutexLock lock(mutex_);
    }
    work_.notify_one();
}

void GroupStore::wake_soon() {
    soon_ = true;
    if (fast_asleep_) wake();
}

void GroupStore::submit(std::move_only_function<Result<void>(Transaction&)> job,
                        std::move_only_function<void(Result<void>)> done) {
    Result<void> accepted;
    {
        const MutexLock lock(mutex_);
        if (phase_ == Phase::stopped)
            accepted = stopped();
        else if (queue_.size() >= jobs_waiting_max)
            accepted = fail(Fault::overloaded, "Too many changes wait to be written. Try again in a minute.");
        else
            queue_.push_back({.work = std::move(job), .done = std::exchange(done, nullptr)});
    }
    if (accepted)
        work_.notify_one();
    else
        done(std::move(accepted));
}

Result<void> GroupStore::write(std::move_only_function<Result<void>(Transaction&)> job) {
    ENSURE(writer_thread_.load() != std::this_thread::get_id());
    {
        const MutexLock lock(mutex_);
        if (phase_ == Phase::prepared) return write_at_once(std::move(job));
    }
    Result<void> result;
    std::binary_semaphore finished(0);
    submit(std::move(job), [&](Result<void> outcome) {
        result = std::move(outcome);
        finished.release();
    });
    finished.acquire();
    return result;
}

Result<void> GroupStore::write_at_once(std::move_only_function<Result<void>(Transaction&)> job) {
    TRY_VOID(writer_->run("BEGIN IMMEDIATE"));
    auto result = job(*writer_);
    if (result) result = writer_->run("COMMIT");
    if (!result) writer_->roll_back();
    if (result && writer_->log_pages() >= checkpoint_every_pages) TRY_VOID(writer_->checkpoint(false));
    return result;
}

Result<void> GroupStore::read(const std::function<Result<void>(Transaction&)>& job) {
    return readers_->lend([&](Connection& connection) -> Result<void> {
        TRY_VOID(connection.run("BEGIN"));
        auto result = job(connection);
        connection.roll_back();
        return result;
    });
}

Health GroupStore::health() const {
    const MutexLock lock(health_mutex_);
    return health_;
}

void GroupStore::on_broken(std::move_only_function<void(const Error&)> stop) {
    const MutexLock lock(mutex_);
    ENSURE(phase_ == Phase::prepared);
    broken_stop_ = std::move(stop);
}

/// A checkpoint leaves out pages whose newest copy in the log a reader may not see yet: behind the old end of the file
/// such a page is a hole until the next one. Real damage stays.
Result<void> GroupStore::verify() {
    constexpr int looks_max = 5;
    Result<void> verified;
    for (int look = 0; look < looks_max; ++look) {
        {
            const MutexLock lock(main_file_);
            verified = readers_->lend([&](Connection& connection) -> Result<void> {
                TRY_VOID(check_pages(connection, file_));
                return check_trees(connection, file_);
            });
        }
        if (verified) break;
        checkpointer_.ask_and_wait();
    }
    return verified;
}

void GroupStore::serve() {
    writer_thread_ = std::this_thread::get_id();
    // On a busy processor the thread that woke us goes on first: its next records join the same group.
    const sched_param no_priority{};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &no_priority);
    std::vector<Job> jobs;
    while (wait_for_work(jobs)) {
        space_out_crowds();
        broken_ ? refuse_group(jobs) : run_group(jobs);
        jobs.clear();
        if (!broken_) keep_log_short();
    }
}

/// Sleeps until there is something to write; false when the store has stopped and everything has been written.
/// After a group it first rests lightly, for as long as wake_soon() may wait: meanwhile that costs its caller one
/// atomic.
bool GroupStore::wait_for_work(std::vector<Job>& jobs) {
    for (bool calm = false;; calm = true) {
        bool last = false;
        {
            const MutexLock lock(mutex_);
            // Before soon_ is looked at: wake_soon() sets that one first and then looks at this one.
            fast_asleep_ = calm;
            if (!woken_ && !(calm && soon_) && queue_.empty() && !stopping_)
                work_.wait_until(mutex_, std::chrono::steady_clock::now() + (calm ? look_every : soon_means));
            const bool woken = woken_.exchange(false);
            const bool soon = soon_.exchange(false);
            jobs.swap(queue_);
            if (woken || soon || !jobs.empty()) return true;
            if (stopping_) {
                if (phase_ == Phase::stopped) return false;
                // One last group takes along what has gathered without a wake; after it nothing more is accepted.
                phase_ = Phase::stopped;
                last = true;
            }
        }
        if (last) {
            for (Contributor* contributor : contributors_) contributor->closing();
            return true;
        }
        if (calm && (retry_ || !writable_ || anything_due())) return true;
    }
}

/// A commit costs about the same for one record and for twenty. Where more than `crowd_per_millisecond` come, groups
/// are begun at most every `crowd_every`; where they come singly, each is written at once.
void GroupStore::space_out_crowds() {
    const auto now = std::chrono::steady_clock::now();
    counted_ += wakes_.exchange(0, std::memory_order_relaxed);
    if (const auto counting = now - counted_since_; counting >= crowd_counted_over) {
        crowded_ = counted_ * std::chrono::milliseconds(1) >= counting * crowd_per_millisecond;
        counted_ = 0;
        counted_since_ = now;
    }
    if (crowded_) {
        // Not for work_, which every crowd signals at once.
        const MutexLock lock(mutex_);
        const auto next = group_begun_ + crowd_every;
        while (!stopping_ && std::chrono::steady_clock::now() < next) stop_asked_.wait_until(mutex_, next);
    }
    group_begun_ = std::chrono::steady_clock::now();
}

bool GroupStore::anything_due() {
    for (Contributor* contributor : contributors_)
        if (contributor->is_due()) return true;
    return false;
}

void GroupStore::run_group(std::vector<Job>& jobs) {
    retry_ = false;
    writer_->take_trouble();
    const std::int64_t changes_before = writer_->changes();
    std::size_t asked = 0;
    auto result = fill_group(jobs, asked);
    if (result) result = commit(changes_before);
    if (!result) return give_up(jobs, asked, writer_->take_trouble(), result.error());
    // It is written here, so nothing of it can be undone; where it must not count, nothing may go on.
    if (auto followed = let_follow(); !followed) return give_up(jobs, asked, Trouble::broken, followed.error());
    for (Contributor* contributor : contributors_) contributor->committed();
    for (Job& job : jobs) job.done(std::move(job.result));
    if (!writable_) make_writable_again();
}

/// Everything up to the COMMIT. `asked` counts the contributors that have to hear how the group ended.
Result<void> GroupStore::fill_group(std::vector<Job>& jobs, std::size_t& asked) {
    TRY_VOID(writer_->run("BEGIN IMMEDIATE"));
    for (Contributor* contributor : contributors_) {
        ++asked;
        TRY_VOID(contributor->contribute(*writer_));
    }
    for (Job& job : jobs) TRY_VOID(run_job(job));
    const bool begins = follower_ != nullptr && follower_->wants_all();
    if (begins) log_reader_.rewind();
    // Of a group that changes nothing SQLite does not say how long the log is. This writes a page whatever it had; an
    // UPDATE to the same value does not.
    if (begins) TRY_VOID(writer_->run("PRAGMA user_version = 0"));
    // Without traffic nothing else would find out that there is space again.
    if (!writable_) TRY_VOID(writer_->run("UPDATE store_version SET version = version"));
    return {};
}

/// An error of the job itself undoes only the job; what fails the group comes back as the error.
Result<void> GroupStore::run_job(Job& job) {
    TRY_VOID(writer_->run("SAVEPOINT job"));
    job.result = job.work(*writer_);
    if (!job.result) {
        if (writer_->worst_trouble() >= Trouble::full || !writer_->in_transaction()) return job.result;
        TRY_VOID(writer_->run("ROLLBACK TO job"));
    }
    return writer_->run("RELEASE job");
}

Result<void> GroupStore::commit(std::int64_t changes_before) {
    const auto begun = std::chrono::steady_clock::now();
    TRY_VOID(writer_->run("COMMIT"));
    if (writer_->changes() == changes_before) return {};  // an empty group says nothing about the disk
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begun;
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_us, microseconds) - bounds_us.begin());
    const MutexLock lock(health_mutex_);
    ++health_.commits;
    health_.last_commit = took;
    ++health_.commit_histogram[bucket];
    return {};
}

Result<void> GroupStore::let_follow() {
    if (follower_ == nullptr) return {};
    TRY(GroupPages pages, log_reader_.read(writer_->log_pages()));
    if (pages.pages_after == 0) return {};
    return follower_->follow(std::move(pages));
}

void GroupStore::give_up(std::vector<Job>& jobs, std::size_t asked, Trouble trouble, const Error& error) {
    writer_->roll_back();
    const Error told{Fault::storage_unavailable, not_recorded, std::string(error.operator_text())};
    after_failure(trouble, told);
    // Before anybody hears of the failure, so that nobody goes on as if only this one had failed.
    tell_if_broken();
    for (std::size_t i = 0; i < asked; ++i) contributors_[i]->failed(told);
    for (Job& job : jobs) job.done(job.result ? Result<void>(std::unexpected(told)) : std::move(job.result));
}

void GroupStore::tell_if_broken() {
    if (broken_ && broken_stop_) std::exchange(broken_stop_, {})(broken_error_);
}

/// Decides what the failure of a group means for the next ones.
void GroupStore::after_failure(Trouble trouble, const Error& error) {
    log::error("store_group_failed", {{"file", file_.string()}, {"error", error.operator_text()}});
    retry_ = true;
    switch (trouble) {
        case Trouble::none:
        case Trouble::statement:
            return;
        case Trouble::full:
            // The space that was kept for this moment; settlements that wait are tried again at once.
            if (ballast_.is_there()) wake();
            ballast_.free();
            return set_unwritable(fmt::format("the disk is full: {}", error.operator_text()));
        case Trouble::broken:
            broken_error_ = error;
            broken_ = true;
            return set_unwritable(fmt::format("the database is broken: {}", error.operator_text()));
    }
}

void GroupStore::refuse_group(std::vector<Job>& jobs) {
    retry_ = false;
    RefusingTransaction refusing(broken_error_);
    for (Contributor* contributor : contributors_) {
        // Whatever it says: nothing was written.
        (void)contributor->contribute(refusing);
        contributor->failed(broken_error_);
    }
    for (Job& job : jobs) job.done(std::unexpected(broken_error_));
}

void GroupStore::set_unwritable(std::string reason) {
    writable_ = false;
    const MutexLock lock(health_mutex_);
    health_.writable = false;
    health_.reason = std::move(reason);
}

void GroupStore::make_writable_again() {
    if (!ballast_.make()) return;
    log::info("store_writable_again", {{"file", file_.string()}});
    {
        const MutexLock lock(health_mutex_);
        health_.writable = true;
        health_.reason.clear();
    }
    writable_ = true;
}

void GroupStore::keep_log_short() {
    if (auto failure = checkpointer_.take_failure()) {
        after_failure(failure->trouble, failure->error);
        return tell_if_broken();
    }
    const int pages = writer_->log_pages();
    if (pages < checkpoint_every_pages) {  // it has started over
        checkpoint_at_pages_ = checkpoint_every_pages;
        finish_at_pages_ = finish_from_pages;
        return;
    }
    if (pages >= checkpoint_at_pages_) {
        checkpoint_at_pages_ = pages + checkpoint_every_pages;
        checkpointer_.ask();
        return;
    }
    if (pages < finish_at_pages_ || !main_file_.try_lock()) return;
    // A long read() keeps the log from starting over; to try after every commit would only cost.
    finish_at_pages_ = pages + checkpoint_every_pages / 2;
    auto left = writer_->checkpoint(false);
    main_file_.unlock();
    if (left) return;
    after_failure(writer_->take_trouble(), left.error());
    tell_if_broken();
}

std::span<const std::int64_t> commit_bounds() { return bounds_us; }

Result<std::unique_ptr<Store>> Store::open(Options options) {
    TRY(auto lock, FileLock::take(options.file));
    TRY(auto writer, open_checked(options));
    TRY(auto readers, Readers::open(options.file, options.key, options.readers));
    TRY(auto checkpoints, Connection::open(options.file, options.key, Access::read_write));
    std::filesystem::path ballast = options.file;
    ballast += ".ballast";
    return std::make_unique<GroupStore>(options.file, std::move(lock),
                                        Ballast(std::move(ballast), options.ballast_bytes), std::move(writer),
                                        std::move(readers), std::move(checkpoints));
}

}  // namespace bursar::store
