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

Result<vault::Lease> Gateway::lend(Call& call) {
    const policies::ProviderKey* key = call.attempt.key;
    if (key == nullptr) return vault::Lease{};
    if (call.attempt.channel->provider->tokens.source == policies::TokenSource::none)
        return parts_.vault.lend(key->secret);
    return lend_token(call);
}

Result<vault::Lease> Gateway::lend_token(Call& call) {
    Attempt& attempt = call.attempt;
    const Result<vault::Lease> credential = parts_.vault.lend(attempt.key->secret);
    if (!credential) return credential;
    auto token = parts_.tokens.lend(name_of(attempt), *credential);
    if (token) return attempt.token = *std::move(token);
    const providers::tokens::NoToken& none = token.error();
    attempt.token_comes = none.coming && !attempt.token_comes;  // one wait is enough
    if (!attempt.token_comes)
        attempt.no_token = providers::Judgement{
            .fit = none.failure.refused ? providers::Fit::key_refused : providers::Fit::key_limited,
            .retry_after = none.retry_in};
    return std::unexpected(no_token_error(attempt, none.failure));
}

Task<Result<vault::Lease>> Gateway::lend_later(Call& call) {
    const Result<vault::Lease> credential = parts_.vault.lend(call.attempt.key->secret);
    if (!credential) co_return credential;
    Landing landing(call.shard.inbox());
    const Moment began = parts_.clock.moment();
    parts_.tokens.wait(name_of(call.attempt), *credential, landing.for_answer());
    const Result<void> there = co_await landing.wait();
    call.waited += parts_.clock.moment() - began;
    if (!there) co_return std::unexpected(there.error());
    co_return lend_token(call);
}

bool Gateway::renew_token(Call& call, providers::Fit fit) {
    const Attempt& attempt = call.attempt;
    // Only who is not known (RFC 9110 §15.5.2) may be known by another token; who may not do it stays forbidden.
    const bool unknown = call.outcome.status == status_unauthorised && fit == providers::Fit::key_refused;
    if (!unknown || !attempt.token) return false;
    return parts_.tokens.refused(name_of(attempt), attempt.token);
}

}  // namespace bursar::gateway
