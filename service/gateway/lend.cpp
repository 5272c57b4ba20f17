// Room 5: what a provider is asked with. A key lies in the vault; a token is asked for with what lies there, and is
// there before the call in all cases but the first.
#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "service/gateway/landing.h"
#include "service/gateway/shard.h"
#include "service/providers/tokens/keeper.h"

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr int status_unauthorised = 401;

providers::tokens::Name name_of(const Attempt& attempt) {
    return {.provider = attempt.channel->provider->name, .secret = attempt.key->secret};
}

Error no_token_error(const Attempt& attempt, const providers::tokens::Failure& failure) {
    return {Fault::provider_unavailable,
            "Bursar gets no access to this model's provider just now. Try again in a moment. Operators: see bursarctl "
            "providers.",
            fmt::format("no token for provider {} with the credential {}: {}", attempt.channel->provider->name,
                        attempt.key->secret, failure.why)};
}

}  // namespace

Task<Result<vault::Lease>> Gateway::lend(Call& call) {
    const policies::ProviderKey* key = call.attempt.key;
    if (key == nullptr) co_return vault::Lease{};
    if (call.attempt.channel->provider->tokens.source == policies::TokenSource::none)
        co_return parts_.vault.lend(key->secret);
    auto token = co_await lend_token(call);
    co_return token;
}

Task<Result<vault::Lease>> Gateway::lend_token(Call& call) {
    Attempt& attempt = call.attempt;
    const providers::tokens::Name name = name_of(attempt);
    for (bool waited = false;; waited = true) {
        const Result<vault::Lease> credential = parts_.vault.lend(attempt.key->secret);
        if (!credential) co_return credential;
        const auto token = parts_.tokens.lend(name, *credential);
        if (token) {
            attempt.token = *token;
            co_return attempt.token;
        }
        if (waited || !token.error().coming) {
            const providers::tokens::Failure& failure = token.error().failure;
            attempt.no_token =
                providers::Judgement{.fit = failure.refused ? providers::Fit::key_refused : providers::Fit::key_limited,
                                     .retry_after = token.error().retry_in};
            co_return std::unexpected(no_token_error(attempt, failure));
        }
        Landing landing(call.shard.inbox());
        const Moment began = parts_.clock.moment();
        parts_.tokens.wait(name, *credential, landing.for_answer());
        const Result<void> there = co_await landing.wait();
        call.waited += parts_.clock.moment() - began;
        if (!there) co_return std::unexpected(there.error());
    }
}

bool Gateway::renew_token(Call& call, providers::Fit fit) {
    const Attempt& attempt = call.attempt;
    // Only who is not known (RFC 9110 §15.5.2) may be known by another token; who may not do it stays forbidden.
    const bool unknown = call.outcome.status == status_unauthorised && fit == providers::Fit::key_refused;
    if (!unknown || !attempt.token) return false;
    return parts_.tokens.refused(name_of(attempt), attempt.token);
}

}  // namespace bursar::gateway
