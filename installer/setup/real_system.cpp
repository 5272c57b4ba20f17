#include "installer/setup/real_system.h"

#include "service/base/crypto.h"

#include <memory>
#include <netdb.h>

#include <QDnsLookup>
#include <QEventLoop>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QProcess>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTimer>
#include <QUrl>
#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr int answer_milliseconds_max = 15'000;
constexpr qint64 output_bytes_max = 1 << 20, errors_bytes_max = 4 << 10, document_bytes_max = 1 << 20;
constexpr qsizetype servers_max = 16;

QString from_utf8(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

std::unexpected<Error> no_answer(std::string why) { return fail(Fault::provider_unavailable, std::move(why)); }

/// Turns the event loop until `sender` says so, or the time is over.
template <typename Sender, typename Signal>
void wait_for(Sender* sender, Signal signal) {
    QEventLoop loop;
    QObject::connect(sender, signal, &loop, &QEventLoop::quit);
    QTimer::singleShot(answer_milliseconds_max, &loop, &QEventLoop::quit);
    loop.exec();
}

std::string taken(QByteArray bytes, qint64 bytes_max) {
    std::string out = bytes.left(bytes_max).toStdString();
    wipe(bytes.data(), static_cast<std::size_t>(bytes.size()));
    return out;
}

}  // namespace

std::string RealSystem::random_bytes(std::size_t count) { return bursar::random_bytes(count); }

Result<Ran> RealSystem::run(const Program& program) {
    QProcess process;
    QStringList words;
    for (const std::string& word : program.words) words << from_utf8(word);
    process.start(from_utf8(program.file), words);
    if (!process.waitForStarted())
        return no_answer(fmt::format("{} cannot be started: {}.", program.file, process.errorString().toStdString()));
    const std::string_view input = program.input.reveal();
    process.write(input.data(), static_cast<qint64>(input.size()));
    process.closeWriteChannel();
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(program.at_most);
    if (!process.waitForFinished(static_cast<int>(time.count()))) {
        process.kill();
        process.waitForFinished();
        return no_answer(fmt::format("{} did not end within {} seconds.", program.file, program.at_most.count()));
    }
    const bool ended = process.exitStatus() == QProcess::NormalExit;
    return Ran{.exit_code = ended ? process.exitCode() : -1,
               .output = Secret(taken(process.readAllStandardOutput(), output_bytes_max)),
               .errors = taken(process.readAllStandardError(), errors_bytes_max)};
}

bool RealSystem::is_known(const std::string& host) {
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    return failed == 0 && found != nullptr;
}

Result<std::vector<Server>> RealSystem::look_up_servers(const std::string& name) {
    QDnsLookup lookup(QDnsLookup::SRV, from_utf8(name));
    lookup.lookup();
    if (!lookup.isFinished()) wait_for(&lookup, &QDnsLookup::finished);
    if (!lookup.isFinished()) return no_answer("The DNS does not answer.");
    if (lookup.error() != QDnsLookup::NoError) return no_answer(lookup.errorString().toStdString());
    std::vector<Server> out;
    // Qt has them in the order of RFC 2782 already. A lone "." says that there is no such service.
    for (const QDnsServiceRecord& one : lookup.serviceRecords().mid(0, servers_max))
        if (!one.target().isEmpty() && one.target() != QLatin1String("."))
            out.push_back({one.target().toStdString(), one.port()});
    if (out.empty()) return no_answer("There is no such record.");
    return out;
}

Result<void> RealSystem::connect_tls(const Server& server, const std::string& ca) {
    QSslSocket socket;
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    if (!ca.empty()) {
        const auto trusted = QSslCertificate::fromData(QByteArray::fromStdString(ca), QSsl::Pem);
        if (trusted.isEmpty()) return fail(Fault::invalid_request, "The CA file holds no certificate in PEM form.");
        tls.setCaCertificates(trusted);
    }
    socket.setSslConfiguration(tls);
    socket.setProxy(QNetworkProxy::NoProxy);
    socket.connectToHostEncrypted(from_utf8(server.host), server.port);
    const bool shaken = socket.waitForEncrypted(answer_milliseconds_max);
    if (!shaken) return no_answer(socket.errorString().toStdString());
    socket.abort();
    return {};
}

Result<std::string> RealSystem::fetch(const std::string& url) {
    QNetworkAccessManager manager;
    manager.setProxy(QNetworkProxy::NoProxy);
    QNetworkRequest asked(QUrl(from_utf8(url), QUrl::StrictMode));
    if (asked.url().scheme() != QLatin1String("https"))
        return fail(Fault::invalid_request, fmt::format("{} is no https address.", url));
    asked.setTransferTimeout(answer_milliseconds_max);
    asked.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    asked.setRawHeader("Accept", "application/json");
    const std::unique_ptr<QNetworkReply> reply(manager.get(asked));
    QObject::connect(reply.get(), &QNetworkReply::downloadProgress, reply.get(), [&reply](qint64 received, qint64) {
        if (received > document_bytes_max) reply->abort();
    });
    if (!reply->isFinished()) wait_for(reply.get(), &QNetworkReply::finished);
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (!reply->isFinished() || status == 0)
        return no_answer(fmt::format("{} does not answer: {}.", url, reply->errorString().toStdString()));
    if (status != 200 || reply->error() != QNetworkReply::NoError)
        return no_answer(fmt::format("{} answers with status {}; is the address right?", url, status));
    return reply->readAll().toStdString();
}

}  // namespace bursar::setup
