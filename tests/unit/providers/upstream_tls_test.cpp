// Hunts: TLS that trusts the wrong server, a byte of a request that leaves before the server is known, a proxy that
// stands in for the provider.
#include "tests/unit/providers/upstream_fixture.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <unistd.h>

#include <openssl/ssl.h>

namespace bursar::providers {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class UpstreamTls : public Upstream {
  protected:
    UpstreamTls() {
        folder_ = std::filesystem::temp_directory_path() / ("providers-tls-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        std::ofstream(ca_file()) << authority_.chain;
    }
    ~UpstreamTls() override { std::filesystem::remove_all(folder_); }
    std::string ca_file() const { return folder_ / "ca.pem"; }
    Target secure(std::uint16_t port, const std::string& host) const {
        return {.tls = true, .host = host, .port = port, .ca_file = ca_file()};
    }

    /// A server with that certificate; what the client made of it.
    Outcome outcome_with(const Certificate& certificate, const std::string& host, int version_max = 0) {
        RawServer server([&](Peer& peer, int) {
            if (peer.start_tls(certificate, version_max)) answer_each(peer);
        });
        return run(call(*pool_, secure(server.port(), host), {}));
    }

    Certificate authority_ = testing::make_authority("Bursar test authority");
    std::filesystem::path folder_;
};

TEST_F(UpstreamTls, a_certificate_for_the_host_of_a_trusted_authority_is_accepted) {
    EXPECT_EQ(outcome_with(testing::make_certificate("localhost", authority_), "localhost").body, "hello");
    EXPECT_EQ(outcome_with(testing::make_certificate("127.0.0.1", authority_), "127.0.0.1").body, "hello");
}

TEST_F(UpstreamTls, every_other_certificate_is_refused_before_a_byte_of_the_request) {
    struct Case {
        std::string name;
        Certificate certificate;
        std::string host;
        std::string says;
    };
    const auto stranger = testing::make_authority("Somebody else");
    const std::vector<Case> cases = {
        {"another host", testing::make_certificate("api.example.com", authority_), "localhost", "hostname mismatch"},
        {"a name where an address was asked for", testing::make_certificate("localhost", authority_), "127.0.0.1",
         "IP address mismatch"},
        {"an authority that is not trusted", testing::make_certificate("localhost", stranger), "localhost",
         "unable to get local issuer"},
        {"self-signed", testing::make_authority("localhost"), "localhost", "self-signed"},
        {"expired", testing::make_certificate("localhost", authority_, testing::Validity::expired), "localhost",
         "expired"},
    };
    for (const auto& wrong : cases) {
        SCOPED_TRACE(wrong.name);
        const auto outcome = outcome_with(wrong.certificate, wrong.host);
        ASSERT_TRUE(outcome.error.has_value());
        EXPECT_EQ(outcome.error->fault, Fault::provider_unavailable);
        EXPECT_EQ(outcome.sent, Sent::nothing);
        EXPECT_NE(outcome.error->for_operator.find(wrong.says), std::string::npos) << outcome.error->for_operator;
    }
}

TEST_F(UpstreamTls, a_replaced_ca_file_counts_for_new_connections) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    EXPECT_EQ(outcome_with(certificate, "localhost").body, "hello");
    // Half a file, as an editor may leave it for a moment, takes nothing away.
    std::ofstream(ca_file()) << authority_.chain.substr(0, 100);
    EXPECT_EQ(outcome_with(certificate, "localhost").body, "hello");
    const auto next = testing::make_authority("Bursar's next authority");
    const std::string fresh = folder_ / "next.pem";
    std::ofstream(fresh) << next.chain;
    std::filesystem::rename(fresh, ca_file());
    EXPECT_TRUE(outcome_with(certificate, "localhost").error.has_value());
    EXPECT_EQ(outcome_with(testing::make_certificate("localhost", next), "localhost").body, "hello");
}

TEST_F(UpstreamTls, a_refusal_is_heard_though_nobody_reads_the_body) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    std::promise<void> over;
    RawServer server([&, ended = over.get_future().share()](Peer& peer, int) {
        if (!peer.start_tls(certificate)) return;
        peer.read_head();
        peer.write("HTTP/1.1 429 Slow Down\r\nContent-Length: 4\r\n\r\nslow");
        ended.wait_for(10s);
    });
    const std::string large(64U << 20U, 'x');
    const Moment began = std::chrono::steady_clock::now();
    const auto outcome = run(call(*pool_, secure(server.port(), "localhost"), {.body = {large}}));
    EXPECT_EQ(outcome.status, 429);
    EXPECT_EQ(outcome.body, "slow");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    over.set_value();
}

TEST_F(UpstreamTls, versions_below_1_2_are_refused) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    const auto outcome = outcome_with(certificate, "localhost", TLS1_1_VERSION);
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.sent, Sent::nothing);
    EXPECT_EQ(outcome_with(certificate, "localhost", TLS1_2_VERSION).body, "hello");
}

TEST_F(UpstreamTls, a_file_of_authorities_that_cannot_be_read_is_a_wrong_configuration) {
    RawServer server([](Peer& peer, int) { peer.wait_closed(); });
    Target wrong = secure(server.port(), "localhost");
    wrong.ca_file = folder_ / "missing.pem";
    const auto outcome = run(call(*pool_, wrong, {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::wrong_configuration);
    EXPECT_NE(outcome.error->for_operator.find("missing.pem"), std::string::npos);
}

TEST_F(UpstreamTls, a_plain_server_is_no_tls_server) {
    RawServer server([](Peer& peer, int) {
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.wait_closed();
    });
    const auto outcome = run(call(*pool_, secure(server.port(), "localhost"), {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.sent, Sent::nothing);
}

TEST_F(UpstreamTls, connections_are_kept_although_tickets_come_behind_the_answer) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    RawServer server([&](Peer& peer, int) {
        if (peer.start_tls(certificate)) answer_each(peer);
    });
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(call(*pool_, secure(server.port(), "localhost"), {})).body, "hello");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(UpstreamTls, a_new_connection_goes_on_with_the_old_session) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    std::atomic<int> resumed{0};
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        resumed = 0;
        RawServer server([&](Peer& peer, int) {
            if (!peer.start_tls(certificate, version)) return;
            if (peer.resumed()) ++resumed;
            answer_each(peer);
        });
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(run(call(*pool_, secure(server.port(), "localhost"), {})).body, "hello");
            pool_->close_idle();
        }
        EXPECT_EQ(server.connections(), 3);
        EXPECT_EQ(resumed, 2) << std::hex << version;
    }
}

TEST_F(UpstreamTls, a_session_is_resumed_only_with_the_host_that_was_verified) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    RawServer server([&](Peer& peer, int) {
        if (peer.start_tls(certificate)) answer_each(peer);
    });
    EXPECT_EQ(run(call(*pool_, secure(server.port(), "localhost"), {})).body, "hello");
    EXPECT_TRUE(run(call(*pool_, secure(server.port(), "127.0.0.1"), {})).error.has_value());
}

TEST_F(UpstreamTls, eight_megabytes_pass_both_ways) {
    const auto certificate = testing::make_certificate("localhost", authority_);
    const std::string large(8U << 20U, 'y');
    std::promise<std::size_t> received;
    RawServer server([&](Peer& peer, int) {
        if (!peer.start_tls(certificate)) return;
        received.set_value(peer.read_request().size());
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
        peer.wait_closed();
    });
    const auto outcome = run(call(*pool_, secure(server.port(), "localhost"), {.body = {large}}));
    EXPECT_TRUE(outcome.body == large);
    EXPECT_GT(received.get_future().get(), large.size());
}

TEST_F(UpstreamTls, a_handshake_without_an_end_has_a_deadline) {
    RawServer server([](Peer& peer, int) { EXPECT_TRUE(peer.wait_closed()); });
    Ask ask;
    ask.deadlines.connect = 60ms;
    const auto outcome = run(call(*pool_, secure(server.port(), "localhost"), ask));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::deadline_passed);
    EXPECT_EQ(outcome.sent, Sent::nothing);
}

TEST_F(UpstreamTls, through_a_proxy_the_provider_is_still_the_one_that_is_verified) {
    const auto certificate = testing::make_certificate("api.example.com", authority_);
    std::promise<std::string> connect;
    RawServer proxy([&](Peer& peer, int) {
        connect.set_value(peer.read_head());
        peer.write("HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n");
        if (peer.start_tls(certificate)) answer_each(peer);
    });
    Target target = secure(443, "api.example.com");
    target.proxied = true;
    target.proxy_host = "127.0.0.1";
    target.proxy_port = proxy.port();
    EXPECT_EQ(run(call(*pool_, target, {})).body, "hello");
    EXPECT_EQ(run(call(*pool_, target, {})).body, "hello");
    EXPECT_EQ(proxy.connections(), 1);
    EXPECT_EQ(connect.get_future().get(), "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n");
}

TEST_F(UpstreamTls, a_proxy_that_refuses_says_so) {
    for (const std::string answer : {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\n\r\nsurprise", "rubbish\r\n\r\n", ""}) {
        SCOPED_TRACE(answer);
        RawServer proxy([&](Peer& peer, int) {
            peer.read_head();
            peer.write(answer);
        });
        Target target = secure(443, "api.example.com");
        target.proxied = true;
        target.proxy_host = "127.0.0.1";
        target.proxy_port = proxy.port();
        const auto outcome = run(call(*pool_, target, {}));
        ASSERT_TRUE(outcome.error.has_value());
        EXPECT_EQ(outcome.sent, Sent::nothing);
        EXPECT_NE(outcome.error->for_operator.find("proxy CONNECT"), std::string::npos) << outcome.error->for_operator;
    }
}

}  // namespace
}  // namespace bursar::providers
