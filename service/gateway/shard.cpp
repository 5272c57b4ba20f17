#include "service/gateway/shard.h"

#include "policies/admit.h"
#include "service/base/crypto.h"
#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "service/gateway/outgoing.h"
#include "service/gateway/rate_limits.h"

#include <boost/asio/post.hpp>

namespace bursar::gateway {

void Inbox::put(Waiting& waiting, Result<void> result) {
    bool first = false;
    {
        const MutexLock lock(mutex_);
        first = letters_.empty();
        letters_.push_back({&waiting, std::move(result)});
    }
    if (first) asio::post(context_, [this] { deliver(); });
}

void Inbox::deliver() {
    {
        const MutexLock lock(mutex_);
        delivering_.swap(letters_);
    }
    for (Letter& letter : delivering_) letter.to->land(std::move(letter.result));
    delivering_.clear();
}

Shard::Shard(asio::io_context& context)
    : context_(context), inbox_(context), pool_(providers::Pool::make(context, {})) {
    std::array<unsigned char, 8> seed{};
    fill_random(seed);
    std::uint64_t number = 0;
    for (const unsigned char byte : seed) number = number << 8 | byte;
    random_.seed(number);
}

Result<std::shared_ptr<const ledger::Scopes>> Shard::scopes_of(ledger::Ledger& ledger, const policies::Snapshot& rules,
                                                               const std::shared_ptr<const Caller>& caller) {
    if (prepared_for_ != rules.generation || prepared_.size() >= prepared_max) {
        prepared_.clear();
        prepared_for_ = rules.generation;
    }
    if (const auto found = prepared_.find(caller.get()); found != prepared_.end()) return found->second.scopes;
    TRY(std::vector<policies::Charged> charged, policies::accounts_of(rules, *caller));
    std::vector<ledger::Level> levels;
    levels.reserve(charged.size());
    for (policies::Charged& one : charged) levels.push_back({std::move(one.account), std::move(one.budgets)});
    TRY(auto scopes, ledger.prepare(std::move(levels), rules.organisation.time_zone));
    prepared_.emplace(caller.get(), Prepared{caller, scopes, gateway::rate_levels_of(rules, *caller)});
    return scopes;
}

std::shared_ptr<const ModelPlace> Shard::place_of(providers::Health& health, const policies::Snapshot& rules,
                                                  const policies::Model& model) {
    if (placed_for_ != rules.revision) {
        places_.clear();
        placed_for_ = rules.revision;
    }
    auto& place = places_[&model];
    if (place) return place;
    auto made = std::make_shared<ModelPlace>();
    made->retries = health.retries(model.name);
    for (const policies::Channel& channel : model.channels) {
        const policies::Provider& provider = *channel.provider;
        const providers::Patience patience = patience_of(provider.breaker);
        ModelPlace::Way& way = made->ways.emplace_back();
        way.channel = health.channel(channel.name(), patience);
        for (const policies::ProviderKey& key : provider.keys)
            way.keys.push_back(health.key(provider.name, key.secret, patience));
        if (way.keys.empty()) way.keys.push_back(health.key(provider.name, "", patience));
    }
    place = std::move(made);
    return place;
}

void Shard::add(Call& call) {
    call.place = calls_.size();
    calls_.push_back(&call);
    call.stopping = is_ending();
}

void Shard::remove(Call& call) {
    if (call.place >= calls_.size() || calls_[call.place] != &call) return;
    calls_[call.place] = calls_.back();
    calls_[call.place]->place = call.place;
    calls_.pop_back();
}

void Shard::go_on() {
    if (ending_ != Ended::for_good) ending_.reset();
}

void Shard::end_calls(Ended ended) {
    if (ending_ != Ended::for_good) ending_ = ended;
    // Cancelling may end a call, which takes itself out and puts the last one in its place: from the end, every one is
    // still met.
    for (std::size_t i = calls_.size(); i-- > 0;) {
        if (i >= calls_.size()) continue;
        calls_[i]->stopping = true;
        if (calls_[i]->cancel) calls_[i]->cancel();
    }
}

}  // namespace bursar::gateway
