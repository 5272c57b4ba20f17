#include "service/daemon/supervisor.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int sockets_max = 64;
/// Beats in the time that is granted: one may be late and one may be lost.
constexpr int beats_per_watch = 3;
constexpr std::chrono::microseconds watch_max = std::chrono::hours(24);

template <typename Number>
std::optional<Number> number_of(const std::optional<std::string>& text) {
    Number value{};
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

/// Connected, so that a message names nobody; -1 if that is no address or nobody is there.
int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return -1;
    std::memcpy(address.sun_path, path.data(), path.size());
    // The abstract name space: a zero stands for the "@".
    if (path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) return -1;
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), size) == 0) return made;
    ::close(made);
    return -1;
}

}  // namespace

Result<std::vector<int>> inherited_sockets(const Environment& environment, pid_t own) {
    const std::optional<std::string> pid = environment("LISTEN_PID"), count = environment("LISTEN_FDS");
    std::vector<int> sockets;
    if (!pid || !count || number_of<pid_t>(pid) != own) return sockets;
    const std::optional<int> many = number_of<int>(count);
    if (!many || *many < 0 || *many > sockets_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("LISTEN_FDS is \"{}\"; it is the number of sockets that are handed over, at most {}.",
                                *count, sockets_max));
    for (int i = first_descriptor; i < first_descriptor + *many; ++i) {
        ::fcntl(i, F_SETFD, FD_CLOEXEC);
        sockets.push_back(i);
    }
    return sockets;
}

Supervisor::Supervisor(const Environment& environment, pid_t own) {
    const std::optional<std::string> path = environment("NOTIFY_SOCKET");
    if (path) socket_ = connect_to(*path);
    const std::optional<std::string> pid = environment("WATCHDOG_PID");
    const auto granted = number_of<std::int64_t>(environment("WATCHDOG_USEC"));
    if (socket_ < 0 || !granted || *granted <= 0 || (pid && number_of<pid_t>(pid) != own)) return;
    watchdog_every_ = std::min(std::chrono::microseconds(*granted), watch_max) / beats_per_watch;
}

Supervisor::~Supervisor() {
    if (socket_ >= 0) ::close(socket_);
}

void Supervisor::say(std::string_view state) const {
    if (socket_ < 0) return;
    // Whoever is gone or busy is none of the callers' business.
    static_cast<void>(::send(socket_, state.data(), state.size(), MSG_NOSIGNAL));
}

struct Pulse::Waiting {
    std::atomic<std::size_t> missing{0};
};

bool Pulse::beat() {
    if (!waiting_) waiting_ = std::make_shared<Waiting>();
    if (waiting_->missing.load() > 0) return false;
    waiting_->missing.store(threads_);
    for (std::size_t i = 0; i < threads_; ++i) post_(i, [waiting = waiting_] { waiting->missing.fetch_sub(1); });
    return true;
}

}  // namespace bursar::daemon
