// What somebody needs who helps from afar, without what nobody may have.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/private_file.h"
#include "service/ctl/support.h"
#include "service/ctl/terminal.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <QDateTime>
#include <QSysInfo>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::size_t log_bytes_max = std::size_t{4} << 20;

struct File {
    std::string name, text;
};

struct Wanted {
    const char* name;
    const char* path;
};
// What the service says of itself. Nothing here has a prompt or a secret; people are named in none but the policy.
constexpr std::array wanted{
    Wanted{"ready.json", "/readyz"},
    Wanted{"checks.json", "/api/v1/checks"},
    Wanted{"metrics.txt", "/metrics"},
    Wanted{"vault.json", "/api/v1/vault"},
    Wanted{"providers.json", "/api/v1/providers"},
    Wanted{"policy.json", "/api/v1/policy"},
    Wanted{"revisions.json", "/api/v1/policy/revisions"},
    Wanted{"targets.json", "/api/v1/alerts/targets"},
    Wanted{"directories.json", "/api/v1/directories"},
    Wanted{"backups.json", "/api/v1/backup"},
};

std::string about_this_machine() {
    JsonWriter json;
    json.open()
        .field("made_at", QDateTime::currentDateTimeUtc().toString(Qt::ISODate).toStdString())
        .field("bursarctl", BURSAR_VERSION)
        .field("system", QSysInfo::prettyProductName().toStdString())
        .field("kernel", (QSysInfo::kernelType() + QLatin1Char(' ') + QSysInfo::kernelVersion()).toStdString())
        .field("processor", QSysInfo::currentCpuArchitecture().toStdString())
        .close();
    return std::move(json).text();
}

/// The end of a log, from a whole line on.
Outcome<std::string> end_of_log(const std::string& file) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    if (error) return failed(fmt::format("{} cannot be read: {}.", file, error.message()));
    TRY(std::string text, read_text(file, bytes + 1));
    if (text.size() <= log_bytes_max) return text;
    text.erase(0, text.size() - log_bytes_max);
    return text.substr(std::min(text.find('\n') + 1, text.size()));
}

Outcome<std::vector<File>> gather(Context& context) {
    std::vector<File> files{{"about.json", about_this_machine()}};
    for (const Wanted& each : wanted) {
        const auto reply = context.api.exchange({.path = each.path});
        // What cannot be had is part of the picture.
        files.push_back({each.name, reply ? reply->body : reply.error().text});
    }
    if (const auto log = context.arguments.one("--log")) {
        TRY(std::string text, end_of_log(*log));
        files.push_back({"bursard.log", std::move(text)});
    }
    return files;
}

std::string bundle_of(const std::vector<File>& files) {
    JsonWriter json;
    json.open().key("bursar_support_bundle").open();
    for (const File& file : files) json.field(file.name, file.text);
    json.close().close();
    return std::move(json).text() + "\n";
}

}  // namespace

Outcome<Exit> support_bundle(Context& context) {
    TRY(std::vector<File> files, gather(context));
    std::vector<TakenOut> taken;
    for (File& file : files) file.text = take_out_secrets(file.name, file.text, taken);
    const std::string path = context.arguments.one("--output").value_or("bursar-support.json");
    TRY_VOID(write_private(path, bundle_of(files)));
    JsonWriter json;
    json.open().field("file", path).key("files").open_list();
    for (const File& file : files) {
        json.open().field("name", file.name).field("bytes", std::uint64_t{file.text.size()}).close();
        if (!context.json()) print(fmt::format("{:<20} {:>9} bytes\n", file.name, file.text.size()));
    }
    json.close_list().key("taken_out").open_list();
    for (const TakenOut& each : taken) {
        json.open().field("file", each.file).field("line", std::uint64_t{each.line}).field("what", each.what).close();
        remark(fmt::format("{} line {}: {} was taken out.", each.file, each.line, each.what));
    }
    json.close_list().close();
    if (context.json()) print(std::move(json).text() + "\n");
    remark(
        fmt::format("Written to {}. It is text: read it before you send it. It has the policy, with names of teams and "
                    "directories in it; no prompts, no keys.",
                    path));
    return Exit::ok;
}

}  // namespace bursar::ctl
