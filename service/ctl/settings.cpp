#include "service/ctl/settings.h"

#include <utility>

#include <QByteArray>
#include <QFile>
#include <QHostAddress>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>
#include <QUrl>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

constexpr qint64 settings_bytes_max = 1 << 20;
constexpr std::string_view person_prefix = "bsa_";

Outcome<std::string> read_small(const fs::path& file, std::string_view what) {
    QFile source(QString::fromStdString(file.string()));
    if (!source.open(QIODevice::ReadOnly))
        return wrong_configuration(
            fmt::format("The {} {} cannot be read: {}.", what, file.string(), source.errorString().toStdString()));
    if (source.size() > settings_bytes_max)
        return wrong_configuration(
            fmt::format("The {} {} is larger than 1 MiB; is it the right file?", what, file.string()));
    return source.readAll().toStdString();
}

std::string trimmed(std::string text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// What one source says; empty fields say nothing.
struct Said {
    std::string url;
    std::string token;
    fs::path token_file;
    fs::path ca_file;
};

Outcome<QJsonObject> read_object(const fs::path& file, std::string_view what) {
    TRY(const std::string text, read_small(file, what));
    QJsonParseError error;
    const auto document = QJsonDocument::fromJson(QByteArray::fromStdString(text), &error);
    if (!document.isObject())
        return wrong_configuration(fmt::format("{} is not a JSON object ({} at byte {}); mend it or remove it.",
                                               file.string(), error.errorString().toStdString(), error.offset));
    return document.object();
}

/// Relative paths in a file count from its folder.
fs::path beside(const fs::path& file, const std::string& path) {
    return path.empty() ? fs::path() : file.parent_path() / path;
}

Outcome<Said> from_quickstart(const fs::path& file) {
    TRY(const QJsonObject object, read_object(file, "quickstart file"));
    const auto text = [&object](const char* name) {
        return object.value(QLatin1String(name)).toString().toStdString();
    };
    return Said{.url = text("admin_url"), .token = text("operator_token"), .ca_file = beside(file, text("ca_file"))};
}

Outcome<Said> from_ctl_file(const fs::path& file) {
    TRY(const QJsonObject object, read_object(file, "settings file"));
    for (const QString& name : object.keys())
        if (name != QLatin1String("url") && name != QLatin1String("token_file") && name != QLatin1String("ca_file"))
            return wrong_configuration(
                fmt::format("{} knows url, token_file and ca_file, not '{}'.", file.string(), name.toStdString()));
    const auto text = [&object](const char* name) {
        return object.value(QLatin1String(name)).toString().toStdString();
    };
    return Said{
        .url = text("url"), .token_file = beside(file, text("token_file")), .ca_file = beside(file, text("ca_file"))};
}

/// Fills what is still empty. A token counts as said together with its file.
void complete(Said& said, const Said& later) {
    if (said.url.empty()) said.url = later.url;
    if (said.ca_file.empty()) said.ca_file = later.ca_file;
    if (said.token.empty() && said.token_file.empty()) {
        said.token = later.token;
        said.token_file = later.token_file;
    }
}

fs::path folder_of(const Environment& environment) {
    const auto configured = environment("XDG_CONFIG_HOME");
    const fs::path folder = configured && !configured->empty() ? fs::path(*configured)
                                                               : fs::path(environment("HOME").value_or("")) / ".config";
    return folder / "bursar";
}

/// Tokens go to nobody but who gave them.
Outcome<void> take_sign_in(Settings& settings, bool has_url) {
    TRY(auto kept, read_sign_in(settings.sign_in_file()));
    if (!kept || (has_url && kept->origin != settings.origin)) return {};
    TRY(settings.origin, origin_of(kept->origin));
    if (settings.ca_file.empty()) settings.ca_file = kept->ca_file;
    settings.sign_in = std::move(kept);
    return {};
}

Outcome<Said> gather(const Arguments& arguments, const Environment& environment) {
    const auto variable = [&environment](std::string_view name) { return environment(name).value_or(""); };
    Said said{.url = arguments.one("--url").value_or(""),
              .token_file = arguments.one("--token-file").value_or(""),
              .ca_file = arguments.one("--ca-file").value_or("")};
    // A quickstart named on the command line goes before the environment: it is the nearer wish.
    if (const auto named = arguments.one("--quickstart")) {
        TRY(const Said quickstart, from_quickstart(*named));
        complete(said, quickstart);
    }
    complete(said, Said{.url = variable("BURSAR_URL"),
                        .token = variable("BURSAR_TOKEN"),
                        .token_file = variable("BURSAR_TOKEN_FILE"),
                        .ca_file = variable("BURSAR_CA_FILE")});
    if (const auto named = environment("BURSAR_QUICKSTART"); named && !named->empty()) {
        TRY(const Said quickstart, from_quickstart(*named));
        complete(said, quickstart);
    }
    const fs::path file = folder_of(environment) / "ctl.json";
    if (std::error_code code; fs::exists(file, code)) {
        TRY(const Said settings, from_ctl_file(file));
        complete(said, settings);
    }
    return said;
}

}  // namespace

Outcome<std::string> origin_of(std::string_view url) {
    const std::string full =
        url.find("://") == std::string_view::npos ? fmt::format("https://{}", url) : std::string(url);
    const QUrl parsed(QString::fromStdString(full), QUrl::StrictMode);
    const auto scheme = parsed.scheme();
    if (!parsed.isValid() || parsed.host().isEmpty() ||
        (scheme != QLatin1String("https") && scheme != QLatin1String("http")))
        return wrong_configuration(
            fmt::format("'{}' is not an address of bursard; give one like https://gateway.example:8443.", url));
    if (!parsed.userInfo().isEmpty() || parsed.hasQuery() || parsed.hasFragment())
        return wrong_configuration(
            fmt::format("'{}' has parts that an address of bursard does not have; give one like "
                        "https://gateway.example:8443.",
                        url));
    const QHostAddress address(parsed.host());
    const bool here = parsed.host() == QLatin1String("localhost") || (!address.isNull() && address.isLoopback());
    if (scheme == QLatin1String("http") && !here)
        return wrong_configuration(
            fmt::format("'{}' is neither encrypted nor this machine, so no token is sent there; use https://.", url));
    return parsed.toString(QUrl::RemovePath | QUrl::StripTrailingSlash).toStdString();
}

Outcome<Settings> read_settings(const Arguments& arguments, const Environment& environment) {
    TRY(Said said, gather(arguments, environment));
    Settings settings;
    if (!said.url.empty()) {
        TRY(settings.origin, origin_of(said.url));
    }
    settings.ca_file = said.ca_file;
    if (said.token.empty() && !said.token_file.empty()) {
        TRY(said.token, read_small(said.token_file, "token file"));
        if (trimmed(said.token).empty())
            return wrong_configuration(fmt::format(
                "The token file {} is empty; it should hold one operator token (bso_…) or virtual key (bsr_…).",
                said.token_file.string()));
    }
    std::string token = trimmed(std::move(said.token));
    if (token.find_first_of("\r\n\t ") != std::string::npos)
        return wrong_configuration(
            "The operator token has spaces or line ends inside; give exactly one token (bso_…).");
    settings.folder = folder_of(environment);
    settings.is_person = token.starts_with(person_prefix);
    settings.token = Secret(std::move(token));
    if (settings.token.empty()) TRY_VOID(take_sign_in(settings, !said.url.empty()));
    return settings;
}

}  // namespace bursar::ctl
