// Hunts: a token, key set or discovery document of a hostile provider that makes reading it crash, a key that is read
// from junk and verifies junk, and a token that is taken apart in a way that does not put it together again.
#include "auth/oidc/base64url.h"
#include "auth/oidc/claims.h"
#include "auth/oidc/jwks.h"
#include "auth/oidc/metadata.h"
#include "auth/oidc/url.h"
#include "service/base/ensure.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace bursar::oidc;

void read_token(std::string_view text) {
    const auto jwt = Jwt::parse(text);
    if (!jwt) return;
    ENSURE(text.size() <= jwt_bytes_max && !jwt->algorithm().empty() && jwt->key_id().size() <= key_id_bytes_max);
    ENSURE(std::string(jwt->signed_part()) + "." + to_base64url(jwt->signature()) == text);
    const bursar::Timestamp now{std::chrono::hours(24L * 365 * 55)};
    static_cast<void>(check_times(jwt->claims(), now));
    static_cast<void>(is_for(jwt->claims(), "bursar"));
    static_cast<void>(find_claim(jwt->claims(), "a.b.c"));
}

void read_keys(std::string_view text) {
    constexpr std::array all = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512,
                                Algorithm::ps256, Algorithm::es256, Algorithm::es384};
    const auto set = KeySet::parse(text);
    if (!set) return;
    ENSURE(!set->keys.empty() && set->keys.size() <= keys_max);
    for (const PublicKey& key : set->keys)
        for (const Algorithm each : all) ENSURE(!key.verifies(each, "text", std::string(64, '\x01')));
}

void read_document(std::string_view text) {
    constexpr std::string_view issuer = "https://a.example";
    const auto document = Metadata::parse(text, issuer);
    if (!document) return;
    ENSURE(document->issuer == issuer && is_askable_for(issuer, document->jwks_uri));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_token(text);
    read_keys(text);
    read_document(text);
    const auto kept = kept_for(text.substr(0, 200));
    ENSURE(kept >= kept_for_min && kept <= kept_for_max);
    return 0;
}
