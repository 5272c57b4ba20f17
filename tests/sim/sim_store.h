#pragma once

#include "service/store/connection.h"
#include "service/store/store.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace bursar::sim {

/// What becomes of a group when it is to be committed.
enum class Commit : std::uint8_t {
    works,
    fails,
    works_but_says_it_failed,  ///< the answer of the disk was lost: the group is stored, and everybody hears that it is
                               ///< not
};

/// A Store that runs one group at a time, when it is told to, on one thread, on a real database. Any statement and any
/// commit can be made to fail, and the process can end between any two of them. What was committed survives crash().
class SimStore final : public store::Store {
  public:
    explicit SimStore(const std::vector<store::Schema>& schemas);
    ~SimStore() override;
    SimStore(const SimStore&) = delete;
    SimStore& operator=(const SimStore&) = delete;

    /// One group: whatever has gathered, then the submitted jobs.
    Result<void> step(Commit commit = Commit::works);
    /// The process ends: whoever was attached is gone, nothing that was not committed is left.
    void crash();
    /// The nth statement from now fails, once; 0: none does.
    void fail_statement(int nth) { statement_to_fail_ = nth; }
    /// Whether the statement that was to fail has been reached since.
    bool statement_has_failed() const { return statement_to_fail_ == 0; }
    /// Runs while each group is between its last statement and its commit, as other threads do.
    void meanwhile(std::function<void()> others) { others_ = std::move(others); }
    void set_writable(bool writable) { writable_ = writable; }
    int wakes() const { return wakes_; }

    void attach(store::Contributor& contributor) override { contributors_.push_back(&contributor); }
    void follow_with(store::Follower&) override {}
    void start() override {}
    void stop() override {}
    void wake() override { ++wakes_; }
    void submit(std::move_only_function<Result<void>(store::Transaction&)> job,
                std::move_only_function<void(Result<void>)> done) override;
    Result<void> write(std::move_only_function<Result<void>(store::Transaction&)> job) override;
    Result<void> read(const std::function<Result<void>(store::Transaction&)>& job) override;
    store::Health health() const override { return {}; }
    bool writable() const override { return writable_; }
    void on_broken(std::move_only_function<void(const Error&)>) override {}
    Result<void> verify() override { return {}; }

  private:
    class Faulty;
    struct Job {
        std::move_only_function<Result<void>(store::Transaction&)> work;
        std::move_only_function<void(Result<void>)> done;
    };
    Result<void> in_transaction(Commit commit, const std::function<Result<void>(store::Transaction&)>& work);

    std::filesystem::path folder_;
    std::unique_ptr<store::Connection> connection_;
    std::vector<store::Contributor*> contributors_;
    std::vector<Job> jobs_;
    std::function<void()> others_;
    int statement_to_fail_ = 0;
    bool writable_ = true;
    int wakes_ = 0;
};

}  // namespace bursar::sim
