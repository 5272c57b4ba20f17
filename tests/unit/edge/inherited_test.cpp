// Hunts: sockets of socket activation that are closed instead of given back, one of several that nobody serves, and a
// client that loses its name because the socket is for both families.
#include "tests/unit/edge/stage.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

/// A socket as systemd opens it before the service starts; [::] for both families.
class Opened {
  public:
    explicit Opened(bool listens = true) : descriptor_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        constexpr int no = 0;
        ::setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        socklen_t size = sizeof address;
        good_ = ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                (!listens || ::listen(descriptor_, 128) == 0) &&
                ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        port_ = ntohs(address.sin6_port);
    }
    ~Opened() { ::close(descriptor_); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    bool good() const { return good_; }
    int descriptor() const { return descriptor_; }
    std::uint16_t port() const { return port_; }

  private:
    int descriptor_;
    std::uint16_t port_ = 0;
    bool good_ = false;
};

TEST(Inherited, who_waits_at_the_socket_is_served_and_keeps_its_name) {
    const Opened socket;
    ASSERT_TRUE(socket.good());
    // Before there is any service.
    Client early(socket.port());
    early.send(get("/address"));
    const Stage stage({}, {.inherited = {socket.descriptor()}}, 2);
    EXPECT_EQ(stage.server->port(), socket.port());
    EXPECT_EQ(early.body(), "127.0.0.1");
}

TEST(Inherited, who_comes_between_two_services_is_served_by_the_second) {
    const Opened socket;
    ASSERT_TRUE(socket.good());
    {
        const Stage first({}, {.inherited = {socket.descriptor()}}, 2);
        Client client(socket.port());
        client.send(get("/hello"));
        EXPECT_EQ(client.body(), "hello");
    }
    Client between(socket.port());
    ASSERT_TRUE(between.connected());
    between.send(get("/hello"));
    const Stage second({}, {.inherited = {socket.descriptor()}});
    EXPECT_EQ(between.body(), "hello");
}

TEST(Inherited, every_one_of_several_sockets_is_served_by_fewer_shards) {
    const Opened one, two, three;
    ASSERT_TRUE(one.good() && two.good() && three.good());
    const Stage stage({}, {.inherited = {one.descriptor(), two.descriptor(), three.descriptor()}}, 2);
    for (const Opened* socket : {&one, &two, &three}) {
        Client client(socket->port());
        client.send(get("/hello"));
        EXPECT_EQ(client.body(), "hello");
    }
}

TEST(Inherited, what_is_no_listening_socket_stops_the_start) {
    const Opened quiet(false);
    Stage stage;
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC), closed = 1'000'000;
    for (const int wrong : {quiet.descriptor(), file, closed}) {
        const auto made = Server::create({.inherited = {wrong}}, {}, 1, stage, {});
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().fault, Fault::wrong_configuration);
        EXPECT_NE(made.error().for_caller.find("ListenStream="), std::string::npos);
    }
    ::close(file);
}

}  // namespace
}  // namespace bursar::edge::test
