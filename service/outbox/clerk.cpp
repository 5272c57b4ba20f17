#include "service/outbox/clerk.h"

#include "integrations/report/report.h"
#include "service/base/log.h"
#include "service/outbox/detail.h"
#include "service/reports/kept.h"

#include <charconv>
#include <utility>

namespace bursar::outbox {
namespace {

constexpr int events_at_once = 500;
constexpr int portions_max = 20;  ///< of one look

}  // namespace

Result<void> Clerk::read_again(Timestamp now) {
    dispatcher_.reset();
    std::optional<State> state;
    // The first time ever it writes where it begins.
    TRY_VOID(parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(state, load(transaction, now));
        return {};
    }));
    dispatcher_.emplace(*std::move(state), parts_.chance);
    std::vector<std::int64_t> strays;
    for (const auto& [number, each] : dispatcher_->state().deliveries)
        if (each.state == Delivery::State::under_way && !out_.contains(each.id)) strays.push_back(number);
    // Another life of this process may have sent them, or this one failed to say that it did not.
    for (const std::int64_t number : strays) dispatcher_->put_back(number, true);
    return {};
}

Result<void> Clerk::ready(Timestamp now) {
    if (!dispatcher_) return read_again(now);
    return {};
}

Result<void> Clerk::commit(Timestamp now, const Also& also) {
    if (dispatcher_->changes().empty() && !also) return {};
    const State& state = dispatcher_->state();
    const Changes& changes = dispatcher_->changes();
    auto stored = parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(save(transaction, state, changes));
        if (also) TRY_VOID(also(transaction));
        return {};
    });
    if (!stored) {
        // What was decided is not stored, so it was not decided.
        dispatcher_.reset();
        return stored;
    }
    dispatcher_->stored(now);
    return {};
}

template <typename Change>
Result<void> Clerk::apply(Timestamp now, const Change& change, const Also& also) {
    TRY_VOID(ready(now));
    const auto rules = parts_.rules.get();
    const Context with = context(*rules, now);
    dispatcher_->follow(with);
    Result<void> changed = change(*dispatcher_, with);
    if (!changed) {
        dispatcher_.reset();
        return changed;
    }
    return commit(now, also);
}

/// The report that an event tells of; nothing if it is not kept any more.
Result<std::optional<reports::KeptWhole>> Clerk::report_numbered(std::int64_t number) {
    std::optional<reports::KeptWhole> found;
    TRY_VOID(parts_.store.read([&](store::Transaction& transaction) -> Result<void> {
        auto read = reports::read_kept(transaction, number);
        if (!read && read.error().fault != Fault::not_found) return std::unexpected(std::move(read).error());
        if (read) found = *std::move(read);
        return {};
    }));
    return found;
}

Result<void> Clerk::take(Dispatcher& dispatcher, const Event& event, const Context& with) {
    if (event.kind != "report.due") {
        dispatcher.take(event, with);
        return {};
    }
    const auto fields = fields_of(event.detail);
    const DetailField* const field = find_field(fields, "report");
    std::int64_t number = 0;
    if (field != nullptr) std::from_chars(field->value.data(), field->value.data() + field->value.size(), number);
    TRY(const auto kept, report_numbered(number));
    const auto message = kept ? message_of_report(event, *kept, with) : std::nullopt;
    if (!message) log::error("report_not_told", {{"event", event.name}});
    dispatcher.take_report(event, message ? kept->kept.to : std::vector<std::string>{},
                           message.value_or(integrations::Message{}), with);
    return {};
}

Result<void> Clerk::put_in_report(integrations::Message& message) {
    for (integrations::Attachment& each : message.attachments) {
        const auto number = report_noted_in(each);
        if (!number) continue;
        TRY(auto kept, report_numbered(*number));
        each.bytes = kept ? std::move(kept->json) : std::string();
    }
    // The figures are in the message, whatever has become of the rest.
    std::erase_if(message.attachments, [](const integrations::Attachment& each) {
        return each.type == integrations::report::report_type && each.bytes.empty();
    });
    return {};
}

Result<void> Clerk::look(Timestamp now) {
    bool more = true;
    for (int i = 0; i < portions_max && more; ++i)
        TRY_VOID(apply(now, [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
            std::vector<Event> events;
            TRY_VOID(parts_.store.read([&](store::Transaction& transaction) -> Result<void> {
                TRY(events, treasury::events_after(transaction, dispatcher.state().cursor, events_at_once));
                return {};
            }));
            for (const Event& event : events) TRY_VOID(take(dispatcher, event, with));
            dispatcher.tick(with);
            more = events.size() == static_cast<std::size_t>(events_at_once) || !dispatcher.changes().raised.empty();
            return {};
        }));
    if (now < forget_at_) return {};
    forget_at_ = now + std::chrono::hours(1);
    return parts_.store.write([now](store::Transaction& transaction) { return forget(transaction, now); });
}

Result<std::vector<integrations::Delivery>> Clerk::hand_out(std::size_t count_max, Timestamp now,
                                                            const Prepare& prepare) {
    std::vector<integrations::Delivery> out;
    TRY_VOID(apply(now, [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
        std::set<std::string> passed_over;
        for (const std::int64_t number : dispatcher.ready(count_max, with)) {
            const Delivery& delivery = dispatcher.state().deliveries.at(number);
            const std::string name = delivery.target;
            if (passed_over.contains(name)) continue;
            Result<integrations::Target> target = prepare(with.rules.alerts.targets.at(name));
            if (!target) {
                passed_over.insert(name);
                // Sealed is no trouble of the target: it goes on by itself.
                if (target.error().fault != Fault::sealed)
                    dispatcher.park(name, target.error().for_caller, {}, true, with);
                continue;
            }
            const auto thread = dispatcher.state().threads.find({delivery.incident, name});
            integrations::Message message = delivery.message;
            TRY_VOID(put_in_report(message));
            out.push_back({.id = delivery.id,
                           .target = *std::move(target),
                           .message = std::move(message),
                           .thread = thread == dispatcher.state().threads.end() ? std::map<std::string, std::string>{}
                                                                                : thread->second.ref,
                           .perhaps_sent = delivery.perhaps_sent});
            dispatcher.hand_out(number, with);
        }
        return {};
    }));
    for (const integrations::Delivery& each : out) out_.insert(each.id);
    return out;
}

Result<void> Clerk::receive(const integrations::Receipt& receipt, Timestamp now) {
    TRY_VOID(apply(now, [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
        dispatcher.receive(receipt, with);
        return {};
    }));
    out_.erase(receipt.id);
    return {};
}

Result<void> Clerk::courier_gone(Timestamp now) {
    out_.clear();
    return apply(now, [&](Dispatcher& dispatcher, const Context&) -> Result<void> {
        std::vector<std::int64_t> numbers;
        for (const auto& [number, each] : dispatcher.state().deliveries)
            if (each.state == Delivery::State::under_way) numbers.push_back(number);
        for (const std::int64_t number : numbers) dispatcher.put_back(number, true);
        return {};
    });
}

Result<void> Clerk::works(const std::string& target, Timestamp now) {
    return apply(now, [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
        dispatcher.works(target, with);
        return {};
    });
}

Result<std::vector<Ticket>> Clerk::tickets(const std::string& target, Timestamp now) {
    TRY_VOID(ready(now));
    return tickets_of(dispatcher_->state(), target);
}

Result<void> Clerk::answer(const Ticket& ticket, const std::string& change, std::string sentence, Timestamp now) {
    return apply(now, [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
        dispatcher.answer(ticket, change, std::move(sentence), with);
        return {};
    });
}

Result<void> Clerk::resend(const std::string& id, Timestamp now, const Also& also) {
    return apply(
        now,
        [&](Dispatcher& dispatcher, const Context& with) -> Result<void> {
            std::optional<Delivery> row;
            TRY_VOID(parts_.store.read([&](store::Transaction& transaction) -> Result<void> {
                TRY(row, read_delivery_row(transaction, id));
                return {};
            }));
            if (row->state != Delivery::State::dead)
                return fail(Fault::conflict,
                            "That message is not given up: it waits or was sent. Only dead ones are sent again.");
            if (!with.rules.alerts.targets.contains(row->target))
                return fail(Fault::conflict, "The policy has no target \"" + row->target +
                                                 "\" any more, so the message cannot be sent there.");
            dispatcher.revive(*std::move(row), now);
            return {};
        },
        also);
}

Result<Silence> Clerk::silence(Silence silence, const Also& also) {
    const Timestamp now = silence.made;
    Silence made = std::move(silence);
    TRY_VOID(apply(
        now,
        [&](Dispatcher& dispatcher, const Context&) -> Result<void> {
            constexpr std::size_t silences_max = 200;
            if (dispatcher.state().silences.size() >= silences_max)
                return fail(Fault::conflict, "There are 200 silences already; end some before you add another.");
            made = dispatcher.silence(std::move(made));
            return {};
        },
        also));
    return made;
}

Result<void> Clerk::end_silence(std::int64_t number, Timestamp now, const Also& also) {
    return apply(
        now,
        [&](Dispatcher& dispatcher, const Context&) -> Result<void> {
            TRY_VOID(dispatcher.end_silence(number, now));
            return {};
        },
        also);
}

Clerk::Summary Clerk::summary() const {
    Summary summary;
    if (!dispatcher_) return summary;
    for (const auto& [number, each] : dispatcher_->state().deliveries)
        if (each.state != Delivery::State::sent && each.state != Delivery::State::dead) ++summary.waiting;
    summary.standings = dispatcher_->state().standings;
    return summary;
}

}  // namespace bursar::outbox
