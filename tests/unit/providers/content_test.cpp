// Hunts: pictures and sound that count as text, an event so long that a hold learns of it too late, an answer that is
// complete and taken for cut off, or the other way round.
#include "service/providers/meter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

constexpr Tokens input_bound = 5000;

std::string event(const std::string& json) { return "data: " + json + "\n\n"; }
std::string chunk(const std::string& choices, const std::string& usage = "null") {
    return event(R"({"id":"c","model":"m","choices":[)" + choices + R"(],"usage":)" + usage + "}");
}

struct Payload {
    std::string name;
    Endpoint endpoint;
    std::string before;
    std::string behind;
    std::int64_t text;  ///< bytes of content besides the payload
};

const std::vector<Payload> payloads = {
    {"a picture in a response", Endpoint::responses,
     R"({"type":"response.output_item.done","item":{"type":"image_generation_call","id":"i","result":")",
     R"(","revised_prompt":"a cat"}})", 5},
    {"a picture whose kind stands behind it", Endpoint::responses,
     R"({"type":"response.output_item.done","item":{"result" : ")", R"(","type":"image_generation_call"}})", 0},
    {"a preview of a picture", Endpoint::responses,
     R"({"type":"response.image_generation_call.partial_image","partial_image_b64":")", R"("})", 0},
    {"speech in a response", Endpoint::responses, R"({"type":"response.output_audio.delta","delta":")", R"("})", 0},
    {"speech in a chat", Endpoint::chat_completions,
     R"({"choices":[{"index":0,"delta":{"audio":{"id":"a","transcript":"Hello","data":")", R"("}}}]})", 5},
    {"a picture in a chat", Endpoint::chat_completions,
     R"({"choices":[{"index":0,"delta":{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)",
     R"("}}]}}]})", 0},
};

TEST(Content, pictures_and_sound_are_no_text) {
    const std::string base64(200'000, 'A');
    for (const auto& payload : payloads) {
        SCOPED_TRACE(payload.name);
        const auto meter = Meter::make({.endpoint = payload.endpoint, .streamed = true});
        const std::string stream = event(payload.before + base64 + payload.behind);
        EXPECT_EQ(meter->pass(stream), stream);
        const Reading& reading = meter->reading();
        EXPECT_TRUE(reading.content);
        EXPECT_GE(reading.content_bytes, payload.text + 1);
        EXPECT_LT(reading.content_bytes, payload.text + 4'000);
        // Without the provider's own count they are not free either.
        EXPECT_GT(meter->finish(input_bound).usage.output, 1'000);
    }
}

TEST(Content, nor_are_they_in_an_event_that_is_too_long_to_be_held) {
    const std::string base64(1'000'000, 'A');
    for (const auto& payload : payloads) {
        if (payload.name.starts_with("speech in a response")) continue;  // comes in small pieces
        SCOPED_TRACE(payload.name);
        const auto meter = Meter::make({.endpoint = payload.endpoint, .streamed = true});
        const std::string stream = event(payload.before + base64 + payload.behind);
        std::string out;
        std::int64_t most = 0;
        for (std::size_t at = 0; at < stream.size(); at += 50'000) {
            out += meter->pass(std::string_view(stream).substr(at, 50'000));
            most = std::max(most, meter->reading().content_bytes);
        }
        EXPECT_EQ(out, stream);
        EXPECT_LT(most, 20'000);
        EXPECT_TRUE(meter->reading().content);
    }
}

TEST(Content, the_result_of_a_program_is_text) {
    const auto meter = Meter::make({.endpoint = Endpoint::responses, .streamed = true});
    meter->pass(event(R"({"type":"response.output_item.done","item":{"type":"program_output","result":"12345678"}})"));
    EXPECT_EQ(meter->reading().content_bytes, 8);
}

TEST(Content, a_long_event_counts_while_it_passes_and_once_when_it_has) {
    const auto meter = Meter::make({.streamed = true});
    const std::string text(900'000, 'x');
    const std::string stream = chunk(R"({"index":0,"delta":{"content":")" + text + R"("}})");
    std::int64_t passed = 0;
    for (std::size_t at = 0; at < stream.size(); at += 100'000) {
        passed += static_cast<std::int64_t>(meter->pass(std::string_view(stream).substr(at, 100'000)).size());
        if (meter->mid_event())
            EXPECT_GE(meter->reading().content_bytes, std::min<std::int64_t>(passed, 900'000) - 100);
    }
    EXPECT_EQ(passed, static_cast<std::int64_t>(stream.size()));
    EXPECT_EQ(meter->reading().content_bytes, 900'000);
}

TEST(Content, the_last_event_of_a_response_repeats_and_does_not_add_while_it_passes) {
    const auto meter = Meter::make({.endpoint = Endpoint::responses, .streamed = true});
    const std::string text(600'000, 'x');
    for (int i = 0; i < 6; ++i)
        meter->pass(event(R"({"type":"response.output_text.delta","delta":")" + text.substr(0, 100'000) + R"("})"));
    EXPECT_EQ(meter->reading().content_bytes, 600'000);
    const std::string last = event(
        R"({"type":"response.completed","response":{"output":[{"type":"message","content":[{"type":"output_text","text":")" +
        text + R"("}]}],"usage":{"input_tokens":1,"output_tokens":2}}})");
    for (std::size_t at = 0; at < last.size(); at += 100'000) {
        meter->pass(std::string_view(last).substr(at, 100'000));
        EXPECT_LT(meter->reading().content_bytes, 601'000);
    }
    EXPECT_EQ(meter->finish(input_bound).usage.output, 2);
}

TEST(Content, the_end_of_a_stream_needs_no_end_of_its_line) {
    const std::string words = chunk(R"({"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"})");
    for (const std::string end : {"data: [DONE]", "data:[DONE]", "data: [DONE]\r", "data: [DONE]\n"})
        for (std::size_t cut = 0; cut <= end.size(); ++cut) {
            SCOPED_TRACE(end + ", cut at " + std::to_string(cut));
            const auto meter = Meter::make({.streamed = true});
            std::string out(meter->pass(words));
            out += meter->pass(end.substr(0, cut));
            out += meter->pass(end.substr(cut));
            EXPECT_EQ(out, words + end);
            EXPECT_TRUE(meter->finish(input_bound).complete);
        }
}

TEST(Content, two_answers_are_complete_when_both_are) {
    const std::string usage = R"({"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})";
    const auto words = [&](int index, const std::string& reason) {
        return chunk(
            R"({"index":)" + std::to_string(index) + R"(,"delta":{"content":"Hi"},"finish_reason":)" + reason + "}",
            usage);
    };
    const auto meter = Meter::make({.streamed = true});
    meter->pass(words(0, "null") + words(1, "null") + words(0, R"("stop")"));
    EXPECT_FALSE(meter->reading().complete);
    meter->pass(words(1, R"("length")"));
    EXPECT_TRUE(meter->reading().complete);

    const auto one_by_one = Meter::make({.streamed = true});
    one_by_one->pass(words(0, R"("stop")"));
    one_by_one->pass(words(1, "null"));
    const Reading cut = one_by_one->finish(input_bound);
    EXPECT_FALSE(cut.complete);
    EXPECT_EQ(cut.source, UsageSource::estimated);
}

TEST(Content, a_stream_under_a_wrong_name_is_read_as_one) {
    const std::string stream = ": hello\n\n" + chunk(R"({"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"})") +
                               chunk("", R"({"prompt_tokens":7,"completion_tokens":3,"total_tokens":10})") +
                               "data: [DONE]\n";
    for (const std::string before : {"", "\n", "\xEF\xBB\xBF", "event: x\n"}) {
        SCOPED_TRACE(before);
        const auto meter = Meter::make({.shown_model = "mine"});
        const std::string whole = before + stream;  // "mine" has three bytes more than "m"
        EXPECT_EQ(meter->pass_whole(whole).size(), whole.size() + 2 * 3);
        const Reading reading = meter->finish(input_bound);
        EXPECT_EQ(reading.usage, (Usage{.input = 7, .output = 3}));
        EXPECT_EQ(reading.source, UsageSource::provider);
        EXPECT_TRUE(reading.complete);
    }
    const std::string cut = chunk(R"({"index":0,"delta":{"content":")" + std::string(300, 'x') + R"("}})") + "data: {";
    const auto meter = Meter::make({});
    EXPECT_EQ(meter->pass_whole(cut), cut);
    EXPECT_EQ(meter->finish(input_bound).usage.output, 100);
}

}  // namespace
}  // namespace bursar::providers
