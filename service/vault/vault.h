#pragma once

#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Provider keys, and the keys of the database files. The only library that sees a provider key in plain.
namespace bursar::vault {

/// Where the master key comes from: 32 random bytes (systemd credential or key file, hex or raw), a passphrase, or the
/// printed recovery key, which opens a vault whose master key is lost.
class MasterKey {
  public:
    enum class Kind : unsigned char { key, passphrase, recovery };
    /// A file of mode 0600 or stricter owned by this user (or a systemd credential), 32 bytes raw or as 64 hex digits.
    static Result<MasterKey> from_file(const std::filesystem::path& file);
    static MasterKey from_passphrase(Secret passphrase);
    /// As from_file() reads it, but handed over by an operator: 64 hex digits, or invalid_request.
    static Result<MasterKey> from_hex(Secret digits) {
        auto bytes = bursar::from_hex(digits.reveal());
        if (!bytes || bytes->size() != 32)
            return fail(Fault::invalid_request,
                        "A master key is 64 hexadecimal digits (32 bytes). Check that it was copied whole.");
        return MasterKey(Secret(std::move(*bytes)), Kind::key);
    }
    /// As make_recovery_key() gave it; capitals, blanks and dashes do not matter. invalid_request if it was not copied
    /// whole.
    static Result<MasterKey> from_recovery(std::string_view text);
    /// 32 bytes from the system's generator, written as hex to a new file of mode 0600.
    static Result<MasterKey> generate(const std::filesystem::path& file);
    bool is_passphrase() const { return kind_ == Kind::passphrase; }
    bool is_recovery() const { return kind_ == Kind::recovery; }
    const Secret& secret() const { return secret_; }

  private:
    MasterKey(Secret secret, Kind kind) : secret_(std::move(secret)), kind_(kind) {}
    Secret secret_;
    Kind kind_;
};

/// A new recovery key as people write it down: "bsrr-" and 36 letters and digits in groups of six, the last of them a
/// checksum.
Secret new_recovery_text();

/// Of a passphrase that is to protect a vault from now on.
inline constexpr std::size_t passphrase_bytes_min = 12;

enum class State : unsigned char { sealed, unsealed };

struct SecretFacts {
    std::string name;
    Timestamp created_at;
    Timestamp changed_at;
    std::size_t bytes = 0;
    std::string
        fingerprint;  ///< first 8 hex digits of an HMAC with the pepper: tells two values apart, gives nothing away
};

/// A provider key in use by one attempt.
using Lease = std::shared_ptr<const Secret>;

/// Whether a vault takes this: a name of 1–128 characters of a–z, A–Z, 0–9 and -_. ; a value of 1 to 64 KiB without
/// NUL, CR or LF. invalid_request.
Result<void> check_secret(std::string_view name, const Secret& value);

class Vault {
  public:
    /// Looks at `folder` (keyring and vault.db); opens nothing yet: the vault is sealed. wrong_configuration if the
    /// keyring is damaged. An empty folder is a new vault, made by the first unseal().
    static Result<std::unique_ptr<Vault>> open(const std::filesystem::path& folder, const Clock& clock);
    virtual ~Vault() = default;

    virtual State state() const = 0;
    virtual bool is_new() const = 0;
    virtual bool wants_passphrase() const = 0;
    /// unauthenticated and untouched files with a wrong key.
    virtual Result<void> unseal(const MasterKey& key) = 0;
    /// Forgets every key. Leases in use end with their attempts; lend() refuses with sealed from now on.
    virtual void seal() = 0;
    /// Wraps the file keys under `next` in one atomic replacement of the keyring; nothing else stops. The old key, or
    /// the recovery key in its place, is checked first.
    virtual Result<void> rotate(const MasterKey& current, const MasterKey& next) = 0;
    /// Makes a recovery key, in place of the one that there may be, and gives its text: nobody can ask for it again.
    /// sealed.
    virtual Result<Secret> make_recovery_key() = 0;
    virtual bool has_recovery_key() const = 0;
    /// The vault as it is, into an existing folder: what a backup holds of it. sealed. Blocking.
    virtual Result<void> copy_to(const std::filesystem::path& folder) const = 0;
    /// Every page and every tree of vault.db. sealed. Blocking.
    virtual Result<void> verify() const = 0;
    /// A key of 32 bytes for the purpose that `info` names, the same for as long as this vault lives. sealed.
    virtual Result<Secret> key_for(std::string_view info) const = 0;

    /// As check_secret() says.
    virtual Result<void> put(std::string_view name, Secret value) = 0;
    virtual Result<void> remove(std::string_view name) = 0;
    virtual Result<std::vector<SecretFacts>> list() const = 0;
    /// sealed, or key_missing with the name. From memory; any thread; microseconds.
    virtual Result<Lease> lend(std::string_view name) const = 0;

    /// What has to wait outside the vault, encrypted under a key of the vault's own, bound to `bound_to`; of any size.
    /// Opens again after a restart and a new master key. sealed.
    virtual Result<std::string> lock_away(std::string_view bound_to, const Secret& value) const = 0;
    /// sealed; wrong_configuration if the bytes were made for something else, or were edited.
    virtual Result<Secret> take_back(std::string_view bound_to, std::string_view locked) const = 0;

    /// Key of bursar.db, and the pepper of stored credentials. Available once unsealed; kept by who asked.
    virtual Result<Secret> database_key() const = 0;
    virtual Result<Secret> pepper() const = 0;
};

/// What key_for() will give for a vault of which only the keyrings are there yet, as in a backup. As unseal() fails.
Result<Secret> key_from_keyring(const std::filesystem::path& folder, const MasterKey& key, std::string_view info);
/// Whether the key opens a vault of which `keyring` is what its file has. As unseal() fails; no passphrases: a try
/// takes seconds.
Result<void> check_key(std::string_view keyring, const MasterKey& key);

}  // namespace bursar::vault
