#pragma once

#include "policies/fields.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Values of the section "identity": what directories and providers of identities are told with.
namespace bursar::policies {

constexpr std::size_t sources_max = 16;    ///< directories, providers of identities, sources of SCIM; of each
constexpr std::size_t workloads_max = 64;  ///< issuers of platforms
constexpr std::size_t certificates_bytes_max = 65'536;
constexpr std::size_t settings_bytes_max = 65'536;

/// Entries whose names become parts of addresses and of origins ("ldap:corp"): letters, digits and . _ - only.
std::vector<Named> read_sources(const Value& value, std::string_view one, std::size_t most);
/// https, or http on this machine itself; no user, no query. As it is written: an issuer is compared byte by byte.
std::optional<std::string> read_endpoint(const Value& value);
/// Certificates in PEM (RFC 7468); that they are good only TLS can tell.
std::optional<std::string> read_certificates(const Value& value);
/// "30s", "15m", "12h", "1d"
std::optional<std::chrono::seconds> read_time(const Value& value, std::chrono::seconds least,
                                              std::chrono::seconds most);
/// The same time in one unit, the largest that fits: "90m".
std::string words_of(std::chrono::seconds time);
std::vector<std::string> read_texts(const Value& value, std::string_view one, std::size_t most);
/// Signatures that a provider may use: asymmetric ones (RFC 7518 §3.1); never none, never a shared secret.
std::vector<std::string> read_algorithms(const Value& value);
/// {hd: corp.example}
std::vector<std::pair<std::string, std::string>> read_required_claims(const Value& value);
/// One JSON object with what a mapping says, in its order. What is quoted is text; true, false and numbers that JSON
/// has are those; everything else is text too.
std::optional<std::string> read_as_json(const Value& value);

/// Reads what is written into `out`, and leaves it where nothing is.
template <typename T, typename Read>
void take_field(Fields& fields, std::string_view name, T& out, Read read) {
    const auto value = fields.find(name);
    if (!value) return;
    if (auto content = read(*value)) out = *std::move(content);
}

std::map<std::string, DirectoryPolicy, std::less<>> read_directories(const Value& value);
std::map<std::string, OidcPolicy, std::less<>> read_oidc(const Value& value);

}  // namespace bursar::policies
