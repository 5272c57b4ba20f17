#include "service/vault/vault.h"

#include "service/base/crypto.h"
#include "service/base/snapshot.h"
#include "service/store/copy.h"
#include "service/store/store.h"
#include "service/vault/cipher.h"
#include "service/vault/followed.h"
#include "service/vault/keyring.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace bursar::vault {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t value_bytes_max = 64 * 1024;
constexpr std::size_t secrets_max = 10'000;
constexpr std::size_t passphrase_bytes_max = 1024;

constexpr std::string_view steps[] = {
    // `value` is encrypted once more (cipher.h), bound to the name: SQLite's own caches never have a key in plain.
    "CREATE TABLE vault_secret (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, value "
    "BLOB NOT NULL) "
    "WITHOUT ROWID;",
};

struct Held {
    SecretFacts facts;
    Lease lease;
};
using Secrets = std::map<std::string, Held, std::less<>>;

std::unexpected<Error> is_sealed() {
    return fail(
        Fault::sealed,
        "The vault is sealed, so provider keys cannot be used. An operator has to unseal it: bursarctl vault unseal");
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

Result<void> check_new(const MasterKey& key) {
    if (key.is_recovery())
        return fail(Fault::invalid_request,
                    "A recovery key cannot be the master key: it opens a vault whose master key is lost.");
    if (!key.is_passphrase()) return {};
    if (key.secret().size() < passphrase_bytes_min || key.secret().size() > passphrase_bytes_max)
        return fail(Fault::invalid_request, fmt::format("A passphrase has {} to {} bytes. Choose several words.",
                                                        passphrase_bytes_min, passphrase_bytes_max));
    return {};
}

/// The file that `key` opens.
Result<Keyring> ring_for(const fs::path& folder, const MasterKey& key) {
    if (!key.is_recovery()) return Keyring::read(folder / "keyring");
    std::error_code error;
    if (!fs::exists(folder / "recovery", error))
        return fail(Fault::not_found, "This vault has no recovery key; only its master key opens it.");
    return Keyring::read(folder / "recovery");
}

Secret use_key(const DataKeys& keys, std::string_view info) {
    return derive_key(keys.service_database, fmt::format("bursar use 1 {}", info));
}

}  // namespace

Result<void> check_secret(std::string_view name, const Secret& value) {
    if (!is_name(name))
        return fail(Fault::invalid_request,
                    "A secret's name has 1 to 128 characters of a-z, A-Z, 0-9, '-', '_' and '.'.");
    if (value.empty() || value.size() > value_bytes_max)
        return fail(Fault::invalid_request,
                    fmt::format("The value of \"{}\" has {} bytes; it must have 1 to 65536.", name, value.size()));
    if (value.reveal().find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
        return fail(
            Fault::invalid_request,
            fmt::format(
                "The value of \"{}\" contains a line break or a NUL. Give it without the line break at its end.",
                name));
    return {};
}

class FolderVault final : public Vault {
  public:
    FolderVault(fs::path folder, const Clock& clock, bool is_new, bool wants_passphrase)
        : folder_(std::move(folder)), clock_(clock), is_new_(is_new), wants_passphrase_(wants_passphrase) {}

    void follow_with(store::Follower& follower) { follower_ = &follower; }
    void wake();
    State state() const override { return secrets_.get() ? State::unsealed : State::sealed; }
    bool is_new() const override { return is_new_; }
    bool wants_passphrase() const override { return wants_passphrase_; }
    Result<void> unseal(const MasterKey& key) override;
    void seal() override;
    Result<void> rotate(const MasterKey& current, const MasterKey& next) override;
    Result<Secret> make_recovery_key() override;
    bool has_recovery_key() const override;
    Result<void> copy_to(const fs::path& folder) const override;
    Result<void> verify() const override;
    Result<Secret> key_for(std::string_view info) const override;
    Result<void> put(std::string_view name, Secret value) override;
    Result<void> remove(std::string_view name) override;
    Result<std::vector<SecretFacts>> list() const override;
    Result<Lease> lend(std::string_view name) const override;
    Result<std::string> lock_away(std::string_view bound_to, const Secret& value) const override;
    Result<Secret> take_back(std::string_view bound_to, std::string_view locked) const override;
    Result<Secret> database_key() const override;
    Result<Secret> pepper() const override;

  private:
    struct Open {
        DataKeys keys;
        Secret value_key;
        Secret waiting_key;  ///< of what lies elsewhere until somebody decides about it
        Secret fingerprint_key;
        std::unique_ptr<store::Store> store;
    };

    fs::path keyring_file() const { return folder_ / "keyring"; }
    /// The same data keys once more, wrapped under the recovery key.
    fs::path recovery_file() const { return folder_ / "recovery"; }
    fs::path database_file() const { return folder_ / "vault.db"; }
    Result<DataKeys> make_keyring(const MasterKey& key) REQUIRES(mutex_);
    Result<Open> open_database(DataKeys keys, bool complete) const;
    Result<Secrets> load(Open& open) const;
    Held held(const Open& open, std::string_view name, Timestamp created_at, Timestamp changed_at, Secret value) const;

    const fs::path folder_;
    const Clock& clock_;
    store::Follower* follower_ = nullptr;
    std::atomic<bool> is_new_;
    std::atomic<bool> wants_passphrase_;
    /// The open one, for wake(): a command may be waiting for a follower while it holds `mutex_`.
    mutable Mutex waking_;
    store::Store* awake_ GUARDED_BY(waking_) = nullptr;
    /// One command at a time. Held across I/O: commands are rare and lend() does not need it.
    mutable Mutex mutex_;
    std::optional<Open> open_ GUARDED_BY(mutex_);
    /// Null while sealed.
    SnapshotCell<Secrets> secrets_{nullptr};
};

namespace {

Result<std::unique_ptr<FolderVault>> open_folder(const fs::path& folder, const Clock& clock) {
    std::error_code error;
    if (!fs::exists(folder, error)) {
        fs::create_directory(folder, error);
        if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    }
    if (!fs::is_directory(folder, error))
        return fail(Fault::wrong_configuration, fmt::format("The vault's folder {} is not there and cannot be made. "
                                                            "Create the folder above it, owned by the user that "
                                                            "the service runs as.",
                                                            folder.string()));
    const bool has_keyring = fs::exists(folder / "keyring", error);
    if (!has_keyring && fs::exists(folder / "vault.db", error))
        return fail(Fault::wrong_configuration, fmt::format("{} has a vault.db, but its keyring is missing. Restore "
                                                            "the keyring from a backup; without it the secrets "
                                                            "cannot be read.",
                                                            folder.string()));
    if (!has_keyring) return std::make_unique<FolderVault>(folder, clock, true, false);
    TRY(const auto ring, Keyring::read(folder / "keyring"));
    return std::make_unique<FolderVault>(folder, clock, false, ring.wants_passphrase());
}

}  // namespace

Result<std::unique_ptr<Vault>> Vault::open(const fs::path& folder, const Clock& clock) {
    return open_folder(folder, clock);
}

Result<Followed> open_followed(const fs::path& folder, const Clock& clock, store::Follower& follower) {
    TRY(auto vault, open_folder(folder, clock));
    vault->follow_with(follower);
    FolderVault* const opened = vault.get();
    return Followed{.vault = std::move(vault), .wake = [opened] { opened->wake(); }};
}

Result<DataKeys> FolderVault::make_keyring(const MasterKey& key) {
    TRY_VOID(check_new(key));
    DataKeys keys = DataKeys::make();
    TRY(const auto ring, Keyring::wrap(keys, key, false));
    TRY_VOID(ring.write(keyring_file()));
    is_new_ = false;
    wants_passphrase_ = key.is_passphrase();
    return keys;
}

Result<void> FolderVault::unseal(const MasterKey& key) {
    const MutexLock lock(mutex_);
    if (is_new_) TRY_VOID(make_keyring(key));
    TRY(const auto ring, ring_for(folder_, key));
    TRY(DataKeys keys, ring.unwrap(key));
    if (open_) return {};
    TRY(Open open, open_database(std::move(keys), ring.complete()));
    TRY(Secrets secrets, load(open));
    if (!ring.complete()) {
        TRY(const auto finished, Keyring::wrap(open.keys, key, true));
        TRY_VOID(finished.write(keyring_file()));
    }
    open_.emplace(std::move(open));
    if (follower_ != nullptr) {
        open_->store->follow_with(*follower_);
        open_->store->start();
        const MutexLock waking(waking_);
        awake_ = open_->store.get();
    }
    secrets_.set(std::make_shared<const Secrets>(std::move(secrets)));
    return {};
}

Result<FolderVault::Open> FolderVault::open_database(DataKeys keys, bool complete) const {
    std::error_code error;
    // The keyring was finished after vault.db was made: if it is gone now, somebody took it.
    if (complete && !fs::exists(database_file(), error))
        return fail(Fault::wrong_configuration,
                    fmt::format("{} is missing. Restore it from a backup.", database_file().string()));
    store::Options options{.file = database_file(),
                           .key = keys.secrets_database.duplicate(),
                           .durability = store::Durability::power,
                           .free_pages = store::FreePages::overwritten,
                           .schemas = {{.part = "vault", .steps = steps}},
                           .ballast_bytes = 0,
                           .readers = 1};
    TRY(auto store, store::Store::open(std::move(options)));
    for (const Secret* key : {&keys.secrets_database, &keys.service_database, &keys.pepper}) shield(*key);
    Open open{
        .keys = std::move(keys), .value_key = {}, .waiting_key = {}, .fingerprint_key = {}, .store = std::move(store)};
    open.value_key = derive_key(open.keys.secrets_database, "bursar vault value 1");
    open.waiting_key = derive_key(open.keys.secrets_database, "bursar vault waiting 1");
    open.fingerprint_key = derive_key(open.keys.pepper, "bursar vault fingerprint 1");
    for (const Secret* key : {&open.value_key, &open.waiting_key}) shield(*key);
    return open;
}

Held FolderVault::held(const Open& open, std::string_view name, Timestamp created_at, Timestamp changed_at,
                       Secret value) const {
    const Digest print = hmac_sha256(open.fingerprint_key.reveal(), value.reveal());
    auto lease = std::make_shared<const Secret>(std::move(value));
    shield(*lease);
    return {.facts = {.name = std::string(name),
                      .created_at = created_at,
                      .changed_at = changed_at,
                      .bytes = lease->size(),
                      .fingerprint = to_hex(as_text(print).substr(0, 4))},
            .lease = std::move(lease)};
}

Result<Secrets> FolderVault::load(Open& open) const {
    Secrets secrets;
    TRY_VOID(open.store->read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT name, created_at, changed_at, value FROM vault_secret", {},
            [&](const store::Row& row) -> Result<void> {
                const std::string name(row.text(0));
                auto value = decrypt(open.value_key, name, row.text(3));
                if (!value)
                    return fail(Fault::wrong_configuration,
                                fmt::format("The secret \"{}\" in {} was edited. Restore the file from a backup.", name,
                                            database_file().string()));
                secrets.emplace(name, held(open, name, from_unix_milliseconds(row.integer(1)),
                                           from_unix_milliseconds(row.integer(2)), *std::move(value)));
                return {};
            });
    }));
    return secrets;
}

void FolderVault::seal() {
    const MutexLock lock(mutex_);
    secrets_.set(nullptr);
    {
        const MutexLock waking(waking_);
        awake_ = nullptr;
    }
    open_.reset();
}

void FolderVault::wake() {
    const MutexLock waking(waking_);
    if (awake_ != nullptr) awake_->wake();
}

Result<void> FolderVault::rotate(const MasterKey& current, const MasterKey& next) {
    const MutexLock lock(mutex_);
    if (is_new_) return fail(Fault::conflict, "The vault is new and has no master key yet. Unseal it first.");
    TRY_VOID(check_new(next));
    TRY(const auto ring, ring_for(folder_, current));
    TRY(const DataKeys keys, ring.unwrap(current));
    TRY(const auto fresh, Keyring::wrap(keys, next, ring.complete()));
    TRY_VOID(fresh.write(keyring_file()));
    wants_passphrase_ = next.is_passphrase();
    return {};
}

Result<Secret> FolderVault::make_recovery_key() {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    Secret text = new_recovery_text();
    TRY(const MasterKey key, MasterKey::from_recovery(text.reveal()));
    TRY(const auto ring, Keyring::wrap(open_->keys, key, true));
    TRY_VOID(ring.write(recovery_file()));
    return text;
}

bool FolderVault::has_recovery_key() const {
    std::error_code error;
    return fs::exists(recovery_file(), error);
}

Result<void> FolderVault::copy_to(const fs::path& folder) const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    for (const fs::path& file : {keyring_file(), recovery_file()}) {
        std::error_code error;
        if (file == recovery_file() && !fs::exists(file, error)) continue;
        TRY(const auto ring, Keyring::read(file));
        TRY_VOID(ring.write(folder / file.filename()));
    }
    return store::copy_database(database_file(), open_->keys.secrets_database, folder / "vault.db",
                                [](std::uint64_t, std::uint64_t) { return true; });
}

Result<void> FolderVault::verify() const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    return open_->store->verify();
}

Result<Secret> FolderVault::key_for(std::string_view info) const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    return use_key(open_->keys, info);
}

Result<Secret> key_from_keyring(const fs::path& folder, const MasterKey& key, std::string_view info) {
    TRY(const auto ring, ring_for(folder, key));
    TRY(const DataKeys keys, ring.unwrap(key));
    return use_key(keys, info);
}

Result<void> check_key(std::string_view keyring, const MasterKey& key) {
    TRY(const auto ring, Keyring::parse(std::string(keyring), "that came from the other machine"));
    TRY(const DataKeys opened, ring.unwrap(key));
    static_cast<void>(opened);
    return {};
}

Result<void> FolderVault::put(std::string_view name, Secret value) {
    TRY_VOID(check_secret(name, value));
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    Secrets next = *secrets_.get();
    const auto before = next.find(name);
    if (before == next.end() && next.size() >= secrets_max)
        return fail(Fault::invalid_request,
                    fmt::format("The vault has {} secrets already. Remove one first.", secrets_max));
    // Stored to the millisecond, so that what is listed now and after a restart is the same.
    const Timestamp now = from_unix_milliseconds(unix_milliseconds(clock_.now()));
    const Timestamp created_at = before == next.end() ? now : before->second.facts.created_at;
    const std::string encrypted = encrypt(open_->value_key, name, value.reveal());
    TRY_VOID(open_->store->write([&](store::Transaction& transaction) {
        return transaction.run(
            "INSERT OR REPLACE INTO vault_secret (name, created_at, changed_at, value) VALUES (?, ?, ?, ?)",
            {name, unix_milliseconds(created_at), unix_milliseconds(now), store::Blob{encrypted}});
    }));
    next.insert_or_assign(std::string(name), held(*open_, name, created_at, now, std::move(value)));
    secrets_.set(std::make_shared<const Secrets>(std::move(next)));
    return {};
}

Result<void> FolderVault::remove(std::string_view name) {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    Secrets next = *secrets_.get();
    const auto found = next.find(name);
    if (found == next.end())
        return fail(Fault::not_found, "The vault has no secret of that name. See: bursarctl secret list");
    TRY_VOID(open_->store->write([&](store::Transaction& transaction) {
        return transaction.run("DELETE FROM vault_secret WHERE name = ?", {name});
    }));
    next.erase(found);
    secrets_.set(std::make_shared<const Secrets>(std::move(next)));
    return {};
}

Result<std::vector<SecretFacts>> FolderVault::list() const {
    const auto secrets = secrets_.get();
    if (!secrets) return is_sealed();
    std::vector<SecretFacts> facts;
    facts.reserve(secrets->size());
    for (const auto& [name, secret] : *secrets) facts.push_back(secret.facts);
    return facts;
}

Result<Lease> FolderVault::lend(std::string_view name) const {
    const auto secrets = secrets_.get();
    if (!secrets) return is_sealed();
    const auto found = secrets->find(name);
    if (found == secrets->end())
        return fail(
            Fault::key_missing, "This channel has no provider key yet. The operator has to put it into the vault.",
            fmt::format("the policy names the secret \"{}\", which the vault does not have: bursarctl secret put {}",
                        name, name));
    return found->second.lease;
}

Result<std::string> FolderVault::lock_away(std::string_view bound_to, const Secret& value) const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    return encrypt(open_->waiting_key, bound_to, value.reveal());
}

Result<Secret> FolderVault::take_back(std::string_view bound_to, std::string_view locked) const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    auto value = decrypt(open_->waiting_key, bound_to, locked);
    if (!value)
        return fail(Fault::wrong_configuration,
                    "What was waiting here does not open any more. It has to be asked for again.",
                    "locked bytes that do not fit the vault's key or what they are bound to");
    return value;
}

Result<Secret> FolderVault::database_key() const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    return open_->keys.service_database.duplicate();
}

Result<Secret> FolderVault::pepper() const {
    const MutexLock lock(mutex_);
    if (!open_) return is_sealed();
    return open_->keys.pepper.duplicate();
}

}  // namespace bursar::vault
