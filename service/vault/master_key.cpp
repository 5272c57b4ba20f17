#include "service/base/crypto.h"
#include "service/store/files.h"
#include "service/vault/vault.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::vault {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t file_bytes_max = 128;

constexpr std::string_view recovery_prefix = "bsrr";
constexpr std::size_t recovery_bytes = 20;
constexpr std::size_t recovery_check_bytes = 2;
constexpr std::size_t recovery_digits = 36;  // of 22 bytes
constexpr std::size_t recovery_group = 6;
constexpr std::size_t recovery_text_max = 128;

std::string recovery_check(std::string_view bytes) {
    const Secret all(fmt::format("bursar recovery check {}", bytes));
    return std::string(as_text(sha256(all.reveal())).substr(0, recovery_check_bytes));
}

/// The value of a digit of Crockford's base 32, where people may take o for 0 and i or l for 1; -1: it is none.
int value_of(char c) {
    constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == 'o') c = '0';
    if (c == 'i' || c == 'l') c = '1';
    const auto at = digits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// The bytes that the digits stand for, or nothing if there are others or a wrong number of them.
std::optional<Secret> recovery_bytes_of(std::string_view text) {
    std::string bytes;
    bytes.reserve(recovery_bytes + recovery_check_bytes);
    std::uint32_t held = 0;
    int bits = 0;
    std::size_t digits = 0;
    for (const char c : text) {
        if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        const int value = value_of(c);
        if (value < 0 || ++digits > recovery_digits) return std::nullopt;
        held = held << 5 | static_cast<std::uint32_t>(value);
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<char>(held >> bits & 0xff));
    }
    Secret all(std::move(bytes));
    // What is left of the last digit is nothing.
    if (digits != recovery_digits || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return all;
}

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
    return MasterKey(std::move(key), Kind::key);
}

Secret new_recovery_text() {
    const Secret bytes(random_bytes(recovery_bytes));
    const Secret whole(fmt::format("{}{}", bytes.reveal(), recovery_check(bytes.reveal())));
    const Secret digits(to_base32(whole.reveal()));
    std::string text(recovery_prefix);
    text.reserve(recovery_text_max);  // so that no half-grown copy stays in the heap
    for (std::size_t at = 0; at < digits.size(); at += recovery_group) {
        text += '-';
        text += digits.reveal().substr(at, recovery_group);
    }
    return Secret(std::move(text));
}

Result<MasterKey> MasterKey::from_recovery(std::string_view text) {
    constexpr const char* not_whole =
        "This is not a whole recovery key. It begins with \"bsrr-\" and has six groups of six letters and digits; look "
        "for one that was left out or misread.";
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
    if (text.size() > recovery_text_max || text.size() < recovery_prefix.size())
        return fail(Fault::invalid_request, not_whole);
    for (std::size_t i = 0; i < recovery_prefix.size(); ++i)
        if ((text[i] | 0x20) != recovery_prefix[i]) return fail(Fault::invalid_request, not_whole);
    const auto bytes = recovery_bytes_of(text.substr(recovery_prefix.size()));
    if (!bytes || recovery_check(bytes->reveal().substr(0, recovery_bytes)) != bytes->reveal().substr(recovery_bytes))
        return fail(Fault::invalid_request, not_whole);
    const Secret secret = Secret::copy_of(bytes->reveal().substr(0, recovery_bytes));
    return MasterKey(derive_key(secret, "bursar recovery 1"), Kind::recovery);
}

MasterKey MasterKey::from_passphrase(Secret passphrase) { return {std::move(passphrase), Kind::passphrase}; }

Result<MasterKey> MasterKey::generate(const std::filesystem::path& file) {
    Secret key(random_bytes(key_bytes));
    std::error_code error;
    if (std::filesystem::exists(file, error))
        return fail(
            Fault::conflict,
            fmt::format("{} exists already. A master key is never overwritten; name another file.", file.string()));
    const Secret hex(to_hex(key.reveal()) + "\n");
    TRY_VOID(store::replace_file(file, hex.reveal()));
    return MasterKey(std::move(key), Kind::key);
}

}  // namespace bursar::vault
