// Backups: made by the service, put back by bursard while it does not run.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/standby_commands.h"
#include "service/ctl/terminal.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonObject>
#include <QThread>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr unsigned long looked_every_ms = 300;
constexpr std::size_t head_lines_max = 64, line_bytes_max = 4096;

std::string text_of(const QJsonObject& object, const char* name) {
    return object.value(QLatin1String(name)).toString().toStdString();
}

/// Waits for the backup that runs, and says how far it is where somebody looks.
Outcome<QJsonObject> wait_for_it(Context& context) {
    const bool seen = ::isatty(STDERR_FILENO) == 1;
    for (;;) {
        TRY(const Reply reply, context.api.get("/api/v1/backup"));
        TRY(const QJsonObject state, object_of(reply));
        const bool running = state.value(QLatin1String("running")).toBool();
        if (seen) {
            const std::string line = fmt::format(
                "\r{} %{}", running ? state.value(QLatin1String("percent")).toInteger() : 100, running ? "" : "\n");
            static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
        }
        if (!running) return state;
        QThread::msleep(looked_every_ms);
    }
}

/// bursard lies beside bursarctl or in the folder of an installed package.
std::string bursard_path() {
    const std::filesystem::path own = QCoreApplication::applicationDirPath().toStdString();
    std::error_code ignored;
    for (const std::filesystem::path& each :
         {own / "bursard", own / ".." / "lib" / "bursar" / "bursard", own / ".." / "sbin" / "bursard"})
        if (std::filesystem::exists(each, ignored)) return each.lexically_normal().string();
    return "bursard";
}

}  // namespace

Outcome<Exit> become_bursard(Context& context, std::vector<std::string> words) {
    words.insert(words.begin(),
                 {bursard_path(), "--config", context.arguments.one("--config").value_or("/etc/bursar/bursard.ini")});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    return failed(fmt::format("Cannot start {}. Run this on the machine of the service, as its user.", words.front()));
}

Outcome<Exit> backup_create(Context& context) {
    TRY(const Reply begun, context.api.call({.method = "POST", .path = "/api/v1/backup", .body = "{}"}));
    if (context.arguments.has("--no-wait")) {
        if (context.json()) print(begun.body + "\n");
        remark("A backup is being made. See how it goes: bursarctl backup list");
        return Exit::ok;
    }
    TRY(const QJsonObject state, wait_for_it(context));
    const std::string failure = text_of(state, "failure");
    if (!failure.empty()) return failed(failure);
    const QJsonObject made = state.value(QLatin1String("backups")).toArray().first().toObject();
    if (context.json()) {
        JsonWriter json;
        json.open().field("file", text_of(state, "folder") + "/" + text_of(made, "name"));
        json.field("bytes", std::int64_t{made.value(QLatin1String("bytes")).toInteger()});
        json.field("made_at", text_of(made, "made_at")).close();
        print(std::move(json).text() + "\n");
    } else {
        print(fmt::format("{}/{}\n", text_of(state, "folder"), text_of(made, "name")));
    }
    return Exit::ok;
}

Outcome<Exit> backup_list(Context& context) {
    return print_list(context, "/api/v1/backup", "backups",
                      {{"made_at", {"MADE"}},
                       {"bytes", {"BYTES", Align::right}},
                       {"here", {"HERE"}},
                       {"away", {"AWAY"}},
                       {"name", {"NAME"}}},
                      "There is no backup yet. Make one: bursarctl backup create");
}

Outcome<Exit> backup_show(Context& context) {
    const std::string& file = context.word(0);
    std::ifstream in(file, std::ios::binary);
    std::string line;
    if (!in || !std::getline(in, line) || !line.starts_with("bursar-backup "))
        return failed(fmt::format("{} is no backup of Bursar, or cannot be read.", file));
    JsonWriter json;
    json.open();
    std::string parts;
    for (std::size_t lines = 0; lines < head_lines_max && std::getline(in, line) && !line.empty(); ++lines) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos || line.size() > line_bytes_max)
            return failed(fmt::format("{} is damaged: its first lines do not make sense.", file));
        const std::string name = line.substr(0, colon), value = line.substr(colon + 2);
        // Wrapped keys tell people nothing.
        if (name == "salt" || name == "keyring" || name == "recovery") continue;
        if (!context.json()) print(fmt::format("{:<18} {}\n", name + ":", printable(value)));
        if (name == "part")
            parts += fmt::format("{}{}", parts.empty() ? "" : ", ", value);
        else
            json.field(name, value);
    }
    json.field("parts", parts).close();
    if (context.json()) print(std::move(json).text() + "\n");
    return Exit::ok;
}

/// It needs the configuration, but no service that runs: on a new machine there is none.
Outcome<Exit> backup_fetch(Context& context) {
    const std::string to = context.arguments.one("--to").value_or(context.word(0));
    return become_bursard(context, {"--fetch-backup", context.word(0), "--to", to});
}

/// The books are opened by bursard alone, so this becomes it.
Outcome<Exit> restore(Context& context) {
    std::vector<std::string> words = {"--restore", context.word(0)};
    if (context.arguments.has("--check")) words.emplace_back("--check-only");
    if (context.arguments.has("--recovery-key")) words.emplace_back("--recovery-key");
    return become_bursard(context, std::move(words));
}

}  // namespace bursar::ctl
