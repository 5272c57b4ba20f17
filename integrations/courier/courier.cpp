#include "integrations/courier/courier.h"

#include "service/base/log.h"

#include <chrono>

namespace bursar::courier {
namespace {

constexpr std::size_t sent_kept_max = 256;

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::sent:
            return "message_sent";
        case Outcome::later:
            return "message_later";
        case Outcome::refused:
            return "message_refused";
        case Outcome::closed:
            return "target_closed";
    }
    return "";
}

void tell_log(const Delivery& delivery, const Receipt& receipt, std::chrono::nanoseconds took) {
    const bool is_good = receipt.outcome == Outcome::sent;
    const bool passes = is_good || receipt.outcome == Outcome::later;
    const log::Level level = is_good ? log::Level::info : passes ? log::Level::warning : log::Level::error;
    log::write(level, name_of(receipt.outcome),
               {{"delivery", delivery.id},
                {"target", delivery.target.name},
                {"target_kind", integrations::name_of(delivery.target.kind)},
                {"event_kind", delivery.message.kind},
                {"reason", receipt.reason},
                {"ms", std::chrono::floor<std::chrono::milliseconds>(took).count()}});
}

}  // namespace

Courier::Courier(Sender sender, std::function<void(const Receipt&)> hear, const Clock& clock)
    : sender_(std::move(sender)), hear_(std::move(hear)), clock_(clock) {}

void Courier::take(Delivery delivery) {
    if (const auto known = sent_.find(delivery.id); known != sent_.end()) return hear_(known->second);
    if (under_way_.contains(delivery.id)) return;
    if (closed_) return refuse(delivery, "The courier is stopping.");
    if (under_way_.size() >= at_once_max) return refuse(delivery, "The courier has as much as it can carry.");
    if (!busy_.emplace(delivery.target.name, delivery.message.incident).second)
        return refuse(delivery, "Another message of this incident is under way to this target.");
    const std::string id = delivery.id;
    const Delivery& kept =
        under_way_.emplace(id, std::make_unique<Job>(std::move(delivery), clock_.moment())).first->second->delivery;
    begin<Receipt>(sender_(kept), [this, id](const Receipt& receipt) { end(id, receipt); });
}

void Courier::end(const std::string& id, const Receipt& receipt) {
    const auto found = under_way_.find(id);
    ENSURE(found != under_way_.end());
    const std::unique_ptr<Job> job = std::move(found->second);
    under_way_.erase(found);
    busy_.erase({job->delivery.target.name, job->delivery.message.incident});
    tell_log(job->delivery, receipt, clock_.moment() - job->began);
    if (receipt.outcome == Outcome::sent) remember(receipt);
    hear_(receipt);
}

void Courier::refuse(const Delivery& delivery, std::string reason) {
    hear_({.id = delivery.id, .outcome = Outcome::later, .reason = std::move(reason)});
}

void Courier::remember(const Receipt& receipt) {
    if (!sent_.emplace(receipt.id, receipt).second) return;
    sent_order_.push_back(receipt.id);
    if (sent_order_.size() <= sent_kept_max) return;
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
}

}  // namespace bursar::courier
