#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/providers/tokens/credential.h"

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

// What is said to a token endpoint, and what it answers. Pure.
namespace bursar::providers::tokens {

/// Where a credential is exchanged for a token.
struct Place {
    std::string url;  ///< with its scheme; Entra: what stands in front of the tenant
    std::string scope;
};

/// Path at the host of a place: Entra has one for each tenant.
std::string path_of(const Credential& credential, std::string_view base_path);

/// The form (RFC 6749 §4.4 with a client secret or RFC 7523 §2.2; for Google RFC 7523 §2.1). `unique`: random bytes, by
/// which no two assertions are the same.
Result<Secret> form_of(const Credential& credential, const Place& place, Timestamp now, std::string_view unique);

struct Token {
    Secret value;
    std::chrono::seconds lasts{};
};

/// Why there is no token.
struct Failure {
    std::string why;       ///< for the operator: a sentence without its stop
    bool refused = false;  ///< the credential itself: nobody but an operator can change it
};

inline constexpr std::size_t answer_bytes_max = 64 * 1024;
inline constexpr std::size_t token_bytes_max = 16 * 1024;
/// A token that lasts longer is renewed as often all the same.
inline constexpr std::chrono::seconds lasts_max = std::chrono::hours(24);

/// RFC 6749 §5. Repeats nothing of the answer but the code of an error.
std::expected<Token, Failure> read_answer(int status, std::string_view body);

}  // namespace bursar::providers::tokens
