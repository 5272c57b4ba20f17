#include "auth/oidc/http.h"

#include "auth/oidc/test_steps.h"
#include "tests/unit/oidc/sign_in.h"
#include "tests/unit/providers/raw_server.h"

#include <cstdlib>

#include <fmt/format.h>
#include <openssl/ssl.h>

// Hunts: a provider of identities that we believe without its certificate, that sends us elsewhere, that keeps us
// waiting or fills our memory; a proxy that comes from the environment; and an error that does not name the cause.
namespace bursar::oidc::testing {
namespace {

using providers::testing::Certificate;
using providers::testing::closed_port;
using providers::testing::make_authority;
using providers::testing::make_certificate;
using providers::testing::Peer;
using providers::testing::RawServer;
using providers::testing::Validity;

std::string answer_with(std::string_view body, std::string_view headers = "") {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), headers, body);
}

std::string url_of(const RawServer& server, std::string_view scheme, std::string_view path = "/") {
    return fmt::format("{}://127.0.0.1:{}{}", scheme, server.port(), path);
}

void expect_failure(const Result<HttpAnswer>& answer, std::string_view word, std::string_view what) {
    ASSERT_FALSE(answer) << what;
    EXPECT_EQ(answer.error().fault, Fault::directory_unavailable) << what;
    EXPECT_TRUE(answer.error().for_operator.starts_with(word)) << what << ": " << answer.error().for_operator;
}

TEST(HttpByCurl, asks_and_reads) {
    std::string request;
    RawServer server([&](Peer& peer, int) {
        request = peer.read_request();
        peer.write(answer_with(R"({"a":1})",
                               "Content-Type: application/json\r\nCACHE-CONTROL:max-age=60 \r\n"
                               "Date: Mon, 23 Nov 2026 17:54:20 GMT\r\nSet-Cookie: a=b\r\n"));
    });
    const auto answer =
        by_curl()({.url = url_of(server, "http", "/token"), .form = "a=b&c=d", .authorization = "Basic eDp5"});
    ASSERT_TRUE(answer) << answer.error().for_operator;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, R"({"a":1})");
    EXPECT_EQ(answer->content_type, "application/json");
    EXPECT_EQ(answer->cache_control, "max-age=60");
    EXPECT_EQ(answer->date, "Mon, 23 Nov 2026 17:54:20 GMT");
    EXPECT_TRUE(request.starts_with("POST /token HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("\r\nAuthorization: Basic eDp5\r\n"), std::string::npos) << request;
    EXPECT_NE(request.find("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), std::string::npos) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\na=b&c=d")) << request;
    EXPECT_EQ(request.find("Accept-Encoding"), std::string::npos) << request;
}

TEST(HttpByCurl, follows_no_redirect) {
    RawServer elsewhere([](Peer& peer, int) { peer.write(answer_with("{}")); });
    RawServer server([&](Peer& peer, int) {
        peer.read_head();
        peer.write(
            fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", url_of(elsewhere, "http")));
    });
    const auto answer = by_curl()({.url = url_of(server, "http")});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(HttpByCurl, takes_no_proxy_from_the_environment) {
    RawServer proxy([](Peer& peer, int) { peer.write(answer_with("proxy")); });
    RawServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write(answer_with("server"));
    });
    ::setenv("http_proxy", url_of(proxy, "http").c_str(), 1);
    ::setenv("ALL_PROXY", url_of(proxy, "http").c_str(), 1);
    const auto answer = by_curl()({.url = url_of(server, "http")});
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "server");
    EXPECT_EQ(proxy.connections(), 0);
}

TEST(HttpByCurl, an_answer_has_limits) {
    RawServer server([](Peer& peer, int connection) {
        peer.read_head();
        const std::string megabyte(1024 * 1024, ' ');
        if (connection == 0) peer.write(answer_with(megabyte));
        if (connection == 1) peer.write(answer_with(megabyte + " "));
        if (connection == 2) {
            // No length, and no end in sight.
            peer.write("HTTP/1.1 200 OK\r\n\r\n");
            while (peer.write(megabyte)) {
            }
        }
        if (connection == 3) {
            peer.write("HTTP/1.1 200 OK\r\n");
            while (peer.write("X: " + std::string(1024, 'x') + "\r\n")) {
            }
        }
    });
    const HttpRequest request{.url = url_of(server, "http")};
    const auto whole = by_curl()(request);
    ASSERT_TRUE(whole) << whole.error().for_operator;
    EXPECT_EQ(whole->body.size(), http_answer_bytes_max);
    expect_failure(by_curl()(request), http_size, "one byte too many");
    expect_failure(by_curl()(request), http_size, "a body without end");
    expect_failure(by_curl()(request), http_size, "headers without end");
}

TEST(HttpByCurl, waits_so_long_and_no_longer) {
    RawServer server([](Peer& peer, int) {
        peer.read_head();
        peer.wait_closed();
    });
    const auto began = std::chrono::steady_clock::now();
    expect_failure(by_curl()({.url = url_of(server, "http")}), http_time, "a server that says nothing");
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(took, http_timeout - std::chrono::milliseconds(100));
    EXPECT_LT(took, http_timeout + std::chrono::seconds(3));
}

TEST(HttpByCurl, what_is_no_https_address_is_not_asked) {
    for (const char* url : {"http://login.corp.example/", "file:///etc/hostname", "ftp://127.0.0.1/",
                            "gopher://127.0.0.1/", "https://user:password@127.0.0.1/", "", "127.0.0.1"})
        expect_failure(by_curl()({.url = url}), http_other, url);
}

TEST(HttpByCurl, says_what_is_wrong_with_a_host) {
    expect_failure(by_curl()({.url = "https://no-such-host.invalid/"}), http_resolve, "no such name");
    expect_failure(by_curl()({.url = fmt::format("https://127.0.0.1:{}/", closed_port())}), http_connect,
                   "nobody listens");
}

class HttpByTls : public ::testing::Test {
  protected:
    Result<HttpAnswer> ask(const Certificate& certificate, const std::string& ca, int version_max = 0) {
        RawServer server([&](Peer& peer, int) {
            if (!peer.start_tls(certificate, version_max)) return;
            peer.read_head();
            peer.write(answer_with("{}"));
        });
        return by_curl()({.url = url_of(server, "https"), .ca = ca});
    }
    const Certificate authority_ = make_authority("Corp CA"), other_ = make_authority("Other CA");
    const Certificate right_ = make_certificate("127.0.0.1", authority_);
};

TEST_F(HttpByTls, believes_the_ca_of_the_policy_and_only_that) {
    EXPECT_TRUE(ask(right_, authority_.chain));
    EXPECT_TRUE(ask(right_, other_.chain + authority_.chain));
    expect_failure(ask(right_, other_.chain), http_tls, "another CA");
    expect_failure(ask(right_, ""), http_tls, "the system's CAs only");
    expect_failure(ask(right_, "not PEM"), http_tls, "a CA that is no PEM");
    expect_failure(ask(make_certificate("127.0.0.1", other_), authority_.chain), http_tls, "signed by another CA");
    expect_failure(ask(make_authority("127.0.0.1"), authority_.chain), http_tls, "self-signed");
}

TEST_F(HttpByTls, a_certificate_has_to_be_for_the_host_and_in_force) {
    expect_failure(ask(make_certificate("other.example", authority_), authority_.chain), http_tls, "another host");
    expect_failure(ask(make_certificate("127.0.0.2", authority_), authority_.chain), http_tls, "another address");
    const auto expired = ask(make_certificate("127.0.0.1", authority_, Validity::expired), authority_.chain);
    expect_failure(expired, http_tls, "expired");
    EXPECT_NE(expired.error().for_operator.find("expired"), std::string::npos) << expired.error().for_operator;
}

TEST_F(HttpByTls, speaks_tls_1_2_and_nothing_older) {
    EXPECT_TRUE(ask(right_, authority_.chain, TLS1_2_VERSION));
    expect_failure(ask(right_, authority_.chain, TLS1_1_VERSION), http_tls, "TLS 1.1");
}

std::string states_of(const std::vector<auth::Step>& steps) {
    std::string out;
    for (const auth::Step& each : steps)
        out += each.state == auth::Step::State::good ? 'g' : each.state == auth::Step::State::bad ? 'b' : 's';
    return out;
}

TEST_F(SignInTest, its_test_shows_the_first_step_that_fails) {
    const auto error = [](std::string_view word) {
        return [word](const HttpRequest&) -> Result<HttpAnswer> {
            return fail(Fault::directory_unavailable, "No.", std::string(word) + "because");
        };
    };
    const std::string discovery = "/.well-known/openid-configuration";
    const struct {
        const char* name;
        std::function<void(FakeProvider&)> change;
        const char* states;  // resolve, TLS, discovery, keys, clock, abilities
        const char* text;    // of the step that is bad
    } cases[] = {
        {"all is well", [](FakeProvider&) {}, "gggggg", ""},
        {"no such name", [&](FakeProvider& at) { at.instead[discovery] = error(http_resolve); }, "bsssss", "because"},
        {"nobody listens", [&](FakeProvider& at) { at.instead[discovery] = error(http_connect); }, "bsssss", "because"},
        {"a wrong certificate", [&](FakeProvider& at) { at.instead[discovery] = error(http_tls); }, "gbssss",
         "because"},
        {"silence", [&](FakeProvider& at) { at.instead[discovery] = error(http_time); }, "ggbsss", "because"},
        {"no document",
         [&](FakeProvider& at) { at.instead[discovery] = [](const HttpRequest&) { return answer_of(404, ""); }; },
         "ggbsss", "issuer written right"},
        {"another issuer", [](FakeProvider& at) { at.document["issuer"] = text_of("https://x.example"); }, "ggbsss",
         "write the issuer as"},
        {"keys that are not there",
         [](FakeProvider& at) { at.instead["/keys"] = [](const HttpRequest&) { return answer_of(500, ""); }; },
         "gggbss", "keys"},
        {"no key for us", [](FakeProvider& at) { at.key_set_instead = R"({"keys":[]})"; }, "gggbss", "none of the 0"},
        {"clocks that differ",
         [](FakeProvider& at) {
             at.instead["/.well-known/openid-configuration"] = [&at](const HttpRequest&) {
                 HttpAnswer answer = answer_of(200, object_of(at.document));
                 answer.date = "Mon, 23 Nov 2026 17:50:00 GMT";
                 return answer;
             };
         },
         "ggggbg", "260 s ahead of"},
        {"another algorithm",
         [](FakeProvider& at) { at.document["id_token_signing_alg_values_supported"] = R"(["EdDSA","HS256"])"; },
         "gggggb", "none of RS256, ES256"},
        {"no place to sign in", [](FakeProvider& at) { at.document.erase("authorization_endpoint"); }, "gggggb",
         "authorization_endpoint"},
    };
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        each.change(provider_);
        const auto steps = (*make(provider_.options()))->test();
        EXPECT_EQ(states_of(steps), each.states) << each.name;
        for (const auth::Step& step : steps) {
            if (step.state != auth::Step::State::bad) continue;
            EXPECT_NE(step.text.find(each.text), std::string::npos) << each.name << ": " << step.text;
        }
    }
}

TEST(HttpDates, one_form_is_read) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), *parse_timestamp("1994-11-06T08:49:37Z"));
    for (const char* wrong :
         {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
          "Sun, 06 Nov 9999 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT"})
        EXPECT_FALSE(parse_http_date(wrong)) << wrong;
}

}  // namespace
}  // namespace bursar::oidc::testing
