#include "service/base/crypto.h"
#include "service/store/files.h"
#include "service/vault/vault.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::vault {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t file_bytes_max = 128;

std::unexpected<Error> wrong(const std::filesystem::path& file, std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("The master key {} {}", file.string(), what));
}

/// systemd hands out credentials as read-only files of root, for the service's user or group alone, in a folder that is
/// closed to everybody else (systemd.exec, Credentials).
bool is_credential(const std::filesystem::path& file, const struct stat& facts) {
    struct stat folder{};
    if (::stat(file.parent_path().c_str(), &folder) != 0) return false;
    return facts.st_uid == 0 && (facts.st_mode & (S_IWUSR | S_IXUSR | S_IWGRP | S_IXGRP | S_IRWXO)) == 0 &&
           (folder.st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

Result<void> check_owner(const std::filesystem::path& file, const struct stat& facts) {
    if (!S_ISREG(facts.st_mode)) return wrong(file, "is not a regular file.");
    if (is_credential(file, facts)) return {};
    if (facts.st_uid != ::geteuid())
        return wrong(
            file, fmt::format("belongs to another user (uid {}). It must belong to the user that the service runs as.",
                              facts.st_uid));
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return wrong(file, fmt::format("has mode {:04o}: others could read it. Run: chmod 600 {}",
                                       facts.st_mode & 07777U, file.string()));
    return {};
}

Result<Secret> parse(const std::filesystem::path& file, const Secret& content) {
    std::string_view text = content.reveal();
    if (text.size() == key_bytes) return content.duplicate();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.size() == 2 * key_bytes)
        if (auto bytes = from_hex(text)) return Secret(*std::move(bytes));
    return wrong(file, fmt::format("has {} bytes. It must be 32 raw bytes or 64 hexadecimal digits.", content.size()));
}

}  // namespace

Result<MasterKey> MasterKey::from_file(const std::filesystem::path& file) {
    const store::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.is_open()) return wrong(file, fmt::format("cannot be opened: {}.", store::errno_text(errno)));
    struct stat facts{};
    if (::fstat(descriptor.number(), &facts) != 0)
        return wrong(file, fmt::format("cannot be looked at: {}.", store::errno_text(errno)));
    TRY_VOID(check_owner(file, facts));
    std::string bytes(file_bytes_max, '\0');
    const ssize_t count = ::read(descriptor.number(), bytes.data(), bytes.size());
    if (count < 0) return wrong(file, fmt::format("cannot be read: {}.", store::errno_text(errno)));
    const Secret all(std::move(bytes));
    const Secret content = Secret::copy_of(all.reveal().substr(0, static_cast<std::size_t>(count)));
    TRY(Secret key, parse(file, content));
    return MasterKey(std::move(key), false);
}

MasterKey MasterKey::from_passphrase(Secret passphrase) { return {std::move(passphrase), true}; }

Result<MasterKey> MasterKey::generate(const std::filesystem::path& file) {
    Secret key(random_bytes(key_bytes));
    std::error_code error;
    if (std::filesystem::exists(file, error))
        return fail(
            Fault::conflict,
            fmt::format("{} exists already. A master key is never overwritten; name another file.", file.string()));
    const Secret hex(to_hex(key.reveal()) + "\n");
    TRY_VOID(store::replace_file(file, hex.reveal()));
    return MasterKey(std::move(key), false);
}

}  // namespace bursar::vault
