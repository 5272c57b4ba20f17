// Signing in by a browser on this machine (RFC 8252): no code to compare, the browser brings the answer.
#include "service/base/crypto.h"
#include "service/ctl/command.h"
#include "service/ctl/loopback.h"
#include "service/ctl/sign_in_ways.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStandardPaths>
#include <QSysInfo>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::chrono::minutes time_to_confirm{10};
constexpr std::size_t random_value_bytes = 32;
constexpr std::size_t host_characters_max = 64;
constexpr const char* opener = "xdg-open";

std::string to_base64url(std::string_view bytes) {
    return QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()))
        .toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals)
        .toStdString();
}

std::string random_value() { return to_base64url(random_bytes(random_value_bytes)); }

/// What of the machine's name can stand in an address as it is.
std::string host_name() {
    std::string name = QSysInfo::machineHostName().toStdString();
    std::erase_if(name, [](char c) {
        return !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '.';
    });
    return name.substr(0, host_characters_max);
}

bool open_browser(const std::string& address) {
    QProcess process;
    process.setProgram(QStandardPaths::findExecutable(QLatin1String(opener)));
    process.setArguments({QString::fromStdString(address)});
    // What browsers have to say is not for this terminal.
    process.setStandardInputFile(QProcess::nullDevice());
    process.setStandardOutputFile(QProcess::nullDevice());
    process.setStandardErrorFile(QProcess::nullDevice());
    return !process.program().isEmpty() && process.startDetached();
}

Outcome<SignIn> exchange_code(Api& api, const Secret& code, const Secret& verifier, const std::string& redirect) {
    TRY(const Reply reply, api.call({.method = "POST",
                                     .path = "/oauth/token",
                                     .body = form({{"grant_type", "authorization_code"},
                                                   {"client_id", "bursarctl"},
                                                   {"code", code.reveal()},
                                                   {"redirect_uri", redirect},
                                                   {"code_verifier", verifier.reveal()}}),
                                     .is_form = true}));
    const Settings& settings = api.settings();
    return sign_in_of(reply.body, settings.origin, settings.ca_file, QDateTime::currentSecsSinceEpoch());
}

}  // namespace

bool has_browser(const Environment& environment) {
    const auto is_set = [&environment](std::string_view name) { return !environment(name).value_or("").empty(); };
    // A browser that is shown by way of SSH runs on the other machine, or is one for terminals.
    if (is_set("SSH_CONNECTION") || is_set("SSH_TTY")) return false;
    if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) return false;
    return !QStandardPaths::findExecutable(QLatin1String(opener)).isEmpty();
}

Outcome<std::optional<std::string>> authorization_page(Api& api) {
    TRY(const Reply reply, api.exchange({.path = "/.well-known/oauth-authorization-server"}));
    if (!reply.good()) return std::nullopt;
    TRY(const QJsonObject metadata, object_of(reply));
    std::string page = metadata.value(QLatin1String("authorization_endpoint")).toString().toStdString();
    const bool is_safe = page.starts_with("https://") || page.starts_with(api.settings().origin + "/");
    if (!is_safe || printable(page) != page) return std::nullopt;
    return page;
}

Outcome<SignIn> sign_in_by_browser(Api& api, const std::string& page, Opening opening) {
    const std::string state = random_value();
    std::string text = random_value();
    const std::string challenge = to_base64url(as_text(sha256(text)));  // RFC 7636 §4.2
    const Secret verifier(std::move(text));
    TRY(const auto loopback, Loopback::listen(state));
    const std::string redirect = loopback->address();
    // Nothing in it needs a '%': it has to come through the sign-in page and a provider's redirects.
    const std::string address = fmt::format(
        "{}?response_type=code&client_id=bursarctl&redirect_uri={}&code_challenge={}&code_challenge_method=S256&"
        "state={}&host={}",
        page, redirect, challenge, state, host_name());
    const bool is_open = opening == Opening::by_itself && open_browser(address);
    remark(fmt::format("{}\n{}\nWaiting until it is confirmed there.",
                       is_open ? "Your browser opens this page; if it does not, open it yourself:"
                               : "Open this page in a browser on this machine:",
                       address));
    const auto brought = loopback->wait(time_to_confirm);
    if (!brought) return failed("Nobody confirmed it in time. Begin again: bursarctl login");
    if (brought->code.empty()) {
        loopback->answer("Refused. Nobody is signed in. You can close this page.");
        return failed("It was refused in the browser; nobody is signed in.");
    }
    auto sign_in = exchange_code(api, brought->code, verifier, redirect);
    loopback->answer(sign_in ? "Signed in. You can close this page and go back to your terminal."
                             : "This did not work. Your terminal says why. You can close this page.");
    return sign_in;
}

}  // namespace bursar::ctl
