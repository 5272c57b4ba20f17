#include "service/outbox/line.h"

#include "service/base/log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

std::string words_of(int error) { return std::generic_category().message(error); }

}  // namespace

Handle::~Handle() {
    if (number_ >= 0) ::close(number_);
}

bool Line::read(Moment now, Heard& heard) {
    constexpr int portions_max = 16;  // others wait, too
    std::array<char, 16'384> buffer{};
    for (int i = 0; i < portions_max; ++i) {
        const ssize_t count = ::recv(handle_.number(), buffer.data(), buffer.size(), 0);
        if (count == 0) return over("it has closed the connection");
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (count < 0) return over(words_of(errno));
        moved_ = now;
        if (!frames_.add({buffer.data(), static_cast<std::size_t>(count)}))
            return over("it has sent a frame that is too large");
        while (const auto frame = frames_.next())
            if (!take_frame(*frame, heard)) return false;
    }
    return true;
}

bool Line::take_frame(const std::string& json, Heard& heard) {
    if (!hello_) {
        auto hello = integrations::read_hello(json);
        if (!hello) return over("its first frame is no hello: " + hello.error().for_caller);
        if (hello->wire != integrations::wire_version)
            return over(fmt::format("it speaks version {} of the wire, not {}; install the same version of both",
                                    hello->wire, integrations::wire_version));
        hello->at_once = std::clamp(hello->at_once, 1, at_once_max);
        hello_ = *std::move(hello);
        return true;
    }
    if (integrations::is_sighting(json)) {
        auto sighting = integrations::read_sighting(json);
        if (!sighting) return over("it has sent what is no sighting: " + sighting.error().for_caller);
        heard.sightings.push_back(*std::move(sighting));
        return true;
    }
    auto receipt = integrations::read_receipt(json);
    if (!receipt) return over("it has sent what is no receipt: " + receipt.error().for_caller);
    heard.receipts.push_back(*std::move(receipt));
    return true;
}

void Line::send(const integrations::Delivery& delivery, Moment now) {
    queue(integrations::write_delivery(delivery), now);
}

void Line::send(const integrations::Watch& watch, Moment now) { queue(integrations::write_watch(watch), now); }

void Line::queue(const Secret& json, Moment now) {
    if (unsent_.empty()) moved_ = now;
    unsent_.emplace_back(integrations::framed(json.reveal()));
}

bool Line::write(Moment now) {
    while (!unsent_.empty()) {
        const std::string_view rest = unsent_.front().reveal().substr(sent_of_first_);
        const ssize_t count = ::send(handle_.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (count < 0) return over(words_of(errno));
        moved_ = now;
        sent_of_first_ += static_cast<std::size_t>(count);
        if (sent_of_first_ < unsent_.front().size()) continue;
        unsent_.pop_front();
        sent_of_first_ = 0;
    }
    return true;
}

bool Line::is_late(Moment now, bool waiting) {
    if (!hello_ && now - since_ > hello_deadline) return !over("it has not said hello");
    if (!unsent_.empty() && now - moved_ > send_deadline) return !over("it takes no bytes");
    if (waiting && now - moved_ > receipt_deadline) return !over("it owes receipts and says nothing");
    return false;
}

Result<Handle> listen_at(const std::filesystem::path& socket, const std::optional<std::uint32_t>& group) {
    const auto wrong = [&](std::string_view why) {
        return fail(Fault::wrong_configuration,
                    fmt::format("{}: the socket of the courier cannot be made: {}. Name another place with [courier] "
                                "socket, in a folder that the service may write.",
                                socket.string(), why));
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().size() >= sizeof(address.sun_path)) return wrong("its path is too long");
    std::memcpy(address.sun_path, socket.c_str(), socket.native().size() + 1);
    struct stat there{};
    if (::lstat(socket.c_str(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode)) return wrong("something else has that name");
        ::unlink(socket.c_str());
    }
    Handle listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.is_open()) return wrong(words_of(errno));
    // The mode is that of the socket before it has a name: nobody gets in between.
    if (::fchmod(listener.number(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0 ||
        ::bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return wrong(words_of(errno));
    if (::chmod(socket.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0) return wrong(words_of(errno));
    // In a folder with the set-group-ID bit it has that group already, and a sandbox may forbid to give it one.
    if (group && (::lstat(socket.c_str(), &there) != 0 || there.st_gid != *group) &&
        ::chown(socket.c_str(), static_cast<uid_t>(-1), *group) != 0)
        log::warning("courier_socket_group", {{"socket", socket.string()}, {"reason", words_of(errno)}});
    constexpr int backlog = 4;
    if (::listen(listener.number(), backlog) != 0) return wrong(words_of(errno));
    return listener;
}

std::optional<Handle> accept_from(const Handle& listener, const Peers& peers) {
    Handle handle(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!handle.is_open()) return std::nullopt;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(handle.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    if (peer.uid != peers.own && (!peers.courier || peer.uid != *peers.courier)) {
        log::warning("courier_refused", {{"uid", static_cast<std::int64_t>(peer.uid)},
                                         {"text", "Only the service's own user and [courier] user may connect."}});
        return std::nullopt;
    }
    return handle;
}

}  // namespace bursar::outbox
