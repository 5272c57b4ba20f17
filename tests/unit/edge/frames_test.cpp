// Hunts: a frame against the protocol that is taken, a message that depends on where the network cut it, memory beyond
// the limit, an answer to a handshake that no client accepts.
#include "service/edge/frames.h"

#include "tests/unit/edge/frames.h"

#include <vector>

#include <gtest/gtest.h>

namespace bursar::edge {
namespace {

using namespace std::string_literals;
using test::client_frame;
using test::client_text;
using test::Masked;
using Got = FrameReader::Got;

constexpr std::size_t bytes_max = 1000;

struct Seen {
    std::vector<std::string> things;
    std::string message;
};

std::string word(Got got, const FrameReader& reader, std::string& message) {
    switch (got) {
        case Got::message:
            return "message " + std::exchange(message, {});
        case Got::ping:
            return "ping " + std::string(reader.control());
        case Got::close:
            return "close " + std::string(reader.control());
        case Got::too_large:
            return "too large";
        case Got::broken:
            return "broken " + std::to_string(static_cast<unsigned>(reader.why()));
        case Got::more:
        case Got::waits:
            break;
    }
    return "more";
}

/// All that is met in `bytes`, which come in pieces of so many.
std::vector<std::string> met(std::string_view bytes, std::size_t piece) {
    FrameReader reader;
    std::string message, pending;
    std::vector<std::string> out;
    while (!bytes.empty()) {
        pending += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            const FrameReader::Step step = reader.take(pending, message, bytes_max, FrameReader::Begin::may);
            pending.erase(0, step.taken);
            if (step.got == Got::more) break;
            out.push_back(word(step.got, reader, message));
            if (step.got == Got::broken || step.got == Got::too_large) return out;
        }
    }
    return out;
}

struct Case {
    std::string_view name;
    std::string bytes;
    std::vector<std::string> met;
};

TEST(Frames, AreTakenApartAlikeWhereverTheNetworkCutsThem) {
    const std::string long_text(126, 'x'), longer(900, 'y');
    const std::vector<Case> cases = {
        {"a text", client_text("hello"), {"message hello"}},
        {"an empty text", client_text(""), {"message "}},
        {"a length in two bytes", client_text(long_text), {"message " + long_text}},
        {"two messages", client_text("a") + client_text("b"), {"message a", "message b"}},
        {"fragments, one of them empty",
         client_frame(0x01, "he") + client_frame(0x00, "") + client_frame(0x80, "llo"),
         {"message hello"}},
        {"a ping between fragments",
         client_frame(0x01, "he") + client_frame(0x89, "p") + client_frame(0x80, "llo"),
         {"ping p", "message hello"}},
        {"a pong that nobody asked for", client_frame(0x8a, "p") + client_text("a"), {"message a"}},
        {"a letter cut between fragments", client_frame(0x01, "\xc3") + client_frame(0x80, "\xa9"), {"message é"}},
        {"a close",
         client_frame(0x88,
                      "\x03\xe8"
                      "bye"),
         {"close \x03\xe8"
          "bye"}},
        {"a close that says nothing", client_frame(0x88, ""), {"close "}},
        {"a close of an application's own", client_frame(0x88, "\x0f\xa0"), {"close \x0f\xa0"}},
        {"no mask", client_frame(0x81, "a", Masked::no), {"broken 1002"}},
        {"a reserved bit", client_frame(0xc1, "a"), {"broken 1002"}},
        {"an opcode of nobody", client_frame(0x83, "a"), {"broken 1002"}},
        {"a control opcode of nobody", client_frame(0x8b, "a"), {"broken 1002"}},
        {"bytes instead of text", client_frame(0x82, "a"), {"broken 1003"}},
        {"a continuation of nothing", client_frame(0x80, "a"), {"broken 1002"}},
        {"a continuation after the end", client_text("a") + client_frame(0x80, "b"), {"message a", "broken 1002"}},
        {"a text within a text", client_frame(0x01, "a") + client_text("b"), {"broken 1002"}},
        {"a ping in fragments", client_frame(0x09, "a"), {"broken 1002"}},
        {"a ping of 126 bytes", client_frame(0x89, long_text), {"broken 1002"}},
        {"a length in more bytes than it needs", client_frame(0x81, "a", Masked::yes, 2), {"broken 1002"}},
        {"the same in eight", client_frame(0x81, long_text, Masked::yes, 8), {"broken 1002"}},
        {"a close of one byte", client_frame(0x88, "\x03"), {"broken 1002"}},
        {"a close with a code that is never sent", client_frame(0x88, "\x03\xed"), {"broken 1002"}},
        {"a close with a code of nobody", client_frame(0x88, "\x07\xd0"), {"broken 1002"}},
        {"a close whose reason is no text", client_frame(0x88, "\x03\xe8\xff"), {"broken 1007"}},
        {"a text that is none", client_text("a\xc3("), {"broken 1007"}},
        {"a text that ends within a letter", client_text("12345678\xe2\x82"), {"broken 1007"}},
        {"the largest message", client_text(std::string(bytes_max, 'z')), {"message " + std::string(bytes_max, 'z')}},
        {"a message that is too large", client_text(std::string(bytes_max + 1, 'z')), {"too large"}},
        {"one that is by its fragments",
         client_frame(0x01, longer) + client_frame(0x80, std::string(101, 'z')),
         {"too large"}},
    };
    for (const Case& one : cases)
        for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, one.bytes.size()})
            EXPECT_EQ(met(one.bytes, piece), one.met) << one.name << ", in pieces of " << piece;
}

TEST(Frames, AServerMasksNothingAndAClientReadsNothingElse) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{125}, std::size_t{126}, std::size_t{900}}) {
        const std::string text(size, 'x');
        std::string bytes, message, masked;
        append_frame(bytes, Opcode::text, text);
        FrameReader reader(Sender::server);
        const FrameReader::Step step = reader.take(bytes, message, bytes_max, FrameReader::Begin::may);
        EXPECT_EQ(word(step.got, reader, message), "message " + text);
        EXPECT_EQ(step.taken, bytes.size());
        append_masked_frame(masked, Opcode::text, text, {0x37, 0xfa, 0x21, 0x3d});
        EXPECT_EQ(masked, client_text(text));
        EXPECT_EQ(reader.take(masked, message, bytes_max, FrameReader::Begin::may).got, Got::broken);
    }
}

TEST(Frames, AHugeLengthIsRefusedByItsHead) {
    const std::string head = "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"s + std::string(test::mask);
    EXPECT_EQ(met(head, head.size()), std::vector<std::string>{"too large"});
}

TEST(Frames, AMessageThatMayNotBeginStaysWhereItIs) {
    FrameReader reader;
    std::string message;
    const std::string ping = client_frame(0x89, "p"), bytes = ping + client_text("next");
    FrameReader::Step step = reader.take(bytes, message, bytes_max, FrameReader::Begin::waits);
    EXPECT_EQ(step.got, Got::ping);
    const std::string rest = bytes.substr(step.taken);
    step = reader.take(rest, message, bytes_max, FrameReader::Begin::waits);
    EXPECT_EQ(step.got, Got::waits);
    EXPECT_EQ(step.taken, 0U);
    step = reader.take(rest, message, bytes_max, FrameReader::Begin::may);
    EXPECT_EQ(step.got, Got::message);
    EXPECT_EQ(message, "next");
}

TEST(Frames, OursAreAsShortAsTheyCanBe) {
    for (const auto& [size, head] : {std::pair{std::size_t{125}, "\x81\x7d"s},
                                     {126, "\x81\x7e\x00\x7e"s},
                                     {65535, "\x81\x7e\xff\xff"s},
                                     {65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s}}) {
        std::string out;
        append_frame(out, Opcode::text, std::string(size, 'x'));
        EXPECT_EQ(out, head + std::string(size, 'x')) << size;
    }
}

TEST(Frames, AReasonToCloseIsCutToWhatFits) {
    const std::string payload = close_payload(CloseCode::too_large, std::string(200, 'x'));
    EXPECT_EQ(payload.size(), 125U);
    EXPECT_EQ(payload.substr(0, 3), "\x03\xf1x");
}

TEST(Handshake, AnswersAKeyAsTheStandardSays) {
    // RFC 6455 §1.3.
    EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (const std::string_view key : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==x",
                                       "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQAA"})
        EXPECT_EQ(accept_of(key), std::nullopt) << key;
}

TEST(Utf8, IsToldFromWhatOnlyLooksLikeIt) {
    for (const std::string_view text : {"", "plain", "é", "€", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "12345678é"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const std::string_view text :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "1234567\xff", "\xc3\x28"})
        EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace bursar::edge
