#pragma once

#include "service/base/mutex.h"
#include "service/ledger/journal.h"
#include "service/ledger/ledger.h"

#include <deque>
#include <map>
#include <string_view>
#include <unordered_map>

namespace bursar::ledger {

/// What recovery found, to begin with.
struct Opening {
    Timestamp newest;
    std::map<std::string, std::shared_ptr<Calendar>> calendars;
    std::deque<Account> accounts;
    Found found;
    std::uint64_t journal_oldest = 1;
    std::uint64_t journal_next = 1;
};
Result<Opening> read_books(store::Store& store, const Recorder& record = {});

/// The ledger of one process. One mutex guards every sum; under it there is arithmetic and no I/O.
class Books final : public Ledger {
  public:
    Books(store::Store& store, Opening opening, const Pace& pace = {});

    Result<std::shared_ptr<const Scopes>> prepare(std::vector<Level> levels, const std::string& time_zone) override;
    std::expected<Held, Refusal> hold(const HoldRequest& request,
                                      std::move_only_function<void(Result<void>)> durable) override;
    std::expected<Held, Refusal> grow(const AttemptId& attempt, const Amounts& more) override;
    bool settle(const AttemptId& attempt, const Amounts& cost) override;
    bool release(const AttemptId& attempt) override;

    Result<std::int64_t> enter(Posting posting, AlsoEntered also) override;
    NanoUsd remaining(const Scopes& scopes, Timestamp at) const override;
    std::vector<Standing> standing(const Scopes& scopes, Timestamp at) const override;
    std::vector<Spending> spending() const override;
    Totals totals() const override;
    const std::vector<Lost>& lost_at_start() const override { return lost_; }

    Result<void> contribute(store::Transaction& transaction) override;
    void committed() override;
    void failed(const Error& error) override;

  private:
    std::expected<Held, Refusal> take(const HoldRequest& request, std::move_only_function<void(Result<void>)> durable)
        EXCLUDES(mutex_);
    std::expected<Held, Refusal> grow_open(const AttemptId& attempt, const Amounts& more) EXCLUDES(mutex_);
    bool close(const AttemptId& attempt, RecordKind kind, const Amounts& cost) EXCLUDES(mutex_);
    std::vector<AccountName> with_books_of(const Posting& posting) const EXCLUDES(mutex_);
    void see(Timestamp at) REQUIRES(mutex_);
    void list(Account& account) REQUIRES(mutex_);
    Account& account_named(const AccountName& name) REQUIRES(mutex_);
    void gather() EXCLUDES(mutex_);

    store::Store& store_;
    const std::vector<Lost> lost_;
    // The writer thread's:
    Journal journal_;
    Group group_;

    mutable Mutex mutex_;
    Timestamp newest_ GUARDED_BY(mutex_);
    std::map<std::string, std::shared_ptr<Calendar>> calendars_ GUARDED_BY(mutex_);
    std::deque<Account> accounts_ GUARDED_BY(mutex_);
    std::unordered_map<std::string_view, Account*> by_name_ GUARDED_BY(mutex_);
    std::uint32_t numbers_ GUARDED_BY(mutex_) = 0;  ///< given to accounts so far
    OpenHolds open_ GUARDED_BY(mutex_);
    std::uint64_t sequence_ GUARDED_BY(mutex_) = 0;
    std::vector<Entry> pending_ GUARDED_BY(mutex_);
    std::vector<Account*> unlisted_ GUARDED_BY(mutex_);  ///< accounts whose name is not stored yet
    Totals totals_ GUARDED_BY(mutex_);
};

}  // namespace bursar::ledger
