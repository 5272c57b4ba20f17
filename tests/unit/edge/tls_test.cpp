// Hunts: weak or broken TLS that is accepted, bytes that are lost between records, and certificates that cannot be
// changed.
#include "tests/unit/edge/certificate.h"
#include "tests/unit/edge/stage.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;

class Tls : public testing::Test {
  protected:
    Tls() {
        // The client's own OpenSSL writes to closed connections too.
        std::signal(SIGPIPE, SIG_IGN);
        write_certificate(folder_ / "server.pem", folder_ / "server.key", "first");
    }
    Listen listen() const {
        return {.port = 0, .certificate = folder_ / "server.pem", .private_key = folder_ / "server.key"};
    }
    const Folder folder_;
};

TEST_F(Tls, requests_are_served_over_tls_1_3) {
    Stage stage({}, listen());
    Client client = stage.client();
    ASSERT_TRUE(client.start_tls());
    EXPECT_EQ(client.tls_version(), "TLSv1.3");
    EXPECT_EQ(client.alpn(), "http/1.1");
    EXPECT_EQ(client.tls_subject(), "first");
    client.send(get("/hello") + post("/echo", "second"));
    EXPECT_EQ(client.body(), "hello");
    EXPECT_EQ(client.body(), "second");
    client.send(get("/stream"));
    EXPECT_EQ(client.body(), "data: one\n\ndata: two\n\ndata: three\n\n");
}

struct Offer {
    std::string name;
    int version;
    std::string ciphers;
    bool accepted;
};

TEST_F(Tls, only_forward_secrecy_and_tls_1_2_or_newer) {
    const std::vector<Offer> offers = {
        {"TLS 1.2 with what a client prefers", TLS1_2_VERSION, "", true},
        {"TLS 1.2, ECDHE, AES-GCM", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", true},
        {"TLS 1.2, ECDHE, ChaCha20", TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", true},
        {"TLS 1.2 without forward secrecy", TLS1_2_VERSION, "AES128-GCM-SHA256", false},
        {"TLS 1.2 with CBC and SHA-1", TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", false},
        {"TLS 1.2 with CBC and SHA-256", TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", false},
        {"TLS 1.2 without encryption", TLS1_2_VERSION, "NULL-SHA256:@SECLEVEL=0", false},
        {"TLS 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", false},
        {"TLS 1.0", TLS1_VERSION, "ALL:@SECLEVEL=0", false},
    };
    write_certificate(folder_ / "server.pem", folder_ / "server.key", "rsa", KeyKind::rsa);
    Stage stage({}, listen());
    int refused = 0;
    for (const Offer& offer : offers) {
        SCOPED_TRACE(offer.name);
        Client client = stage.client();
        EXPECT_EQ(client.start_tls(offer.version, offer.ciphers), offer.accepted);
        if (!offer.accepted) ++refused;
        if (!offer.accepted) continue;
        client.send(get("/hello"));
        EXPECT_EQ(client.body(), "hello");
    }
    // A client knows that it is refused before the shard has counted it; who comes next is served after that.
    Client next = stage.client();
    ASSERT_TRUE(next.start_tls());
    next.send(get("/hello"));
    EXPECT_EQ(next.body(), "hello");
    EXPECT_EQ(stage.server->counters().handshakes_failed, static_cast<unsigned>(refused));
    EXPECT_EQ(stage.served, static_cast<int>(offers.size()) - refused + 1);
}

TEST_F(Tls, large_bodies_and_answers_cross_many_records) {
    Stage stage({}, listen());
    Client client(stage.server->port(), "127.0.0.1", 8 * 1024);
    ASSERT_TRUE(client.start_tls());
    const std::string body(body_bytes_max, 'b');
    client.send(post("/echo", body));
    EXPECT_EQ(client.body(), body);
    client.send(get("/large") + get("/hello"));
    EXPECT_EQ(client.body(), std::string(8 << 20, 'x'));
    EXPECT_EQ(client.body(), "hello");
}

TEST_F(Tls, a_piece_is_not_looked_at_after_the_write_has_begun_to_wait) {
    Stage stage({}, listen());
    Client client(stage.server->port(), "127.0.0.1", 8 * 1024);
    ASSERT_TRUE(client.start_tls());
    client.send(get("/flood"));
    ASSERT_TRUE(client.head());
    std::string received;
    while (received.size() < 50 * flood_piece_bytes) {
        const std::string some = client.read_some();
        ASSERT_FALSE(some.empty());
        received += some;
    }
    EXPECT_EQ(received.find('!'), std::string::npos);
    client.reset();
    EXPECT_TRUE(stage.events.happened("client gone"));
}

TEST_F(Tls, malformed_requests_are_answered_over_tls_too) {
    Stage stage({}, listen());
    Client client = stage.client();
    ASSERT_TRUE(client.start_tls());
    client.send("GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n" + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(stage.served, 0);
}

TEST_F(Tls, a_client_that_leaves_is_noticed_while_the_answer_is_awaited) {
    Stage stage({}, listen());
    for (const bool hard : {false, true}) {
        Client client = stage.client();
        ASSERT_TRUE(client.start_tls());
        client.send(get("/hang"));
        ASSERT_TRUE(stage.events.happened("waiting", hard ? 2 : 1));
        if (hard)
            client.reset();
        else
            client.leave();
        EXPECT_TRUE(stage.events.happened("left", hard ? 2 : 1));
    }
}

TEST_F(Tls, a_request_that_comes_while_the_answer_is_awaited_is_kept) {
    Stage stage({}, listen());
    Client client = stage.client();
    ASSERT_TRUE(client.start_tls());
    client.send(get("/hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    client.send(post("/echo", "the next one"));
    stage.release();
    EXPECT_EQ(client.body(), "released");
    EXPECT_EQ(client.body(), "the next one");
}

TEST_F(Tls, what_is_not_tls_is_closed_and_never_served) {
    Stage stage({}, listen());
    const std::vector<std::string> all = {get("/hello"),
                                          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                          std::string(3000, '\0'),
                                          std::string(70'000, '\xff'),
                                          std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'x'),
                                          "SSH-2.0-x\r\n"};
    for (const std::string& bytes : all) {
        Client client = stage.client();
        client.send(bytes);
        const std::optional<std::string> said = client.rest();
        ASSERT_TRUE(said);
        EXPECT_EQ(said->find("HTTP/1.1 200"), std::string::npos);
    }
    EXPECT_EQ(stage.served, 0);
    EXPECT_EQ(stage.server->counters().handshakes_failed, all.size());
}

TEST_F(Tls, a_handshake_that_stops_ends_at_its_deadline) {
    Stage stage({.handshake = 150ms}, listen());
    Client silent = stage.client(), half = stage.client();
    half.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(half.rest());
    EXPECT_EQ(stage.server->counters().handshakes_failed, 2U);
}

TEST_F(Tls, an_idle_connection_ends_at_its_deadline) {
    Stage stage({.keep_alive = 150ms}, listen());
    Client client = stage.client();
    ASSERT_TRUE(client.start_tls());
    client.send(get("/hello"));
    EXPECT_EQ(client.body(), "hello");
    EXPECT_TRUE(client.ends());
}

TEST_F(Tls, a_new_certificate_serves_new_connections_and_a_wrong_one_changes_nothing) {
    Stage stage({}, listen());
    Client before = stage.client();
    ASSERT_TRUE(before.start_tls());

    write_certificate(folder_ / "server.pem", folder_ / "server.key", "second");
    ASSERT_TRUE(stage.server->reload_certificate());
    Client after = stage.client();
    ASSERT_TRUE(after.start_tls());
    EXPECT_EQ(after.tls_subject(), "second");

    write_certificate(folder_ / "server.pem", folder_ / "other.key", "third");
    const Result<void> refused = stage.server->reload_certificate();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::wrong_configuration);
    Client still = stage.client();
    ASSERT_TRUE(still.start_tls());
    EXPECT_EQ(still.tls_subject(), "second");

    before.send(get("/hello"));
    EXPECT_EQ(before.body(), "hello");
}

TEST_F(Tls, a_stop_ends_idle_connections) {
    Stage stage({}, listen());
    Client client = stage.client();
    ASSERT_TRUE(client.start_tls());
    client.send(get("/hello"));
    EXPECT_EQ(client.body(), "hello");
    const Moment began = std::chrono::steady_clock::now();
    stage.server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
    EXPECT_TRUE(client.ends());
}

struct WrongFiles {
    std::string name;
    std::string certificate, key;
    std::string names;  ///< what the error must name
};

TEST_F(Tls, wrong_files_are_named) {
    write_certificate(folder_ / "other.pem", folder_ / "other.key", "other");
    write_certificate(folder_ / "rsa.pem", folder_ / "rsa.key", "rsa", KeyKind::rsa);
    std::ofstream(folder_ / "empty.pem");
    std::ofstream(folder_ / "text.pem") << "this is no certificate\n";
    const std::vector<WrongFiles> cases = {
        {"no such certificate", "none.pem", "server.key", "none.pem"},
        {"no such key", "server.pem", "none.key", "none.key"},
        {"an empty certificate", "empty.pem", "server.key", "empty.pem"},
        {"a certificate that is text", "text.pem", "server.key", "text.pem"},
        {"the key of another certificate", "server.pem", "other.key", "other.key"},
        {"a key of another kind", "server.pem", "rsa.key", "rsa.key"},
        {"the files in each other's place", "server.key", "server.pem", "server.key"},
    };
    struct Nobody final : Handler {
        Task<void> serve(Exchange&) override { co_return; }
    } nobody;
    for (const WrongFiles& one : cases) {
        SCOPED_TRACE(one.name);
        const auto made = Server::create(
            {.port = 0, .certificate = folder_ / one.certificate, .private_key = folder_ / one.key}, {}, 1, nobody, {});
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().fault, Fault::wrong_configuration);
        EXPECT_NE(made.error().for_caller.find(one.names), std::string::npos) << made.error().for_caller;
    }
}

}  // namespace
}  // namespace bursar::edge::test
