#include "service/treasury/steward.h"

#include "service/base/log.h"

#include <algorithm>
#include <utility>

namespace bursar::treasury {

Duties::Duties(const Clock& clock, std::vector<Duty> duties) : clock_(clock) {
    const Moment now = clock.moment();
    for (Duty& duty : duties) planned_.push_back({.duty = std::move(duty), .due = now});
}

void Duties::run_due(const std::function<bool()>& stopping) {
    for (Planned& each : planned_) {
        if (stopping()) return;
        if (each.due <= clock_.moment()) run(each);
    }
}

void Duties::run(Planned& planned) {
    const Result<void> done = planned.duty.run(clock_.now());
    planned.due = clock_.moment() + std::chrono::duration_cast<Moment::duration>(planned.duty.every);
    if (!done && !planned.failing)
        log::error("duty_failed", {{"duty", planned.duty.name}, {"text", done.error().operator_text()}});
    if (done && planned.failing) log::info("duty_works_again", {{"duty", planned.duty.name}});
    planned.failing = !done;
}

Moment Duties::next() const {
    Moment next = Moment::max();
    for (const Planned& each : planned_) next = std::min(next, each.due);
    return next;
}

Steward::Steward(const Clock& clock, std::vector<Duty> duties)
    : duties_(clock, std::move(duties)), thread_([this] { work(); }) {}

Steward::~Steward() { stop(); }

void Steward::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool Steward::is_stopping() {
    const MutexLock lock(mutex_);
    return stopping_;
}

void Steward::work() {
    for (;;) {
        duties_.run_due([this] { return is_stopping(); });
        const Moment next = duties_.next();
        const MutexLock lock(mutex_);
        while (!stopping_ && changed_.wait_until(mutex_, next)) {
        }
        if (stopping_) return;
    }
}

}  // namespace bursar::treasury
