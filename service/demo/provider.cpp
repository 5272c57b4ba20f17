#include "service/demo/provider.h"

#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/base/log.h"

#include <algorithm>
#include <functional>
#include <memory>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr std::size_t body_bytes_max = std::size_t{64} << 20;
constexpr std::chrono::hours forever{24};
constexpr std::string_view json_type = "application/json";
constexpr std::string_view stream_type = "text/event-stream; charset=utf-8";

std::string_view credential_of(const edge::RequestHead& head) {
    const std::string_view bearer = head.header("authorization");
    if (bearer.size() > 7 && edge::equal_without_case(bearer.substr(0, 7), "Bearer ")) return bearer.substr(7);
    return head.header("x-api-key");
}

std::string_view id_prefix(Endpoint endpoint) {
    if (endpoint == Endpoint::messages) return "msg_";
    if (endpoint == Endpoint::responses) return "resp_";
    if (endpoint == Endpoint::completions) return "cmpl-";
    return endpoint == Endpoint::embeddings ? "embd-" : "chatcmpl-";
}

/// Waits, but not for a client that has left.
class Patience {
  public:
    explicit Patience(edge::Exchange& exchange) : exchange_(exchange), timer_(exchange.executor()) {
        exchange_.watch([this] {
            left_ = true;
            timer_.cancel();
        });
    }
    ~Patience() { exchange_.watch({}); }
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

    bool left() const { return left_; }
    Task<void> wait(std::chrono::milliseconds time) {
        if (left_ || time.count() == 0) co_return;
        timer_.expires_after(time);
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

  private:
    edge::Exchange& exchange_;
    asio::steady_timer timer_;
    bool left_ = false;
};

}  // namespace

struct Provider::Visit {
    edge::Exchange& exchange;
    Endpoint endpoint = Endpoint::models;
    Dialect dialect = Dialect::openai;
    std::uint64_t number = 0;
    std::string request_id;
    std::string fingerprint;
    std::string body;
    int status = 0;
    Ask ask;
    Answer answer;
    std::string id;

    edge::ResponseHead head(int code, std::string_view type) {
        status = code;
        edge::ResponseHead out;
        out.status = code;
        out.add("content-type", type).add(dialect == Dialect::anthropic ? "request-id" : "x-request-id", request_id);
        if (dialect == Dialect::openai) out.add("openai-version", "2020-10-01").add("openai-processing-ms", "1");
        return out;
    }
};

std::optional<Endpoint> endpoint_of(std::string_view path) {
    if (path == "/v1/chat/completions") return Endpoint::chat_completions;
    if (path == "/v1/completions") return Endpoint::completions;
    if (path == "/v1/responses") return Endpoint::responses;
    if (path == "/v1/embeddings") return Endpoint::embeddings;
    if (path == "/v1/messages") return Endpoint::messages;
    if (path == "/v1/messages/count_tokens") return Endpoint::count_tokens;
    if (path == "/v1/models" || path.starts_with("/v1/models/")) return Endpoint::models;
    return std::nullopt;
}

bool Provider::knows(const edge::RequestHead& head) const {
    return !settings_.key || equal_in_constant_time(credential_of(head), settings_.key->reveal());
}

Task<void> Provider::serve(edge::Exchange& exchange) {
    const edge::RequestHead& head = exchange.head();
    Visit visit{.exchange = exchange};
    visit.number = next_number_.fetch_add(1, std::memory_order_relaxed);
    visit.request_id = fmt::format("req_demo{:08x}", visit.number);
    const auto endpoint = endpoint_of(head.path());
    visit.endpoint = endpoint.value_or(Endpoint::models);
    const bool speaks_anthropic = dialect_of(visit.endpoint) == Dialect::anthropic || head.has("anthropic-version");
    visit.dialect = speaks_anthropic ? Dialect::anthropic : Dialect::openai;
    const bool asks_for_models = visit.endpoint == Endpoint::models;

    if (!endpoint) {
        co_await refuse(visit, 404, fmt::format("Invalid URL ({} {})", head.method, head.path()));
    } else if (head.method != (asks_for_models ? "GET" : "POST")) {
        co_await refuse(visit, 405, fmt::format("Not allowed to {} on {}.", head.method, head.path()));
    } else if (!knows(head)) {
        co_await refuse(visit, 401,
                        visit.dialect == Dialect::anthropic ? "invalid x-api-key" : "Incorrect API key provided.");
    } else if (asks_for_models) {
        const std::string_view path = head.path();
        const bool one = path.size() > std::string_view("/v1/models/").size();
        const std::string body =
            one ? model_body(visit.dialect, path.substr(path.rfind('/') + 1)) : models_body(visit.dialect);
        const edge::ResponseHead good = visit.head(200, json_type);
        auto sent = co_await exchange.respond(good, body);
        static_cast<void>(sent);
    } else {
        visit.fingerprint = to_hex(sha256(credential_of(head))).substr(0, 8);
        co_await answer(visit);
    }
    log(visit);
}

Task<void> Provider::refuse(Visit& visit, int status, std::string_view sentence) {
    edge::ResponseHead head = visit.head(status, json_type);
    if (status == 429) head.add("retry-after", "1");
    const std::string body = error_body(visit.dialect, status, sentence, visit.request_id);
    auto sent = co_await visit.exchange.respond(head, body);
    static_cast<void>(sent);
}

Task<void> Provider::answer(Visit& visit) {
    auto body = co_await visit.exchange.read_body(body_bytes_max);
    if (!body) {
        const bool too_large = body.error().fault == Fault::too_large;
        co_await refuse(visit, too_large ? 413 : 400, body.error().for_caller);
        co_return;
    }
    visit.body = *std::move(body);
    auto ask = read_ask(visit.endpoint, visit.body);
    if (!ask) {
        co_await refuse(visit, 400, ask.error().for_caller);
        co_return;
    }
    visit.ask = *std::move(ask);
    const Directives& directives = visit.ask.directives;
    visit.answer = plan_answer(visit.ask, visit.number, clock_.now());
    visit.id = visit.answer.id(id_prefix(visit.endpoint));

    if (directives.hang || directives.first.count() > 0) {
        Patience patience(visit.exchange);
        co_await patience.wait(directives.hang ? std::chrono::milliseconds(forever) : directives.first);
        if (directives.hang || patience.left()) {
            const bool generates = !directives.hang && !visit.ask.stream;
            bill(visit, generates ? visit.answer.usage.output : 0, false);
            co_return;
        }
    }
    if (directives.status != 0)
        co_await refuse(visit, directives.status, fmt::format("You asked for the status {}.", directives.status));
    else if (visit.ask.stream)
        co_await answer_stream(visit);
    else
        co_await answer_plain(visit);
}

Task<void> Provider::answer_plain(Visit& visit) {
    const Directives& directives = visit.ask.directives;
    std::string body = body_of(visit.ask, visit.answer);
    if (directives.garbage) body.resize(body.size() / 2);
    edge::ResponseHead head = visit.head(200, directives.wrong_type ? "text/html" : json_type);
    const bool free_of_charge = visit.endpoint == Endpoint::count_tokens;
    const bool whole = !directives.cut && !directives.lying_length;
    if (!free_of_charge) bill(visit, visit.answer.usage.output, whole);
    if (directives.cut) {
        auto begun = co_await visit.exchange.begin(head, std::string_view(body).substr(0, body.size() / 2));
        static_cast<void>(begun);
        co_return;
    }
    // Beside the true length that the edge writes; straight into the lines, for add() rightly refuses such a header.
    if (directives.lying_length) head.lines += fmt::format("content-length: {}\r\n", body.size() + 100);
    auto sent = co_await visit.exchange.respond(head, body);
    static_cast<void>(sent);
}

Task<void> Provider::answer_stream(Visit& visit) {
    const Directives& directives = visit.ask.directives;
    std::vector<Event> events = events_of(visit.ask, visit.answer);
    const auto after = [&events](std::int64_t count) {
        return events.begin() + std::min(count, static_cast<std::int64_t>(events.size()));
    };
    bool billed = false;
    if (directives.error_after) {
        events.erase(after(*directives.error_after), events.end());
        events.push_back(error_event(visit.endpoint));
        events.back().output_so_far = events.size() > 1 ? events[events.size() - 2].output_so_far : 0;
    }
    if (directives.garbage) events.insert(after(2), garbage_event());
    const std::int64_t stops_at =
        std::min(directives.cut.value_or(INT64_MAX), directives.hang_after.value_or(INT64_MAX));

    Patience patience(visit.exchange);
    const edge::ResponseHead head = visit.head(200, directives.wrong_type ? "text/html" : stream_type);
    auto sent = co_await visit.exchange.begin(head, {});
    Tokens output = 0;
    for (std::size_t i = 0; i < events.size() && sent && !patience.left(); ++i) {
        if (static_cast<std::int64_t>(i) == stops_at) {
            if (directives.hang_after) co_await patience.wait(std::chrono::milliseconds(forever));
            break;
        }
        co_await patience.wait(directives.delay);
        if (patience.left()) break;
        output = std::max(output, events[i].output_so_far);
        // The last event ends the answer for the client, so the bill stands before it.
        if (i + 1 == events.size()) {
            bill(visit, directives.error_after ? output : visit.answer.usage.output, !directives.error_after);
            billed = true;
        }
        sent = co_await visit.exchange.write(events[i].bytes);
    }
    if (!billed) {
        bill(visit, std::min(output, visit.answer.usage.output), false);
        co_return;  // In the middle of a stream: the edge closes the connection.
    }
    if (sent) sent = co_await visit.exchange.finish();
}

void Provider::bill(const Visit& visit, Tokens output, bool complete) const {
    if (settings_.bill == nullptr) return;
    BillLine line{.id = visit.id,
                  .endpoint = name_of(visit.endpoint),
                  .model = visit.answer.model,
                  .streamed = visit.ask.stream,
                  .complete = complete,
                  .usage = visit.answer.usage,
                  .key_fingerprint = visit.fingerprint};
    line.usage.output = output;
    line.usage.reasoning = std::min(line.usage.reasoning, output);
    if (!settings_.bill->append(to_json(line, settings_.prices, clock_.now())))
        log::error("bill_not_written", {{"id", visit.id}});
}

void Provider::log(const Visit& visit) const {
    if (settings_.log == nullptr) return;
    const edge::RequestHead& head = visit.exchange.head();
    JsonWriter json;
    json.open()
        .field("at", to_text(clock_.now()))
        .field("request", visit.request_id)
        .field("method", head.method)
        .field("target", head.target);
    json.field("status", visit.status)
        .field("model", visit.ask.model)
        .field("body_bytes", static_cast<std::int64_t>(visit.body.size()));
    json.key("headers").open();
    for (const edge::Header& header : head.headers) {
        const bool credential = edge::equal_without_case(header.name, "authorization") ||
                                edge::equal_without_case(header.name, "x-api-key");
        json.field(header.name, credential ? "(left out)" : std::string_view(header.value));
    }
    json.close();
    if (settings_.log_bodies) json.field("body", visit.body);
    json.close();
    if (!settings_.log->append(std::move(json).text())) log::error("log_not_written", {{"request", visit.request_id}});
}

}  // namespace bursar::demo
