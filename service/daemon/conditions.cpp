#include "service/daemon/conditions.h"

#include "service/base/json.h"
#include "service/base/zone.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using treasury::Condition;
using treasury::Course;
using namespace std::chrono_literals;

constexpr std::array fast{Course{"channel.down", "channel.back"}, Course{"provider_key.down", "provider_key.back"},
                          Course{"vault.sealed", "vault.unsealed"}, Course{"standby.lost", "standby.back"},
                          Course{"standby.behind", "standby.caught_up"}};
constexpr std::array slow{Course{"price.missing", "price.found"}, Course{"certificate.expiring", "certificate.renewed"},
                          Course{"certificate.refused", "certificate.accepted"}, Course{"disk.low", "disk.ok"},
                          Course{"backup.failed", "backup.made"}};

/// Or, of a short life, its last quarter: bursar-setup renews one when a third is left.
constexpr auto certificate_warning = std::chrono::days(21);
constexpr auto certificate_critical = std::chrono::days(7);
constexpr int warning_part = 4;
constexpr int critical_part = 12;
constexpr auto token_warning = std::chrono::days(7);

constexpr std::string_view backup_away_subject = "backup:away";
constexpr std::string_view channel_prefix = "channel:", key_prefix = "provider_key:";

std::string key_subject(std::string_view provider, std::string_view secret) {
    return fmt::format("{}{}/{}", key_prefix, provider, secret);
}

std::string why_json(std::string_view why) {
    JsonWriter json;
    json.open().field("why", why).close();
    return std::move(json).text();
}

bool is_bad(providers::KeyState state) {
    return state == providers::KeyState::refused || state == providers::KeyState::used_up;
}

/// Whether something that is well now may be believed: a call has shown it, and some time has passed. A clock that was
/// set back says nothing about how long it was, and must not put the end off until it has come that far again.
bool has_settled(const std::optional<Timestamp>& since, bool shown, Timestamp now) {
    return since ? now < *since || now - *since >= ProviderView::settled : shown;
}

}  // namespace

std::span<const Course> fast_courses() { return fast; }
std::span<const Course> slow_courses() { return slow; }

ProviderView::ProviderView(const policies::Snapshot& rules, const providers::Health& health, Timestamp now)
    : channels_(health.channels()), keys_(health.keys()), now_(now) {
    for (const auto& [name, model] : rules.models)
        for (const policies::Channel& channel : model->channels)
            named_.insert(std::string(channel_prefix) + channel.name());
    for (const auto& [name, provider] : rules.providers)
        for (const policies::ProviderKey& key : provider->keys) named_.insert(key_subject(name, key.secret));
}

std::vector<Condition> ProviderView::holding() const {
    std::vector<Condition> out;
    for (const providers::ChannelFacts& each : channels_) {
        std::string subject = std::string(channel_prefix) + each.name;
        if (each.state == providers::ChannelState::well || !named_.contains(subject)) continue;
        out.push_back(
            {.kind = "channel.down",
             .subject = std::move(subject),
             .text = fmt::format("The channel {} is out: {}. It is tried again by itself", each.name, each.why),
             .detail = why_json(each.why)});
    }
    for (const providers::KeyFacts& each : keys_) {
        std::string subject = key_subject(each.provider, each.secret);
        if (!is_bad(each.state) || !named_.contains(subject)) continue;
        out.push_back(
            {.kind = "provider_key.down",
             .subject = std::move(subject),
             .text = fmt::format("The key {} of {} is {}: {}", each.secret, each.provider,
                                 each.state == providers::KeyState::refused ? "refused" : "used up", each.why),
             .detail = why_json(each.why)});
    }
    return out;
}

std::optional<std::string> ProviderView::channel_end(std::string_view name) const {
    const auto found = std::ranges::find(channels_, name, &providers::ChannelFacts::name);
    if (found == channels_.end() || found->state != providers::ChannelState::well) return {};
    if (!has_settled(found->since, found->calls > found->failures, now_)) return {};
    return fmt::format("The channel {} serves calls again", name);
}

std::optional<std::string> ProviderView::key_end(std::string_view name) const {
    const auto found = std::ranges::find_if(keys_, [&](const providers::KeyFacts& each) {
        return name == std::string_view(key_subject(each.provider, each.secret)).substr(key_prefix.size());
    });
    if (found == keys_.end() || is_bad(found->state)) return {};
    if (!has_settled(found->since, found->calls > 0, now_)) return {};
    return fmt::format("{} takes the key {} again", found->provider, found->secret);
}

std::optional<std::string> ProviderView::end(std::string_view begins, const std::string& subject) const {
    const std::string_view what = subject;
    if (begins == "channel.down")
        return named_.contains(subject)
                   ? channel_end(what.substr(channel_prefix.size()))
                   : fmt::format("The policy has the channel {} no more", what.substr(channel_prefix.size()));
    if (begins == "provider_key.down")
        return named_.contains(subject)
                   ? key_end(what.substr(key_prefix.size()))
                   : fmt::format("The policy has the key {} no more", what.substr(key_prefix.size()));
    return {};
}

std::vector<Condition> prices_missing(const policies::Snapshot& rules, Timestamp now) {
    std::vector<Condition> out;
    std::set<std::string> seen;
    for (const auto& [name, model] : rules.models)
        for (const policies::Channel& channel : model->channels) {
            if (channel.prices && channel.prices->at(now) != nullptr) continue;
            if (!seen.insert(channel.name()).second) continue;
            out.push_back({.kind = "price.missing",
                           .subject = std::string(channel_prefix) + channel.name(),
                           .text = fmt::format("There is no price of {} now, so calls to it are refused; add it under "
                                               "prices in the policy",
                                               channel.name())});
        }
    return out;
}

std::optional<Condition> certificate_expiring(const std::optional<edge::CertificateLife>& life,
                                              const std::string& time_zone, Timestamp now) {
    if (!life) return {};
    using Duration = Timestamp::duration;
    const Duration whole = life->until - life->from;
    const Duration left = life->until - now;
    if (left > std::min<Duration>(certificate_warning, whole / warning_part)) return {};
    const bool soon = left <= std::min<Duration>(certificate_critical, whole / critical_part);
    return Condition{
        .kind = "certificate.expiring",
        .subject = "certificate:own",
        .text = fmt::format("The certificate of the service {} on {}", left > Duration::zero() ? "ends" : "has ended",
                            for_people(life->until, time_zone)),
        .severity = soon ? Severity::critical : Severity::warning};
}

std::optional<Condition> disk_low(std::optional<std::uintmax_t> available) {
    if (!available || *available >= disk_bytes_low) return {};
    return Condition{.kind = "disk.low",
                     .subject = "disk:state",
                     .text = fmt::format("Only {} MiB are free where the state is; make room before calls are refused",
                                         *available >> 20)};
}

std::optional<Condition> backup_failed(const backup::State& state) {
    if (state.failure.empty()) return {};
    return Condition{.kind = "backup.failed",
                     .subject = "backup",
                     .text = fmt::format("The last backup could not be made: {}", state.failure)};
}

std::optional<Condition> backup_not_away(const std::string& place, const backup::AwayState& state) {
    if (state.failure.empty()) return {};
    return Condition{.kind = "backup.failed",
                     .subject = std::string(backup_away_subject),
                     .text = fmt::format("The newest backup could not be sent to {}: {}", place, state.failure)};
}

std::optional<Condition> certificate_refused(const std::string& failure) {
    if (failure.empty()) return {};
    return Condition{.kind = "certificate.refused",
                     .subject = "certificate:own",
                     .text = fmt::format("A new certificate cannot be used, and the former one stays: {}", failure)};
}

std::optional<std::string> slow_end(std::string_view begins, const std::string& subject, bool disk_known) {
    if (begins == "price.missing")
        return fmt::format("The price of {} is known, or it is not asked any more",
                           subject.substr(std::min(subject.size(), channel_prefix.size())));
    if (begins == "certificate.refused") return "The certificate that lies there is in use";
    if (begins == "certificate.expiring") return "The service has a certificate that lasts";
    if (begins == "backup.failed" && subject == backup_away_subject) return "The newest backup is at its target again";
    if (begins == "backup.failed") return "A backup was made again";
    if (begins == "disk.low" && disk_known) return "There is room again where the state is";
    return {};
}

std::vector<treasury::Event> tokens_expiring(const std::vector<auth::Operator>& operators, const std::string& time_zone,
                                             Timestamp now) {
    std::vector<treasury::Event> out;
    for (const auth::Operator& each : operators) {
        if (!each.expires_at || *each.expires_at <= now || *each.expires_at - now > token_warning) continue;
        // Whoever made it for some days knows when it ends.
        if (*each.expires_at - each.created_at <= token_warning) continue;
        out.push_back({.number = 0,
                       .at = now,
                       .name = fmt::format("account.expiring:{}|{}", each.id, to_text(*each.expires_at)),
                       .kind = "account.expiring",
                       .subject = "operator:" + each.name,
                       .text = fmt::format("The token {} ({}) ends on {}", each.name, auth::name_of(each.role),
                                           for_people(*each.expires_at, time_zone)),
                       .detail = "{}",
                       .incident = {},
                       .team = each.team});
    }
    return out;
}

std::optional<treasury::Event> StoreWatch::look(const store::Health& health, const std::string& time_zone,
                                                Timestamp now) {
    if (!health.writable) {
        if (!since_) since_ = now;
        reason_ = health.reason;
        return {};
    }
    if (!since_) return {};
    return treasury::Event{.number = 0,
                           .at = now,
                           .name = "store.failing:" + to_text(*since_),
                           .kind = "store.failing",
                           .subject = "store",
                           .text = fmt::format("From {} until {} nothing could be written, so calls were refused: {}",
                                               for_people(*since_, time_zone), for_people(now, time_zone), reason_),
                           .detail = "{}"};
}

std::optional<treasury::Event> update_available(std::string_view program, Timestamp started, Timestamp now) {
    // What the kernel puts behind the path of a file that another one has replaced (proc(5), /proc/pid/exe).
    if (!program.ends_with(" (deleted)")) return {};
    return treasury::Event{.number = 0,
                           .at = now,
                           .name = "update.available:" + to_text(started),
                           .kind = "update.available",
                           .subject = "service",
                           .text =
                               "Another version of bursard is installed than the one that runs; restart the service "
                               "to use it",
                           .detail = "{}"};
}

}  // namespace bursar::daemon
