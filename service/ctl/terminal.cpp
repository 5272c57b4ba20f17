#include "service/ctl/terminal.h"

#include "service/base/quiet_terminal.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <unistd.h>

#include <QFile>
#include <QString>
#include <QStringDecoder>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::size_t secret_bytes_max = 64 * 1024;

bool is_utf8(std::string_view text) {
    QStringDecoder decoder(QStringDecoder::Utf8, QStringConverter::Flag::Stateless);
    const QString decoded = decoder.decode(QByteArrayView(text.data(), static_cast<qsizetype>(text.size())));
    return !decoded.isNull() && !decoder.hasError();
}

Outcome<std::string> read_standard_input(std::size_t bytes_max) {
    std::string text;
    std::array<char, 4096> piece{};
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(fmt::format("Standard input cannot be read: {}.", std::strerror(errno)));
        if (count == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(count));
        if (text.size() > bytes_max) return failed(fmt::format("Standard input has more than {} bytes.", bytes_max));
    }
}

}  // namespace

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
    remark(fmt::format("bursarctl: the result cannot be written: {}.", std::strerror(errno)));
    std::_Exit(static_cast<int>(Exit::failed));
}

void remark(std::string_view line) { fmt::print(stderr, "{}\n", line); }

bool stdin_is_terminal() { return isatty(STDIN_FILENO) == 1; }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }

Outcome<Secret> ask_secret(std::string_view question, std::string_view instead) {
    if (!stdin_is_terminal()) return wrong_usage(fmt::format("There is no terminal to ask on; {}.", instead));
    fmt::print(stderr, "{}: ", question);
    std::string line;
    {
        const QuietTerminal quiet;
        if (!std::getline(std::cin, line)) return failed("Nothing was typed.");
    }
    if (line.empty()) return failed("Nothing was typed.");
    return Secret(std::move(line));
}

Outcome<bool> confirm(std::string_view question) {
    if (!stdin_is_terminal())
        return wrong_usage("There is no terminal to confirm on; give --yes if that is what you want.");
    fmt::print(stderr, "{} [y/N] ", question);
    std::string line;
    std::getline(std::cin, line);
    return !line.empty() && (line.front() == 'y' || line.front() == 'Y');
}

Outcome<Secret> read_secret(const std::filesystem::path& file) {
    std::string text;
    if (file.empty()) {
        if (stdin_is_terminal()) return ask_secret("Value (not shown)", "pipe the value in, or give --file FILE");
        TRY(text, read_standard_input(secret_bytes_max + 2));
    } else {
        TRY(text, read_text(file, secret_bytes_max + 2));
    }
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    Secret value(std::move(text));
    const std::string from = file.empty() ? "standard input" : file.string();
    if (value.empty()) return failed(fmt::format("There is no value in {}.", from));
    if (value.size() > secret_bytes_max) return failed(fmt::format("The value in {} has more than 64 KiB.", from));
    if (!is_utf8(value.reveal())) return failed(fmt::format("The value in {} is not UTF-8 text.", from));
    return value;
}

Outcome<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max) {
    QFile source(QString::fromStdString(file.string()));
    if (!source.open(QIODevice::ReadOnly))
        return failed(fmt::format("{} cannot be read: {}.", file.string(), source.errorString().toStdString()));
    const QByteArray bytes = source.read(static_cast<qint64>(bytes_max) + 1);
    if (static_cast<std::size_t>(bytes.size()) > bytes_max)
        return failed(fmt::format("{} has more than {} bytes.", file.string(), bytes_max));
    return bytes.toStdString();
}

}  // namespace bursar::ctl
