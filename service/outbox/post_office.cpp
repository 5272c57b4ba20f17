#include "service/outbox/post_office.h"

#include "service/base/crypto.h"
#include "service/base/log.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

constexpr std::size_t newcomers_max = 4;
constexpr std::size_t receipts_max = 1'000;
constexpr std::size_t sightings_max = 100;
constexpr std::chrono::seconds counted_every{30};

std::string fresh_id(Timestamp now) {
    constexpr std::size_t random = 10;
    return fmt::format("dlv_{:x}_{}", unix_milliseconds(now), to_base32(random_bytes(random)));
}

double by_chance() {
    unsigned char bytes[2]{};
    fill_random(bytes);
    return (bytes[0] * 256 + bytes[1]) / 65'536.0;
}

std::string_view name_of(integrations::Outcome outcome) {
    switch (outcome) {
        case integrations::Outcome::sent:
            return "sent";
        case integrations::Outcome::later:
            return "later";
        case integrations::Outcome::refused:
            return "refused";
        case integrations::Outcome::closed:
            return "closed";
    }
    return "";
}

std::unexpected<Error> is_stopping() {
    return fail(Fault::shutting_down, "The service is stopping. Try again when it runs.");
}

}  // namespace

Result<std::unique_ptr<PostOffice>> PostOffice::open(Parts parts, Options options) {
    TRY(Handle listener, listen_at(options.socket, options.group));
    Handle wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.is_open())
        return fail(Fault::internal, "The service could not start.", "eventfd: no descriptor for the post office");
    return std::make_unique<PostOffice>(parts, std::move(options), std::move(listener), std::move(wake));
}

PostOffice::PostOffice(Parts parts, Options options, Handle listener, Handle wake)
    : parts_(parts),
      options_(std::move(options)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      clerk_({.store = parts.store,
              .rules = parts.rules,
              .public_url = options_.public_url,
              .chance = {.make_id = fresh_id, .random = by_chance}}) {}

PostOffice::~PostOffice() { stop(); }

void PostOffice::start() {
    {
        const MutexLock lock(mutex_);
        started_ = true;
    }
    thread_ = std::thread([this] { work(); });
}

void PostOffice::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    ::eventfd_write(wake_.number(), 1);
    if (!thread_.joinable()) return;
    thread_.join();
    ::unlink(options_.socket.c_str());
}

void PostOffice::work() {
    for (;;) {
        run_commands();
        {
            const MutexLock lock(mutex_);
            if (stopping_) break;
        }
        step();
        wait();
    }
    run_commands();  // who waits for one has to hear of it
    for (auto& [id, running] : trials_) running.trial->end(is_stopping());
}

void PostOffice::step() {
    const Timestamp now = parts_.clock.now();
    greet();
    serve_lines();
    receive();
    // What a courier has said before it went still counts.
    if (gone_ && heard_.receipts.empty()) {
        const auto told = clerk_.courier_gone(now);
        report(told);
        gone_ = !told;
        if (told) target_of_.clear();
    }
    report(clerk_.look(now));
    receive_sightings();
    hand_out();
    watch();
    publish();
}

/// A failure is said once, until it works again.
void PostOffice::report(const Result<void>& done) {
    if (!done && !failing_) log::error("outbox_failed", {{"text", done.error().operator_text()}});
    if (done && failing_) log::info("outbox_works_again");
    failing_ = !done;
}

void PostOffice::wait() {
    std::vector<pollfd> waits{{wake_.number(), POLLIN, 0}, {listener_.number(), POLLIN, 0}};
    const auto add = [&](const Line& line) {
        const auto events = static_cast<short>(line.wants_to_write() ? POLLIN | POLLOUT : POLLIN);
        waits.push_back({line.descriptor(), events, 0});
    };
    if (courier_) add(*courier_);
    for (const Line& line : newcomers_) add(line);
    ::poll(waits.data(), waits.size(), static_cast<int>(looked_every.count()));
    eventfd_t count = 0;
    ::eventfd_read(wake_.number(), &count);
}

void PostOffice::greet() {
    while (auto handle = accept_from(listener_, options_.peers)) {
        if (newcomers_.size() >= newcomers_max) newcomers_.erase(newcomers_.begin());
        newcomers_.emplace_back(*std::move(handle), parts_.clock.moment());
    }
    const Moment now = parts_.clock.moment();
    for (std::size_t i = 0; i < newcomers_.size();) {
        Line& line = newcomers_[i];
        Heard none;
        const bool good = line.read(now, none) && !line.is_late(now, false);
        if (good && line.hello()) {
            // The newer one counts: the older may hang, or its machine's clock of retries may.
            if (courier_) lose_courier("another courier has come");
            log::info("courier_connected", {{"version", line.hello()->version}, {"at_once", line.hello()->at_once}});
            courier_.emplace(std::move(line));
        } else if (good) {
            ++i;
            continue;
        } else {
            log::warning("courier_not_taken", {{"reason", line.why_over()}});
        }
        newcomers_.erase(newcomers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void PostOffice::serve_lines() {
    if (!courier_) return;
    const Moment now = parts_.clock.moment();
    const bool owes = !target_of_.empty() || !trials_.empty() || is_watching();
    const bool good = courier_->read(now, heard_) && courier_->write(now) && !courier_->is_late(now, owes);
    if (!good || heard_.receipts.size() > receipts_max || heard_.sightings.size() > sightings_max)
        lose_courier(courier_->why_over());
}

void PostOffice::lose_courier(const std::string& why) {
    log::warning("courier_gone", {{"reason", why}});
    receive();
    courier_.reset();
    gone_ = true;
    // The next one is asked at once.
    for (auto& [target, watching] : watching_) {
        watching.id.clear();
        watching.due = {};
    }
    for (auto& [id, running] : trials_)
        running.trial->end(
            fail(Fault::conflict,
                 "bursar-courier went away before it answered, so the test may have arrived or not. Look "
                 "at its log."));
    trials_.clear();
}

void PostOffice::receive() {
    // What cannot be stored now is kept: the courier will not say it again.
    std::size_t done = 0;
    for (; done < heard_.receipts.size(); ++done) {
        const integrations::Receipt& receipt = heard_.receipts[done];
        if (end_test(receipt)) continue;
        const auto stored = clerk_.receive(receipt, parts_.clock.now());
        report(stored);
        if (!stored) break;
        const auto target = target_of_.extract(receipt.id);
        if (!target.empty()) ++outcomes_[{target.mapped(), std::string(name_of(receipt.outcome))}];
        if (receipt.outcome != integrations::Outcome::sent)
            log::warning("alert_not_delivered", {{"delivery", receipt.id},
                                                 {"outcome", name_of(receipt.outcome)},
                                                 {"reason", receipt.reason},
                                                 {"answer", receipt.answer}});
    }
    heard_.receipts.erase(heard_.receipts.begin(), heard_.receipts.begin() + static_cast<std::ptrdiff_t>(done));
}

void PostOffice::hand_out() {
    if (!courier_ || gone_ || !heard_.receipts.empty()) return;
    const std::size_t busy = target_of_.size() + trials_.size();
    const auto most = static_cast<std::size_t>(courier_->hello()->at_once);
    if (busy >= most) return;
    auto deliveries = clerk_.hand_out(most - busy, parts_.clock.now(),
                                      [this](const policies::AlertTarget& target) { return prepare(target); });
    if (!deliveries) {
        report(std::unexpected(deliveries.error()));
        return;
    }
    for (const integrations::Delivery& delivery : *deliveries) {
        target_of_[delivery.id] = delivery.target.name;
        courier_->send(delivery, parts_.clock.moment());
    }
    if (!courier_->write(parts_.clock.moment())) lose_courier(courier_->why_over());
}

Result<integrations::Target> PostOffice::prepare(const policies::AlertTarget& target) const {
    const auto kind = integrations::target_kind_of(target.kind);
    if (!kind)
        return fail(Fault::key_missing,
                    fmt::format("This version cannot send to targets of the kind \"{}\".", target.kind));
    integrations::Target out{.name = target.name, .kind = *kind, .settings = target.settings, .secrets = {}};
    // Who may answer is decided here.
    std::erase_if(out.settings, [](const auto& setting) { return setting.first.starts_with("approve"); });
    for (const auto& [word, name] : target.secrets) {
        auto lease = parts_.vault.lend(name);
        if (!lease && lease.error().fault == Fault::sealed) return std::unexpected(std::move(lease).error());
        if (!lease)
            return fail(Fault::key_missing,
                        fmt::format("The vault has no secret \"{}\". Add it: bursarctl secret put {}.", name, name));
        out.secrets.emplace(word, (*lease)->duplicate());
    }
    return out;
}

void PostOffice::publish() {
    const Clerk::Summary summary = clerk_.summary();
    const Moment now = parts_.clock.moment();
    if (now - counted_at_ >= counted_every || counted_at_ == Moment{}) {
        counted_at_ = now;
        const auto counted = parts_.store.read([this](store::Transaction& transaction) -> Result<void> {
            TRY(const Counts counts, count_deliveries(transaction));
            dead_ = counts.dead;
            return {};
        });
        if (!counted) counted_at_ = {};
    }
    const MutexLock lock(mutex_);
    facts_.connected = courier_.has_value();
    facts_.courier_version = courier_ ? courier_->hello()->version : std::string();
    facts_.waiting = summary.waiting;
    facts_.dead = dead_;
    facts_.standings = summary.standings;
    facts_.outcomes = outcomes_;
    facts_.unwatched.clear();
    for (const auto& [target, watching] : watching_)
        if (!watching.trouble.empty()) facts_.unwatched[target] = watching.trouble;
}

Facts PostOffice::facts() const {
    const MutexLock lock(mutex_);
    return facts_;
}

}  // namespace bursar::outbox
