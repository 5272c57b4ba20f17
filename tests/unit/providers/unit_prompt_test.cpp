// Hunts: a request for pictures, speech, searches or judgements that is held for less than it may cost, and an answer
// whose numbers are read wrongly or believed where they are none.
#include "service/providers/body.h"
#include "service/providers/meter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

struct Asked {
    std::string name;
    Endpoint endpoint;
    std::string body;
    std::string says;  ///< of the refusal; empty: it is taken
};

const std::vector<Asked> asked = {
    {"a moderation", Endpoint::moderations, R"({"model":"m","input":["a","b"]})", ""},
    {"a moderation of a picture", Endpoint::moderations,
     R"({"model":"m","input":[{"type":"image_url","image_url":{"url":"data:x"}}]})", ""},
    {"speech", Endpoint::speech, R"({"model":"m","input":"a","voice":"alloy","stream_format":"audio"})", ""},
    {"speech as events", Endpoint::speech, R"({"model":"m","input":"a","stream_format":"sse"})", "not streamed here"},
    {"speech of a list", Endpoint::speech, R"({"model":"m","input":["a"]})", "`input` must be a string"},
    {"pictures as events", Endpoint::images, R"({"model":"m","prompt":"a","stream":true})", "not streamed here"},
    {"no pictures", Endpoint::images, R"({"model":"m","prompt":"a","n":0})", "`n` must be"},
    {"half a picture", Endpoint::images, R"({"model":"m","prompt":"a","n":1.5})", "`n` must be"},
    {"pictures twice", Endpoint::images, R"({"model":"m","n":1,"n":9})", "`n` stands twice"},
    {"pictures in upper case", Endpoint::images, R"({"model":"m","n":1,"N":9})", "Write `n` in lower case"},
    {"a size that is a number", Endpoint::images, R"({"model":"m","size":1024})", "`size` must be a short string"},
    {"no model", Endpoint::images, R"({"prompt":"a"})", "`model` is missing"},
    {"documents that are none", Endpoint::rerank, R"({"model":"m","query":"q","documents":"d"})", "must be a list"},
    {"something behind", Endpoint::rerank, R"({"model":"m"} {})", "Something follows"},
};

TEST(UnitPrompt, TakesWhatCanBeMeteredAndNamesTheRest) {
    for (const Asked& one : asked) {
        const auto prompt = read_prompt(one.endpoint, one.body);
        EXPECT_EQ(prompt.has_value(), one.says.empty()) << one.name;
        if (!prompt)
            EXPECT_NE(prompt.error().for_caller.find(one.says), std::string::npos)
                << one.name << ": " << prompt.error().for_caller;
    }
}

TEST(UnitPrompt, CountsCharactersAsPeopleDo) {
    const auto prompt = read_prompt(Endpoint::speech, R"({"model":"m","input":"Grüße \u00e4 🦀\n"})");
    ASSERT_TRUE(prompt);
    EXPECT_EQ(prompt->characters, 10);
}

TEST(UnitPrompt, HoldsAUnitForEachHundredDocumentsAndTheirLength) {
    std::string body = R"({"model":"m","query":"q","documents":["d")";
    for (int i = 0; i < 100; ++i) body += R"(,"d")";
    const auto few = read_prompt(Endpoint::rerank, body + "]}");
    ASSERT_TRUE(few);
    EXPECT_EQ(few->search_units, 2) << "101 short documents";
    const auto lengthy = read_prompt(Endpoint::rerank,
                                     R"({"model":"m","query":"q","documents":[")" + std::string(100'000, 'x') + "\"]}");
    ASSERT_TRUE(lengthy);
    EXPECT_EQ(lengthy->search_units, 5) << "one document that is cut into hundreds";
    const std::string query(1'000, 'q');
    const auto repeated =
        read_prompt(Endpoint::rerank, R"({"model":"m","documents":["a","b","c"],"query":")" + query + "\"}");
    ASSERT_TRUE(repeated);
    EXPECT_GE(repeated->input_at_most, 3'000) << "in tokens the query counts with every document";
}

TEST(UnitPrompt, NamesThePictureAsPricesDo) {
    const auto named = [](const std::string& more) {
        return read_prompt(Endpoint::images, R"({"model":"m","prompt":"a")" + more + "}")->picture;
    };
    EXPECT_EQ(named(""), "");
    EXPECT_EQ(named(R"(,"size":"auto","quality":"auto")"), "");
    EXPECT_EQ(named(R"(,"size":"1024x1024","quality":null)"), "1024x1024");
    EXPECT_EQ(named(R"(,"quality":"hd","size":"1024x1792")"), "hd/1024x1792");
    EXPECT_EQ(named(R"(,"quality":"low")"), "low");
}

Reading reading_of(Endpoint endpoint, std::string_view body, std::string* shown = nullptr) {
    const auto meter = Meter::make({.endpoint = endpoint, .shown_model = shown ? "asked" : ""});
    const std::string_view out = meter->pass_whole(body);
    if (shown) *shown = out;
    return meter->finish(77);
}

struct Told {
    std::string name;
    Endpoint endpoint;
    std::string body;
    UsageSource source;
    Usage usage;
};

const std::vector<Told> answers = {
    {"pictures are counted",
     Endpoint::images,
     R"({"created":1,"data":[{"url":"a"},{"b64_json":"b"}]})",
     UsageSource::provider,
     {.images = 2}},
    {"pictures in tokens",
     Endpoint::image_edits,
     R"({"data":[{"b64_json":"b"}],"usage":{"input_tokens":50,"output_tokens":272,"total_tokens":322,
         "input_tokens_details":{"text_tokens":10,"image_tokens":40}}})",
     UsageSource::provider,
     {.input = 10, .image_input = 40, .image_output = 272, .images = 1}},
    {"no picture at all", Endpoint::images, R"({"data":[]})", UsageSource::provider, {}},
    {"a duration",
     Endpoint::transcriptions,
     R"({"text":"hello","usage":{"type":"duration","seconds":8.2}})",
     UsageSource::provider,
     {.seconds = 9}},
    {"a duration of the longer form",
     Endpoint::translations,
     R"({"text":"hello","duration":8.47})",
     UsageSource::provider,
     {.seconds = 9}},
    {"a duration in quotes",
     Endpoint::transcriptions,
     R"({"text":"hello","duration":"8.47"})",
     UsageSource::provider,
     {.seconds = 9}},
    {"sound in tokens",
     Endpoint::transcriptions,
     R"({"text":"hello","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},
         "output_tokens":45,"total_tokens":59}})",
     UsageSource::provider,
     {.input = 4, .output = 45, .audio_input = 10}},
    {"a duration as Mistral tells it",
     Endpoint::transcriptions,
     R"({"text":"hello","usage":{"prompt_audio_seconds":8,"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}})",
     UsageSource::provider,
     {.seconds = 8}},
    {"bare text", Endpoint::transcriptions, "hello\n", UsageSource::estimated, {.input = 77}},
    {"text that looks like a stream",
     Endpoint::transcriptions,
     "data: is what they said",
     UsageSource::estimated,
     {.input = 77}},
    {"searches",
     Endpoint::rerank,
     R"({"id":"r","results":[],"meta":{"billed_units":{"search_units":3}}})",
     UsageSource::provider,
     {.search_units = 3}},
    {"searches in tokens",
     Endpoint::rerank,
     R"({"model":"m","results":[],"usage":{"total_tokens":815}})",
     UsageSource::provider,
     {.input = 815}},
    {"a judgement tells nothing",
     Endpoint::moderations,
     R"({"id":"modr","model":"m","results":[{}]})",
     UsageSource::estimated,
     {.input = 77}},
    {"sound tells nothing", Endpoint::speech, std::string("ID3\0\xff\xfb", 6), UsageSource::estimated, {.input = 77}},
    {"a lie about searches",
     Endpoint::rerank,
     R"({"results":[],"meta":{"billed_units":{"search_units":-3}}})",
     UsageSource::estimated,
     {.input = 77}},
    {"a lie about time",
     Endpoint::transcriptions,
     R"({"text":"a","duration":1e300})",
     UsageSource::estimated,
     {.input = 77}},
};

TEST(UnitMeter, ReadsWhatAnAnswerTells) {
    for (const Told& told : answers) {
        const Reading reading = reading_of(told.endpoint, told.body);
        EXPECT_TRUE(reading.understood && reading.complete && !reading.failed) << told.name;
        EXPECT_EQ(reading.source, told.source) << told.name;
        EXPECT_EQ(reading.usage, told.usage) << told.name;
    }
}

TEST(UnitMeter, SaysWhereOnlyTokensAreLeftOpen) {
    EXPECT_TRUE(reading_of(Endpoint::images, R"({"data":[{"b64_json":"b"}]})").units_only);
    EXPECT_TRUE(reading_of(Endpoint::transcriptions, R"({"text":"a","duration":3})").units_only);
    EXPECT_FALSE(
        reading_of(Endpoint::images, R"({"data":[{}],"usage":{"input_tokens":5,"output_tokens":7}})").units_only);
    EXPECT_FALSE(reading_of(Endpoint::transcriptions, "bare").units_only) << "nothing is told";
}

TEST(UnitMeter, TakesNoErrorForAnAnswer) {
    for (const Endpoint endpoint : {Endpoint::images, Endpoint::speech, Endpoint::transcriptions, Endpoint::rerank}) {
        const Reading failed = reading_of(endpoint, R"({"error":{"message":"no"}})");
        EXPECT_TRUE(failed.failed && !failed.complete) << facts(endpoint).name;
        EXPECT_EQ(failed.source, UsageSource::none) << facts(endpoint).name;
        EXPECT_FALSE(reading_of(endpoint, "").understood) << facts(endpoint).name;
        EXPECT_FALSE(reading_of(endpoint, R"({"hello":1})").understood) << facts(endpoint).name;
    }
    EXPECT_FALSE(reading_of(Endpoint::images, "<html>").understood);
}

TEST(UnitMeter, ShowsTheNameThatWasAskedForAndThePictureThatWasMade) {
    std::string shown;
    reading_of(Endpoint::moderations, R"({"id":"x","model":"theirs","results":[]})", &shown);
    EXPECT_EQ(shown, R"({"id":"x","model":"asked","results":[]})");
    EXPECT_EQ(reading_of(Endpoint::images, R"({"data":[{}],"size":"1024x1536","quality":"high"})").served.picture,
              "high/1024x1536");
}

}  // namespace
}  // namespace bursar::providers
