#include "service/daemon/inquiry.h"

#include "policies/path.h"
#include "service/daemon/inquiry_words.h"
#include "service/edge/async.h"
#include "service/gateway/outgoing.h"
#include "service/providers/model_list.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
using State = Finding::State;

constexpr std::size_t keys_max = 10;
constexpr std::size_t list_bytes_max = std::size_t{8} << 20;
constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;
constexpr std::chrono::milliseconds look_up = 100ms;
constexpr std::chrono::milliseconds connect_max = 10s;
constexpr std::chrono::milliseconds answer_max = 15s;

/// One run. Its coroutine and its pool live on an io_context that nobody else has.
class Run {
  public:
    Run(const Inquiry& inquiry, providers::Pool& pool)
        : inquiry_(inquiry),
          provider_(inquiry.provider),
          pool_(pool),
          target_(gateway::target_of(inquiry.provider)),
          deadlines_{.connect = std::min(inquiry.provider.deadlines.connect, connect_max),
                     .first_byte = answer_max,
                     .idle = answer_max,
                     .total = answer_max + connect_max} {}

    Task<void> steps();
    void cancel() {
        if (cancel_) cancel_();
    }
    std::vector<Finding> take() { return std::exchange(findings_, {}); }
    void add(Finding finding) { findings_.push_back(std::move(finding)); }

  private:
    using Sent = std::expected<std::unique_ptr<providers::Answer>, providers::UpstreamError>;

    Task<Sent> send(std::string_view method, const std::string& where, const Secret* key, std::string_view body);
    Task<std::expected<Listed, Error>> list(const Secret* key);
    Task<bool> knock();
    Task<void> try_keys();
    Task<void> call(bool stream);
    Task<std::expected<void, Error>> read_into(Called& called, providers::Answer& answer, bool stream) const;
    void add_all(std::vector<Finding> more) {
        findings_.insert(findings_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }

    const Inquiry& inquiry_;
    const policies::Provider& provider_;
    providers::Pool& pool_;
    const providers::Target target_;
    const providers::Deadlines deadlines_;
    std::function<void()> cancel_;
    std::vector<Finding> findings_;
    Listed without_key_;
    vault::Lease key_;  ///< one that is taken, or may be
};

Task<Run::Sent> Run::send(std::string_view method, const std::string& where, const Secret* key, std::string_view body) {
    std::vector<edge::HeaderView> headers = {{"accept", "application/json, text/event-stream"}};
    for (const auto& [name, value] : provider_.quirks.headers) headers.push_back({name, value});
    if (!body.empty()) headers.push_back({"content-type", "application/json"});
    if (provider_.dialect == Dialect::anthropic) headers.push_back({"anthropic-version", "2023-06-01"});
    providers::UpstreamRequest request{.method = method, .target = where, .headers = &headers, .body = {&body, 1}};
    gateway::Signature signature;
    if (key != nullptr) {
        auto signed_so = gateway::sign(request, headers, provider_, *key, inquiry_.clock.now(), signature);
        if (!signed_so) co_return std::unexpected(providers::UpstreamError{.error = signed_so.error()});
    }
    auto answer = co_await pool_.send(target_, request, deadlines_, &cancel_);
    co_return answer;
}

Task<std::expected<Listed, Error>> Run::list(const Secret* key) {
    const std::string where = list_target(provider_);
    auto answer = co_await send("GET", where, key, {});
    if (!answer) co_return std::unexpected(std::move(answer.error().error));
    cancel_ = [&answer] { (*answer)->cancel(); };
    Listed listed{.status = (*answer)->head().status, .body = {}};
    auto body = co_await (*answer)->read_all(list_bytes_max);
    cancel_ = nullptr;
    if (!body) co_return std::unexpected(std::move(body).error());
    listed.body = *std::move(body);
    co_return listed;
}

/// Without a key: what is on the way, and what the provider says to strangers. False if there is no way.
Task<bool> Run::knock() {
    std::string where = list_target(provider_);
    if (where.empty()) where = provider_.base_url.path + "/";
    auto answer = co_await send("GET", where, nullptr, {});
    if (!answer) {
        add_all(network_findings(provider_, answer.error().error));
        co_return false;
    }
    add_all(network_findings(provider_, (*answer)->certificate_until(), inquiry_.clock.now()));
    cancel_ = [&answer] { (*answer)->cancel(); };
    without_key_.status = (*answer)->head().status;
    // A body that cannot be read is one that says nothing; the status is what counts here.
    auto body = co_await (*answer)->read_all(list_bytes_max);
    cancel_ = nullptr;
    without_key_.body = body ? *std::move(body) : std::string();
    co_return true;
}

Task<void> Run::try_keys() {
    const bool has_list = !provider_.quirks.models_path.empty();
    std::optional<Listed> good, other;
    std::size_t tried = 0;
    for (const policies::ProviderKey& each : provider_.keys) {
        if (tried++ == keys_max) {
            add({"keys", State::unknown,
                 fmt::format("only the first {} of {} were tried", keys_max, provider_.keys.size())});
            break;
        }
        const std::string name = "key " + each.secret;
        auto lent = inquiry_.lend(each.secret);
        if (!lent) {
            add(not_lent(each.secret, lent.error()));
            continue;
        }
        if (!key_) key_ = *lent;
        if (!has_list) {
            add({name, State::unknown,
                 "not known: the provider has no list of models to ask for; with --model it is tried"});
            continue;
        }
        auto listed = co_await list(lent->get());
        if (!listed) {
            add({name, State::unknown, fmt::format("not known: {}", listed.error().operator_text())});
            continue;
        }
        Finding finding = key_finding(each.secret, *listed, without_key_.status);
        if (finding.state != State::bad && !good) {
            good = *std::move(listed);
            key_ = *lent;
        } else if (!other) {
            other = *std::move(listed);
        }
        add(std::move(finding));
    }
    if (!has_list) {
        add({"models", State::unknown, "the provider has no list of models (models_path: none)"});
        co_return;
    }
    const Listed& shown = good ? *good : other ? *other : without_key_;
    add_all(list_findings(provider_, shown, models_at(inquiry_.rules, provider_)));
}

Task<std::expected<void, Error>> Run::read_into(Called& called, providers::Answer& answer, bool stream) const {
    const Endpoint spoken = policies::spoken_at(Endpoint::chat_completions, provider_.dialect);
    const auto meter = providers::Meter::make({.endpoint = spoken, .streamed = stream});
    if (stream) {
        for (std::size_t bytes = 0; bytes < answer_bytes_max;) {
            auto piece = co_await answer.read();
            if (!piece) co_return std::unexpected(std::move(piece).error());
            if (piece->empty()) break;
            bytes += piece->size();
            // What could be passed on is of no use here; only what the meter reads is.
            static_cast<void>(meter->pass(*piece));
        }
    } else {
        auto body = co_await answer.read_all(answer_bytes_max);
        if (!body) co_return std::unexpected(std::move(body).error());
        static_cast<void>(meter->pass_whole(*body));
    }
    called.reading = meter->finish(0);
    co_return std::expected<void, Error>();
}

Task<void> Run::call(bool stream) {
    const std::string model = model_at(inquiry_.rules, provider_, inquiry_.model);
    const std::string where = call_target(provider_, model, stream);
    const std::string body = call_body(provider_, model, stream);
    auto sent = co_await send("POST", where, key_.get(), body);
    if (!sent) {
        add(call_failed(stream, sent.error().error));
        co_return;
    }
    providers::Answer& answer = **sent;
    cancel_ = [&answer] { answer.cancel(); };
    Called called{
        .status = answer.head().status, .event_stream = answer.head().event_stream(), .refusal = {}, .reading = {}};
    std::expected<void, Error> read;
    if (called.status >= 200 && called.status < 300 && called.event_stream == stream) {
        read = co_await read_into(called, answer, stream);
    } else {
        auto refusal = co_await answer.read_all(answer_bytes_max);
        if (refusal) called.refusal = providers::read_refusal(*refusal, model);
    }
    cancel_ = nullptr;
    if (!read)
        add(call_failed(stream, read.error()));
    else
        add_all(call_findings(provider_, stream, called));
}

Task<void> Run::steps() {
    const bool there = co_await knock();
    if (!there) co_return;
    co_await try_keys();
    if (inquiry_.model.empty()) co_return;
    if (!key_ && !provider_.keys.empty()) {
        add({"calls", State::unknown, "not made: there is no key to make them with"});
        co_return;
    }
    co_await call(false);
    co_await call(true);
}

}  // namespace

std::vector<Finding> inquire(const Inquiry& inquiry) {
    auto io = std::make_unique<asio::io_context>();
    auto pool = providers::Pool::make(*io, {});
    Run run(inquiry, *pool);
    bool done = false, broke = false;
    asio::co_spawn(*io, run.steps(), [&](const std::exception_ptr& thrown) {
        done = true;
        broke = thrown != nullptr;
    });
    const Moment end = inquiry.clock.moment() + inquiry_time_max;
    while (!done && inquiry.clock.moment() < end && !inquiry.stopping()) io->run_for(look_up);
    std::vector<Finding> findings = run.take();
    if (!done) run.cancel();
    if (!done || broke)
        findings.push_back({"time", State::bad,
                            broke ? "the test itself broke off; what is above was found before"
                                  : fmt::format("the test was ended: it takes {} seconds at most, and no stop of the "
                                                "service waits for it",
                                                inquiry_time_max.count())});
    // What has not ended refers to the run, so it goes before it; the pool's sockets need the io_context.
    pool.reset();
    io.reset();
    return findings;
}

}  // namespace bursar::daemon
