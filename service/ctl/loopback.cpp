#include "service/ctl/loopback.h"

#include <utility>

#include <QEventLoop>
#include <QHostAddress>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>
#include <QUrlQuery>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr qsizetype head_bytes_max = 16 * 1024;
/// Browsers open some ahead, and strangers on this machine may open more.
constexpr int connections_max = 32;
constexpr int farewell_milliseconds_max = 2'000;
constexpr std::string_view callback_path = "/callback";

/// No script and no style, kept by nobody, shown in no frame; and the address, which has the code, goes nowhere.
std::string page(int status, std::string_view sentence) {
    const std::string body = fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>bursarctl</title></head>"
        "<body><p>{}</p></body></html>\n",
        sentence);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
        status, status == 200 ? "OK" : "Not Found", body.size(), body);
}

void send(QTcpSocket& socket, int status, std::string_view sentence) {
    socket.write(QByteArray::fromStdString(page(status, sentence)));
    socket.disconnectFromHost();
}

std::string value_of(const QUrlQuery& query, const char* name) {
    const QStringList values = query.allQueryItemValues(QLatin1String(name), QUrl::FullyDecoded);
    return values.size() == 1 ? values.front().toStdString() : std::string();
}

}  // namespace

std::optional<Brought> read_callback(std::string_view head, std::string_view state) {
    std::string_view line = head.substr(0, head.find("\r\n"));
    constexpr std::string_view method = "GET ", version = " HTTP/1.1";
    if (!line.starts_with(method) || !line.ends_with(version)) return std::nullopt;
    line = line.substr(method.size(), line.size() - method.size() - version.size());
    const std::size_t mark = line.find('?');
    if (mark == std::string_view::npos || line.substr(0, mark) != callback_path) return std::nullopt;
    const std::string_view words = line.substr(mark + 1);
    const QUrlQuery query(QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size())));
    if (state.empty() || !equal_in_constant_time(value_of(query, "state"), state)) return std::nullopt;
    Brought brought{.code = Secret(value_of(query, "code")), .error = value_of(query, "error")};
    if (brought.code.empty() == brought.error.empty()) return std::nullopt;
    return brought;
}

struct Loopback::Wire {
    std::string state;
    QTcpServer server;
    QEventLoop loop;
    QPointer<QTcpSocket> browser;  ///< who came with the state, and waits for what to show
    std::optional<Brought> brought;
    bool is_over = false;  ///< somebody has come with the state: nobody else does
    int connections = 0;

    void take(QTcpSocket* socket);
    void read(QTcpSocket& socket);
};

void Loopback::Wire::take(QTcpSocket* socket) {
    if (connections >= connections_max) {
        socket->abort();
        socket->deleteLater();
        return;
    }
    ++connections;
    QObject::connect(socket, &QTcpSocket::disconnected, socket, [this, socket] {
        --connections;
        socket->deleteLater();
    });
    QObject::connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { read(*socket); });
}

void Loopback::Wire::read(QTcpSocket& socket) {
    const QByteArray head = socket.peek(head_bytes_max);
    const qsizetype end = head.indexOf("\r\n\r\n");
    if (end < 0 && head.size() < head_bytes_max) return;
    socket.skip(head.size());
    auto found = end < 0 ? std::nullopt : read_callback({head.constData(), static_cast<std::size_t>(end)}, state);
    if (!found || is_over) {
        send(socket, 404, "There is nothing here.");
        return;
    }
    is_over = true;
    brought = std::move(found);
    browser = &socket;
    loop.quit();
}

Loopback::Loopback(std::string state) : wire_(std::make_unique<Wire>()) { wire_->state = std::move(state); }
Loopback::~Loopback() = default;

Outcome<std::unique_ptr<Loopback>> Loopback::listen(std::string state) {
    std::unique_ptr<Loopback> loopback(new Loopback(std::move(state)));
    Wire& wire = *loopback->wire_;
    if (!wire.server.listen(QHostAddress::LocalHost, 0))
        return failed(
            fmt::format("No port of 127.0.0.1 can be opened for the browser: {}. Sign in with a code "
                        "instead: bursarctl login --device",
                        wire.server.errorString().toStdString()));
    QObject::connect(&wire.server, &QTcpServer::newConnection, &wire.server, [&wire] {
        while (QTcpSocket* const socket = wire.server.nextPendingConnection()) wire.take(socket);
    });
    return loopback;
}

std::string Loopback::address() const {
    return fmt::format("http://127.0.0.1:{}{}", wire_->server.serverPort(), callback_path);
}

std::optional<Brought> Loopback::wait(std::chrono::seconds time) {
    QTimer::singleShot(time, &wire_->loop, &QEventLoop::quit);
    if (!wire_->is_over) wire_->loop.exec();
    return std::exchange(wire_->brought, std::nullopt);
}

void Loopback::answer(std::string_view sentence) {
    if (wire_->browser == nullptr) return;
    const QPointer<QTcpSocket> browser = wire_->browser;
    send(*browser, 200, sentence);
    if (browser != nullptr && browser->state() != QAbstractSocket::UnconnectedState)
        browser->waitForDisconnected(farewell_milliseconds_max);
}

}  // namespace bursar::ctl
