#include "auth/oidc/jwks.h"

#include "auth/oidc/http.h"
#include "auth/oidc/words.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::oidc {

Result<KeySet> KeySet::parse(std::string_view text) {
    const auto document = Json::parse(text, http_answer_bytes_max);
    const Json* listed = document ? document->member("keys") : nullptr;
    if (listed == nullptr || listed->list() == nullptr)
        return not_available("keys: the document is no JWK Set: a JSON object with a list \"keys\" and no name twice");
    if (listed->list()->size() > keys_max)
        return not_available(
            fmt::format("keys: the document has {} keys; at most {} are read", listed->list()->size(), keys_max));
    KeySet set;
    for (const Json& jwk : *listed->list()) {
        if (auto key = PublicKey::of(jwk))
            set.keys.push_back(*std::move(key));
        else
            ++set.others;
    }
    if (set.keys.empty())
        return not_available(
            fmt::format("keys: none of the {} keys is RSA of at least {} bits, P-256 or P-384, and for signatures",
                        set.others, rsa_bits_min));
    return set;
}

std::string_view words_for(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
            return "the signature is good";
        case Verdict::algorithm_not_allowed:
            return "the algorithm is not among those that the policy allows";
        case Verdict::key_unknown:
            return "the issuer has no key of that kid";
        case Verdict::key_does_not_fit:
            return "the key of that kid is not for that algorithm";
        case Verdict::signature_wrong:
            return "the signature is wrong";
    }
    return {};
}

Verdict verify(const Jwt& jwt, const KeySet& set, std::span<const Algorithm> allowed) {
    const auto algorithm = algorithm_of(jwt.algorithm());
    if (!algorithm || std::ranges::find(allowed, *algorithm) == allowed.end()) return Verdict::algorithm_not_allowed;
    bool named = false;
    std::vector<const PublicKey*> fitting;
    for (const PublicKey& key : set.keys) {
        if (!jwt.key_id().empty() && key.id() != jwt.key_id()) continue;
        named = true;
        if (key.fits(*algorithm)) fitting.push_back(&key);
    }
    if (!named) return Verdict::key_unknown;
    if (fitting.empty()) return Verdict::key_does_not_fit;
    if (jwt.key_id().empty() && fitting.size() > 1) return Verdict::key_unknown;
    for (const PublicKey* key : fitting)
        if (key->verifies(*algorithm, jwt.signed_part(), jwt.signature())) return Verdict::good;
    return Verdict::signature_wrong;
}

}  // namespace bursar::oidc
