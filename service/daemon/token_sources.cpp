#include "service/daemon/token_sources.h"

#include "service/base/crypto.h"
#include "service/gateway/outgoing.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using providers::tokens::Wanted;

providers::tokens::Kind kind_of(policies::TokenSource source) {
    return source == policies::TokenSource::entra ? providers::tokens::Kind::entra : providers::tokens::Kind::google;
}

Wanted wanted_of(const policies::Provider& provider, const policies::ProviderKey& key, vault::Lease credential) {
    const policies::Url url = policies::token_url(provider.tokens);
    Wanted out;
    out.name = {.provider = provider.name, .secret = key.secret};
    out.kind = kind_of(provider.tokens.source);
    // The same way out of the company's network, and the same CA, as to the provider itself.
    out.target = gateway::target_of(provider);
    out.target.tls = url.tls;
    out.target.host = url.host;
    out.target.port = url.port;
    // In clear it is asked on this machine only, and no proxy gets to see the credential.
    if (!url.tls) {
        out.target.proxied = false;
        out.target.proxy_host.clear();
        out.target.proxy_port = 0;
    }
    out.base_path = url.path;
    out.place = {.url = url.text(), .scope = policies::token_scope(provider.tokens)};
    out.credential = std::move(credential);
    return out;
}

}  // namespace

std::vector<Wanted> tokens_wanted(const policies::Snapshot& rules, const vault::Vault& vault) {
    std::vector<Wanted> out;
    for (const auto& [name, provider] : rules.providers) {
        if (provider->tokens.source == policies::TokenSource::none) continue;
        for (const policies::ProviderKey& key : provider->keys)
            if (auto credential = vault.lend(key.secret))
                out.push_back(wanted_of(*provider, key, *std::move(credential)));
    }
    return out;
}

Result<vault::Lease> lend_for(const policies::Provider& provider, std::string_view secret, const vault::Vault& vault,
                              providers::tokens::Keeper& tokens) {
    const providers::tokens::Name name{.provider = provider.name, .secret = std::string(secret)};
    for (bool waited = false;; waited = true) {
        Result<vault::Lease> credential = vault.lend(secret);
        if (!credential || provider.tokens.source == policies::TokenSource::none) return credential;
        const auto token = tokens.lend(name, *credential);
        if (token) return *token;
        if (waited || !token.error().coming)
            return fail(Fault::provider_unavailable,
                        fmt::format("There is no token for it: {}.", token.error().failure.why));
        std::promise<Result<void>> there;
        auto ended = there.get_future();
        tokens.wait(name, *credential, [promise = std::move(there)](Result<void> result) mutable {
            promise.set_value(std::move(result));
        });
        TRY_VOID(ended.get());
    }
}

vault::Lease lend_at_once(const policies::Provider& provider, std::string_view secret, const vault::Vault& vault,
                          const providers::tokens::Keeper& tokens) {
    auto lent = vault.lend(secret);
    if (!lent) return nullptr;
    if (provider.tokens.source == policies::TokenSource::none) return *std::move(lent);
    auto token = tokens.lend({.provider = provider.name, .secret = std::string(secret)}, *lent);
    return token ? *std::move(token) : nullptr;
}

double chance() {
    constexpr int bits = 32;
    std::array<unsigned char, bits / 8> bytes{};
    fill_random(bytes);
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return static_cast<double>(number) / static_cast<double>(std::uint64_t{1} << bits);
}

}  // namespace bursar::daemon
