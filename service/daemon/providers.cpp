// How providers are, for those who look: the API, the doctor, the metrics.
#include "service/base/json.h"
#include "service/daemon/service.h"
#include "service/gateway/metrics.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

void write_time(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& at) {
    json.key(name);
    at ? json.value(to_text(*at)) : json.null();
}

void write_history(JsonWriter& json, const std::vector<providers::Change>& history) {
    json.key("history").open_list();
    for (const providers::Change& change : history)
        json.open().field("at", to_text(change.at)).field("state", change.state).field("why", change.why).close();
    json.close_list();
}

void write_channel(JsonWriter& json, const providers::ChannelFacts& channel, const gateway::ChannelCounts& counts) {
    json.open().field("channel", channel.name).field("state", name_of(channel.state)).field("why", channel.why);
    write_time(json, "since", channel.since);
    write_time(json, "retry_at", channel.retry_at);
    json.field("under_way", channel.under_way)
        .field("recent_calls", channel.calls)
        .field("recent_failures", channel.failures)
        .field("calls", counts.calls)
        .field("failures", counts.failures);
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(channel.pace.first_token).count();
    json.field("first_token_ms", milliseconds)
        .field("tokens_per_second", static_cast<std::int64_t>(channel.pace.tokens_per_second))
        .field("plain_tokens_per_second", static_cast<std::int64_t>(channel.pace.plain_tokens_per_second));
    write_history(json, channel.history);
    json.close();
}

void write_key(JsonWriter& json, const providers::KeyFacts& key) {
    json.open().field("provider", key.provider).field("secret", key.secret).field("state", name_of(key.state));
    json.field("why", key.why);
    write_time(json, "since", key.since);
    write_time(json, "retry_at", key.retry_at);
    json.field("calls", key.calls);
    write_history(json, key.history);
    json.close();
}

/// The channels and keys of a policy, also those that no call has gone to yet.
struct Named {
    std::set<std::string, std::less<>> channels;
    std::set<std::pair<std::string, std::string>> keys;
};
Named named_in(const policies::Snapshot& rules) {
    Named out;
    for (const auto& [name, model] : rules.models)
        for (const policies::Channel& channel : model->channels) out.channels.insert(channel.name());
    for (const auto& [name, provider] : rules.providers)
        for (const policies::ProviderKey& key : provider->keys) out.keys.emplace(name, key.secret);
    return out;
}

std::vector<providers::ChannelFacts> channels_of(const providers::Health& health, const Named& named) {
    std::vector<providers::ChannelFacts> out = health.channels();
    std::erase_if(out, [&](const auto& each) { return !named.channels.contains(each.name); });
    for (const std::string& name : named.channels)
        if (std::ranges::find(out, name, &providers::ChannelFacts::name) == out.end()) out.emplace_back().name = name;
    std::ranges::sort(out, {}, &providers::ChannelFacts::name);
    return out;
}

std::vector<providers::KeyFacts> keys_of(const providers::Health& health, const Named& named) {
    std::vector<providers::KeyFacts> out = health.keys();
    std::erase_if(out, [&](const auto& each) { return !named.keys.contains({each.provider, each.secret}); });
    for (const auto& [provider, secret] : named.keys) {
        const auto same = [&](const auto& each) { return each.provider == provider && each.secret == secret; };
        if (std::ranges::any_of(out, same)) continue;
        providers::KeyFacts& fresh = out.emplace_back();
        fresh.provider = provider;
        fresh.secret = secret;
    }
    std::ranges::sort(out, {}, [](const auto& each) { return std::pair(each.provider, each.secret); });
    return out;
}

}  // namespace

std::string Service::providers_json() const {
    JsonWriter json;
    json.open().key("channels").open_list();
    const bool open = open_.load() != nullptr;
    const Named named = open ? named_in(*books_.rules->get()) : Named{};
    if (open)
        for (const auto& each : channels_of(*health_, named))
            write_channel(json, each, gateway_->metrics().channel(each.name));
    json.close_list().key("keys").open_list();
    if (open)
        for (const auto& each : keys_of(*health_, named)) write_key(json, each);
    json.close_list().close();
    return std::move(json).text();
}

admin::Check Service::providers_check() const {
    const Named named = named_in(*books_.rules->get());
    std::string out;
    const auto add = [&](std::string_view text) { out.append(out.empty() ? "" : "; ").append(text); };
    for (const auto& each : channels_of(*health_, named))
        if (each.state != providers::ChannelState::well)
            add(fmt::format("channel {} is out ({})", each.name, each.why));
    for (const auto& each : keys_of(*health_, named))
        if (each.state == providers::KeyState::refused || each.state == providers::KeyState::used_up)
            add(fmt::format("key {} of {} is {} ({})", each.secret, each.provider,
                            each.state == providers::KeyState::refused ? "refused" : "used up", each.why));
    if (out.empty()) return {"providers", true, false, "all well, as far as calls have shown"};
    return {"providers", false, false,
            fmt::format("{}. They are tried again by themselves; see bursarctl providers.", out)};
}

void Service::write_provider_metrics(std::string& out) const {
    gateway::write_family(out, "bursar_channel_healthy", "gauge", "1 while calls go there, 0 while it is out.");
    for (const auto& each : health_->channels())
        out += fmt::format("bursar_channel_healthy{{channel=\"{}\"}} {}\n", each.name,
                           each.state == providers::ChannelState::well ? 1 : 0);
    gateway::write_family(out, "bursar_channel_calls_under_way", "gauge", "Calls at the channel now.");
    for (const auto& each : health_->channels())
        out += fmt::format("bursar_channel_calls_under_way{{channel=\"{}\"}} {}\n", each.name, each.under_way);
    gateway::write_family(out, "bursar_provider_key_usable", "gauge",
                          "1 while the key is used, 0 while it is limited, refused or used up.");
    for (const auto& each : health_->keys())
        if (!each.secret.empty())
            out += fmt::format("bursar_provider_key_usable{{provider=\"{}\",key=\"{}\"}} {}\n", each.provider,
                               each.secret, each.state == providers::KeyState::well ? 1 : 0);
}

}  // namespace bursar::daemon
