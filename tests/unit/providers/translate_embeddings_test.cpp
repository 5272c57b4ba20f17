// Hunts: texts that become others, or none, on their way to a provider that embeds by a call of its own; what it cannot
// be told, sent or dropped without a word; vectors that are not those of the texts, passed on; floats and base64 that
// are not the same numbers.
#include "service/providers/body.h"
#include "service/providers/translate/translate.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Target google{.dialect = Dialect::gemini, .model = "gemini-embedding-001"};
const Target cohere{.dialect = Dialect::cohere, .model = "embed-v4.0"};

constexpr Way at_gemini{.caller = Endpoint::embeddings, .provider = Endpoint::gemini_embeddings};
constexpr Way at_cohere{.caller = Endpoint::embeddings, .provider = Endpoint::cohere_embed};

std::string body(const std::string& more) { return R"({"model":"m",)" + more + "}"; }

TEST(TranslateEmbeddings, EveryTextIsSentWithWhatIsWanted) {
    struct Said {
        std::string more, gemini, cohere;
    };
    const std::vector<Said> cases = {
        {R"("input":"x")",
         R"({"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"x"}]}}]})",
         R"({"model":"embed-v4.0","input_type":"search_document","embedding_types":["float"],"truncate":"NONE","texts":["x"]})"},
        {R"("user":"u","encoding_format":null,"input_type":"clustering","dimensions":64,"input":["x"],"metadata":{},"safety_identifier":"")",
         R"({"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"x"}]},"taskType":"CLUSTERING","outputDimensionality":64}]})",
         R"({"model":"embed-v4.0","input_type":"clustering","embedding_types":["float"],"truncate":"NONE","output_dimension":64,"texts":["x"]})"},
    };
    for (const auto& one : cases) {
        const auto to_google = request(Endpoint::embeddings, body(one.more), google);
        const auto to_cohere = request(Endpoint::embeddings, body(one.more), cohere);
        ASSERT_TRUE(to_google && to_cohere) << one.more;
        EXPECT_EQ(*to_google, one.gemini);
        EXPECT_EQ(*to_cohere, one.cohere);
    }
}

TEST(TranslateEmbeddings, WhatCannotBeSaidIsRefusedByItsName) {
    struct Refused {
        std::string more, says;
    };
    const std::vector<Refused> cases = {
        {R"("input":[1,2,3])", "`input[0]` must be a text that is not blank"},
        {R"("input":[[1,2],[3]])", "`input[0]` must be a text that is not blank"},
        {R"("input":["a",7])", "`input[1]` must be a text that is not blank"},
        {R"("input":[])", "`input` must be a text, or a list of texts"},
        {R"("input":{"text":"a"})", "`input` must be a text, or a list of texts"},
        {R"("input":7)", "`input` must be a text, or a list of texts"},
        {R"("input":"")", "`input` must be a text that is not blank"},
        {R"("input":" \t\r\n")", "`input` must be a text that is not blank"},
        {R"("input":["a",""])", "`input[1]` must be a text that is not blank"},
        {R"("input":["a"," "])", "`input[1]` must be a text that is not blank"},
        {R"("input":["a",null])", "`input[1]` must be a text that is not blank"},
        {R"("input":null)", "`input` is missing"},
        {R"("dimensions":3)", "`input` is missing"},
        {R"("input":"a","dimensions":0)", "`dimensions` must be a whole number from 1 to 16384"},
        {R"("input":"a","dimensions":1e9)", "`dimensions` must be a whole number"},
        {R"("input":"a","dimensions":16385)", "`dimensions` must be a whole number from 1 to 16384"},
        {R"("input":"a","encoding_format":"int8")", "`encoding_format` must be float or base64"},
        {R"("input":"a","encoding_format":7)", "`encoding_format` must be float or base64"},
        {R"("input":"a","input_type":"image")", "`input_type` must be search_document"},
        {R"("input":"a","truncate":"END")", "`truncate` has no form there"},
        {R"("input":"a","stream":true)", "`stream` has no form there"},
    };
    for (const auto& one : cases)
        for (const Target& to : {google, cohere}) {
            const auto sent = request(Endpoint::embeddings, body(one.more), to);
            ASSERT_FALSE(sent.has_value()) << one.more << *sent;
            EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.more;
            EXPECT_NE(sent.error().for_caller.find(one.says), std::string::npos)
                << one.more << ": " << sent.error().for_caller;
        }
}

TEST(TranslateEmbeddings, ABodySaysHowManyVectorsAreWantedAndInWhichForm) {
    struct Case {
        std::string more;
        std::size_t texts;
        bool in_tokens;
        bool base64;
        std::optional<std::int64_t> dimensions;
    };
    for (const Case& one :
         {Case{R"("input":"x")", 1, false, false, {}},
          Case{R"("input":["x","y"],"encoding_format":"float","dimensions":256)", 2, false, false, 256},
          Case{R"("dimensions":1e3,"input":[1,2,3],"encoding_format":"base64")", 1, true, true, {}},
          Case{R"("input":[[1,2],[3]],"encoding_format":"b\u0061se64","dimensions":"256")", 2, true, true, {}},
          Case{R"("input":["x",7],"input_type":["x"],"dimensions":null)", 1, true, false, {}},
          Case{R"("encoding_format":["base64"],"input":[])", 1, false, false, {}}}) {
        const auto prompt = read_prompt(Endpoint::embeddings, R"({"model":"m",)" + one.more + "}");
        ASSERT_TRUE(prompt.has_value()) << one.more;
        EXPECT_EQ(prompt->texts, one.texts) << one.more;
        EXPECT_EQ(prompt->in_tokens, one.in_tokens) << one.more;
        EXPECT_EQ(prompt->base64, one.base64) << one.more;
        EXPECT_EQ(prompt->dimensions, one.dimensions) << one.more;
        EXPECT_EQ(prompt->choices, 1) << one.more;
    }
}

TEST(TranslateEmbeddings, WhatIsReadMayStandOnceAndInItsOwnLetters) {
    for (const char* more :
         {R"("encoding_format":"float","encoding_format":"base64")", R"("dimensions":3,"dimensions":256)",
          R"("input_type":"search_query","input_type":"search_document")", R"("input":"a","input":"b")",
          R"("Dimensions":3)", R"("INPUT_TYPE":"search_query")"})
        EXPECT_FALSE(read_prompt(Endpoint::embeddings, body(more)).has_value()) << more;
    EXPECT_FALSE(read_prompt(Endpoint::embeddings, R"({"model":"m","encoding_format":"\uD800"})").has_value());
}

TEST(TranslateEmbeddings, FloatsAndBase64AreTheSameNumbers) {
    // 0.5 is 3f000000, -0.25 be800000, 0.1 3dcccccd.
    const std::string vectors = R"([0.5,-0.25,0.1])";
    Shown shown{.model = "asked", .texts = 1, .input = 7};
    const std::array answers = {std::pair{at_gemini, R"({"embeddings":[{"values":)" + vectors + "}]}"},
                                std::pair{at_cohere, R"({"embeddings":{"float":[)" + vectors + "]}}"}};
    for (const auto& [way, said] : answers) {
        shown.base64 = false;
        const auto floats = answer(way, said, shown);
        shown.base64 = true;
        const auto encoded = answer(way, said, shown);
        ASSERT_TRUE(floats && encoded);
        const std::string head = R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":)";
        const std::string end = R"(}],"model":"asked","usage":{"prompt_tokens":7,"total_tokens":7}})";
        EXPECT_EQ(*floats, head + vectors + end);
        EXPECT_EQ(*encoded, head + R"("AAAAPwAAgL7NzMw9")" + end);
    }
}

TEST(TranslateEmbeddings, VectorsThatAreNotThoseOfTheTextsAreNoAnswer) {
    std::string long_vector = "[0";
    for (int i = 0; i < 16'384; ++i) long_vector += ",0";
    long_vector += ']';
    const std::vector<std::string> lists = {"[]",
                                            "[[0.1]]",
                                            "[[0.1],[0.2],[0.3]]",
                                            "[[0.1],[]]",
                                            "[[0.1],null]",
                                            R"([[0.1],["0.2"]])",
                                            "[[0.1],[null]]",
                                            "[[0.1],[1e39]]",
                                            "[[0.1],[-1e300]]",
                                            "[[0.1],0.2]",
                                            "[[0.1],[0.2,0.3]]",
                                            "[[0.1,0.2],[0.3]]",
                                            "[[0.1]," + long_vector + "]",
                                            R"("AAAAPw==")",
                                            "7"};
    const Shown shown{.model = "asked", .texts = 2, .input = 7};
    for (const auto& list : lists) {
        const auto at = answer(at_cohere, R"({"embeddings":{"float":)" + list + "}}", shown);
        ASSERT_FALSE(at.has_value()) << list.substr(0, 40);
        EXPECT_EQ(at.error().fault, Fault::provider_unavailable);
    }
    for (const char* said :
         {R"({"embeddings":[{"values":[0.1]}]})", R"({"embeddings":[[0.1],[0.2]]})",
          R"({"embeddings":[{"values":[0.1]},{"values":"0.2"}]})", R"({"embeddings":{"values":[0.1]}})",
          R"({"embedding":{"values":[0.1]}})", R"({"embeddings":[{"values":[0.1]},{"values":[0.2]},{"values":[0.3]}]})",
          R"({})", "[]", ""})
        EXPECT_FALSE(answer(at_gemini, said, shown).has_value()) << said;
    EXPECT_FALSE(answer(at_cohere, R"({"embeddings":{"int8":[[1],[2]]}})", shown).has_value());
    EXPECT_TRUE(answer(at_cohere, R"({"embeddings":{"float":[[1],[-0.0]]}})", shown).has_value());
}

TEST(TranslateEmbeddings, VectorsAreAsLongAsWasAsked) {
    Shown shown{.model = "asked", .texts = 2, .dimensions = 2, .input = 7};
    const std::string said = R"({"embeddings":[{"values":[0.1,0.2]},{"values":[0.3,0.4]}]})";
    EXPECT_TRUE(answer(at_gemini, said, shown).has_value());
    for (const std::int64_t other : {1, 3, 256}) {
        shown.dimensions = other;
        const auto refused = answer(at_gemini, said, shown);
        ASSERT_FALSE(refused.has_value()) << other;
        EXPECT_NE(refused.error().for_operator.find("a vector of 2 numbers at 0"), std::string::npos)
            << refused.error().for_operator;
    }
}

}  // namespace
}  // namespace bursar::providers::translate
