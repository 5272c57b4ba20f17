#pragma once

#include "service/base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::oidc {

/// The signatures that we verify (RFC 7518 §3.1). No "none" and no HMAC: who can verify one of those can forge it.
enum class Algorithm : std::uint8_t { rs256, rs384, rs512, ps256, es256, es384 };

/// Its name in a JOSE header.
std::string_view name_of(Algorithm algorithm);
/// Exact, as JOSE is: "rs256" is no algorithm.
std::optional<Algorithm> algorithm_of(std::string_view name);
/// 256, 384 or 512: the SHA-2 that it goes with.
int hash_bits(Algorithm algorithm);
/// wrong_configuration names the one that is not known; an empty list is wrong too.
Result<std::vector<Algorithm>> algorithms_of(std::span<const std::string> names, std::string_view option);

}  // namespace bursar::oidc
