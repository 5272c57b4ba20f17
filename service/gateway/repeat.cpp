// Between hearing and admitting: a request that came before with the same Idempotency-Key is not run again
// (docs/decisions/0013-idempotency.md).
#include "service/gateway/repeat.h"

#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "service/gateway/landing.h"
#include "service/gateway/recording.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::size_t key_bytes_max = 255;

/// Everything that makes it this request; the body is the caller's own, before anything in it is changed.
Digest request_digest(const Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    const Digest body = sha256(call.body);
    return sha256(fmt::format("{}\n{}\n{}", head.method, head.target, as_text(body)));
}

Error not_run(const replays::Found& found) {
    const std::string first = found.first.text();
    switch (found.state) {
        case replays::State::running:
            return {Fault::call_in_progress,
                    fmt::format("A request with this Idempotency-Key is being answered just now ({}). Ask again in a "
                                "moment: its answer is kept for you.",
                                first),
                    {}};
        case replays::State::other_request:
            return {Fault::idempotency_key_reused,
                    fmt::format("This Idempotency-Key was used for another request ({}). A retry repeats method, path "
                                "and body byte for byte; every other request needs a key of its own.",
                                first),
                    {}};
        case replays::State::spent:
            return {Fault::idempotency_key_spent,
                    fmt::format("This request was sent before with this Idempotency-Key ({}) and cost {} USD, but "
                                "there is no whole answer to give again: it was cut off, or too large to be kept. It "
                                "is not sent again, because one key is charged once. Use a new key to send it again.",
                                first, found.cost.text()),
                    {}};
        case replays::State::fresh:
        case replays::State::kept:
            break;
    }
    return {Fault::internal, "Something in Bursar failed; operators find the reason in the log by the call id.",
            "a key that may run was refused"};
}

}  // namespace

Result<std::string> key_of(const edge::RequestHead& head) {
    const auto is_key = [](const edge::Header& one) { return edge::equal_without_case(one.name, idempotency_key); };
    if (std::ranges::count_if(head.headers, is_key) > 1)
        return fail(Fault::invalid_request, "The request has more than one Idempotency-Key. Send one.");
    const std::string_view key = head.header(idempotency_key);
    const bool printable = std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
    if (key.empty() || key.size() > key_bytes_max || !printable)
        return fail(Fault::invalid_request,
                    fmt::format("An Idempotency-Key is 1 to {} printable ASCII characters, such as a UUID, and new for "
                                "each request.",
                                key_bytes_max));
    return std::string(key);
}

Task<Result<bool>> Gateway::repeat(Call& call) {
    const Result<std::string> key = key_of(call.exchange.head());
    if (!key) co_return std::unexpected(key.error());
    replays::Found found = parts_.replays.begin(
        {.caller = call.caller->key_id, .key = *key, .request = request_digest(call), .call = call.id});
    if (found.state == replays::State::fresh) {
        call.recording->start(std::move(found.claim), call.outcome, limits_.kept_answer_bytes_max);
        // Beyond this line every exit owes the key an end; serve() gives it.
        co_return false;
    }
    if (found.state != replays::State::kept) co_return std::unexpected(not_run(found));
    call.body = std::string();
    const Result<void> replayed = co_await replay(call, found.number);
    if (!replayed) co_return std::unexpected(replayed.error());
    co_return true;
}

Task<Result<void>> Gateway::replay(Call& call, std::int64_t number) {
    std::shared_ptr<const replays::Answer> answer;
    Landing landing(call.shard.inbox());
    parts_.replays.fetch(number, [&answer, land = landing.for_answer()](auto fetched) mutable {
        if (!fetched) return land(std::unexpected(std::move(fetched).error()));
        answer = *std::move(fetched);
        land({});
    });
    Result<void> fetched = co_await landing.wait();
    if (!fetched && fetched.error().fault == Fault::not_found)
        // Since the look into the index it has made room for others, or its time was over.
        fetched = fail(Fault::overloaded, "The kept answer has just been removed. Ask again.");
    if (!fetched) co_return fetched;
    edge::ResponseHead head{.status = answer->status, .headers = {}, .lines = answer->head};
    head.add_line("x-bursar-replayed", "true").add_line("x-bursar-attempts", "0");
    head.add_line("x-bursar-cost-usd", NanoUsd{}.text());
    call.answered = true;
    call.outcome.status = answer->status;
    call.reason = "the kept answer of " + answer->call.text();
    const Result<void> sent = co_await call.exchange.respond(head, answer->body);
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

}  // namespace bursar::gateway
