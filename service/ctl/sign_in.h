#pragma once

#include "service/base/secret.h"
#include "service/ctl/outcome.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// What a sign-in leaves on this machine, for the commands that come after it.
namespace bursar::ctl {

struct SignIn {
    std::string origin;             ///< whom the tokens are for: nobody else gets them
    std::filesystem::path ca_file;  ///< empty: what the system trusts
    Secret access;                  ///< "bsa_…"
    Secret refresh;                 ///< "bsf_…"
    std::int64_t expires_at = 0;    ///< of the access token; seconds since 1970
};

/// Whether the access token has too little time left for a command.
bool is_worn(const SignIn& sign_in, std::int64_t now);

/// Nothing if nobody is signed in. wrong_configuration if the file is not one, or others may read it.
Outcome<std::optional<SignIn>> read_sign_in(const std::filesystem::path& file);
/// With mode 0600.
Outcome<void> write_sign_in(const std::filesystem::path& file, const SignIn& sign_in);
Outcome<void> forget_sign_in(const std::filesystem::path& file);

/// The answer of a token endpoint (RFC 6749 §5.1) to the service of `origin`.
Outcome<SignIn> sign_in_of(std::string_view body, std::string origin, std::filesystem::path ca_file, std::int64_t now);

}  // namespace bursar::ctl
