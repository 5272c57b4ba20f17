#include "integrations/courier/qt_http.h"

#include "integrations/address.h"

#include <QIODevice>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QSslConfiguration>
#include <QSslError>
#include <QTimer>
#include <fmt/format.h>

namespace bursar::courier {
namespace {

QByteArray bytes_of(std::string_view text) { return {text.data(), static_cast<qsizetype>(text.size())}; }

/// Never Qt's own words, which have the whole address in them.
std::string words_for(QNetworkReply::NetworkError error) {
    switch (error) {
        case QNetworkReply::HostNotFoundError:
        case QNetworkReply::ProxyNotFoundError:
            return "resolve: there is no such host";
        case QNetworkReply::ConnectionRefusedError:
        case QNetworkReply::ProxyConnectionRefusedError:
            return "connect: refused";
        case QNetworkReply::SslHandshakeFailedError:
            return "TLS: the handshake failed";
        case QNetworkReply::RemoteHostClosedError:
        case QNetworkReply::ContentReSendError:
            return "network: closed without an answer";
        case QNetworkReply::TimeoutError:
        case QNetworkReply::ProxyTimeoutError:
            return "time: too slow";
        default:
            return fmt::format("network: error {} of Qt", static_cast<int>(error));
    }
}

/// A body that is read once. When a connection ends without an answer, Qt sends the request again by itself, by itself
/// twice even; with a body that cannot be rewound it gives up instead. Whether to try again is for the service to say.
class Once final : public QIODevice {
  public:
    explicit Once(std::string_view bytes) : left_(bytes) { open(QIODevice::ReadOnly | QIODevice::Unbuffered); }
    bool isSequential() const override { return true; }
    bool reset() override { return false; }
    bool atEnd() const override { return left_.empty(); }
    qint64 bytesAvailable() const override { return static_cast<qint64>(left_.size()) + QIODevice::bytesAvailable(); }

  protected:
    qint64 readData(char* to, qint64 room) override {
        if (left_.empty()) return -1;
        const std::size_t count = left_.copy(to, static_cast<std::size_t>(room));
        left_.remove_prefix(count);
        return static_cast<qint64>(count);
    }
    qint64 writeData(const char*, qint64) override { return -1; }

  private:
    std::string_view left_;
};

/// One exchange, until its end.
class Flight : public QObject {
  public:
    Flight(HttpRequest request, std::function<void(Answer)> done)
        : request_(std::move(request)),
          done_(std::move(done)),
          body_once_(request_.body),
          manager_(this),
          connecting_(this),
          whole_(this) {}

    void start() {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setProtocol(QSsl::TlsV1_2OrLater);
        if (!request_.way.ca.empty()) {
            const auto trusted = QSslCertificate::fromData(bytes_of(request_.way.ca));
            if (trusted.isEmpty()) return fail_soon("its setting \"ca\" has no certificate in it");
            tls.setCaCertificates(trusted);
        }
        if (!set_proxy()) return fail_soon("its setting \"proxy\" is no http://host:port");
        send(tls);
        watch(connecting_, connect_timeout, "connect: too slow");
        watch(whole_, request_.timeout, "time: too slow");
    }

    void fail_soon(const std::string& why) {
        QTimer::singleShot(0, this, [this, why] { end({.trouble = why, .unsendable = true}); });
    }

  private:
    bool set_proxy() {
        manager_.setProxy(QNetworkProxy::NoProxy);
        if (request_.way.proxy.empty() || integrations::is_loopback(request_.url.reveal())) return true;
        const QUrl proxy(QString::fromStdString(request_.way.proxy), QUrl::StrictMode);
        if (proxy.scheme() != QLatin1String("http") || proxy.host().isEmpty() || proxy.port() <= 0) return false;
        manager_.setProxy(QNetworkProxy(QNetworkProxy::HttpProxy, proxy.host(), static_cast<quint16>(proxy.port())));
        return true;
    }

    void send(const QSslConfiguration& tls) {
        QNetworkRequest asked(QUrl(QString::fromUtf8(bytes_of(request_.url.reveal())), QUrl::StrictMode));
        asked.setSslConfiguration(tls);
        asked.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        asked.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
        asked.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
        asked.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
        asked.setAttribute(QNetworkRequest::AuthenticationReuseAttribute, QNetworkRequest::Manual);
        asked.setRawHeader("User-Agent", "bursar-courier/" BURSAR_VERSION);
        // An answer that is small when it comes stays so.
        asked.setRawHeader("Accept-Encoding", "identity");
        for (const auto& [name, value] : request_.headers) asked.setRawHeader(bytes_of(name), bytes_of(value));
        if (!request_.authorization.empty())
            asked.setRawHeader("Authorization", bytes_of(request_.authorization.reveal()));
        if (request_.body.empty()) {
            reply_ = manager_.sendCustomRequest(asked, bytes_of(request_.method));
        } else {
            asked.setAttribute(QNetworkRequest::DoNotBufferUploadDataAttribute, true);
            asked.setHeader(QNetworkRequest::ContentLengthHeader, static_cast<qint64>(request_.body.size()));
            reply_ = manager_.sendCustomRequest(asked, bytes_of(request_.method), &body_once_);
        }
        connect(reply_, &QNetworkReply::requestSent, this, [this] { under_way(); });
        connect(reply_, &QNetworkReply::uploadProgress, this, [this](qint64 sent, qint64) {
            if (sent > 0) under_way();
        });
        connect(reply_, &QNetworkReply::encrypted, &connecting_, &QTimer::stop);
        connect(reply_, &QNetworkReply::sslErrors, this, [this](const QList<QSslError>& errors) {
            if (!errors.isEmpty()) tls_trouble_ = errors.front().errorString().toStdString();
        });
        connect(reply_, &QNetworkReply::readyRead, this, [this] { read(); });
        connect(reply_, &QNetworkReply::finished, this, [this] { finished(); });
    }

    void watch(QTimer& timer, std::chrono::milliseconds time, const char* trouble) {
        timer.setSingleShot(true);
        connect(&timer, &QTimer::timeout, this,
                [this, trouble] { end({.trouble = trouble, .perhaps_arrived = sent_}); });
        timer.start(time);
    }

    void under_way() {
        sent_ = true;
        connecting_.stop();
    }

    void read() {
        const auto room = static_cast<qint64>(request_.answer_bytes_max - body_.size());
        body_ += reply_->read(room).toStdString();
        if (reply_->bytesAvailable() > 0) end(answer());
    }

    Answer answer() const {
        Answer out{.status = reply_->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), .body = body_};
        std::size_t header_bytes = 0;
        for (const auto& [name, value] : reply_->rawHeaderPairs()) {
            header_bytes += static_cast<std::size_t>(name.size() + value.size());
            if (header_bytes > header_bytes_max) break;
            out.headers[name.toLower().toStdString()] = value.toStdString();
        }
        return out;
    }

    void finished() {
        if (ended_) return;
        read();
        if (ended_) return;
        const bool has_status = reply_->attribute(QNetworkRequest::HttpStatusCodeAttribute).isValid();
        // A good status and then a broken connection: the body is not whole.
        const bool broken = reply_->error() == QNetworkReply::RemoteHostClosedError ||
                            reply_->error() == QNetworkReply::ContentReSendError;
        if (has_status && !broken) return end(answer());
        std::string trouble = words_for(reply_->error());
        if (!tls_trouble_.empty()) trouble = "TLS: " + tls_trouble_;
        end({.trouble = trouble, .perhaps_arrived = sent_});
    }

    void end(Answer answer) {
        if (std::exchange(ended_, true)) return;
        connecting_.stop();
        whole_.stop();
        if (reply_ != nullptr) {
            reply_->disconnect(this);
            reply_->abort();
        }
        deleteLater();
        done_(std::move(answer));
    }

    HttpRequest request_;
    std::function<void(Answer)> done_;
    Once body_once_;
    QNetworkAccessManager manager_;
    QTimer connecting_, whole_;
    QNetworkReply* reply_ = nullptr;  // the manager's
    std::string body_, tls_trouble_;
    bool sent_ = false, ended_ = false;
};

}  // namespace

void QtHttp::exchange(HttpRequest request, std::function<void(Answer)> done) {
    const std::string why = unsound(request);
    // It deletes itself when it has ended.
    auto* flight = new Flight(std::move(request), std::move(done));
    if (why.empty())
        flight->start();
    else
        flight->fail_soon(why);
}

}  // namespace bursar::courier
