#include "service/edge/listener.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>

#include <fmt/format.h>

namespace bursar::edge {
namespace {

std::optional<int> option(int descriptor, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) != 0) return std::nullopt;
    return value;
}

}  // namespace

Result<Borrowed> borrow_listener(int descriptor) {
    const std::optional<int> family = option(descriptor, SO_DOMAIN);
    if ((family != AF_INET && family != AF_INET6) || option(descriptor, SO_TYPE) != SOCK_STREAM ||
        option(descriptor, SO_ACCEPTCONN) != 1)
        return fail(Fault::wrong_configuration,
                    fmt::format("Descriptor {} was handed over and is no TCP socket that listens; the socket unit "
                                "needs ListenStream= with a port or an IP address and port, and Accept=no.",
                                descriptor));
    const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0 || ::fcntl(own, F_SETFL, ::fcntl(own, F_GETFL) | O_NONBLOCK) != 0)
        return fail(Fault::wrong_configuration, fmt::format("Descriptor {} was handed over and cannot be used: {}.",
                                                            descriptor, std::strerror(errno)));
    return Borrowed{.descriptor = own, .v6 = family == AF_INET6};
}

}  // namespace bursar::edge
