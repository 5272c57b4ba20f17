#include "service/backup/away.h"

#include "service/backup/s3.h"
#include "service/backup/sftp.h"
#include "service/base/log.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds wait_max = 1h;
constexpr int doublings_max = 12, logged_every_percent = 25;

}  // namespace

std::unique_ptr<Target> make_target(const TargetOptions& options, const Clock& clock) {
    switch (options.kind) {
        case TargetKind::s3:
            return s3_target(options, clock);
        case TargetKind::sftp:
            return sftp_target(options);
    }
    return nullptr;
}

std::chrono::seconds wait_after(int failures, std::chrono::seconds first) {
    return std::min(wait_max, first * (std::int64_t{1} << std::clamp(failures - 1, 0, doublings_max)));
}

Away::Away(Parts parts, TargetOptions options) : parts_(std::move(parts)), options_(std::move(options)) {}

Away::~Away() { stop(); }

void Away::stop() {
    stopping_ = true;
    std::thread thread;
    {
        const MutexLock lock(mutex_);
        thread = std::move(thread_);
    }
    if (thread.joinable()) thread.join();
}

void Away::send_if_due(Timestamp now) {
    if (stopping_ || parts_.vault.state() == vault::State::sealed) return;
    const std::vector<Found> found = parts_.backups.list();
    if (found.empty()) return;
    const Found& newest = found.front();
    const MutexLock lock(mutex_);
    if (state_.running || newest.name == sent_) return;
    if (newest.name == tried_ && state_.next_try && now < *state_.next_try) return;
    if (thread_.joinable()) thread_.join();  // it has ended, but for its last line
    percent_ = 0;
    tried_ = newest.name;
    state_.running = true;
    thread_ = std::thread([this, newest] { run(newest); });
}

AwayState Away::state() const {
    const MutexLock lock(mutex_);
    AwayState state = state_;
    state.percent = percent_;
    return state;
}

Result<std::vector<Stored>> Away::send(const Found& newest) {
    TRY(const vault::Lease secret, parts_.vault.lend(options_.secret));
    const auto unless_stopped = [this](std::uint64_t, std::uint64_t) { return !stopping_; };
    TRY(std::vector<Stored> stored, parts_.target->list(*secret, unless_stopped));
    const Stored wanted{.name = newest.name, .bytes = newest.bytes};
    if (std::ranges::find(stored, wanted) == stored.end()) {
        int logged = 0;
        TRY_VOID(parts_.target->send(parts_.backups.options().folder / newest.name, newest.name, *secret,
                                     [&](std::uint64_t done, std::uint64_t all) {
                                         percent_ = all == 0 ? 0 : static_cast<int>(done * 100 / all);
                                         if (percent_ >= logged + logged_every_percent) {
                                             logged = percent_;
                                             log::info("backup_on_its_way",
                                                       {{"name", newest.name}, {"percent", logged}});
                                         }
                                         return !stopping_;
                                     }));
        log::info("backup_sent", {{"name", newest.name}, {"bytes", newest.bytes}, {"target", describe(options_)}});
        TRY(stored, parts_.target->list(*secret, unless_stopped));
    }
    return drop_old(std::move(stored), *secret);
}

Result<std::vector<Stored>> Away::drop_old(std::vector<Stored> stored, const Secret& secret) const {
    while (stored.size() > static_cast<std::size_t>(options_.keep)) {
        TRY_VOID(parts_.target->remove(stored.back().name, secret,
                                       [this](std::uint64_t, std::uint64_t) { return !stopping_; }));
        log::info("backup_dropped", {{"name", stored.back().name}, {"target", describe(options_)}});
        stored.pop_back();
    }
    return stored;
}

void Away::run(const Found& newest) {
    auto sent = send(newest);
    const Timestamp now = parts_.clock.now();
    if (!sent && !stopping_)
        log::error("backup_not_sent",
                   {{"name", newest.name}, {"target", describe(options_)}, {"reason", sent.error().operator_text()}});
    const MutexLock lock(mutex_);
    state_.running = false;
    if (sent) {
        sent_ = newest.name;
        state_.stored = *std::move(sent);
        state_.sent_at = now;
        state_.failure.clear();
        state_.tries = 0;
        state_.next_try.reset();
        return;
    }
    state_.failure = sent.error().for_caller;
    ++state_.tries;
    state_.next_try = now + wait_after(state_.tries, options_.retry_after);
}

}  // namespace bursar::backup
