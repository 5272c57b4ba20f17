// Hunts: a request that is not exactly one well-formed HTTP message and reaches a handler all the same, so that
// something behind the edge reads it differently (smuggling), or leaves the connection open for its remainder to be
// read as a request.
#include "tests/unit/edge/stage.h"

#include <set>

#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::string_literals;

struct Case {
    std::string name;
    std::string bytes;
    int status;
};

const std::string host = "host: a\r\n";

/// A request in every way right but for these header lines.
std::string with(const std::string& lines) { return "POST /echo HTTP/1.1\r\n" + host + lines + "\r\n"; }
std::string to(const std::string& target) { return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n"; }
std::string by(const std::string& method) { return method + " /hello HTTP/1.1\r\n" + host + "\r\n"; }
std::string in(const std::string& version) { return "GET /hello " + version + "\r\n" + host + "\r\n"; }

const std::string smuggled = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

std::string many_headers(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) lines += "x-" + std::to_string(i) + ": 1\r\n";
    return lines;
}

std::vector<Case> framing_cases() {
    return {
        {"a length beside a coding", with("content-length: 5\r\ntransfer-encoding: chunked\r\n") + "0\r\n\r\n", 400},
        {"a coding beside a length", with("transfer-encoding: chunked\r\ncontent-length: 5\r\n") + "0\r\n\r\n", 400},
        {"a length of nothing beside a coding", with("content-length: 0\r\ntransfer-encoding: chunked\r\n"), 400},
        {"two different lengths", with("content-length: 5\r\ncontent-length: 6\r\n") + "hello!", 400},
        {"the same length twice", with("content-length: 5\r\ncontent-length: 5\r\n") + "hello", 400},
        {"a list of lengths", with("content-length: 5, 5\r\n") + "hello", 400},
        {"a length with a plus", with("content-length: +5\r\n") + "hello", 400},
        {"a length below nothing", with("content-length: -5\r\n") + "hello", 400},
        {"a length with a space inside", with("content-length: 5 5\r\n") + "hello", 400},
        {"a length in hexadecimal", with("content-length: 0x5\r\n") + "hello", 400},
        {"a length with a fraction", with("content-length: 5.0\r\n") + "hello", 400},
        {"a length with an exponent", with("content-length: 5e0\r\n") + "hello", 400},
        {"a length without a digit", with("content-length: \r\n"), 400},
        {"a length of letters", with("content-length: five\r\n") + "hello", 400},
        {"a length beyond 64 bits", with("content-length: 18446744073709551621\r\n") + "hello", 400},
        {"a length beyond 63 bits", with("content-length: 9223372036854775808\r\n") + "hello", 400},
        {"a length in quotes", with("content-length: \"5\"\r\n") + "hello", 400},
        {"a length with a vertical tab", with("content-length:\v5\r\n") + "hello", 400},
        {"a length with a comma behind it", with("content-length: 5,\r\n") + "hello", 400},
        {"a length of digits beyond ASCII", with("content-length: \xd9\xa5\r\n") + "hello", 400},
        {"a length with a NUL", with("content-length: 5\0\r\n"s) + "hello", 400},
        {"a length folded into the next line", with("content-length:\r\n 5\r\n") + "hello", 400},
        {"a space before the colon of the length", with("content-length : 5\r\n") + "hello", 400},
        {"a length behind a line of LF alone", with("x-a: 1\ncontent-length: 5\r\n") + "hello", 400},
        {"gzip as the coding", with("transfer-encoding: gzip\r\n"), 501},
        {"gzip before chunked", with("transfer-encoding: gzip, chunked\r\n") + "0\r\n\r\n", 501},
        {"gzip after chunked", with("transfer-encoding: chunked, gzip\r\n") + "0\r\n\r\n", 501},
        {"identity as the coding", with("transfer-encoding: identity\r\n"), 501},
        {"chunked and identity", with("transfer-encoding: chunked, identity\r\n") + "0\r\n\r\n", 501},
        {"chunked twice in one header", with("transfer-encoding: chunked, chunked\r\n") + "0\r\n\r\n", 501},
        {"chunked in two headers", with("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n") + "0\r\n\r\n",
         400},
        {"identity and chunked in two headers",
         with("transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n") + "0\r\n\r\n", 400},
        {"chunked with a parameter", with("transfer-encoding: chunked;q=1\r\n") + "0\r\n\r\n", 501},
        {"chunked in quotes", with("transfer-encoding: \"chunked\"\r\n") + "0\r\n\r\n", 501},
        {"a word that begins with chunked", with("transfer-encoding: chunkedx\r\n") + "0\r\n\r\n", 501},
        {"a word that ends with chunked", with("transfer-encoding: xchunked\r\n") + "0\r\n\r\n", 501},
        {"a comma before chunked", with("transfer-encoding: ,chunked\r\n") + "0\r\n\r\n", 501},
        {"a comma behind chunked", with("transfer-encoding: chunked,\r\n") + "0\r\n\r\n", 501},
        {"a space within chunked", with("transfer-encoding: chun ked\r\n") + "0\r\n\r\n", 501},
        {"chunked with a NUL", with("transfer-encoding: chunked\0\r\n"s) + "0\r\n\r\n", 400},
        {"a coding without a name", with("transfer-encoding:\r\n") + "0\r\n\r\n", 501},
        {"chunked behind a vertical tab", with("transfer-encoding: \vchunked\r\n") + "0\r\n\r\n", 400},
        {"a coding folded into the next line", with("transfer-encoding:\r\n chunked\r\n") + "0\r\n\r\n", 400},
        {"a space before the colon of the coding", with("transfer-encoding : chunked\r\n") + "0\r\n\r\n", 400},
        {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\n" + host + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"a coding and a length in HTTP/1.0",
         "POST /echo HTTP/1.0\r\n" + host + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    };
}

std::vector<Case> header_cases() {
    return {
        {"no host", "GET /hello HTTP/1.1\r\naccept: */*\r\n\r\n", 400},
        {"no header at all", "GET /hello HTTP/1.1\r\n\r\n", 400},
        {"two hosts", "GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400},
        {"the same host twice", "GET /hello HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n", 400},
        {"two hosts in HTTP/1.0", "GET /hello HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", 400},
        {"an empty host", "GET /hello HTTP/1.1\r\nhost:\r\n\r\n", 400},
        {"a host with a path", "GET /hello HTTP/1.1\r\nhost: a/b\r\n\r\n", 400},
        {"a host with a user", "GET /hello HTTP/1.1\r\nhost: user@a\r\n\r\n", 400},
        {"a host with a space", "GET /hello HTTP/1.1\r\nhost: a b\r\n\r\n", 400},
        {"a list of hosts", "GET /hello HTTP/1.1\r\nhost: a, b\r\n\r\n", 400},
        {"a host with a port that is none", "GET /hello HTTP/1.1\r\nhost: a:b\r\n\r\n", 400},
        {"a host with two ports", "GET /hello HTTP/1.1\r\nhost: a:1:2\r\n\r\n", 400},
        {"a host that is only a port", "GET /hello HTTP/1.1\r\nhost: :443\r\n\r\n", 400},
        {"a host with an open bracket", "GET /hello HTTP/1.1\r\nhost: [::1\r\n\r\n", 400},
        {"a host with a NUL", "GET /hello HTTP/1.1\r\nhost: a\0b\r\n\r\n"s, 400},
        {"a host folded into the next line", "GET /hello HTTP/1.1\r\nhost:\r\n a\r\n\r\n", 400},
        {"a host of 256 bytes", "GET /hello HTTP/1.1\r\nhost: " + std::string(256, 'a') + "\r\n\r\n", 400},
        {"a folded header", with("x-a: 1\r\n 2\r\n"), 400},
        {"a header folded with a tab", with("x-a: 1\r\n\t2\r\n"), 400},
        {"a folded first line", "GET /hello HTTP/1.1\r\n host: a\r\n\r\n", 400},
        {"a space before a colon", with("x-a : 1\r\n"), 400},
        {"a tab before a colon", with("x-a\t: 1\r\n"), 400},
        {"a space before a name", "GET /hello HTTP/1.1\r\n x-a: 1\r\n" + host + "\r\n", 400},
        {"a name with a space", with("x a: 1\r\n"), 400},
        {"no name", with(": 1\r\n"), 400},
        {"no colon", with("x-a\r\n"), 400},
        {"a name in parentheses", with("(x): 1\r\n"), 400},
        {"a name with a slash", with("x/a: 1\r\n"), 400},
        {"a name with an umlaut", with("x-\xc3\xa4: 1\r\n"), 400},
        {"a name with a NUL", with("x-\0a: 1\r\n"s), 400},
        {"a value with a NUL", with("x-a: 1\0 2\r\n"s), 400},
        {"a value with an escape", with("x-a: 1\x1b[0m\r\n"), 400},
        {"a value with a DEL", with("x-a: 1\x7f\r\n"), 400},
        {"a value with a bell", with("x-a: 1\a\r\n"), 400},
        {"a CR within a value", with("x-a: 1\r2\r\n"), 400},
        {"a CR before the end of a line", with("x-a: 1\r\r\n"), 400},
        {"a line that ends with LF alone", with("x-a: 1\nx-b: 2\r\n"), 400},
        {"a request line that ends with LF alone", "GET /hello HTTP/1.1\nhost: a\r\n\r\n", 400},
        {"an empty line of LF alone", "GET /hello HTTP/1.1\r\nhost: a\r\n\n", 400},
        {"only LF", "GET /hello HTTP/1.1\nhost: a\n\n", 400},
        {"a value beyond the head's cap", with("x-a: " + std::string(70'000, 'x') + "\r\n"), 431},
        {"a head that never ends", "GET /hello HTTP/1.1\r\nhost: a\r\nx-a: " + std::string(200'000, 'x'), 431},
        {"a name beyond the head's cap", with(std::string(70'000, 'x') + ": 1\r\n"), 431},
        {"too many headers", with(many_headers(201)), 431},
    };
}

std::vector<Case> line_cases() {
    return {
        {"nothing but garbage", "\x16\x03\x01\x02\x05\x01\x02\x01\xfc\x03\x03"s, 400},
        {"an empty line first", "\r\nGET /hello HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"a space first", " GET /hello HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"two spaces before the target", "GET  /hello HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"two spaces before the version", "GET /hello  HTTP/1.1\r\nhost: a\r\n\r\n", 505},
        {"a space after the version", "GET /hello HTTP/1.1 \r\nhost: a\r\n\r\n", 505},
        {"a tab before the target", "GET\t/hello HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"no target", "GET HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"no version", "GET /hello\r\nhost: a\r\n\r\n", 400},
        {"no method", "/hello HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"HTTP/0.9", "GET /hello\r\n\r\n", 400},
        {"a version with one number", in("HTTP/1"), 505},
        {"a version in small letters", in("http/1.1"), 505},
        {"another protocol", in("ICAP/1.0"), 505},
        {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"HTTP/2.0", in("HTTP/2.0"), 505},
        {"HTTP/3.0", in("HTTP/3.0"), 505},
        {"HTTP/0.9 by name", in("HTTP/0.9"), 505},
        {"HTTP/1.2", in("HTTP/1.2"), 505},
        {"a version with two digits", in("HTTP/1.10"), 505},
        {"an unknown method", by("BREW"), 501},
        {"a method of WebDAV", by("PROPFIND"), 501},
        {"a method in small letters", by("get"), 501},
        {"a very long method", by(std::string(5000, 'A')), 501},
        {"TRACE", by("TRACE"), 405},
        {"CONNECT to a host", "CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n", 405},
        {"CONNECT to a path", by("CONNECT"), 405},
        {"a NUL in the method", "GE\0T /hello HTTP/1.1\r\nhost: a\r\n\r\n"s, 400},
        {"a NUL in the version", "GET /hello HTTP/1.\0001\r\nhost: a\r\n\r\n"s, 400},
        {"a method with a quote", by("GE\"T"), 400},
        {"a method in brackets", by("[GET]"), 400},
    };
}

std::vector<Case> target_cases() {
    return {
        {"a target with a scheme", to("http://a/hello"), 400},
        {"a target with another scheme", to("https://a:8443/hello"), 400},
        {"a target with a scheme and a user", to("http://user@a/hello"), 400},
        {"a target of two slashes and a host", to("//a/hello"), 400},
        {"a target of a host and a port", to("a:443"), 400},
        {"a star", "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", 400},
        {"a target without a slash", to("hello"), 400},
        {"a fragment", to("/hello#x"), 400},
        {"an empty segment", to("/v1//hello"), 400},
        {"an empty segment at the end", to("/hello//"), 400},
        {"a step up", to("/v1/../hello"), 400},
        {"a step up at the end", to("/v1/.."), 400},
        {"a step nowhere", to("/./hello"), 400},
        {"an escaped step up", to("/v1/%2e%2e/hello"), 400},
        {"a half escaped step up", to("/v1/.%2E/hello"), 400},
        {"a step up with a parameter", to("/v1/..;/hello"), 400},
        {"an escaped slash", to("/v1%2fhello"), 400},
        {"an escaped slash in capitals", to("/v1%2Fhello"), 400},
        {"an escaped backslash", to("/v1%5chello"), 400},
        {"a backslash", to("/v1\\hello"), 400},
        {"an escaped NUL", to("/hello%00"), 400},
        {"an escaped line end", to("/hello%0d%0aset-cookie:x"), 400},
        {"an escaped NUL in the query", to("/hello?x=%00"), 400},
        {"an escape of no digits", to("/hello%zz"), 400},
        {"an escape of one digit", to("/hello%2"), 400},
        {"an escape of one digit in the query", to("/hello?a=%2"), 400},
        {"an escape of nothing", to("/hello%"), 400},
        {"a NUL", "GET /hel\0lo HTTP/1.1\r\nhost: a\r\n\r\n"s, 400},
        {"an umlaut that is not escaped", to("/h\xc3\xa4llo"), 400},
        {"a tab in the target", to("/hel\tlo"), 400},
        {"a DEL in the target", to("/hel\x7flo"), 400},
        {"a target beyond its cap", to("/" + std::string(9000, 'x')), 431},
        {"a query beyond the target's cap", to("/hello?" + std::string(9000, 'x')), 431},
    };
}

/// Each answer must name its status and its reason in JSON, and be the last thing that is said.
void expect_refused(Stage& stage, const Case& one) {
    SCOPED_TRACE(one.name);
    Client client = stage.client();
    // What follows would be a request of its own for whoever believes the other reading.
    client.send(one.bytes + smuggled);
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, one.status) << answer->body;
    EXPECT_TRUE(answer->closes());
    EXPECT_EQ(answer->header("content-type"), "application/json");
    EXPECT_NE(answer->body.find("\"message\":\""), std::string::npos) << answer->body;
    EXPECT_EQ(client.rest(), "");
}

void expect_all_refused(const std::vector<Case>& cases) {
    Stage stage;
    for (const Case& one : cases) expect_refused(stage, one);
    EXPECT_EQ(stage.served, 0);
    EXPECT_EQ(stage.server->counters().malformed, cases.size());
    EXPECT_EQ(stage.server->counters().requests, 0U);
}

// Hunts: a table that was thinned out, and a status that tells clients something else than what is wrong.
TEST(Malformed, the_tables_have_many_different_cases) {
    std::set<std::string> names, requests;
    for (const auto& cases : {framing_cases(), header_cases(), line_cases(), target_cases()})
        for (const Case& one : cases) {
            EXPECT_TRUE(names.insert(one.name).second) << one.name << " stands twice";
            EXPECT_TRUE(requests.insert(one.bytes).second) << one.name << " sends what another one sends";
            EXPECT_TRUE((std::set{400, 405, 431, 501, 505}.contains(one.status))) << one.name;
        }
    EXPECT_GE(requests.size(), 150U);
}

TEST(Malformed, framing_that_can_be_read_in_two_ways) { expect_all_refused(framing_cases()); }
TEST(Malformed, headers) { expect_all_refused(header_cases()); }
TEST(Malformed, request_lines) { expect_all_refused(line_cases()); }
TEST(Malformed, targets) { expect_all_refused(target_cases()); }

// Hunts: a verdict that depends on where the network cut the bytes.
TEST(Malformed, wherever_the_network_cuts_the_bytes) {
    const std::vector<Case> cases = {
        {"a length beside a coding", with("content-length: 5\r\ntransfer-encoding: chunked\r\n"), 400},
        {"two different lengths", with("content-length: 5\r\ncontent-length: 6\r\n"), 400},
        {"a folded header", with("x-a: 1\r\n 2\r\n"), 400},
        {"a CR within a value", with("x-a: 1\r2\r\n"), 400},
        {"a line that ends with LF alone", with("x-a: 1\nx-b: 2\r\n"), 400},
        {"an empty line of LF alone", "GET /hello HTTP/1.1\r\nhost: a\r\n\n", 400},
        {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\n", 505},
        {"two hosts", "GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400},
    };
    Stage stage;
    for (const Case& one : cases) {
        for (std::size_t cut = 1; cut < one.bytes.size(); ++cut) {
            SCOPED_TRACE(one.name + ", cut after byte " + std::to_string(cut));
            Client client = stage.client();
            client.send(std::string_view(one.bytes).substr(0, cut));
            client.send(std::string_view(one.bytes).substr(cut));
            const std::optional<Answer> answer = client.answer();
            ASSERT_TRUE(answer);
            ASSERT_EQ(answer->status, one.status);
            ASSERT_EQ(client.rest(), "");
        }
    }
    EXPECT_EQ(stage.served, 0);
}

// Hunts: a connection that trusts what follows a refusal because what came before was right.
TEST(Malformed, after_a_good_request_on_the_same_connection) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/hello") + with("content-length: 5\r\ntransfer-encoding: chunked\r\n") + smuggled);
    EXPECT_EQ(client.status(), 200);
    EXPECT_EQ(client.status(), 400);
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(stage.served, 1);
}

// Hunts: a check so strict that real clients are turned away.
TEST(Malformed, what_is_unusual_and_right_is_served) {
    const std::vector<Case> cases = {
        {"a target at its cap", to("/" + std::string(8191, 'x')), 200},
        {"as many headers as are allowed", with(many_headers(199)), 200},
        {"no space after a colon", "GET /hello HTTP/1.1\r\nhost:a\r\n\r\n", 200},
        {"tabs and spaces round a value", "GET /hello HTTP/1.1\r\nhost: \t a \t\r\n\r\n", 200},
        {"a host with a port", "GET /hello HTTP/1.1\r\nhost: gateway.example:8443\r\n\r\n", 200},
        {"a host of IPv6 with a port", "GET /hello HTTP/1.1\r\nhost: [::1]:8443\r\n\r\n", 200},
        {"a host with an underscore", "GET /hello HTTP/1.1\r\nhost: llm_gateway\r\n\r\n", 200},
        {"an empty value", with("x-a:\r\n"), 200},
        {"a value with an umlaut", with("x-a: gr\xc3\xbc\xc3\x9f\r\n"), 200},
        {"names in capitals", "GET /hello HTTP/1.1\r\nHOST: a\r\nACCEPT: */*\r\n\r\n", 200},
        {"Chunked in capitals", with("Transfer-Encoding: CHUNKED\r\n") + "0\r\n\r\n", 200},
        {"a colon in a target", to("/v1beta/models/m:generateContent?alt=sse"), 200},
        {"escapes in a target", to("/v1/models/a%20b%3Ac?x=%2F..%2F"), 200},
        {"two slashes in a query", to("/hello?next=//a/../b"), 200},
        {"an escaped line end in a query, as Entra ID sends people back", to("/hello?error_description=a%0d%0ab"), 200},
        {"dots within a segment", to("/v1/models/gpt-4..5/.hidden"), 200},
        {"a slash at the end", to("/hello/"), 200},
        {"only a slash", to("/"), 200},
        {"a length of zeros", with("content-length: 000\r\n"), 200},
        {"OPTIONS", by("OPTIONS"), 200},
        {"PATCH", by("PATCH"), 200},
    };
    Stage stage;
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        Client client = stage.client();
        client.send(one.bytes);
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, one.status) << answer->body;
    }
    EXPECT_EQ(stage.served, static_cast<int>(cases.size()));
}

}  // namespace
}  // namespace bursar::edge::test
