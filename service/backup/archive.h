#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/copy.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// One file that has everything: lines that anybody can read, and behind them the parts, encrypted. Layout:
//   "bursar-backup 1\n", then lines "name: value\n", an empty line: the head, in plain;
//   for each part its pieces: length u32 (little-endian) | AES-256-GCM of up to 1 MiB, bound to the head, the part, the
//   piece's place and whether it is the last one: what was cut, moved or edited does not open;
//   32 bytes: a chain of SHA-256 over all of it, which tells a damaged file without any key.
namespace bursar::backup {

inline constexpr std::size_t head_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t parts_max = 32;
inline constexpr std::size_t piece_bytes = std::size_t{1} << 20;

struct Part {
    std::string name;  ///< "bursar.db", "vault/vault.db", "etc/bursard.ini": relative, of a–z, A–Z, 0–9 and ._-/
    std::uint64_t bytes = 0;
    bool operator==(const Part&) const = default;
};

/// What a backup says of itself. Whoever can open it knows besides that it was not edited.
struct Manifest {
    Timestamp made_at;
    std::string version;  ///< of the program
    std::string organisation;
    std::string host;
    std::int64_t revision = 0;  ///< of the policy
    std::string salt;           ///< 16 bytes: each backup has a key of its own
    std::string keyring;        ///< the vault's file: the data keys under the master key of that time
    std::string recovery;       ///< the same under the recovery key; empty: there was none
    std::vector<Part> parts;
    bool operator==(const Manifest&) const = default;
};

struct Source {
    std::string name;
    std::filesystem::path file;
};

/// For vault::Vault::key_for().
std::string key_info(const Manifest& manifest);

/// Writes the new file `to` (mode 0600), whole and on stable storage; `parts` of the manifest are filled in from the
/// sources. `goes_on` counts bytes. On an error no file is left. Blocking.
Result<void> write_archive(const std::filesystem::path& to, Manifest manifest, std::span<const Source> sources,
                           const Secret& key, const store::GoesOn& goes_on);
/// wrong_configuration: it is no backup, or of a version that this program does not know.
Result<Manifest> read_manifest(const std::filesystem::path& file);
/// The checksum alone. Blocking.
Result<void> check_whole(const std::filesystem::path& file);
/// Writes each part to `folder`, which exists and is empty but for folders. wrong_configuration if a piece does not
/// open under `key`: edited, cut, or of another vault. Blocking.
Result<void> extract(const std::filesystem::path& file, const Secret& key, const std::filesystem::path& folder);

}  // namespace bursar::backup
