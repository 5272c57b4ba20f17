// Hunts: an answer that is believed although it was cut, or could be read in two ways, or has no end.
#include "tests/unit/providers/upstream_fixture.h"

#include <string>
#include <vector>

namespace bursar::providers {
namespace {

using namespace testing;

struct Shape {
    std::string name;
    std::string answer;
    std::string body;  ///< expected, where it is an answer
    std::string says;  ///< expected in the operator's text, where it is none
};

const std::vector<Shape> shapes = {
    {"by length", hello, "hello", ""},
    {"in chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
     "hello world", ""},
    {"to the connection's end", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", ""},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", ""},
    {"after 100 and 103", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + hello,
     "hello", ""},
    {"nothing at all", "", "", "before the answer's head"},
    {"half a head", "HTTP/1.1 200 OK\r\nContent-", "", "before the answer's head"},
    {"only interim answers",
     [] {
         std::string all;
         for (int i = 0; i < 11; ++i) all += "HTTP/1.1 100 Continue\r\n\r\n";
         return all;
     }() +
         hello,
     "", "interim"},
    {"an upgrade", "HTTP/1.1 101 Switching\r\n\r\n", "", "upgrade"},
    {"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
     "answer"},
    {"chunks and length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "",
     "answer"},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "", "answer"},
    {"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "",
     "Content-Length"},
    {"a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "", "answer"},
    {"a length in hex", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", "", "answer"},
    {"a length beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello", "",
     "answer"},
    {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "", "Transfer-Encoding"},
    {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "", "Transfer-Encoding"},
    {"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", "Transfer-Encoding"},
    {"a folded header", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello", "", "folded"},
    {"a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", "", "answer"},
    {"a control character in a header",
     std::string("HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 5\r\n\r\nhello", 53), "", "answer"},
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "", "answer"},
    {"HTTP/2", "HTTP/2 200\r\n\r\n", "", "answer"},
    {"TLS on the plain port", "\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", "", "answer"},
    {"a compressed body", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "",
     "compressed"},
    {"a head without an end", "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'), "", "answer"},
    {"a head of too many headers",
     [] {
         std::string all = "HTTP/1.1 200 OK\r\n";
         for (int i = 0; i < 300; ++i) all += "X: y\r\n";
         return all + "\r\n";
     }(),
     "", "headers"},
    {"a body that is cut", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "hello", "in the middle of the body"},
    {"chunks that are cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello",
     "in the middle of the body"},
    {"a chunk that is cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello", "hello",
     "in the middle of the body"},
    {"a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n", "",
     "answer"},
    {"a chunk that is longer than it says",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", "he", "answer"},
    {"a chunk's head without an end",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100'000, 'x'), "", "answer"},
};

TEST_F(Upstream, every_shape_of_answer_is_read_exactly_or_refused) {
    for (const auto& shape : shapes) {
        SCOPED_TRACE(shape.name);
        RawServer server([&](Peer& peer, int) {
            peer.read_request();
            peer.write(shape.answer);
        });
        const auto outcome = run(call(*pool_, target(server.port()), {}));
        EXPECT_EQ(outcome.error.has_value(), !shape.says.empty()) << (outcome.error ? outcome.error->for_operator : "");
        EXPECT_TRUE(shape.body.starts_with(outcome.body) || outcome.body == shape.body) << outcome.body;
        if (!outcome.error) {
            EXPECT_EQ(outcome.body, shape.body);
            continue;
        }
        EXPECT_EQ(outcome.error->fault, Fault::provider_unavailable);
        EXPECT_NE(outcome.error->for_operator.find(shape.says), std::string::npos) << outcome.error->for_operator;
        if (outcome.sent) {
            EXPECT_EQ(outcome.sent, Sent::maybe);
        }
    }
}

TEST_F(Upstream, answers_that_come_byte_by_byte_are_the_same) {
    for (const auto& shape : shapes) {
        if (!shape.says.empty() || shape.answer.empty()) continue;
        SCOPED_TRACE(shape.name);
        RawServer server([&](Peer& peer, int) {
            peer.read_request();
            for (const char byte : shape.answer) peer.write({&byte, 1});
        });
        const auto outcome = run(call(*pool_, target(server.port()), {}));
        EXPECT_FALSE(outcome.error.has_value());
        EXPECT_EQ(outcome.body, shape.body);
    }
}

}  // namespace
}  // namespace bursar::providers
