#include "auth/last_uses.h"

#include "service/base/log.h"

#include <algorithm>
#include <vector>

namespace bursar::auth {
namespace {

constexpr std::int64_t every_s = 10;
constexpr std::size_t per_batch = 5'000;
/// More are not remembered: the next minute's use of the same thing is.
constexpr std::size_t waiting_max = 200'000;

struct Use {
    std::string id;
    std::int64_t minute = 0;
};

}  // namespace

struct LastUses::Waiting {
    Mutex mutex;
    std::vector<Use> uses GUARDED_BY(mutex);
    std::int64_t stored_at_s GUARDED_BY(mutex) = 0;
};

std::shared_ptr<LastUses::Waiting> LastUses::make_waiting() { return std::make_shared<Waiting>(); }

std::int64_t minute_of(Timestamp at) { return std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count(); }

void LastUses::note(std::string id, std::int64_t minute, Timestamp now) const {
    std::vector<Use> batch;
    {
        const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
        const MutexLock lock(waiting_->mutex);
        if (waiting_->uses.size() < waiting_max) waiting_->uses.push_back({std::move(id), minute});
        if (second < waiting_->stored_at_s + every_s) return;
        waiting_->stored_at_s = second;
        const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_->uses.size(), per_batch));
        const auto end = waiting_->uses.begin() + count;
        batch.assign(std::make_move_iterator(waiting_->uses.begin()), std::make_move_iterator(end));
        waiting_->uses.erase(waiting_->uses.begin(), end);
    }
    store_.submit(
        [batch = std::move(batch), update = update_](store::Transaction& transaction) -> Result<void> {
            for (const Use& use : batch) {
                const std::chrono::nanoseconds at = std::chrono::minutes(use.minute);
                TRY_VOID(transaction.run(update, {static_cast<std::int64_t>(at.count()), use.id}));
            }
            return {};
        },
        [event = log_event_](Result<void> stored) {
            if (!stored) log::warning(event, {{"error", stored.error().operator_text()}});
        });
}

}  // namespace bursar::auth
