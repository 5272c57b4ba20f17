// What is different in the rooms for a call that an entry of `passthrough` lets through to a provider: its path is read
// by other rules, its price is the entry's, and nobody looks into what it says (docs/decisions/0033-passthrough.md).
#include "service/gateway/passthrough.h"

#include "policies/admit_passthrough.h"
#include "service/gateway/gateway.h"
#include "service/gateway/outgoing.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view root = "/passthrough/";
constexpr int status_no_time = 503;

/// Of an answer these would lead a client round Bursar.
constexpr std::array<std::string_view, 5> led_elsewhere = {"location", "content-location", "refresh",
                                                           "operation-location", "azure-asyncoperation"};

/// What stands behind /passthrough/: the provider, and the path at it.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
    path.remove_prefix(root.size());
    const std::size_t slash = std::min(path.find('/'), path.size());
    return {path.substr(0, slash), path.substr(slash)};
}

Result<void> only_posts_say_something(const edge::RequestHead& head) {
    const auto is_type = [](const edge::Header& each) { return edge::equal_without_case(each.name, "content-type"); };
    if (std::ranges::count_if(head.headers, is_type) > 1)
        return fail(Fault::invalid_request, "There are two `content-type` headers. Send one.");
    if (head.method == "POST" || !head.has_body || head.content_length == 0) return {};
    return fail(Fault::invalid_request, fmt::format("A {} passes without a body. Leave it out.", head.method));
}

bool has(const vault::Vault& vault, const policies::ProviderKey& key) {
    const Result<vault::Lease> lease = vault.lend(key.secret);
    return lease || lease.error().fault != Fault::key_missing;
}

}  // namespace

bool passes(std::string_view path) { return path.starts_with(root); }

Result<void> greet_passthrough(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    call.endpoint = Endpoint::passthrough;
    const auto [provider, path] = split(head.path());
    if (const std::string_view flaw = policies::path_flaw(path, policies::Blanks::refused); !flaw.empty())
        return fail(Fault::invalid_request, fmt::format("The path behind /passthrough/{} {}.", provider, flaw));
    if (head.target.contains('?'))
        return fail(Fault::invalid_request,
                    "No query passes, because nothing judges what it asks for. Leave out the ? and what is behind it.");
    if (head.method != "GET" && head.method != "POST" && head.method != "DELETE")
        return fail(Fault::method_not_allowed, fmt::format("GET, POST and DELETE pass, {} does not.", head.method));
    return only_posts_say_something(head);
}

Result<policies::Route> route_through(const Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    const auto [provider, path] = split(head.path());
    return policies::admit_passthrough(*call.rules, *call.caller,
                                       {.provider = provider, .method = head.method, .path = path}, call.at);
}

std::string passthrough_target(const policies::Provider& provider, const edge::RequestHead& head) {
    std::string out = provider.base_url.path;
    out += split(head.path()).second;
    if (!provider.quirks.api_version.empty()) out += "?api-version=" + policies::escaped(provider.quirks.api_version);
    return out;
}

Again again_of(const Call& call) {
    // A batch of a model that is free, too.
    if (call.endpoint == Endpoint::batch_create)
        return call.outcome.usage_source == UsageSource::none ? Again::if_free : Again::never;
    if (call.endpoint != Endpoint::passthrough || !call.attempt.sent) return Again::if_free;
    // Who answers that it failed, or that the answer is elsewhere, may have done it; who has no time, has not.
    const int status = call.attempt.status;
    const bool may_have_run = call.outcome.usage_source != UsageSource::none || (status >= 300 && status <= 399) ||
                              (status >= 500 && status != status_no_time);
    return may_have_run ? Again::never : Again::if_free;
}

void keep_here(std::vector<edge::Header>& headers) {
    std::erase_if(headers, [](const edge::Header& header) {
        return std::ranges::any_of(led_elsewhere,
                                   [&](std::string_view one) { return edge::equal_without_case(one, header.name); });
    });
}

Result<void> Gateway::choose_pass_key(Call& call) {
    const policies::Channel& channel = *call.route->channels.front();
    const policies::Provider& provider = *channel.provider;
    const Moment now = parts_.clock.moment();
    call.attempt = Attempt{};
    call.attempt.channel = &channel;
    call.attempt.began = now;
    if (provider.keys.empty()) return {};
    auto soonest = std::chrono::nanoseconds::max();
    for (const providers::Way wanted : {providers::Way::open, providers::Way::due, providers::Way::avoided})
        for (const policies::ProviderKey& key : provider.keys) {
            if (!has(parts_.vault, key)) continue;
            const auto health = parts_.health.key(provider.name, key.secret, patience_of(provider.breaker));
            soonest = std::min(soonest, health->shut_for(now).value_or(std::chrono::nanoseconds::zero()));
            if (health->way(now) != wanted) continue;
            // A pause that is over, while another call tries. Who is refused stays refused.
            if (wanted == providers::Way::avoided && health->facts().state != providers::KeyState::limited) continue;
            call.attempt.key = &key;
            return {};
        }
    // Of none that is there lend() says so.
    if (soonest == std::chrono::nanoseconds::max()) {
        call.attempt.key = &provider.keys.front();
        return {};
    }
    call.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(soonest), std::chrono::seconds(1));
    return fail(
        Fault::overloaded, "No key of this provider takes calls just now. Try again later.",
        fmt::format("every key of provider {} is refused, limited or used up; see bursarctl providers", provider.name));
}

Task<Result<void>> Gateway::relay_as_it_is(Call& call, providers::Answer& answer) {
    const Moment began = parts_.clock.moment();
    const auto body = co_await answer.read_all(limits_.answer_bytes_max);
    const Moment now = parts_.clock.moment();
    call.waited += now - began;
    // Cut off, but served: give_up() books the price.
    if (!body) co_return give_up(call, {}, call.stopping ? stopping_error() : body.error());
    call.body = std::string();
    call.outcome.first_byte = now - call.heard;
    book_hold(call, UsageSource::provider);
    end_permit(call, now);
    std::vector<edge::Header> headers = answer.head().headers;
    keep_here(headers);
    const int status = answer.head().status;
    const edge::ResponseHead head = answer_head(call, status, headers, parts_.clock.moment());
    call.outcome.overhead = parts_.clock.moment() - call.started - call.waited;
    call.answered = true;
    call.outcome.status = status;
    const Result<void> sent = co_await call.exchange.respond(head, *body);
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

}  // namespace bursar::gateway
