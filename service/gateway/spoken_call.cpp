#include "service/gateway/spoken_call.h"

#include "service/base/json.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

using namespace std::string_view_literals;

/// Headers that were about the connection, or about a body that did not come. An Idempotency-Key would make one call
/// of all messages.
constexpr edge::HeaderNames of_the_upgrade{"connection"sv,
                                           "upgrade"sv,
                                           "origin"sv,
                                           "sec-websocket-key"sv,
                                           "sec-websocket-version"sv,
                                           "sec-websocket-extensions"sv,
                                           "sec-websocket-protocol"sv,
                                           "content-type"sv,
                                           "content-encoding"sv,
                                           "content-length"sv,
                                           "expect"sv,
                                           "accept"sv,
                                           "idempotency-key"sv};
/// Says which version of the socket is meant, which is no provider's business.
constexpr std::string_view socket_beta = "responses_websockets=";

bool goes_along(const edge::Header& header) {
    const bool beta = edge::equal_without_case(header.name, "openai-beta") && header.value.starts_with(socket_beta);
    return !of_the_upgrade.has(header.name) && !beta;
}

edge::RequestHead head_of(const edge::RequestHead& upgrade, std::size_t body_bytes) {
    edge::RequestHead head{.method = "POST",
                           .target = upgrade.target,
                           .has_body = true,
                           .content_length = static_cast<std::int64_t>(body_bytes)};
    std::ranges::copy_if(upgrade.headers, std::back_inserter(head.headers), goes_along);
    head.headers.push_back({"content-type", "application/json"});
    head.headers.push_back({"accept", "text/event-stream"});
    return head;
}

/// The headers of a refusal as an object, but for those of its form.
std::string headers_of(const edge::ResponseHead& head) {
    JsonWriter json;
    json.open();
    const auto add = [&json](std::string_view name, std::string_view value) {
        if (!edge::equal_without_case(name, "content-type")) json.field(name, value);
    };
    for (const edge::Header& header : head.headers) add(header.name, header.value);
    std::string_view lines = head.lines;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find("\r\n"));
        lines.remove_prefix(std::min(line.size() + 2, lines.size()));
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos) add(line.substr(0, colon), line.substr(colon + 2));
    }
    json.close();
    return std::move(json).text();
}

}  // namespace

SpokenCall::SpokenCall(edge::Exchange& socket, edge::Messages& messages, Asked asked)
    : socket_(socket),
      messages_(messages),
      asked_(std::move(asked)),
      head_(head_of(socket.head(), asked_.body.size())) {}

Task<Result<std::string>> SpokenCall::read_body(std::size_t bytes_max) {
    if (asked_.body.size() > bytes_max)
        co_return fail(Fault::too_large, fmt::format("With what it continues, the message has {} bytes; at most {} are "
                                                     "taken. Send the input whole, or less of it.",
                                                     asked_.body.size(), bytes_max));
    co_return std::exchange(asked_.body, {});
}

Task<Result<edge::Messages*>> SpokenCall::upgrade() {
    co_return fail(Fault::upgrade_refused, "This is a message of a WebSocket already.");
}

Task<Result<void>> SpokenCall::respond(const edge::ResponseHead& head, std::string_view body) {
    status_ = head.status;
    whole_ = true;
    std::string event;
    if (head.status >= 200 && head.status <= 299) {
        // A provider that does not stream.
        event = providers::end_event(body);
        ended_ = providers::read_end(event, asked_.stored);
    } else {
        event = providers::refusal_event(head.status, body, headers_of(head));
    }
    const std::array<std::string_view, 1> texts = {event};
    const Result<void> sent = co_await messages_.send(texts);
    co_return sent;
}

Task<Result<void>> SpokenCall::begin(const edge::ResponseHead& head, std::string_view first) {
    status_ = head.status;
    // Whoever streams an answer has let the body go.
    Result<void> held = messages_.holds(asked_.kept);
    if (!held) co_return held;
    const Result<void> sent = co_await pass(first);
    co_return sent;
}

Task<Result<void>> SpokenCall::write(std::string_view piece) {
    const Result<void> sent = co_await pass(piece);
    co_return sent;
}

Task<Result<void>> SpokenCall::finish() {
    whole_ = partial_.empty() && !cut_off_;
    co_return Result<void>{};
}

Result<void> SpokenCall::hold_partial() {
    if (partial_.size() > event_bytes_max)
        return fail(Fault::too_large, "An event of the answer is too large for a message.");
    Result<void> held = messages_.holds(asked_.kept + (partial_.size() > event_bytes_free ? partial_.capacity() : 0));
    return held;
}

/// Nothing of `bytes` is looked at after the first wait.
Task<Result<void>> SpokenCall::pass(std::string_view bytes) {
    std::deque<std::string> owned;
    std::vector<std::string_view> texts;
    while (!bytes.empty()) {
        if (cutter_.begins_with_owed_line_feed(bytes)) {
            cutter_.skip_owed_line_feed();
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t length = cutter_.cut(bytes);
        const std::string_view part = bytes.substr(0, length == 0 ? bytes.size() : length);
        bytes.remove_prefix(part.size());
        if (length == 0 || !partial_.empty()) partial_.append(part);
        if (length == 0) break;
        const std::string_view whole = partial_.empty() ? part : owned.emplace_back(std::exchange(partial_, {}));
        const providers::Event event = providers::read_event(whole, owned.emplace_back());
        if (event.data.empty() || event.data == "[DONE]") continue;
        if (!ended_) ended_ = providers::read_end(event.data, asked_.stored);
        texts.push_back(event.data);
    }
    const Result<void> held = hold_partial();
    if (!held) {
        // Of that event nothing more comes; what its caller says instead may still go.
        cut_off_ = cut_off_ || !partial_.empty();
        std::string().swap(partial_);
        cutter_ = {};
    }
    Result<void> sent;
    if (!texts.empty()) sent = co_await messages_.send(texts);
    if (sent) sent = held;
    co_return sent;
}

}  // namespace bursar::gateway
