#include "service/ctl/api.h"

#include "service/base/ensure.h"
#include "service/ctl/table.h"

#include <utility>

#include <QDateTime>
#include <QEventLoop>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QTimeZone>
#include <QUrl>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

/// Argon2id at an unseal takes a second or two; an answer that takes longer than this does not come.
constexpr int answer_milliseconds_max = 60'000;
constexpr qint64 answer_bytes_max = 64 << 20;
constexpr int http_accepted = 202;

QString from_utf8(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

Outcome<QSslConfiguration> tls_for(const std::filesystem::path& ca_file) {
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    if (ca_file.empty()) return tls;
    QFile source(QString::fromStdString(ca_file.string()));
    if (!source.open(QIODevice::ReadOnly))
        return wrong_configuration(
            fmt::format("The CA file {} cannot be read: {}.", ca_file.string(), source.errorString().toStdString()));
    const auto certificates = QSslCertificate::fromDevice(&source, QSsl::Pem);
    if (certificates.isEmpty())
        return wrong_configuration(fmt::format("The CA file {} holds no certificate in PEM form.", ca_file.string()));
    tls.setCaCertificates(certificates);
    return tls;
}

Certificate facts_of(const QSslCertificate& shown) {
    if (shown.isNull()) return {};
    const auto expires = shown.expiryDate().toUTC();
    return {.subject = shown.subjectDisplayName().toStdString(),
            .issuer = shown.issuerDisplayName().toStdString(),
            .expires_at = expires.toString(Qt::ISODate).toStdString(),
            .days_left = static_cast<long>(QDateTime::currentDateTimeUtc().daysTo(expires))};
}

std::string no_answer(const QNetworkReply& reply, const Settings& settings) {
    const std::string& origin = settings.origin;
    const std::string reason = reply.errorString().toStdString();
    switch (reply.error()) {
        case QNetworkReply::ConnectionRefusedError:
            return fmt::format(
                "Nobody listens at {}. Is bursard running there? Another address is given with --url or BURSAR_URL.",
                origin);
        case QNetworkReply::HostNotFoundError:
            return fmt::format("There is no host of the name in {}. Give the right address with --url or BURSAR_URL.",
                               origin);
        case QNetworkReply::SslHandshakeFailedError:
            return settings.ca_file.empty() ? fmt::format(
                                                  "The certificate of {} is not trusted ({}). Give the certificate "
                                                  "that signed it with --ca-file.",
                                                  origin, reason)
                                            : fmt::format(
                                                  "The certificate of {} is not trusted by {} ({}). Give the "
                                                  "certificate that signed it with --ca-file, "
                                                  "and the host name that the certificate is for with --url.",
                                                  origin, settings.ca_file.string(), reason);
        case QNetworkReply::OperationCanceledError:
        case QNetworkReply::TimeoutError:
            return fmt::format("{} did not answer within {} seconds. Look at bursard's log, or ask again.", origin,
                               answer_milliseconds_max / 1000);
        case QNetworkReply::RemoteHostClosedError:
            return fmt::format("{} closed the connection without an answer. Is it bursard, and does it speak {}?",
                               origin, origin.starts_with("https") ? "TLS" : "plain HTTP");
        default:
            return fmt::format("No answer from {}: {}.", origin, reason);
    }
}

}  // namespace

struct Api::Wire {
    QNetworkAccessManager manager;
    QSslConfiguration tls;
};

Api::Api(Settings settings) : settings_(std::move(settings)) {}
Api::~Api() = default;

Outcome<Reply> Api::exchange(const Request& request) {
    if (!wire_) {
        TRY(QSslConfiguration tls, tls_for(settings_.ca_file));
        wire_ = std::make_unique<Wire>();
        wire_->tls = std::move(tls);
        wire_->manager.setProxy(QNetworkProxy::NoProxy);
    }
    QNetworkRequest asked(QUrl(from_utf8(settings_.origin + request.path), QUrl::StrictMode));
    asked.setSslConfiguration(wire_->tls);
    asked.setTransferTimeout(answer_milliseconds_max);
    asked.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    asked.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    asked.setRawHeader("User-Agent", "bursarctl/" BURSAR_VERSION);
    asked.setRawHeader("Accept", "application/json");
    if (!settings_.token.empty()) {
        const auto token = settings_.token.reveal();
        asked.setRawHeader("Authorization", "Bearer " + QByteArray(token.data(), static_cast<qsizetype>(token.size())));
    }
    if (!request.body.empty())
        asked.setRawHeader("Content-Type", request.is_form ? "application/x-www-form-urlencoded" : "application/json");
    if (!request.if_match.empty())
        asked.setRawHeader("If-Match", QByteArray::fromStdString("\"" + request.if_match + "\""));

    QEventLoop loop;
    const std::unique_ptr<QNetworkReply> reply(wire_->manager.sendCustomRequest(
        asked, QByteArray::fromStdString(request.method), QByteArray::fromStdString(request.body)));
    QObject::connect(reply.get(), &QNetworkReply::finished, &loop, &QEventLoop::quit);
    QObject::connect(reply.get(), &QNetworkReply::downloadProgress, &loop, [&reply](qint64 received, qint64) {
        if (received > answer_bytes_max) reply->abort();
    });
    loop.exec();

    if (const auto shown = facts_of(reply->sslConfiguration().peerCertificate()); !shown.subject.empty())
        certificate_ = shown;
    const auto status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute);
    if (!status.isValid()) return failed(no_answer(*reply, settings_));
    Reply answer{.status = status.toInt(),
                 .body = reply->readAll().toStdString(),
                 .etag = reply->rawHeader("ETag").replace("\"", "").toStdString(),
                 .date = reply->rawHeader("Date").toStdString()};
    // A head with a good status and then a broken connection: the body is not whole.
    if (answer.good() && reply->error() != QNetworkReply::NoError) return failed(no_answer(*reply, settings_));
    return answer;
}

Outcome<Reply> Api::call(const Request& request) {
    TRY(Reply reply, exchange(request));
    if (reply.good()) {
        TRY_VOID(check_done(reply));
        return reply;
    }
    std::string text = problem_text(reply);
    if (reply.status == 401 && settings_.token.empty())
        text += " Sign in: bursarctl login. Or give a token: --token-file FILE, BURSAR_TOKEN_FILE or BURSAR_TOKEN.";
    if (reply.status == 401 && settings_.sign_in) text += " Sign in again: bursarctl login";
    return failed(std::move(text));
}

Outcome<void> check_done(const Reply& reply) {
    if (reply.status != http_accepted) return {};
    const QJsonObject approval = QJsonDocument::fromJson(QByteArray::fromStdString(reply.body))
                                     .object()
                                     .value(QLatin1String("approval"))
                                     .toObject();
    const auto text = [&approval](const char* name) {
        return printable(approval.value(QLatin1String(name)).toString().toStdString());
    };
    return std::unexpected(
        Failure{Exit::waits,
                fmt::format("Nothing was changed yet: this needs a second person. Another operator approves it until "
                            "{} with: bursarctl approvals approve {}",
                            text("expires_at"), text("id")),
                reply.body});
}

std::string problem_text(const Reply& reply) {
    const QJsonObject problem = QJsonDocument::fromJson(QByteArray::fromStdString(reply.body)).object();
    const auto text = [&problem](const char* name) {
        return problem.value(QLatin1String(name)).toString().toStdString();
    };
    std::string sentence = text("detail").empty() ? text("error_description") : text("detail");
    if (sentence.empty()) sentence = text("title");
    if (sentence.empty())
        return fmt::format("The answer was HTTP status {} without a reason; is this the address of bursard's API?",
                           reply.status);
    sentence = printable(sentence);
    const bool open = sentence.back() != '.' && sentence.back() != '!' && sentence.back() != '?';
    return open ? sentence + "." : sentence;
}

void Api::become(SignIn sign_in) {
    settings_.sign_in = std::move(sign_in);
    become_kept();
}

void Api::become_kept() {
    ENSURE(settings_.sign_in.has_value());
    settings_.token = Secret::copy_of(settings_.sign_in->access.reveal());
    settings_.is_person = true;
}

void Api::forget() {
    settings_.token = Secret();
    settings_.is_person = false;
    settings_.sign_in.reset();
}

std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::string text;
    for (const auto& [name, value] : fields)
        text += fmt::format("{}{}={}", text.empty() ? "" : "&", url_part(name), url_part(value));
    return text;
}

std::string url_part(std::string_view text) { return QUrl::toPercentEncoding(from_utf8(text)).toStdString(); }

}  // namespace bursar::ctl
