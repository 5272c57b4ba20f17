// Hunts: a call that a model cannot serve and that nobody notices, and one that is refused although it needs nothing.
#include "service/base/abilities.h"
#include "service/providers/body.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

struct NeedCase {
    std::string_view name;
    Endpoint endpoint;
    std::string_view body;  ///< behind the model
    std::vector<Ability> needs;
};

constexpr auto chat = Endpoint::chat_completions;
constexpr auto responses = Endpoint::responses;
constexpr auto claude = Endpoint::messages;
constexpr auto gemini = Endpoint::generate_content;

const std::vector<NeedCase> cases = {
    {"text alone", chat, R"("messages":[{"role":"user","content":"image_url json_schema"}])", {}},
    {"chat: an image",
     chat,
     R"("messages":[{"content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}])",
     {Ability::images}},
    {"chat: a file",
     chat,
     R"("messages":[{"content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AA"}}]}])",
     {Ability::documents}},
    {"chat: no file", chat, R"("messages":[{"content":[{"type":"text","text":"x","file":null}]}])", {}},
    {"chat: sound",
     chat,
     R"("messages":[{"content":[{"input_audio":{"data":"AA","format":"wav"}}]}])",
     {Ability::audio}},
    {"chat: a tool", chat, R"("tools":[{"type":"function","function":{"name":"f"}}])", {Ability::tools}},
    {"chat: a list without tools", chat, R"("tools":[])", {}},
    {"chat: a schema",
     chat,
     R"("response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}})",
     {Ability::structured_output}},
    {"chat: text", chat, R"("response_format":{"type":"text","json_schema":{"type":"json_schema"}})", {}},
    {"chat: no format", chat, R"("response_format":null)", {}},
    {"responses: all of it",
     responses,
     R"("input":[{"content":[{"type":"input_image","image_url":"data:image/png;base64,AA"},)"
     R"({"type":"input_file","file_data":"AA"}]}],"text":{"verbosity":"low","format":{"name":"s","type":"json_schema"}},)"
     R"("tools":[{"type":"function","name":"f"}])",
     {Ability::images, Ability::documents, Ability::tools, Ability::structured_output}},
    {"responses: an id says not what it is", responses, R"("input":[{"content":[{"file_id":"f"}]}])", {}},
    {"messages: an image and a document",
     claude,
     R"("messages":[{"content":[{"source":{"data":"AA","media_type":"image/png","type":"base64"}},)"
     R"({"source":{"type":"base64","media_type":"application/pdf","data":"AA"}}]}])",
     {Ability::images, Ability::documents}},
    {"messages: a text document",
     claude,
     R"("messages":[{"content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"}}]}])",
     {}},
    {"messages: an address says not what it is",
     claude,
     R"("messages":[{"content":[{"source":{"type":"url","url":"https://example.com/x"}}]}])",
     {}},
    {"messages: a schema",
     claude,
     R"("output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}})",
     {Ability::structured_output}},
    {"messages: a schema as betas have it",
     claude,
     R"("output_format":{"type":"json_schema"})",
     {Ability::structured_output}},
    {"messages: effort alone", claude, R"("output_config":{"effort":"low"})", {}},
    {"gemini: all of it",
     gemini,
     R"("contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}},{"inline_data":{"data":"AA",)"
     R"("mime_type":"application/pdf"}},{"inlineData":{"mimeType":"audio/wav","data":"AA"}}]}],)"
     R"("tools":[{"functionDeclarations":[]}],"generationConfig":{"responseJsonSchema":{"type":"object"}})",
     {Ability::images, Ability::documents, Ability::audio, Ability::tools, Ability::structured_output}},
    {"gemini: no schema", gemini, R"("generationConfig":{"responseSchema":null,"temperature":1})", {}},
};

std::string words(Abilities abilities) {
    std::string out;
    for (const AbilityName& each : ability_names)
        if (abilities.has(each.ability)) out.append(each.name).append(" ");
    return out;
}

TEST(Needs, are_what_the_body_shows_beyond_doubt) {
    for (const NeedCase& each : cases) {
        const auto prompt = read_prompt(each.endpoint, R"({"model":"m",)" + std::string(each.body) + "}");
        ASSERT_TRUE(prompt) << each.name << ": " << prompt.error().for_caller;
        Abilities wanted;
        for (const Ability ability : each.needs) wanted.add(ability);
        EXPECT_EQ(words(prompt->needs), words(wanted)) << each.name;
    }
}

TEST(Needs, files_are_input_that_is_not_in_the_body) {
    for (const std::string_view part : {R"("file":{"file_id":"f"})", R"("file_id":"f")", R"("file_url":"https://x")"}) {
        const auto prompt =
            read_prompt(responses, R"({"model":"m","input":[{"content":[{)" + std::string(part) + "}]}]}");
        ASSERT_TRUE(prompt) << part;
        EXPECT_TRUE(prompt->input_elsewhere) << part;
    }
}

}  // namespace
}  // namespace bursar::providers
