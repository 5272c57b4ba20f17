#include "service/daemon/prober.h"

#include "service/daemon/inquiry_words.h"
#include "service/daemon/token_sources.h"
#include "service/edge/async.h"
#include "service/gateway/outgoing.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_every = 250ms;
constexpr std::chrono::milliseconds answer_max = 10s;
constexpr std::size_t list_bytes_max = std::size_t{8} << 20;

providers::Deadlines deadlines_of(const policies::Provider& provider) {
    const auto answer = std::min(answer_max, provider.deadlines.first_byte);
    return {.connect = std::min(answer_max, provider.deadlines.connect),
            .first_byte = answer,
            .idle = answer,
            .total = 2 * answer_max};
}

}  // namespace

/// Lives on its thread; only the constructor and the destructor are somebody else's.
class Prober::Work {
  public:
    Work(const policies::Rules& rules, const vault::Vault& vault, const providers::tokens::Keeper& tokens,
         providers::Health& health, const Clock& clock)
        : rules_(rules),
          vault_(vault),
          tokens_(tokens),
          health_(health),
          clock_(clock),
          pool_(providers::Pool::make(io_, {})),
          timer_(io_) {
        asio::post(io_, [this] { look(); });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Work() {
        asio::post(io_, [this] {
            stopping_ = true;
            timer_.cancel();
            for (const auto& [name, cancel] : cancels_)
                if (*cancel) (*cancel)();
            pool_->close_idle();
        });
        thread_.join();
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

  private:
    void look();
    Task<void> probe(std::shared_ptr<const policies::Snapshot> rules, const policies::Provider& provider);
    Task<std::string> ask(const policies::Provider& provider, std::function<void()>* cancel);
    void tell(const policies::Snapshot& rules, const policies::Provider& provider, const std::string& failure);

    const policies::Rules& rules_;
    const vault::Vault& vault_;
    const providers::tokens::Keeper& tokens_;
    providers::Health& health_;
    const Clock& clock_;
    asio::io_context io_;
    std::unique_ptr<providers::Pool> pool_;
    asio::steady_timer timer_;
    bool stopping_ = false;
    std::map<std::string, Moment> due_;
    std::map<std::string, std::shared_ptr<std::function<void()>>> cancels_;  ///< of the probes under way
    std::thread thread_;
};

void Prober::Work::look() {
    if (stopping_) return;
    const auto rules = rules_.get();
    const Moment now = clock_.moment();
    for (const auto& [name, provider] : rules->providers) {
        if (provider->probe_every <= 0ms || provider->quirks.models_path.empty() || cancels_.contains(name)) continue;
        const auto [due, fresh] = due_.try_emplace(name, now);
        if (due->second > now) continue;
        due->second = now + provider->probe_every;
        cancels_[name] = std::make_shared<std::function<void()>>();
        asio::co_spawn(io_, probe(rules, *provider), asio::detached);
    }
    std::erase_if(due_, [&](const auto& each) { return !rules->providers.contains(each.first); });
    timer_.expires_after(look_every);
    timer_.async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) look();
    });
}

/// `rules` keeps the provider.
Task<void> Prober::Work::probe(std::shared_ptr<const policies::Snapshot> rules, const policies::Provider& provider) {
    const auto cancel = cancels_[provider.name];
    std::string failure;
    try {
        failure = co_await ask(provider, cancel.get());
    } catch (const std::exception& exception) {
        failure = exception.what();
    }
    cancels_.erase(provider.name);
    if (!stopping_) tell(*rules, provider, failure);
}

/// What went wrong; empty if it answered.
Task<std::string> Prober::Work::ask(const policies::Provider& provider, std::function<void()>* cancel) {
    std::vector<edge::HeaderView> headers = {{"accept", "application/json"}};
    for (const auto& [name, value] : provider.quirks.headers) headers.push_back({name, value});
    if (provider.dialect == Dialect::anthropic) headers.push_back({"anthropic-version", "2023-06-01"});
    const std::string where = list_target(provider);
    providers::UpstreamRequest request{.method = "GET", .target = where, .headers = &headers};
    vault::Lease lease;
    if (!provider.keys.empty()) lease = lend_at_once(provider, provider.keys.front().secret, vault_, tokens_);
    gateway::Signature signature;
    if (lease) {
        const auto signed_so = gateway::sign(request, headers, provider, *lease.get(), clock_.now(), signature);
        if (!signed_so) co_return "health probe: " + std::string(signed_so.error().operator_text());
    }
    const providers::Target target = gateway::target_of(provider);
    auto answer = co_await pool_->send(target, request, deadlines_of(provider), cancel);
    if (!answer) co_return "health probe: " + std::string(answer.error().error.operator_text());
    *cancel = [&answer] { (*answer)->cancel(); };
    const int status = (*answer)->head().status;
    // Read to its end, so that the connection can be used again.
    auto body = co_await (*answer)->read_all(list_bytes_max);
    *cancel = nullptr;
    if (status >= 500 && status != 501) co_return "health probe: answered " + std::to_string(status);
    if (!body) co_return "health probe: " + std::string(body.error().operator_text());
    co_return std::string();
}

void Prober::Work::tell(const policies::Snapshot& rules, const policies::Provider& provider,
                        const std::string& failure) {
    std::set<std::string> names;
    for (const auto& [name, model] : rules.models)
        for (const policies::Channel& channel : model->channels)
            if (channel.provider->name == provider.name) names.insert(channel.name());
    for (const std::string& name : names)
        health_.channel(name, gateway::patience_of(provider.breaker))->probed(failure.empty(), failure);
}

Prober::Prober(const policies::Rules& rules, const vault::Vault& vault, const providers::tokens::Keeper& tokens,
               providers::Health& health, const Clock& clock)
    : work_(std::make_unique<Work>(rules, vault, tokens, health, clock)) {}

Prober::~Prober() = default;

}  // namespace bursar::daemon
