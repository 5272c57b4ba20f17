// Hunts: a load generator that calls wrong bytes right, at any cut of the stream.
#include "tests/bench/answer_reader.h"

#include <gtest/gtest.h>

namespace bursar::bench {
namespace {

constexpr std::string_view plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
constexpr std::string_view chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";

AnswerReader read(std::string_view wire, std::size_t piece, std::string_view expected) {
    AnswerReader reader(expected);
    for (std::size_t at = 0; at < wire.size() && !reader.done() && !reader.wrong(); at += piece)
        reader.feed(wire.substr(at, piece));
    return reader;
}

TEST(AnswerReader, right_bytes_are_right_however_they_are_cut) {
    for (const std::string_view wire : {plain, chunked})
        for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
            const AnswerReader reader = read(wire, piece, "hello");
            EXPECT_TRUE(reader.done() && !reader.wrong()) << wire << " in pieces of " << piece;
            EXPECT_EQ(reader.status(), 200);
        }
}

TEST(AnswerReader, wrong_bytes_are_wrong_however_they_are_cut) {
    for (const std::string_view wire : {plain, chunked})
        for (const std::string_view expected : {"hellx", "hello!", "hell", ""})
            for (std::size_t piece = 1; piece <= wire.size(); ++piece)
                EXPECT_TRUE(read(wire, piece, expected).wrong())
                    << wire << " against " << expected << " in pieces of " << piece;
    EXPECT_TRUE(read("HTTP/1.0 200 OK\r\n\r\n", 100, "").wrong());
    EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 100, "").wrong());
}

TEST(AnswerReader, what_differs_by_right_may_be_any_byte) {
    for (const std::string_view wire : {plain, chunked})
        for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
            EXPECT_FALSE(read(wire, piece, "h\xff\xfflo").wrong());
            EXPECT_TRUE(read(wire, piece, "h\xff\xfflx").wrong());
            EXPECT_TRUE(read(wire, piece, "hello\xff").wrong());
            EXPECT_TRUE(read(wire, piece, "hel\xff").wrong());
        }
}

TEST(AnswerReader, takes_no_byte_of_the_next_answer) {
    AnswerReader reader("hello");
    const std::string two = std::string(chunked) + "HTTP/1.1 404";
    EXPECT_EQ(reader.feed(two), chunked.size());
    EXPECT_TRUE(reader.done());
}

}  // namespace
}  // namespace bursar::bench
