// What other threads want of the post office: each command runs on its thread, and who gave it waits.
#include "service/outbox/post_office.h"

#include <sys/eventfd.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

constexpr std::size_t commands_max = 100;

std::unexpected<Error> is_stopping() {
    return fail(Fault::shutting_down, "The service is stopping. Try again when it runs.");
}

}  // namespace

void PostOffice::Trial::end(Result<Tried> with) {
    {
        const MutexLock lock(mutex);
        if (!outcome) outcome.emplace(std::move(with));
    }
    changed.notify_all();
}

void PostOffice::run_commands() {
    std::vector<std::function<void()>> commands;
    {
        const MutexLock lock(mutex_);
        commands.swap(commands_);
    }
    for (const auto& run : commands) run();
}

Result<void> PostOffice::command(std::function<Result<void>()> run) {
    struct Ticket {
        Mutex mutex;
        Condition changed;
        std::optional<Result<void>> done GUARDED_BY(mutex);
    };
    const auto ticket = std::make_shared<Ticket>();
    {
        const MutexLock lock(mutex_);
        if (stopping_ || !started_) return is_stopping();
        if (commands_.size() >= commands_max)
            return fail(Fault::overloaded, "Too much is asked of the outbox at once. Try again in a moment.");
        commands_.push_back([ticket, run = std::move(run)] {
            Result<void> done = run();
            {
                const MutexLock held(ticket->mutex);
                ticket->done.emplace(std::move(done));
            }
            ticket->changed.notify_all();
        });
    }
    ::eventfd_write(wake_.number(), 1);
    const MutexLock lock(ticket->mutex);
    while (!ticket->done) ticket->changed.wait(ticket->mutex);
    return *ticket->done;
}

Result<void> PostOffice::resend(std::string id, Clerk::Also also) {
    return command([this, id = std::move(id), also = std::move(also)]() -> Result<void> {
        counted_at_ = {};
        return clerk_.resend(id, parts_.clock.now(), also);
    });
}

Result<Silence> PostOffice::silence(Silence silence, Clerk::Also also) {
    Silence made;
    TRY_VOID(command([&]() -> Result<void> {
        TRY(made, clerk_.silence(silence, also));
        return {};
    }));
    return made;
}

Result<void> PostOffice::end_silence(std::int64_t number, Clerk::Also also) {
    return command([this, number, also = std::move(also)]() -> Result<void> {
        return clerk_.end_silence(number, parts_.clock.now(), also);
    });
}

void PostOffice::begin_test(const std::string& target, const std::string& author, const std::shared_ptr<Trial>& trial) {
    const auto rules = parts_.rules.get();
    const auto found = rules->alerts.targets.find(target);
    if (found == rules->alerts.targets.end())
        return trial->end(fail(Fault::not_found, fmt::format("The policy has no target \"{}\" under alerts.targets.",
                                                             std::string_view(target).substr(0, 100))));
    if (!courier_)
        return trial->end(fail(Fault::conflict,
                               "No bursar-courier is connected, so nothing can be sent. Start it (systemctl start "
                               "bursar-courier), and look at its log if it runs."));
    auto prepared = prepare(found->second);
    if (!prepared) return trial->end(std::unexpected(std::move(prepared).error()));
    integrations::Delivery delivery{
        .id = fmt::format("test_{}_{}", unix_milliseconds(parts_.clock.now()), trials_.size()),
        .target = *std::move(prepared),
        .message = test_message(target, author, context(*rules)),
        .thread = {}};
    trials_[delivery.id] = {.target = target, .trial = trial};
    courier_->send(delivery, parts_.clock.moment());
}

bool PostOffice::end_test(const integrations::Receipt& receipt) {
    auto running = trials_.extract(receipt.id);
    if (running.empty()) return false;
    running.mapped().trial->end(Tried{.outcome = receipt.outcome, .reason = receipt.reason, .answer = receipt.answer});
    if (receipt.outcome == integrations::Outcome::sent)
        report(clerk_.works(running.mapped().target, parts_.clock.now()));
    return true;
}

Result<Tried> PostOffice::test(const std::string& target, const std::string& author) {
    if (tests_.fetch_add(1) >= tests_max) {
        tests_.fetch_sub(1);
        return fail(Fault::overloaded, "Others are testing targets just now. Try again in a minute.");
    }
    const auto trial = std::make_shared<Trial>();
    const auto begun = command([this, target, author, trial]() -> Result<void> {
        begin_test(target, author, trial);
        return {};
    });
    if (!begun) trial->end(std::unexpected(begun.error()));
    // Waiting for another machine: the deadline is of real time, whatever the clock says.
    const auto deadline = std::chrono::steady_clock::now() + test_deadline;
    const MutexLock lock(trial->mutex);
    while (!trial->outcome && trial->changed.wait_until(trial->mutex, deadline)) {
    }
    tests_.fetch_sub(1);
    if (!trial->outcome)
        return fail(Fault::deadline_passed,
                    "The courier has sent no answer within 20 seconds. The message may still arrive; look at the "
                    "courier's log.");
    return *trial->outcome;
}

}  // namespace bursar::outbox
