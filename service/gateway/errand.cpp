// How files and batches are asked for at the provider where they lie: by its own key, with nothing of the caller's
// head.
#include "service/gateway/errand.h"

#include "policies/path.h"
#include "service/gateway/gateway.h"
#include "service/gateway/outgoing.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/providers/blame.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr int status_timed_out = 408;

Error broken_off(const Call& call, const Error& error) {
    if (call.stopping) return stopping_error();
    return error;
}

/// Of a refusal that is about us, or about the way to the provider.
Error failed_errand(const Call& call, int status) {
    return {Fault::provider_unavailable,
            "The provider refused Bursar's own request, or cannot serve it now. Try again, or ask whoever runs Bursar.",
            fmt::format("channel {} answered {} to {} {}", call.outcome.channel, status, call.exchange.head().method,
                        call.exchange.head().path())};
}

}  // namespace

bool may_have_made(Endpoint endpoint, int status) {
    if (endpoint != Endpoint::batch_create) return lost_between(status);
    return status < 400 || status > 499 || status == status_timed_out;
}

std::string shown_of(const std::string& said) {
    constexpr std::size_t shown_bytes_max = std::size_t{64} << 10;
    return said.size() <= shown_bytes_max ? said : std::string();
}

std::string shelf_target(const policies::Provider& provider, Endpoint endpoint, std::string_view behind) {
    std::string out = policies::path_at(provider, endpoint, {});
    const std::size_t query = std::min(out.find('?'), out.size());
    return out.insert(query, behind);
}

Result<Lying> where_lies(const policies::Snapshot& rules, const shelf::Item& item) {
    Lying lying;
    const auto gone = [&](std::string_view what) {
        return fail(Fault::provider_unavailable,
                    "What you ask for lies at a provider that the policy no longer has as it was. Ask your operator.",
                    fmt::format("{} {} was stored at provider {} by the key {}, and the policy has no such {}", "item",
                                item.id, item.provider, item.secret, what));
    };
    const auto found = rules.providers.find(item.provider);
    if (found == rules.providers.end()) return gone("provider");
    lying.channel.provider = found->second;
    lying.channel.model = item.model_there;
    if (item.secret.empty()) return lying;
    const auto key = std::ranges::find(found->second->keys, item.secret, &policies::ProviderKey::secret);
    if (key == found->second->keys.end()) return gone("key");
    lying.key = &*key;
    return lying;
}

Task<Result<std::unique_ptr<providers::Answer>>> Gateway::run_errand(Call& call, const Errand& errand) {
    const policies::Provider& provider = *call.attempt.channel->provider;
    Result<vault::Lease> lease = lend(call);
    if (!lease && call.attempt.token_comes) lease = co_await lend_later(call);
    if (!lease) co_return std::unexpected(lease.error());
    std::vector<edge::HeaderView> headers = {{"accept", "application/json"}};
    for (const auto& [name, value] : provider.quirks.headers) headers.push_back({name, value});
    if (!errand.content_type.empty()) headers.push_back({"content-type", errand.content_type});
    const std::array<std::string_view, 1> body = {errand.body};
    providers::UpstreamRequest request{.method = errand.method, .target = errand.target, .headers = &headers};
    if (!errand.body.empty()) request.body = body;
    Signature signature;
    if (*lease) {
        const Result<void> signed_so = sign(request, headers, provider, *lease->get(), parts_.clock.now(), signature);
        if (!signed_so) co_return std::unexpected(signed_so.error());
    }
    const UnderWay there(call);
    if (call.stopping) co_return std::unexpected(stopping_error());
    const providers::Target target = target_of(provider);
    const providers::Deadlines deadlines{.connect = provider.deadlines.connect,
                                         .first_byte = provider.deadlines.total,
                                         .idle = provider.deadlines.idle,
                                         .total = provider.deadlines.total};
    const Moment began = parts_.clock.moment();
    auto answer = co_await call.shard.pool().send(target, request, deadlines, &call.cancel);
    call.waited += parts_.clock.moment() - began;
    if (!answer) {
        call.attempt.sent = answer.error().sent == providers::Sent::maybe;
        co_return std::unexpected(broken_off(call, answer.error().error));
    }
    call.attempt.sent = true;
    co_return std::move(*answer);
}

Task<Result<std::optional<std::string>>> Gateway::said_to(Call& call, providers::Answer& answer) {
    const UnderWay there(call);
    call.cancel = [&answer] { answer.cancel(); };
    const int status = answer.head().status;
    const Moment began = parts_.clock.moment();
    auto body = co_await answer.read_all(limits_.error_bytes_max);
    call.waited += parts_.clock.moment() - began;
    call.outcome.status = status;
    if (!body) co_return std::unexpected(broken_off(call, body.error()));
    if (status >= 200 && status <= 299) co_return std::optional(*std::move(body));
    book_hold(call, may_have_made(call.endpoint, status) ? UsageSource::estimated : UsageSource::none);
    const providers::Judgement judgement = providers::judge(status, answer.head().headers, *body, parts_.clock.now());
    const bool of_request = judgement.fit == providers::Fit::caller || status == 404 || status == 409;
    if (!of_request || status < 400 || status > 499) co_return std::unexpected(failed_errand(call, status));
    call.outcome.fault = facts(Fault::provider_refused).name;
    call.reason = fmt::format("channel {} answered {}", call.outcome.channel, status);
    co_await pass_on_refusal(call, answer.head(), *body);
    co_return std::optional<std::string>();
}

Task<Result<std::optional<std::string>>> Gateway::ask_about(Call& call, const shelf::Item& item,
                                                            std::string_view method, std::string_view behind) {
    const Result<Lying> lying = where_lies(*call.rules, item);
    if (!lying) co_return std::unexpected(lying.error());
    call.attempt.channel = &lying->channel;
    call.attempt.key = lying->key;
    call.outcome.channel = lying->channel.name();
    call.outcome.model = item.model;
    call.outcome.attempts = 1;
    const Endpoint list = item.kind == shelf::Kind::file ? Endpoint::file_list : Endpoint::batch_list;
    const Errand errand{.method = method,
                        .target = shelf_target(*lying->channel.provider, list, fmt::format("/{}{}", item.id, behind)),
                        .content_type = {},
                        .body = {}};
    Result<std::optional<std::string>> said;
    auto answer = co_await run_errand(call, errand);
    if (answer)
        said = co_await said_to(call, **answer);
    else
        said = std::unexpected(answer.error());
    // Nobody looks at it once this has ended.
    call.attempt = Attempt{};
    co_return said;
}

}  // namespace bursar::gateway
