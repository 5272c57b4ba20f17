#include "integrations/courier/line.h"

#include "integrations/wire.h"
#include "service/base/crypto.h"
#include "service/base/log.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <QLocalSocket>
#include <QTimer>

namespace bursar::courier {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds wait_first{100}, wait_max{5000};
constexpr int close_milliseconds_max = 1000;
constexpr qint64 read_bytes_at_once = 256 << 10;

/// Half of it and up to all of it, so that many couriers would not come at once.
milliseconds with_jitter(milliseconds wait) {
    std::array<unsigned char, 2> chance{};
    fill_random(chance);
    const auto part = (chance[0] * 256 + chance[1]) % (wait.count() / 2 + 1);
    return wait / 2 + milliseconds(part);
}

}  // namespace

struct Line::State {
    std::string path;
    Events events;
    QLocalSocket socket;
    QTimer again;
    integrations::Frames frames;
    milliseconds wait = wait_first;
    bool closed = false, told_of_trouble = false;

    void connected() {
        log::info("connected", {{"socket", path}});
        told_of_trouble = false;
        frames = {};
        send(events.hello());
    }

    void send(std::string_view json) {
        if (socket.state() != QLocalSocket::ConnectedState) return;
        const std::string bytes = integrations::framed(json);
        socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
    }

    void read() {
        while (socket.bytesAvailable() > 0) {
            QByteArray bytes = socket.read(read_bytes_at_once);
            bool good = frames.add(std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
            if (!good) log::error("frame_too_large", {{"bytes_max", integrations::frame_bytes_max}});
            wipe(bytes.data(), static_cast<std::size_t>(bytes.size()));
            while (auto frame = good ? frames.next() : std::nullopt) good = events.frame(*std::move(frame));
            if (!good) return socket.abort();
            // Who makes sense is asked again soon when he goes.
            wait = wait_first;
        }
    }

    void lost() {
        if (closed || again.isActive()) return;
        if (!std::exchange(told_of_trouble, true))
            log::warning("not_connected", {{"socket", path}, {"reason", socket.errorString().toStdString()}});
        again.start(with_jitter(wait));
        wait = std::min(wait * 2, wait_max);
    }
};

Line::Line(std::string path, Events events) : state_(std::make_unique<State>()) {
    State* state = state_.get();
    state->path = std::move(path);
    state->events = std::move(events);
    state->again.setSingleShot(true);
    QObject::connect(&state->again, &QTimer::timeout, &state->again, [this] { open(); });
    QObject::connect(&state->socket, &QLocalSocket::connected, &state->socket, [state] { state->connected(); });
    QObject::connect(&state->socket, &QLocalSocket::readyRead, &state->socket, [state] { state->read(); });
    QObject::connect(&state->socket, &QLocalSocket::stateChanged, &state->socket,
                     [state](QLocalSocket::LocalSocketState now) {
                         if (now == QLocalSocket::UnconnectedState) state->lost();
                     });
    QObject::connect(&state->socket, &QLocalSocket::errorOccurred, &state->socket,
                     [state](QLocalSocket::LocalSocketError) {
                         if (state->socket.state() == QLocalSocket::UnconnectedState) state->lost();
                     });
}

Line::~Line() {
    state_->closed = true;
    state_->socket.disconnect();
}

void Line::open() { state_->socket.connectToServer(QString::fromStdString(state_->path)); }

void Line::send(std::string_view json) { state_->send(json); }

void Line::close() {
    state_->closed = true;
    state_->again.stop();
    if (state_->socket.state() != QLocalSocket::ConnectedState) return;
    while (state_->socket.bytesToWrite() > 0)
        if (!state_->socket.waitForBytesWritten(close_milliseconds_max)) break;
    state_->socket.disconnectFromServer();
}

}  // namespace bursar::courier
