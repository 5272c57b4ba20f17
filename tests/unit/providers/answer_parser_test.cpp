#include "service/providers/answer_parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

// Hunts: an answer that is read otherwise, or ends the service, when the network cuts it between any two bytes.
namespace bursar::providers {
namespace {

struct Read {
    bool good = true;
    bool done = false;
    std::string body;
};

/// The answer as it is read when it arrives byte by byte.
Read byte_by_byte(std::string_view bytes) {
    AnswerParser parser(AnswerParser::Ask::with_body, 4096);
    Read out;
    std::string pending;
    for (const char byte : bytes) {
        pending += byte;
        for (bool more = true; more && !parser.done();) {
            const auto progress = parser.put(pending);
            if (!progress) return {.good = false};
            out.body += progress->body;
            pending.erase(0, progress->consumed);
            more = progress->consumed > 0 && !pending.empty();
        }
    }
    out.done = parser.done();
    return out;
}

TEST(AnswerParser, reads_an_empty_body_in_chunks_byte_by_byte) {
    const Read read = byte_by_byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_TRUE(read.good && read.done);
    EXPECT_EQ(read.body, "");
}

TEST(AnswerParser, reads_chunks_and_trailers_byte_by_byte) {
    const Read read = byte_by_byte(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel\nl\r\n2;a=b\r\no!\r\n0\r\nx: y\r\n\r\n");
    EXPECT_TRUE(read.good && read.done);
    EXPECT_EQ(read.body, "hel\nlo!");
}

TEST(AnswerParser, refuses_a_folded_line_byte_by_byte) {
    EXPECT_FALSE(byte_by_byte("HTTP/1.1 200 OK\r\nx: a\r\n b\r\nContent-Length: 0\r\n\r\n").good);
}

}  // namespace
}  // namespace bursar::providers
