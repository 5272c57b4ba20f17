// Hunts: an answer of a token endpoint, or a credential, that makes reading it crash; a token that would break a
// header; a credential that is taken and could not be asked with.
#include "service/base/ensure.h"
#include "service/providers/tokens/credential.h"
#include "service/providers/tokens/exchange.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::providers::tokens;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const int status : {200, 400, 503}) {
        const auto token = read_answer(status, text);
        if (!token) {
            ENSURE(std::ranges::all_of(token.error().why, [](char c) { return c >= ' ' && c < 0x7f; }));
            continue;
        }
        ENSURE(status == 200 && token->lasts.count() > 0 && token->lasts <= lasts_max);
        ENSURE(std::ranges::all_of(token->value.reveal(), [](char c) { return c > ' ' && c < 0x7f; }));
    }
    const auto credential = read_credential(Kind::entra, bursar::Secret::copy_of(text));
    if (credential) ENSURE(credential->tenant.find('/') == std::string::npos && !credential->client.empty());
    static_cast<void>(read_credential(Kind::google, bursar::Secret::copy_of(text)));
    static_cast<void>(tidy(bursar::Secret::copy_of(text)));
    return 0;
}
