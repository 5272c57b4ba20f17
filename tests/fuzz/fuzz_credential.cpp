// Hunts: a text in the place of a key that makes reading it crash, or that is taken for a key although it was mistyped.
#include "auth/credential.h"
#include "service/base/ensure.h"

#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::auth;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto id = credential_id(key_prefix, text)) {
        ENSURE(text.size() == credential_length && id->size() == credential_id_length);
        ENSURE(!credential_id(token_prefix, text));
        std::string mistyped(text);
        mistyped[size / 2] = static_cast<char>(mistyped[size / 2] ^ 1);
        ENSURE(!credential_id(key_prefix, mistyped));
    }
    return 0;
}
