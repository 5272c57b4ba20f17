#include "service/daemon/passphrase.h"

#include "service/base/quiet_terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

constexpr std::size_t passphrase_bytes_max = 1024, secret_bytes_max = 16 * 1024;

/// One line, in memory that does not move and is wiped.
class Line {
  public:
    Line() = default;
    ~Line() { wipe(bytes_.data(), bytes_.size()); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    /// One byte at a time, and nothing behind the line.
    Result<void> read_first() {
        while (size_ < bytes_.size() && !text().contains('\n')) {
            const ssize_t count = ::read(STDIN_FILENO, bytes_.data() + size_, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            ++size_;
        }
        if (size_ > 0) return {};
        return fail(Fault::invalid_request,
                    "No recovery key was given. Type it at a terminal, or give it as a line of standard input.");
    }
    Result<void> read() {
        while (size_ < bytes_.size() && !text().contains('\n')) {
            const ssize_t count = ::read(STDIN_FILENO, bytes_.data() + size_, bytes_.size() - size_);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(Fault::invalid_request, "The passphrase cannot be read from standard input.");
            if (count == 0) break;
            size_ += static_cast<std::size_t>(count);
        }
        std::size_t end = std::min(text().find('\n'), size_);
        if (size_ - end > 1)
            return fail(Fault::invalid_request,
                        "Standard input has more than one line; the passphrase is one line and nothing else.");
        if (end > 0 && bytes_[end - 1] == '\r') --end;
        size_ = end;
        if (size_ == 0)
            return fail(Fault::invalid_request,
                        "The master key is a passphrase, and none was given. Type it at a terminal, or give it as one "
                        "line of standard input.");
        if (size_ > passphrase_bytes_max)
            return fail(Fault::invalid_request,
                        fmt::format("The passphrase has more than {} bytes.", passphrase_bytes_max));
        return {};
    }
    std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, passphrase_bytes_max + 3> bytes_{};  // with its line end, and one byte to see that it is too long
    std::size_t size_ = 0;
};

Result<void> ask(std::string_view question, Line& answer) {
    static_cast<void>(std::fputs(fmt::format("{}: ", question).c_str(), stderr));
    const QuietTerminal quiet;
    return answer.read();
}

}  // namespace

Result<vault::MasterKey> read_passphrase(bool is_new) {
    Line line;
    if (::isatty(STDIN_FILENO) != 1) {
        TRY_VOID(line.read());
    } else {
        TRY_VOID(ask(is_new ? "Passphrase of the new vault" : "Passphrase of the vault", line));
        if (is_new) {
            Line again;
            TRY_VOID(ask("The same again", again));
            if (line.text() != again.text())
                return fail(Fault::invalid_request, "The two passphrases differ. Nothing was made; start again.");
        }
    }
    return vault::MasterKey::from_passphrase(Secret::copy_of(line.text()));
}

Result<Secret> read_target_secret() {
    const bool asked = ::isatty(STDIN_FILENO) == 1;
    if (asked) static_cast<void>(std::fputs("Secret of the account at the backup target: ", stderr));
    const QuietTerminal quiet;
    std::string bytes;
    bytes.reserve(secret_bytes_max);  // so that it does not move and leave copies
    for (char one = 0; bytes.size() < secret_bytes_max && ::read(STDIN_FILENO, &one, 1) == 1 && one != '\n';)
        bytes.push_back(one);
    if (bytes.ends_with('\r')) bytes.pop_back();
    if (!bytes.empty()) return Secret(std::move(bytes));
    return fail(Fault::invalid_request,
                "No secret was given. Type it at a terminal, or give it as a line of standard input.");
}

Result<Secret> read_pairing_secret_text() {
    Line line;
    if (::isatty(STDIN_FILENO) != 1) {
        TRY_VOID(line.read());
    } else {
        TRY_VOID(ask("Pairing secret that the primary has shown", line));
    }
    const auto key = vault::MasterKey::from_hex(Secret::copy_of(line.text()));
    if (key) return key->secret().duplicate();
    return fail(Fault::invalid_request,
                "A pairing secret is 64 hexadecimal digits, as bursard --pair shows it on the primary.");
}

Result<vault::MasterKey> read_recovery_key() {
    Line line;
    if (::isatty(STDIN_FILENO) == 1) static_cast<void>(std::fputs("Recovery key (bsrr-…): ", stderr));
    TRY_VOID(line.read_first());
    return vault::MasterKey::from_recovery(line.text());
}

}  // namespace bursar::daemon
