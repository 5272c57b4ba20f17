// Batches: the most that all calls of a file can cost is held and booked before the provider hears of them, and
// corrected by their results once they have ended (service/daemon/batch_clerk.cpp).
#include "policies/admit.h"
#include "policies/charge.h"
#include "service/audit/booked.h"
#include "service/base/log.h"
#include "service/gateway/batch_cost.h"
#include "service/gateway/errand.h"
#include "service/gateway/gateway.h"
#include "service/gateway/landing.h"
#include "service/gateway/shard.h"
#include "service/ledger/taken.h"
#include "service/providers/batch_line.h"
#include "service/providers/batch_result.h"
#include "service/providers/upstream.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// How long the books are waited for that cannot be written just now.
constexpr std::chrono::milliseconds put_wait_first{250}, put_wait_last{2'000};

/// The model of the file, if the caller may still use it and it still goes where the file lies.
Result<policies::Route> route_of(const Call& call, const shelf::Item& file) {
    TRY(policies::Route route, policies::admit(*call.rules, *call.caller,
                                               {.endpoint = file.endpoint,
                                                .dialect = Dialect::openai,
                                                .model = file.model,
                                                .input_at_most = 1,
                                                .service_tier = {},
                                                .tool_unpriced = {}},
                                               call.at));
    const auto lies_there = [&](const policies::Channel* channel) {
        return channel->provider->name == file.provider && channel->model == file.model_there;
    };
    const auto found = std::ranges::find_if(route.channels, lies_there);
    if (found == route.channels.end())
        return fail(
            Fault::invalid_request,
            fmt::format("The model \"{}\" no longer goes where this file lies. Upload the file again.", file.model));
    route.channels = {*found};
    return route;
}

/// What the batch is corrected by once it has ended.
shelf::Terms terms_of(const Call& call) {
    const policies::Route& route = *call.route;
    const policies::Charge charge = policies::charge_for(*call.rules, call.caller->team, *route.model);
    return {.accounts = ledger::books_taken(*call.scopes, route.model->name, route.model->tier, call.outcome.tags),
            .price = route.price->canonical,
            .factor_numerator = charge.factor.numerator,
            .factor_denominator = charge.factor.denominator,
            .per_call = charge.per_call};
}

/// For whoever has to find it at the provider.
void log_not_kept(const Call& call, std::string_view batch, const Error& error) {
    log::error("batch_not_kept", {{"batch", batch},
                                  {"call", call.id.text()},
                                  {"channel", call.outcome.channel},
                                  {"effect", "until it is kept, it stays booked at the most that it may cost"},
                                  {"reason", error.operator_text()}});
}

}  // namespace

/// Fills what hold() needs: route, price and the worst cost of all lines together.
Result<void> Gateway::plan_batch(Call& call, const shelf::Item& file, std::string_view packed) {
    TRY(const auto lines, shelf::unpack(packed));
    TRY(policies::Route route, route_of(call, file));
    const policies::Channel& channel = *route.channels.front();
    const policies::Price& price = *channel.prices->at(call.at);
    TRY(const BatchWorst worst, batch_worst(price, lines, call.at));
    const policies::Charge charge = policies::charge_for(*call.rules, call.caller->team, *route.model);
    const auto count = static_cast<std::int64_t>(lines.size());
    const bool fees_fit = charge.per_call.nanos() <= batch_cost_max.nanos() / std::max<std::int64_t>(1, count);
    if (!fees_fit ||
        policies::charged({.factor = charge.factor, .per_call = charge.per_call * count}, worst.cost) > batch_cost_max)
        return fail(Fault::invalid_request,
                    fmt::format("This batch could be charged at more than {}, which is too much for one. Split it.",
                                batch_cost_max.for_people()));
    route.price = &price;
    route.bounds = {.input = worst.input, .at = call.at};
    route.expected = route.expected_min = route.worst = worst.cost;
    route.output_least = route.output_expected = route.output_worst = worst.output;
    route.grows = false;
    call.lines = count;
    call.attempt.channel = &channel;
    call.route = std::move(route);
    return {};
}

Task<Result<void>> Gateway::create_batch(Call& call) {
    const Result<providers::BatchAsk> ask = providers::read_batch_ask(call.body);
    if (!ask) co_return std::unexpected(ask.error());
    const auto found = shelved_item(call, shelf::Kind::file, ask->input_file);
    if (!found) co_return std::unexpected(found.error());
    const shelf::Shown file = *found;
    if (file->lines == 0 || file->endpoint != ask->endpoint)
        co_return fail(Fault::invalid_request,
                       file->lines == 0
                           ? std::string("`input_file_id` names the results of a batch, not its calls.")
                           : fmt::format("`endpoint` must be /v1{}: that is what the lines of the file call.",
                                         facts(file->endpoint).suffix));
    const Result<void> room = parts_.shelf.room(shelf::Kind::batch, file->owner);
    if (!room) co_return room;
    call.outcome.model = file->model;
    std::string packed;
    Landing landing(call.shard.inbox());
    parts_.shelf.lines(file->id, [&packed, land = landing.for_answer()](Result<std::string> got) mutable {
        if (!got) return land(std::unexpected(std::move(got).error()));
        packed = *std::move(got);
        land({});
    });
    const Result<void> fetched = co_await landing.wait();
    if (!fetched) co_return fetched;
    const Result<Lying> lying = where_lies(*call.rules, *file);
    if (!lying) co_return std::unexpected(lying.error());
    const Result<void> planned = plan_batch(call, *file, packed);
    if (!planned) co_return planned;
    call.attempt.key = lying->key;
    call.attempt.began = parts_.clock.moment();
    const Result<void> held = co_await hold(call);
    if (!held) co_return held;
    // Beyond this line every exit owes a settlement; serve() pays it.
    const Errand errand{.method = "POST",
                        .target = shelf_target(*lying->channel.provider, Endpoint::batch_list, {}),
                        .content_type = "application/json",
                        .body = call.body};
    auto answer = co_await run_errand(call, errand);
    if (!answer) co_return std::unexpected(answer.error());
    auto said = co_await said_to(call, **answer);
    if (!said) co_return std::unexpected(said.error());
    if (!*said) co_return Result<void>{};
    co_return co_await keep_batch(call, *file, std::move(packed), **std::move(said));
}

/// Books the whole hold, and remembers the batch before anybody hears of it: only what is remembered is corrected.
Task<Result<void>> Gateway::keep_batch(Call& call, const shelf::Item& file, std::string packed, std::string said) {
    const Amounts booked = call.attempt.held;
    book_hold(call, UsageSource::estimated);
    const auto told = providers::read_stored(said);
    if (!told) {
        log_not_kept(call, {}, told.error());
        co_return std::unexpected(told.error());
    }
    shelf::Item batch = file;
    batch.kind = shelf::Kind::batch;
    batch.id = told->id;
    batch.at = call.at;
    batch.shown = shown_of(said);
    batch.state = shelf::State::open;
    batch.call = call.id;
    batch.team = call.caller->team;
    batch.booked = booked;
    batch.terms = terms_of(call);
    const Result<void> stored = co_await put_batch(call, batch, packed);
    if (!stored) co_return stored;
    // From here on its results correct it, and nothing else does.
    call.outcome.served.service_tier = audit::remembered_batch;
    co_return co_await answer_json(call, said);
}

/// Again and again for a few seconds: what is not remembered stays booked at its worst.
Task<Result<void>> Gateway::put_batch(Call& call, const shelf::Item& batch, const std::string& packed) {
    std::chrono::milliseconds wait = put_wait_first;
    for (;;) {
        Landing landing(call.shard.inbox());
        parts_.shelf.put(batch, packed, landing.for_answer());
        Result<void> stored = co_await landing.wait();
        if (stored) co_return stored;
        log_not_kept(call, batch.id, stored.error());
        // An id that is known already will be known then, too.
        if (stored.error().fault == Fault::conflict || wait > put_wait_last || call.stopping) co_return stored;
        asio::steady_timer timer(call.exchange.executor(), wait);
        wait *= 2;
        co_await timer.async_wait(asio::as_tuple(asio::deferred));
    }
}

Task<Result<void>> Gateway::cancel_batch(Call& call) {
    const auto item = shelved_item(call, shelf::Kind::batch, call.asked_id);
    if (!item) co_return std::unexpected(item.error());
    const auto said = co_await ask_about(call, **item, "POST", "/cancel");
    if (!said) co_return std::unexpected(said.error());
    if (!*said) co_return Result<void>{};
    note_told(**item, **said);
    co_return co_await answer_json(call, **said);
}

}  // namespace bursar::gateway
