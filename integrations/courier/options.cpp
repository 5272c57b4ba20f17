#include "integrations/courier/options.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

constexpr std::size_t configuration_bytes_max = 64 << 10, socket_bytes_max = 107;  // sun_path without its end

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
    return text;
}

std::optional<log::Level> level_of(std::string_view word) {
    if (word == "debug") return log::Level::debug;
    if (word == "info") return log::Level::info;
    if (word == "warning") return log::Level::warning;
    return word == "error" ? std::optional(log::Level::error) : std::nullopt;
}

std::unexpected<Error> wrong(const std::string& file, std::string_view why) {
    return fail(Fault::wrong_configuration, fmt::format("{}: {}", file, why));
}

/// The file may be bursard's own: what is not the courier's is passed over.
Result<void> set(Options& options, const std::string& file, std::string_view key, std::string_view value) {
    const std::filesystem::path path(value);
    const auto beside = [&] { return path.is_absolute() ? path : std::filesystem::path(file).parent_path() / path; };
    if (key == "courier.socket") {
        options.socket = beside().string();
    } else if (key == "state.folder" && options.socket.empty()) {
        options.socket = (beside() / "courier.sock").string();
    } else if (key == "courier.user") {
        options.user = value;
    } else if (key == "log.level") {
        const auto level = level_of(value);
        if (!level) return wrong(file, "log.level is debug, info, warning or error.");
        options.level = *level;
    } else if (key.starts_with("courier.")) {
        return wrong(file, fmt::format("there is no key {}.", key));
    }
    return {};
}

Result<void> read_file(Options& options, const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return wrong(file, "it cannot be read.");
    std::string text(configuration_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    if (text.size() > configuration_bytes_max)
        return wrong(file, fmt::format("it has more than {} bytes.", configuration_bytes_max));
    std::string section;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty() || line.front() == ';' || line.front() == '#') continue;
        const std::size_t equals = line.find('=');
        if (line.front() == '[' && line.back() == ']')
            section = line.substr(1, line.size() - 2);
        else if (equals == std::string_view::npos)
            return wrong(file, fmt::format("\"{}\" is neither a section nor a key.", line.substr(0, 100)));
        else
            TRY_VOID(set(options, file, fmt::format("{}.{}", section, trimmed(line.substr(0, equals))),
                         trimmed(line.substr(equals + 1))));
    }
    return {};
}

Result<void> take(Options& options, const std::string& word, const std::string& value) {
    if (word == "--config") return read_file(options, value);
    if (word == "--socket") {
        options.socket = value;
    } else if (word == "--user") {
        options.user = value;
    } else {
        const auto level = level_of(value);
        if (!level) return fail(Fault::invalid_request, "--log-level is debug, info, warning or error");
        options.level = *level;
    }
    return {};
}

}  // namespace

const std::string_view help_text =
    "bursar-courier: carries what Bursar tells people to Slack, Jira, Teams, mail and webhooks\n"
    "\n"
    "  bursar-courier --socket PATH [--user NAME] [--log-level LEVEL]\n"
    "  bursar-courier --config FILE           the same from bursard's configuration or one like it: [courier] socket\n"
    "                                         and user, [log] level\n"
    "  bursar-courier --help | --version\n"
    "\n"
    "  --socket PATH      where bursard hands out messages, as its configuration says\n"
    "  --user NAME        become this user first; needs root\n"
    "  --log-level LEVEL  debug, info (default), warning or error\n"
    "\n"
    "It waits for bursard, before its start and after its end. SIGTERM: takes nothing more, ends what is under way\n"
    "within ten seconds.\n"
    "\n"
    "Exit status: 0 ok, 1 failed, 2 wrong usage, 78 wrong configuration. See bursar-courier(1).\n";

Result<Options> read_options(const std::vector<std::string>& words) {
    Options out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--help" || word == "-h") return Options{.help = true};
        if (word == "--version") return Options{.version = true};
        if (word != "--config" && word != "--socket" && word != "--user" && word != "--log-level")
            return fail(Fault::invalid_request, fmt::format("unknown argument \"{}\"", word));
        if (i + 1 == words.size() || words[i + 1].empty())
            return fail(Fault::invalid_request, fmt::format("{} needs a value", word));
        TRY_VOID(take(out, word, words[++i]));
    }
    if (out.socket.empty()) return fail(Fault::invalid_request, "--socket PATH or --config FILE is missing");
    std::error_code error;
    out.socket = std::filesystem::absolute(out.socket, error).string();
    if (error || out.socket.size() > socket_bytes_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("The path of the socket is longer than {} bytes.", socket_bytes_max));
    return out;
}

}  // namespace bursar::courier
