#include "service/daemon/configuration.h"

#include "service/backup/reach.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <pwd.h>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/Util/IniFileConfiguration.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::daemon {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> known_keys = {
    {"listen", {"address", "port", "certificate", "private_key", "plain", "port_file", "public_url"}},
    {"state", {"folder", "durability"}},
    {"master_key", {"source", "file", "credential"}},
    {"policy", {"defaults", "initial"}},
    {"log", {"level"}},
    {"metrics", {"token_file"}},
    {"console", {"folder"}},
    {"courier", {"socket", "user", "issues_every_seconds"}},
    {"backup", {"folder", "every_hours", "keep", "target"}},
    {"backup_target",
     {"url", "bucket", "region", "prefix", "access_key", "host_key", "secret", "ca", "private_ranges", "keep",
      "stall_seconds", "retry_seconds"}},
    {"standby", {"role", "peer", "peer_key", "mode", "secret_file", "mandate_seconds", "patience_seconds"}},
    {"limits", {"connections", "per_address", "calls", "body_mib", "bodies_mib", "drain_seconds", "shards"}},
};

/// Reads typed values and gathers nothing: the first thing that is wrong is the one to mend.
class Reader {
  public:
    Reader(const Poco::Util::IniFileConfiguration& ini, fs::path file) : ini_(ini), file_(std::move(file)) {}

    Error wrong(std::string_view key, std::string_view why) const {
        return {Fault::wrong_configuration, fmt::format("{}: {} {}", file_.string(), key, why), {}};
    }
    std::string text(const std::string& key, const std::string& fallback) const {
        return ini_.getString(key, fallback);
    }
    fs::path path(const std::string& key, const std::string& fallback) const {
        const std::string given = text(key, fallback);
        if (given.empty()) return {};
        return (file_.parent_path() / given).lexically_normal();
    }
    Result<std::int64_t> number(const std::string& key, std::int64_t fallback, std::int64_t least,
                                std::int64_t most) const {
        if (!ini_.has(key)) return fallback;
        const std::string given = ini_.getString(key);
        char* end = nullptr;
        const long long value = std::strtoll(given.c_str(), &end, 10);
        if (given.empty() || *end != '\0' || value < least || value > most)
            return std::unexpected(
                wrong(key, fmt::format("is \"{}\"; give a whole number from {} to {}.", given, least, most)));
        return value;
    }
    Result<bool> truth(const std::string& key, bool fallback) const {
        const std::string given = text(key, fallback ? "true" : "false");
        if (given == "true") return true;
        if (given == "false") return false;
        return std::unexpected(wrong(key, fmt::format("is \"{}\"; write true or false.", given)));
    }
    template <typename T>
    Result<T> choice(const std::string& key, const std::string& fallback,
                     const std::map<std::string, T>& choices) const {
        const std::string given = text(key, fallback);
        if (const auto found = choices.find(given); found != choices.end()) return found->second;
        std::vector<std::string> words;
        for (const auto& [word, value] : choices) words.push_back(word);
        return std::unexpected(wrong(key, fmt::format("is \"{}\"; write one of: {}.", given, fmt::join(words, ", "))));
    }
    Result<void> check_names() const {
        std::vector<std::string> sections;
        ini_.keys(sections);
        for (const std::string& section : sections) {
            const auto known = known_keys.find(section);
            if (known == known_keys.end())
                return std::unexpected(
                    wrong("[" + section + "]", "is not a section; see docs/operate/configuration.md."));
            std::vector<std::string> keys;
            ini_.keys(section, keys);
            for (const std::string& key : keys)
                if (!known->second.contains(key))
                    return std::unexpected(
                        wrong(section + "." + key,
                              fmt::format("is not a key; [{}] knows: {}.", section, fmt::join(known->second, ", "))));
        }
        return {};
    }

  private:
    const Poco::Util::IniFileConfiguration& ini_;
    fs::path file_;
};

/// "https://host" or "https://host:port" as browsers write an origin (RFC 6454, 6.2), because theirs is compared with
/// it; without TLS for this machine only.
bool is_origin(std::string_view url) {
    const bool tls = url.starts_with("https://");
    if (!tls && !url.starts_with("http://")) return false;
    url.remove_prefix(tls ? 8 : 7);
    const std::size_t bracket = url.starts_with('[') ? url.find(']') : 0;
    if (bracket == std::string_view::npos) return false;
    const std::size_t colon = std::min(url.find(':', bracket), url.size());
    const std::string_view host = url.substr(0, colon), port = url.substr(colon);
    constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789.-",
                               of_addresses = "[]:.0123456789abcdef";
    if (host.empty() || host.find_first_not_of(bracket > 0 ? of_addresses : of_names) != std::string_view::npos)
        return false;
    if (bracket > 0 && !host.ends_with(']')) return false;
    if (!tls && host != "localhost" && host != "127.0.0.1" && host != "[::1]") return false;
    if (port.empty()) return true;
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
    return error == std::errc{} && end == port.data() + port.size() && number > 0 && number != (tls ? 443 : 80);
}

Result<void> read_listen(const Reader& reader, Configuration& out) {
    out.listen.address = reader.text("listen.address", "127.0.0.1");
    TRY(const std::int64_t port, reader.number("listen.port", 8443, 0, 65535));
    out.listen.port = static_cast<std::uint16_t>(port);
    TRY(const bool plain, reader.truth("listen.plain", false));
    out.public_url = reader.text("listen.public_url", "");
    if (!out.public_url.empty() && !is_origin(out.public_url))
        return std::unexpected(reader.wrong("listen.public_url",
                                            "is not a host of https in small letters, without a path and without the "
                                            "port 443; write it like https://bursar.corp.example."));
    out.port_file = reader.path("listen.port_file", "");
    if (plain) return {};
    out.listen.certificate = reader.path("listen.certificate", "");
    out.listen.private_key = reader.path("listen.private_key", "");
    if (out.listen.certificate.empty() || out.listen.private_key.empty())
        return std::unexpected(
            reader.wrong("listen.certificate",
                         "and listen.private_key are both needed (PEM files); or write plain = true behind a proxy."));
    return {};
}

Result<void> read_limits(const Reader& reader, Configuration& out) {
    TRY(const std::int64_t connections, reader.number("limits.connections", 20'000, 100, 1'000'000));
    TRY(const std::int64_t per_address, reader.number("limits.per_address", 10'000, 1, 1'000'000));
    TRY(const std::int64_t calls, reader.number("limits.calls", 16'000, 1, 1'000'000));
    TRY(const std::int64_t body, reader.number("limits.body_mib", 32, 1, 1024));
    TRY(const std::int64_t bodies,
        reader.number("limits.bodies_mib", std::max<std::int64_t>(512, body), 16, 1'048'576));
    TRY(const std::int64_t drain, reader.number("limits.drain_seconds", 30, 0, 3600));
    TRY(const std::int64_t shards, reader.number("limits.shards", 0, 0, 256));
    out.limits.connections_max = static_cast<std::size_t>(connections);
    out.limits.connections_per_address_max = static_cast<std::size_t>(per_address);
    out.limits.calls_max = static_cast<std::size_t>(calls);
    out.limits.drain = std::chrono::seconds(drain);
    out.body_bytes_max = static_cast<std::size_t>(body) << 20;
    out.limits.body_bytes_total_max = static_cast<std::size_t>(bodies) << 20;
    if (out.limits.body_bytes_total_max < out.body_bytes_max)
        return std::unexpected(
            reader.wrong("limits.bodies_mib", "is less than body_mib: no request of that size could come in."));
    out.shards = shards > 0 ? static_cast<std::size_t>(shards) : std::max(1U, std::thread::hardware_concurrency());
    return {};
}

Result<void> read_master_key(const Reader& reader, Configuration& out) {
    const std::map<std::string, KeySource> sources = {
        {"file", KeySource::file}, {"credential", KeySource::credential}, {"passphrase", KeySource::passphrase}};
    TRY(out.key_source, reader.choice("master_key.source", "file", sources));
    if (out.key_source == KeySource::file) {
        out.key_file = reader.path("master_key.file", "");
        if (out.key_file.empty())
            return std::unexpected(
                reader.wrong("master_key.file", "is missing; name a file of mode 0600 with the key (64 hex digits)."));
    }
    if (out.key_source == KeySource::credential) {
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr)
            return std::unexpected(reader.wrong(
                "master_key.source",
                "is \"credential\", but systemd gave none; add LoadCredential= to the unit, or use file."));
        out.key_file = fs::path(folder) / reader.text("master_key.credential", "bursar-master-key");
    }
    return {};
}

/// Beside an installed program or in the source tree that it was built in: the first of these folders that has `file`.
fs::path shipped(std::initializer_list<const char*> from_program, const char* file) {
    std::error_code ignored;
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    for (const char* each : from_program) {
        const fs::path folder = (program / each).lexically_normal();
        if (fs::is_regular_file(folder / file, ignored)) return folder;
    }
    return {};
}

Result<void> read_courier(const Reader& reader, Configuration& out) {
    out.courier_socket = reader.path("courier.socket", (out.state_folder / "courier.sock").string());
    TRY(const std::int64_t every, reader.number("courier.issues_every_seconds", 30, 1, 3600));
    out.issues_watched_every = std::chrono::seconds(every);
    const std::string user = reader.text("courier.user", "");
    if (user.empty()) return {};
    constexpr std::size_t bytes_max = 16 * 1024;
    std::vector<char> buffer(bytes_max);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::unexpected(reader.wrong(
            "courier.user", fmt::format("is \"{}\", which is no user of this machine; name the one that bursar-courier "
                                        "runs as, or leave it out if it runs as bursard does.",
                                        user)));
    out.courier_uid = entry.pw_uid;
    out.courier_gid = entry.pw_gid;
    return {};
}

Result<void> read_backup(const Reader& reader, Configuration& out) {
    constexpr std::int64_t hours_max = 31 * 24, keep_max = 1'000;
    out.backup_folder = reader.path("backup.folder", "");
    TRY(const std::int64_t every, reader.number("backup.every_hours", 24, 0, hours_max));
    TRY(const std::int64_t keep, reader.number("backup.keep", 14, 1, keep_max));
    out.backup_every = std::chrono::hours(every);
    out.backup_keep = static_cast<int>(keep);
    std::error_code ignored;
    if (!out.backup_folder.empty() && !fs::is_directory(out.backup_folder, ignored))
        return std::unexpected(reader.wrong(
            "backup.folder",
            fmt::format("is \"{}\", which is no folder; make it, owned by the service with mode 0700, best on another "
                        "disk.",
                        out.backup_folder.string())));
    return {};
}

/// Its keys go into requests and commands as they are: nothing of them may end a word there.
Result<std::string> plain_word(const Reader& reader, const std::string& key, std::string_view more, bool may_be_empty) {
    constexpr std::size_t bytes_max = 200;
    std::string given = reader.text(key, "");
    const bool plain = std::ranges::all_of(given, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.contains(c);
    });
    if (plain && given.size() <= bytes_max && (may_be_empty || !given.empty())) return given;
    return std::unexpected(
        reader.wrong(key, fmt::format("is \"{}\"; give {}letters, digits and {}.", given,
                                      given.empty() ? "it: this target needs it, of " : "nothing but ", more)));
}

Result<void> read_s3(const Reader& reader, backup::TargetOptions& target) {
    TRY(target.bucket, plain_word(reader, "backup_target.bucket", ".-", false));
    TRY(target.access_key, plain_word(reader, "backup_target.access_key", "._-", false));
    TRY(target.prefix, plain_word(reader, "backup_target.prefix", "._-/", true));
    TRY(target.region, plain_word(reader, "backup_target.region", "-", true));
    if (target.region.empty()) target.region = "us-east-1";
    if (!target.prefix.empty() && !target.prefix.ends_with('/')) target.prefix += '/';
    if (target.place.scheme == "sftp" || !target.place.user.empty())
        return std::unexpected(reader.wrong("backup_target.url",
                                            "is no address of an S3-compatible store; write it like "
                                            "https://s3.corp.example."));
    return {};
}

Result<void> read_sftp(const Reader& reader, backup::TargetOptions& target) {
    constexpr std::string_view begin = "SHA256:";
    constexpr std::size_t digits = 43;
    const std::string key = reader.text("backup_target.host_key", "");
    if (!key.starts_with(begin) || key.size() != begin.size() + digits)
        return std::unexpected(reader.wrong(
            "backup_target.host_key",
            fmt::format("is \"{}\"; give the server's key as ssh-keygen -l says it on the server, SHA256: and "
                        "43 letters. Without it nobody knows who gets the backups.",
                        key)));
    target.host_key = key.substr(begin.size());
    if (target.place.scheme != "sftp" || target.place.user.empty() || target.place.path.empty())
        return std::unexpected(reader.wrong("backup_target.url",
                                            "is no folder of an account; write it like "
                                            "sftp://bursar@backup.corp.example/var/backups/bursar."));
    return {};
}

Result<void> read_target_limits(const Reader& reader, backup::TargetOptions& target) {
    constexpr std::int64_t keep_max = 1'000, seconds_max = 3600;
    TRY(const std::int64_t keep, reader.number("backup_target.keep", 30, 1, keep_max));
    TRY(const std::int64_t stall, reader.number("backup_target.stall_seconds", 60, 1, seconds_max));
    TRY(const std::int64_t retry, reader.number("backup_target.retry_seconds", 60, 1, seconds_max));
    target.keep = static_cast<int>(keep);
    target.stall_max = std::chrono::seconds(stall);
    target.retry_after = std::chrono::seconds(retry);
    std::string ranges = reader.text("backup_target.private_ranges", "");
    std::ranges::replace(ranges, ',', ' ');
    std::istringstream words(ranges);
    for (std::string word; words >> word;) target.private_ranges.push_back(word);
    if (const auto reach = backup::Reach::of(target.place.host, target.private_ranges); !reach)
        return std::unexpected(
            reader.wrong("backup_target.private_ranges", fmt::format("is wrong: {}.", reach.error().for_caller)));
    return {};
}

Result<void> read_backup_target(const Reader& reader, Configuration& out) {
    if (reader.text("backup.target", "").empty()) return {};
    const std::map<std::string, backup::TargetKind> kinds = {{"s3", backup::TargetKind::s3},
                                                             {"sftp", backup::TargetKind::sftp}};
    backup::TargetOptions target;
    TRY(target.kind, reader.choice("backup.target", "", kinds));
    const std::string url = reader.text("backup_target.url", "");
    const auto place = backup::parse_place(url);
    if (!place)
        return std::unexpected(
            reader.wrong("backup_target.url", fmt::format("is \"{}\", which {}.", url, place.error().for_caller)));
    target.place = *place;
    TRY(target.secret, plain_word(reader, "backup_target.secret", "._-", false));
    target.ca = reader.path("backup_target.ca", "").string();
    TRY_VOID(read_target_limits(reader, target));
    TRY_VOID(target.kind == backup::TargetKind::s3 ? read_s3(reader, target) : read_sftp(reader, target));
    out.backup_target = std::move(target);
    return {};
}

Result<void> read_standby(const Reader& reader, Configuration& out) {
    if (reader.text("standby.role", "").empty()) return {};
    using Role = StandbyOptions::Role;
    constexpr std::size_t key_letters = 44;
    constexpr std::int64_t seconds_max = 600;
    StandbyOptions pair;
    TRY(pair.role, reader.choice<Role>("standby.role", "", {{"primary", Role::primary}, {"standby", Role::standby}}));
    TRY(pair.mode, reader.choice<standby::Mode>(
                       "standby.mode", "synchronous",
                       {{"synchronous", standby::Mode::synchronous}, {"asynchronous", standby::Mode::asynchronous}}));
    pair.peer.origin = reader.text("standby.peer", "");
    if (!is_origin(pair.peer.origin))
        return std::unexpected(
            reader.wrong("standby.peer", fmt::format("is \"{}\"; write where the other machine listens, like "
                                                     "https://bursar-b.corp.example:8443, without the port 443.",
                                                     pair.peer.origin)));
    pair.peer.key = reader.text("standby.peer_key", "");
    const bool tls = pair.peer.origin.starts_with("https://");
    if (tls && (pair.peer.key.size() != key_letters || !pair.peer.key.ends_with('=')))
        return std::unexpected(
            reader.wrong("standby.peer_key",
                         "is not the SHA-256 of a public key in Base64; docs/operate/standby.md has the command "
                         "that says it of the other machine's certificate."));
    pair.secret_file = reader.path("standby.secret_file", (out.state_folder / "standby.secret").string());
    TRY(const std::int64_t mandate, reader.number("standby.mandate_seconds", 10, 1, seconds_max));
    const auto default_patience =
        std::chrono::ceil<std::chrono::seconds>(standby::patience_for(std::chrono::seconds(mandate)));
    TRY(const std::int64_t patience,
        reader.number("standby.patience_seconds", default_patience.count(), 1, seconds_max));
    pair.times = {.mandate = std::chrono::seconds(mandate), .patience = std::chrono::seconds(patience)};
    if (const auto checked = standby::check(pair.times); !checked)
        return std::unexpected(reader.wrong("[standby]", "has times that do not fit: " + checked.error().for_caller));
    out.standby = std::move(pair);
    return {};
}

Result<Configuration> read(const Reader& reader) {
    Configuration out;
    TRY_VOID(reader.check_names());
    TRY_VOID(read_listen(reader, out));
    TRY_VOID(read_limits(reader, out));
    TRY_VOID(read_master_key(reader, out));
    out.state_folder = reader.path("state.folder", "");
    std::error_code ignored;
    if (out.state_folder.empty() || !fs::is_directory(out.state_folder, ignored))
        return std::unexpected(reader.wrong(
            "state.folder", fmt::format("is \"{}\", which is no folder; make it, owned by the service with mode 0700.",
                                        out.state_folder.string())));
    const std::map<std::string, store::Durability> durabilities = {{"power", store::Durability::power},
                                                                   {"process", store::Durability::process}};
    TRY(out.durability, reader.choice("state.durability", "power", durabilities));
    const std::map<std::string, log::Level> levels = {{"debug", log::Level::debug},
                                                      {"info", log::Level::info},
                                                      {"warning", log::Level::warning},
                                                      {"error", log::Level::error}};
    TRY(out.log_level, reader.choice("log.level", "info", levels));
    out.policy_defaults = reader.path("policy.defaults", "");
    if (out.policy_defaults.empty())
        out.policy_defaults = shipped(
            {"../../share/bursar/policies/defaults", "../share/bursar/policies/defaults", "../../../policies/defaults"},
            "prices.yaml");
    out.policy_initial = reader.path("policy.initial", "");
    for (const auto& [key, folder] :
         {std::pair{"policy.defaults", out.policy_defaults}, std::pair{"policy.initial", out.policy_initial}})
        if (!folder.empty() && !fs::is_directory(folder, ignored))
            return std::unexpected(reader.wrong(key, fmt::format("is \"{}\", which is no folder.", folder.string())));
    if (out.policy_defaults.empty())
        return std::unexpected(
            reader.wrong("policy.defaults", "is missing; name the folder policies/defaults that ships with Bursar."));
    out.console_folder = reader.path("console.folder", "");
    if (out.console_folder.empty())
        out.console_folder =
            shipped({"../../share/bursar/console", "../share/bursar/console", "../../console"}, "index.html");
    out.metrics_token_file = reader.path("metrics.token_file", "");
    TRY_VOID(read_courier(reader, out));
    TRY_VOID(read_backup(reader, out));
    TRY_VOID(read_backup_target(reader, out));
    TRY_VOID(read_standby(reader, out));
    return out;
}

}  // namespace

Result<Configuration> read_configuration(const fs::path& file) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
        return fail(Fault::wrong_configuration,
                    fmt::format("{}: no such file; give the configuration with --config FILE.", file.string()));
    try {
        const Poco::AutoPtr<Poco::Util::IniFileConfiguration> ini(new Poco::Util::IniFileConfiguration(file.string()));
        TRY(Configuration out, read(Reader(*ini, fs::absolute(file))));
        out.file = fs::absolute(file);
        return out;
    } catch (const Poco::Exception& exception) {
        return fail(Fault::wrong_configuration,
                    fmt::format("{}: not readable as INI: {}", file.string(), exception.displayText()));
    }
}

}  // namespace bursar::daemon
