#include "service/daemon/batch_fetch.h"

#include "service/edge/async.h"
#include "service/gateway/outgoing.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <exception>
#include <vector>

#include <boost/asio/co_spawn.hpp>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_up = 100ms;

class Run {
  public:
    Run(const BatchFetch& fetch, providers::Pool& pool) : fetch_(fetch), pool_(pool) {}

    Task<void> get();
    void cancel() {
        if (cancel_) cancel_();
    }
    Result<int> result = fail(Fault::provider_unavailable, "The provider did not answer.");

  private:
    const BatchFetch& fetch_;
    providers::Pool& pool_;
    std::function<void()> cancel_;
};

Task<void> Run::get() {
    const policies::Provider& provider = fetch_.provider;
    std::vector<edge::HeaderView> headers = {{"accept", "application/json"}};
    for (const auto& [name, value] : provider.quirks.headers) headers.push_back({name, value});
    providers::UpstreamRequest request{.method = "GET", .target = fetch_.target, .headers = &headers};
    gateway::Signature signature;
    if (fetch_.key) {
        auto signed_so = gateway::sign(request, headers, provider, *fetch_.key.get(), fetch_.clock.now(), signature);
        if (!signed_so) {
            result = std::unexpected(signed_so.error());
            co_return;
        }
    }
    const providers::Target target = gateway::target_of(provider);
    const providers::Deadlines deadlines{.connect = provider.deadlines.connect,
                                         .first_byte = std::min(provider.deadlines.total, fetch_.total),
                                         .idle = provider.deadlines.idle,
                                         .total = fetch_.total};
    auto answer = co_await pool_.send(target, request, deadlines, &cancel_);
    if (!answer) {
        result = std::unexpected(answer.error().error);
        co_return;
    }
    cancel_ = [&answer] { (*answer)->cancel(); };
    const int status = (*answer)->head().status;
    for (bool ended = status < 200 || status > 299; !ended;) {
        const auto piece = co_await (*answer)->read();
        if (!piece) {
            cancel_ = nullptr;
            result = std::unexpected(piece.error());
            co_return;
        }
        ended = piece->empty();
        fetch_.take(*piece);
    }
    cancel_ = nullptr;
    result = status;
}

}  // namespace

Result<int> fetch_for_batch(const BatchFetch& fetch) {
    auto io = std::make_unique<asio::io_context>();
    auto pool = providers::Pool::make(*io, {});
    Run run(fetch, *pool);
    bool done = false, broke = false;
    asio::co_spawn(*io, run.get(), [&](const std::exception_ptr& thrown) {
        done = true;
        broke = thrown != nullptr;
    });
    while (!done && !fetch.stopping()) io->run_for(look_up);
    if (!done) run.cancel();
    Result<int> result = std::move(run.result);
    if (!done) result = fail(Fault::shutting_down, "The service stops.");
    if (broke) result = fail(Fault::provider_unavailable, "Asking the provider for a batch broke off.");
    // What has not ended refers to the run, so it goes before it; the pool's sockets need the io_context.
    pool.reset();
    io.reset();
    return result;
}

}  // namespace bursar::daemon
