#pragma once

#include "service/vault/cipher.h"
#include "service/vault/vault.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace bursar::vault {

/// The keys that everything else is encrypted with; 32 random bytes each, made once.
struct DataKeys {
    Secret secrets_database;
    Secret service_database;
    Secret pepper;
    static DataKeys make();
};

/// The file that has the data keys, wrapped under the master key. Its layout (integers little-endian):
///   "bursar-keyring" NUL NUL | version u32 = 1 | source u8 (0 key, 1 passphrase) | complete u8 |
///   Argon2id memory KiB u32, passes u32, lanes u32 | salt 16 bytes |
///   AES-256-GCM of the three data keys, bound to everything before it (nonce 12, ciphertext 96, tag 16) |
///   SHA-256 of everything before it: tells a damaged file from a wrong key.
class Keyring {
  public:
    /// Wraps `keys` under `master` with a fresh salt. `complete` says whether vault.db exists, or is still to be made.
    static Result<Keyring> wrap(const DataKeys& keys, const MasterKey& master, bool complete);
    /// wrong_configuration if the file is not a whole keyring.
    static Result<Keyring> read(const std::filesystem::path& file);
    /// The same of bytes that came from `file`, which errors name.
    static Result<Keyring> parse(std::string bytes, const std::filesystem::path& file);

    Result<void> write(const std::filesystem::path& file) const;
    /// unauthenticated if `master` is not the key it was wrapped under.
    Result<DataKeys> unwrap(const MasterKey& master) const;
    bool wants_passphrase() const { return passphrase_; }
    bool complete() const { return complete_; }

  private:
    Keyring() = default;
    std::string head() const;
    Result<Secret> wrapping_key(const MasterKey& master) const;

    bool passphrase_ = false;
    bool complete_ = false;
    Stretch stretch_;
    std::string salt_;
    std::string wrapped_;
};

}  // namespace bursar::vault
