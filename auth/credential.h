#pragma once

#include "service/base/crypto.h"
#include "service/base/secret.h"

#include <optional>
#include <string>
#include <string_view>

// The text of a key or token: "<prefix><id>_<secret><checksum>", such as "bsr_1f0c…_9a…". The prefix and the checksum
// (CRC32 of all that stands before it) let secret scanners find ours without false alarms, and a typing error is found
// without a look-up.
namespace bursar::auth {

inline constexpr std::string_view key_prefix = "bsr_";
inline constexpr std::string_view token_prefix = "bso_";
inline constexpr std::string_view console_prefix = "bsc_";
inline constexpr std::string_view access_prefix = "bsa_";
inline constexpr std::string_view refresh_prefix = "bsf_";
inline constexpr std::string_view jwt_prefix = "eyJ";        ///< base 64 of `{"`: how a compact JWT begins
inline constexpr std::size_t credential_id_length = 12;      ///< 60 bits
inline constexpr std::size_t credential_secret_length = 32;  ///< 160 bits
inline constexpr std::size_t credential_checksum_length = 7;
inline constexpr std::size_t credential_length =
    4 + credential_id_length + 1 + credential_secret_length + credential_checksum_length;

struct Credential {
    std::string id;
    Secret text;
};
Credential make_credential(std::string_view prefix);
/// A new secret under an id that stays.
Secret make_credential_text(std::string_view prefix, std::string_view id);

/// The one text of this prefix and id that follows from another credential, under a key of its own.
Secret follow_credential(const Secret& key, std::string_view prefix, std::string_view id, std::string_view from);

/// The id in a text of the right form with the right checksum; nothing else is known to be right then.
std::optional<std::string_view> credential_id(std::string_view prefix, std::string_view text);

/// What is stored of a credential: HMAC-SHA256 over its whole text.
Digest credential_digest(const Secret& pepper, std::string_view text);
Digest credential_digest(const Secret& pepper, const Secret& text);
/// Stands in where there is no such id, so that a wrong id costs the same time as a wrong secret. No text has it.
inline constexpr Digest no_digest{};

}  // namespace bursar::auth
