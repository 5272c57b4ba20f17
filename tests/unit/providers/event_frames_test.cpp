// Hunts: a frame that is believed though a checksum is wrong, a length that makes us read or wait too far, an exception
// that goes by as an event, an event that a cut loses or doubles, a name or a line break that becomes an event of its
// own.
#include "service/providers/event_frames.h"

#include "service/providers/meter.h"
#include "tests/unit/providers/frame_writer.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

using namespace std::string_literals;
using frames::big_endian;
using frames::event;
using frames::exception;
using frames::frame;
using frames::header;

constexpr std::string_view broken =
    "event: error\ndata: {\"error\":{\"type\":\"server_error\",\"message\":\"The provider's stream could not be "
    "understood, so the answer ends here.\"}}\n\n";

std::string unpacked(std::string_view bytes) {
    EventFrames frames;
    return std::string(frames.pass(bytes));
}

const std::string three = event("messageStart", R"({"role":"assistant"})") +
                          event("contentBlockDelta", "{\"delta\":{\"text\":\"\xF0\x9F\xA6\x80\"}}") +
                          exception("throttlingException", R"({"message":"Too many"})");
const std::string three_unpacked =
    "data: {\"messageStart\":{\"role\":\"assistant\"}}\n\n"
    "data: {\"contentBlockDelta\":{\"delta\":{\"text\":\"\xF0\x9F\xA6\x80\"}}}\n\n"
    "event: error\ndata: {\"error\":{\"type\":\"throttlingException\",\"message\":\"Too many\"}}\n\n";

TEST(EventFrames, AStreamIsUnpackedHoweverItIsCut) {
    EXPECT_EQ(unpacked(three), three_unpacked);
    for (std::size_t cut = 1; cut < three.size(); ++cut) {
        EventFrames frames;
        std::string out(frames.pass(std::string_view(three).substr(0, cut)));
        out += frames.pass(std::string_view(three).substr(cut));
        ASSERT_EQ(out, three_unpacked) << cut;
        ASSERT_FALSE(frames.mid_frame());
    }
    EventFrames frames;
    std::string out;
    for (const char byte : three) out += frames.pass({&byte, 1});
    EXPECT_EQ(out, three_unpacked);
}

TEST(EventFrames, NothingOfAFrameIsSaidBeforeItsEnd) {
    EventFrames frames;
    EXPECT_EQ(frames.pass(std::string_view(three).substr(0, 40)), "");
    EXPECT_TRUE(frames.mid_frame());
    EXPECT_FALSE(frames.broken());
}

// A checksum finds every single wrong byte, wherever it is.
TEST(EventFrames, AnyWrongByteEndsTheStream) {
    const std::string right = event("messageStop", R"({"stopReason":"end_turn"})");
    for (std::size_t at = 0; at < right.size(); ++at) {
        std::string wrong = right;
        wrong[at] = static_cast<char>(wrong[at] ^ 0x20);
        ASSERT_EQ(unpacked(wrong), broken) << at;
    }
}

TEST(EventFrames, AfterAWrongFrameNothingIsRead) {
    EventFrames frames;
    std::string wrong = event("messageStart", "{}");
    wrong.back() = static_cast<char>(wrong.back() + 1);
    EXPECT_EQ(frames.pass(event("messageStart", "{}") + wrong + event("messageStop", "{}")),
              "data: {\"messageStart\":{}}\n\n" + std::string(broken));
    EXPECT_TRUE(frames.broken());
    EXPECT_EQ(frames.pass(event("messageStop", "{}")), "");
    EXPECT_FALSE(frames.mid_frame());
}

std::string prelude(std::uint32_t size, std::uint32_t headers) {
    const std::string numbers = big_endian(size, 4) + big_endian(headers, 4);
    return numbers + big_endian(crc32(numbers), 4);
}

struct WrongCase {
    const char* name;
    std::string bytes;
};
class WrongFrame : public testing::TestWithParam<WrongCase> {};
TEST_P(WrongFrame, IsRefusedAsSoonAsItIsKnown) { EXPECT_EQ(unpacked(GetParam().bytes), broken); }

INSTANTIATE_TEST_SUITE_P(
    EventFrames, WrongFrame,
    testing::Values(WrongCase{"too_long", prelude(EventFrames::frame_bytes_max + 1, 0)},
                    WrongCase{"shorter_than_its_own_frame", prelude(15, 0)},
                    WrongCase{"headers_longer_than_the_frame", prelude(20, 5)},
                    WrongCase{"headers_too_long", prelude(1'000'000, EventFrames::headers_bytes_max + 1)},
                    WrongCase{"a_header_without_a_name", frame(header("", "x"), "{}")},
                    WrongCase{"a_header_of_no_type", frame("\1a\x0A"s, "{}")},
                    WrongCase{"a_header_that_does_not_end", frame("\1a\7\0\x09zz"s, "{}")},
                    WrongCase{"a_header_without_its_length", frame("\1a\7\0"s, "{}")},
                    WrongCase{"no_headers", frame("", "{}")},
                    WrongCase{"no_kind_of_message", frame(header(":event-type", "messageStart"), "{}")},
                    WrongCase{"an_event_without_a_name", frame(header(":message-type", "event"), "{}")},
                    WrongCase{"a_name_that_is_none", event("x\":1}\n\n", "{}")},
                    WrongCase{"an_exception_without_a_name", exception("", "{}")}),
    [](const auto& param) { return param.param.name; });

TEST(EventFrames, HeadersOfEveryTypeAreStridden) {
    std::string headers;
    for (const std::string& value : {"\0"s, "\1"s, "\2x"s, "\3xx"s, "\4xxxx"s, "\5xxxxxxxx"s, "\6\0\2xx"s, "\7\0\1x"s,
                                     "\x08xxxxxxxx"s, "\x09xxxxxxxxxxxxxxxx"s})
        headers += "\1h" + value;
    headers += header(":message-type", "event") + header(":event-type", "ping");
    EXPECT_EQ(unpacked(frame(headers, "")), "data: {\"ping\":{}}\n\n");
}

// A line break in JSON is a blank; on a line of its own it would end the event.
TEST(EventFrames, LineBreaksInAPayloadDoNotEndTheEvent) {
    EXPECT_EQ(unpacked(event("a", "{\r\n\"b\":1\n}")), "data: {\"a\":{  \"b\":1 }}\n\n");
    EXPECT_EQ(unpacked(exception("e", "{\n\"message\":\"x\"}")),
              "event: error\ndata: {\"error\":{\"type\":\"e\",\"message\":\"x\"}}\n\n");
}

TEST(EventFrames, ErrorsHaveTheirTypeAndWords) {
    EXPECT_EQ(unpacked(exception("e", "{ }")), "event: error\ndata: {\"error\":{\"type\":\"e\"}}\n\n");
    EXPECT_EQ(unpacked(exception("e", "no JSON\n")),
              "event: error\ndata: {\"error\":{\"type\":\"e\",\"message\":\"no JSON\\n\"}}\n\n");
    EXPECT_EQ(unpacked(frame(header(":message-type", "error") + header(":error-code", "InternalError") +
                                 header(":error-message", "a \"b\""),
                             "")),
              "event: error\ndata: {\"error\":{\"type\":\"InternalError\",\"message\":\"a \\\"b\\\"\"}}\n\n");
}

TEST(EventFrames, TheMeterReadsAStreamOfThem) {
    const std::string stream =
        event("messageStart", R"({"role":"assistant"})") +
        event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"abc"},"p":"abcdefghijklmnop"})") +
        event("contentBlockStop", R"({"contentBlockIndex":0})") + event("messageStop", R"({"stopReason":"end_turn"})") +
        event(
            "metadata",
            R"({"usage":{"inputTokens":11,"outputTokens":9,"totalTokens":140,"cacheReadInputTokens":100,)"
            R"("cacheWriteInputTokens":20,"cacheDetails":[{"ttl":"1h","inputTokens":15},{"ttl":"5m","inputTokens":5}]},)"
            R"("metrics":{"latencyMs":7},"serviceTier":{"type":"priority"}})");
    const auto meter = Meter::make({.endpoint = Endpoint::converse, .streamed = true});
    for (const char byte : stream) static_cast<void>(meter->pass({&byte, 1}));
    EXPECT_TRUE(meter->reading().complete);
    const Reading reading = meter->finish(0);
    EXPECT_EQ(reading.source, UsageSource::provider);
    EXPECT_EQ(reading.content_bytes, 3);
    EXPECT_EQ(reading.served.service_tier, "priority");
    EXPECT_EQ(reading.usage,
              (Usage{.input = 11, .cache_read = 100, .cache_write_5m = 5, .cache_write_1h = 15, .output = 9}));
}

TEST(EventFrames, AStreamThatEndsWithoutUsageIsEstimatedAndNotComplete) {
    const auto meter = Meter::make({.endpoint = Endpoint::converse, .streamed = true});
    static_cast<void>(
        meter->pass(event("messageStart", "{}") + event("contentBlockDelta", R"({"delta":{"text":"abcdef"}})")));
    EXPECT_FALSE(meter->reading().complete);
    const Reading reading = meter->finish(50);
    EXPECT_EQ(reading.source, UsageSource::estimated);
    EXPECT_EQ(reading.usage.output, 2);
    EXPECT_EQ(reading.usage.input, 50);
}

TEST(EventFrames, AnExceptionIsAFailureToTheMeter) {
    const auto meter = Meter::make({.endpoint = Endpoint::converse, .streamed = true});
    static_cast<void>(meter->pass(exception("modelStreamErrorException", R"({"message":"x"})")));
    EXPECT_TRUE(meter->reading().failed);
    EXPECT_FALSE(meter->reading().content);
}

}  // namespace
}  // namespace bursar::providers
