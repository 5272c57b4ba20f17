#include "service/vault/keyring.h"

#include "service/base/crypto.h"
#include "service/store/files.h"

#include <fstream>

#include <fmt/format.h>

namespace bursar::vault {
namespace {

constexpr std::string_view magic("bursar-keyring\0\0", 16);
constexpr std::uint32_t version_known = 1;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t keys_count = 3;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t head_bytes = 16 + 4 + 1 + 1 + 3 * 4 + salt_bytes;
constexpr std::size_t wrapped_bytes = keys_count * key_bytes + encryption_overhead_bytes;
constexpr std::size_t file_bytes = head_bytes + wrapped_bytes + digest_bytes;
// A keyring must not be able to make us use up the machine.
constexpr std::uint32_t memory_kib_max = 1024 * 1024;
constexpr std::uint32_t passes_max = 16;
constexpr std::uint32_t lanes_max = 8;

void append(std::string& out, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    return number;
}

std::unexpected<Error> damaged(const std::filesystem::path& file, std::string_view finding) {
    return fail(Fault::wrong_configuration, fmt::format("The keyring {} is damaged: {}. Nothing was changed in it. "
                                                        "Restore it from a backup; without it the secrets "
                                                        "and the database cannot be read.",
                                                        file.string(), finding));
}

}  // namespace

DataKeys DataKeys::make() {
    return {.secrets_database = Secret(random_bytes(key_bytes)),
            .service_database = Secret(random_bytes(key_bytes)),
            .pepper = Secret(random_bytes(key_bytes))};
}

std::string Keyring::head() const {
    std::string head(magic);
    append(head, version_known);
    head.push_back(passphrase_ ? 1 : 0);
    head.push_back(complete_ ? 1 : 0);
    append(head, stretch_.memory_kib);
    append(head, stretch_.passes);
    append(head, stretch_.lanes);
    return head + salt_;
}

Result<Secret> Keyring::wrapping_key(const MasterKey& master) const {
    const std::string purpose = "bursar keyring 1 " + salt_;
    if (!passphrase_) return derive_key(master.secret(), purpose);
    TRY(const Secret stretched, stretch_passphrase(master.secret(), salt_, stretch_));
    return derive_key(stretched, purpose);
}

Result<Keyring> Keyring::wrap(const DataKeys& keys, const MasterKey& master, bool complete) {
    Keyring ring;
    ring.passphrase_ = master.is_passphrase();
    ring.complete_ = complete;
    ring.salt_ = random_bytes(salt_bytes);
    TRY(const Secret key, ring.wrapping_key(master));
    std::string all;
    all.reserve(keys_count * key_bytes);  // so that no half-grown copy stays in the heap
    for (const Secret* part : {&keys.secrets_database, &keys.service_database, &keys.pepper}) all += part->reveal();
    const Secret plain(std::move(all));
    ring.wrapped_ = encrypt(key, ring.head(), plain.reveal());
    return ring;
}

Result<Keyring> Keyring::read(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string bytes(file_bytes + 1, '\0');
    stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(stream.gcount()));
    return parse(std::move(bytes), file);
}

Result<Keyring> Keyring::parse(std::string bytes, const std::filesystem::path& file) {
    if (bytes.size() != file_bytes) return damaged(file, fmt::format("it does not have {} bytes", file_bytes));
    const std::string_view covered(bytes.data(), file_bytes - digest_bytes);
    if (!covered.starts_with(magic)) return damaged(file, "it does not begin as a keyring");
    if (as_text(sha256(covered)) != std::string_view(bytes).substr(covered.size()))
        return damaged(file, "its checksum does not fit");
    if (const auto version = number_at(bytes, 16); version != version_known)
        return fail(
            Fault::wrong_configuration,
            fmt::format(
                "The keyring {} has version {}, this program knows {}. Install the newer version of Bursar again.",
                file.string(), version, version_known));
    Keyring ring;
    ring.passphrase_ = bytes[20] == 1;
    ring.complete_ = bytes[21] == 1;
    ring.stretch_ = {.memory_kib = number_at(bytes, 22), .passes = number_at(bytes, 26), .lanes = number_at(bytes, 30)};
    if (ring.stretch_.memory_kib > memory_kib_max || ring.stretch_.passes > passes_max ||
        ring.stretch_.lanes > lanes_max)
        return damaged(file, "its Argon2id parameters are out of range");
    ring.salt_ = bytes.substr(34, salt_bytes);
    ring.wrapped_ = bytes.substr(head_bytes, wrapped_bytes);
    return ring;
}

Result<void> Keyring::write(const std::filesystem::path& file) const {
    std::string bytes = head() + wrapped_;
    bytes += as_text(sha256(bytes));
    return store::replace_file(file, bytes);
}

Result<DataKeys> Keyring::unwrap(const MasterKey& master) const {
    if (passphrase_ && !master.is_passphrase())
        return fail(Fault::unauthenticated, "This vault is opened with a passphrase, not with a master key.");
    if (!passphrase_ && master.is_passphrase())
        return fail(Fault::unauthenticated, "This vault is opened with a master key, not with a passphrase.");
    TRY(const Secret key, wrapping_key(master));
    const auto plain = decrypt(key, head(), wrapped_);
    if (!plain && master.is_recovery())
        return fail(Fault::unauthenticated,
                    "The recovery key does not fit this vault, or a newer one was made since. Nothing was changed.");
    if (!plain)
        return fail(Fault::unauthenticated, passphrase_
                                                ? "The passphrase is wrong. Nothing was changed."
                                                : "The master key does not fit this vault. Nothing was changed.");
    const std::string_view all = plain->reveal();
    return DataKeys{.secrets_database = Secret::copy_of(all.substr(0, key_bytes)),
                    .service_database = Secret::copy_of(all.substr(key_bytes, key_bytes)),
                    .pepper = Secret::copy_of(all.substr(2 * key_bytes, key_bytes))};
}

}  // namespace bursar::vault
