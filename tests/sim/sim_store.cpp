#include "tests/sim/sim_store.h"

#include "service/base/crypto.h"
#include "service/base/ensure.h"

#include <fstream>
#include <unistd.h>

namespace bursar::sim {
namespace {

std::unexpected<Error> made_to_fail() { return fail(Fault::storage_unavailable, "Try again.", "made to fail"); }

std::filesystem::path fresh_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bursar-sim-XXXXXX").string();
    ENSURE(mkdtemp(name.data()) != nullptr);
    return name;
}

}  // namespace

class SimStore::Faulty final : public store::Transaction {
  public:
    explicit Faulty(SimStore& store) : store_(store) {}
    Result<void> run(std::string_view sql, std::initializer_list<store::Value> values) override {
        if (fails()) return made_to_fail();
        return store_.connection_->run(sql, values);
    }
    Result<void> each(std::string_view sql, std::initializer_list<store::Value> values,
                      const std::function<Result<void>(const store::Row&)>& row) override {
        if (fails()) return made_to_fail();
        return store_.connection_->each(sql, values, row);
    }

  private:
    bool fails() { return store_.statement_to_fail_ > 0 && --store_.statement_to_fail_ == 0; }
    SimStore& store_;
};

SimStore::SimStore(const std::vector<store::Schema>& schemas) : folder_(fresh_folder()) {
    const std::filesystem::path file = folder_ / "sim.db";
    std::ofstream(file).close();
    auto opened = store::Connection::open(file, Secret(std::string(32, 'k')), store::Access::read_write);
    ENSURE(opened);
    connection_ = *std::move(opened);
    // Crashes end at most this process's view of a file, so nothing has to reach the disk.
    ENSURE(connection_->script("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"));
    for (const store::Schema& schema : schemas)
        for (const std::string_view step : schema.steps) ENSURE(connection_->script(step));
}

SimStore::~SimStore() {
    connection_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Result<void> SimStore::in_transaction(Commit commit, const std::function<Result<void>(store::Transaction&)>& work) {
    Faulty transaction(*this);
    ENSURE(connection_->run("BEGIN"));
    auto result = work(transaction);
    if (result && commit == Commit::fails) result = made_to_fail();
    if (!result) {
        connection_->roll_back();
        return result;
    }
    ENSURE(connection_->run("COMMIT"));
    return commit == Commit::works_but_says_it_failed ? Result<void>(made_to_fail()) : result;
}

Result<void> SimStore::step(Commit commit) {
    std::vector<Job> jobs;
    jobs.swap(jobs_);
    std::vector<Result<void>> results;
    std::size_t asked = 0;
    const auto result = in_transaction(commit, [&](store::Transaction& transaction) -> Result<void> {
        for (store::Contributor* contributor : contributors_) {
            ++asked;
            TRY_VOID(contributor->contribute(transaction));
        }
        for (Job& job : jobs) results.push_back(job.work(transaction));
        if (others_) others_();
        return {};
    });
    for (std::size_t i = 0; i < asked; ++i)
        result ? contributors_[i]->committed() : contributors_[i]->failed(result.error());
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].done(result ? results[i] : result);
    return result;
}

void SimStore::crash() {
    contributors_.clear();
    jobs_.clear();
    others_ = {};
    statement_to_fail_ = 0;
    writable_ = true;
}

void SimStore::submit(std::move_only_function<Result<void>(store::Transaction&)> job,
                      std::move_only_function<void(Result<void>)> done) {
    jobs_.push_back({std::move(job), std::move(done)});
}

Result<void> SimStore::write(std::move_only_function<Result<void>(store::Transaction&)> job) {
    return in_transaction(Commit::works, [&](store::Transaction& transaction) { return job(transaction); });
}

Result<void> SimStore::read(const std::function<Result<void>(store::Transaction&)>& job) {
    Faulty transaction(*this);
    return job(transaction);
}

}  // namespace bursar::sim
