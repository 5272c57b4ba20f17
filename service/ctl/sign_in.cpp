#include "service/ctl/sign_in.h"

#include "service/base/json.h"
#include "service/ctl/private_file.h"
#include "service/ctl/terminal.h"

#include <QByteArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 64 * 1024;
/// A command may take a minute.
constexpr std::int64_t seconds_left_min = 90;

std::string text_of(const QJsonObject& object, const char* name) {
    return object.value(QLatin1String(name)).toString().toStdString();
}

bool is_for_others(const fs::path& file) {
    std::error_code error;
    const fs::perms mode = fs::status(file, error).permissions();
    return error || (mode & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none;
}

}  // namespace

bool is_worn(const SignIn& sign_in, std::int64_t now) { return sign_in.expires_at - now < seconds_left_min; }

Outcome<std::optional<SignIn>> read_sign_in(const fs::path& file) {
    std::error_code error;
    if (!fs::exists(file, error)) return std::nullopt;
    const auto wrong = [&file](std::string_view what) {
        return wrong_configuration(
            fmt::format("{} {}. Remove it and sign in again: bursarctl login", file.string(), what));
    };
    if (is_for_others(file)) return wrong("can be read by others, so its tokens may be known");
    TRY(std::string text, read_text(file, file_bytes_max));
    const QJsonObject object = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    wipe(text.data(), text.size());
    SignIn sign_in{.origin = text_of(object, "url"),
                   .ca_file = text_of(object, "ca_file"),
                   .access = Secret(text_of(object, "access_token")),
                   .refresh = Secret(text_of(object, "refresh_token")),
                   .expires_at = object.value(QLatin1String("expires_at")).toInteger()};
    if (sign_in.origin.empty() || sign_in.access.empty() || sign_in.refresh.empty())
        return wrong("is not what a sign-in leaves");
    return sign_in;
}

Outcome<void> write_sign_in(const fs::path& file, const SignIn& sign_in) {
    JsonWriter json;
    json.open().field("url", sign_in.origin).field("ca_file", sign_in.ca_file.string());
    json.field("access_token", sign_in.access.reveal()).field("refresh_token", sign_in.refresh.reveal());
    json.field("expires_at", sign_in.expires_at).close();
    std::string text = std::move(json).text() + "\n";
    auto written = write_private(file, text);
    wipe(text.data(), text.size());
    return written;
}

Outcome<void> forget_sign_in(const fs::path& file) {
    std::error_code error;
    fs::remove(file, error);
    if (!error) return {};
    return failed(fmt::format("{} cannot be removed: {}. Remove it by hand.", file.string(), error.message()));
}

Outcome<SignIn> sign_in_of(std::string_view body, std::string origin, fs::path ca_file, std::int64_t now) {
    const QJsonObject object =
        QJsonDocument::fromJson(QByteArray(body.data(), static_cast<qsizetype>(body.size()))).object();
    SignIn sign_in{.origin = std::move(origin),
                   .ca_file = std::move(ca_file),
                   .access = Secret(text_of(object, "access_token")),
                   .refresh = Secret(text_of(object, "refresh_token")),
                   .expires_at = now + object.value(QLatin1String("expires_in")).toInteger()};
    if (sign_in.access.empty() || sign_in.refresh.empty())
        return failed("The answer has no tokens; is this the address of bursard's API?");
    return sign_in;
}

}  // namespace bursar::ctl
