#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/copy.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A place away from the machine that keeps backups. Files go there as they are: encrypted and authenticated already.
namespace bursar::backup {

/// What one request of S3 may bring (Amazon S3 user guide, "Uploading objects"); larger ones would need several.
inline constexpr std::uint64_t sent_bytes_max = std::uint64_t{5} << 30;
/// Of a target's list; what comes beyond is not looked at.
inline constexpr std::size_t stored_max = 10'000;

enum class TargetKind : std::uint8_t { s3, sftp };

/// "https://host:port", "sftp://user@host:port/folder", taken apart.
struct Place {
    std::string scheme, user, host;  ///< an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string path;  ///< begins with / or is empty; none at its end
    /// "host:port" as in a URL.
    std::string authority() const;
    /// As a Host header has it: proxies in front of a store leave out the port that goes without saying, and then what
    /// was signed would not be what arrives.
    std::string host_header() const;
};
/// invalid_request says what is wrong. https and sftp; http on loopback only.
Result<Place> parse_place(std::string_view url);

struct TargetOptions {
    TargetKind kind = TargetKind::s3;
    Place place;
    std::string bucket, region, access_key;     ///< s3
    std::string prefix;                         ///< s3: before each name, as "machine-1/"
    std::string host_key;                       ///< sftp: SHA-256 of the server's key in base64, as ssh-keygen -l says
    std::string secret;                         ///< its name in the vault
    std::string ca;                             ///< PEM file in the place of the system's store; empty: that
    std::vector<std::string> private_ranges{};  ///< "10.1.0.0/16": private addresses that it may have
    int keep = 30;                              ///< the newest so many
    std::chrono::seconds stall_max{60};         ///< without a byte moved
    std::chrono::seconds retry_after{60};       ///< after the first failure; doubled each time
};

struct Stored {
    std::string name;
    std::uint64_t bytes = 0;
    bool operator==(const Stored&) const = default;
};

/// Every call takes the secret of the account, and is blocking. `goes_on` counts bytes.
/// Faults: storage_unavailable with what to look at.
class Target {
  public:
    virtual ~Target() = default;
    /// Whole under its name, or not there under it.
    virtual Result<void> send(const std::filesystem::path& file, const std::string& name, const Secret& secret,
                              const store::GoesOn& goes_on) const = 0;
    /// Backups only, by their names; the newest first.
    virtual Result<std::vector<Stored>> list(const Secret& secret, const store::GoesOn& goes_on) const = 0;
    virtual Result<void> remove(const std::string& name, const Secret& secret, const store::GoesOn& goes_on) const = 0;
    /// Into the new file `to`, mode 0600. On an error none is left.
    virtual Result<void> fetch(const std::string& name, const std::filesystem::path& to, const Secret& secret,
                               const store::GoesOn& goes_on) const = 0;
};
/// The clock dates signatures of S3.
std::unique_ptr<Target> make_target(const TargetOptions& options, const Clock& clock);
/// "s3://bucket/prefix at host", "sftp://host/folder": for people.
std::string describe(const TargetOptions& options);

}  // namespace bursar::backup
