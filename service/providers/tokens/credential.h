#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <cstddef>
#include <cstdint>
#include <string>

// Credentials that are no keys: with them tokens are asked for, which a provider takes for an hour or so.
namespace bursar::providers::tokens {

/// Who gives the tokens.
enum class Kind : std::uint8_t { entra, google };

/// What a secret says whose JSON was read and whose key was tried: it can be asked with.
struct Credential {
    Kind kind = Kind::google;
    std::string tenant;    ///< Entra
    std::string client;    ///< the application's id; Google: the account's mail address
    Secret client_secret;  ///< Entra, unless it has a certificate
    Secret private_key;    ///< PEM
    std::string key_id;    ///< Google: the key's; Entra: the certificate's SHA-256 in base64url
};

inline constexpr std::size_t credential_bytes_max = 64 * 1024;

/// Google: the JSON of a service account as it is downloaded. Entra: a JSON object with tenant, client_id and either
/// client_secret or certificate and private_key (both PEM); the names that Azure's command line prints are known, too.
/// invalid_request with a sentence that names the member and nothing of its value. Any thread; no I/O.
Result<Credential> read_credential(Kind kind, const Secret& value);

/// A value on its way into the vault. What looks like one of the credentials above has to be one, and leaves without
/// the blanks and line breaks between its members; everything else as it came. invalid_request.
Result<Secret> tidy(Secret value);

}  // namespace bursar::providers::tokens
