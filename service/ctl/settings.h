#pragma once

#include "service/base/secret.h"
#include "service/ctl/arguments.h"
#include "service/ctl/sign_in.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::ctl {

/// Where the service is and who asks.
struct Settings {
    std::string origin = "https://127.0.0.1:8443";  ///< scheme, host and port, nothing behind
    Secret token;                                   ///< empty: none was given
    std::filesystem::path ca_file;                  ///< empty: what the system trusts
    std::filesystem::path folder;                   ///< ~/.config/bursar: what is kept between commands
    bool is_person = false;                         ///< the token is of somebody who has signed in
    std::optional<SignIn> sign_in = std::nullopt;   ///< of this address, where no token was given
    std::filesystem::path sign_in_file() const { return folder / "sign-in.json"; }
};

using Environment = std::function<std::optional<std::string>(std::string_view)>;

/// The first that says something: options, the environment, a quickstart.json that was named,
/// ~/.config/bursar/ctl.json, what bursarctl login left (address and certificates too, where nothing else names an
/// address), the default. wrong_configuration when a file cannot be read or an address is not one,
/// with the place it came from.
Outcome<Settings> read_settings(const Arguments& arguments, const Environment& environment);

/// "https://host:8443/api/v1" or "host:8443" -> "https://host:8443". Plain http only to this machine: a token would be
/// readable.
Outcome<std::string> origin_of(std::string_view url);

}  // namespace bursar::ctl
