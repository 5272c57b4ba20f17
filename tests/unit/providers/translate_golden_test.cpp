// Hunts: a byte that changes in what clients and providers get of a translated call without anybody having decided so.
// tests/golden/translate/README.md says what the files are.
#include "service/providers/body.h"
#include "service/providers/translate/translate.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

namespace fs = std::filesystem;

const Shown shown{.model = "asked", .id = "call_01K", .created = 1795000000, .usage_chunk = true};

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

void expect_golden(const fs::path& file, const std::string& got) {
    const char* wish = std::getenv("BURSAR_GOLDEN");
    if (wish != nullptr && std::string_view(wish) == "rewrite") std::ofstream(file, std::ios::binary) << got;
    EXPECT_EQ(got, read(file)) << file;
}

std::string passed(const Way& way, const std::vector<std::string_view>& pieces) {
    const auto stream = Stream::make(way, shown);
    std::string out;
    for (const auto piece : pieces) out += stream->pass(std::string(piece));
    return out;
}

struct Transcript {
    fs::path folder;
    Way way;
};

struct Folder {
    std::string_view name;
    Way way;
};
constexpr std::array folders = {
    Folder{"openai_client", {Endpoint::chat_completions, Endpoint::messages}},
    Folder{"anthropic_client", {Endpoint::messages, Endpoint::chat_completions}},
    Folder{"openai_client_at_gemini", {Endpoint::chat_completions, Endpoint::generate_content}},
    Folder{"anthropic_client_at_gemini", {Endpoint::messages, Endpoint::generate_content}},
    Folder{"openai_client_at_bedrock", {Endpoint::chat_completions, Endpoint::converse}},
    Folder{"anthropic_client_at_bedrock", {Endpoint::messages, Endpoint::converse}},
    Folder{"gemini_client_at_bedrock", {Endpoint::generate_content, Endpoint::converse}},
    Folder{"openai_client_at_cohere", {Endpoint::chat_completions, Endpoint::cohere_chat}},
    Folder{"anthropic_client_at_cohere", {Endpoint::messages, Endpoint::cohere_chat}},
    Folder{"gemini_client_at_cohere", {Endpoint::generate_content, Endpoint::cohere_chat}},
    Folder{"responses_client_at_cohere", {Endpoint::responses, Endpoint::cohere_chat}},
    Folder{"gemini_client_at_openai", {Endpoint::generate_content, Endpoint::chat_completions}},
    Folder{"gemini_client_at_anthropic", {Endpoint::generate_content, Endpoint::messages}},
    Folder{"responses_client_at_anthropic", {Endpoint::responses, Endpoint::messages}},
    Folder{"responses_client_at_openai", {Endpoint::responses, Endpoint::chat_completions}},
    Folder{"responses_client_at_gemini", {Endpoint::responses, Endpoint::generate_content}},
    Folder{"responses_client_at_bedrock", {Endpoint::responses, Endpoint::converse}},
    Folder{"embeddings_client_at_gemini", {Endpoint::embeddings, Endpoint::gemini_embeddings}},
    Folder{"embeddings_client_at_cohere", {Endpoint::embeddings, Endpoint::cohere_embed}}};

std::vector<Transcript> transcripts() {
    std::vector<Transcript> all;
    const fs::path root = fs::path(BURSAR_SOURCE_DIR) / "tests/golden/translate";
    for (const auto& [name, way] : folders)
        for (const auto& entry : fs::directory_iterator(root / name)) all.push_back({entry.path(), way});
    return all;
}

Target target_of(Endpoint provider) {
    if (provider == Endpoint::messages) return {.dialect = Dialect::anthropic, .model = "claude-opus-5"};
    if (provider == Endpoint::generate_content) return {.dialect = Dialect::gemini, .model = "gemini-3.1-pro"};
    if (provider == Endpoint::converse) return {.dialect = Dialect::bedrock, .model = "us.anthropic.claude-opus-5"};
    if (provider == Endpoint::cohere_chat) return {.dialect = Dialect::cohere, .model = "command-a-reasoning-08-2025"};
    if (provider == Endpoint::gemini_embeddings) return {.dialect = Dialect::gemini, .model = "gemini-embedding-001"};
    if (provider == Endpoint::cohere_embed) return {.dialect = Dialect::cohere, .model = "embed-v4.0"};
    return {.dialect = Dialect::openai, .model = "gpt-5"};
}

/// As the gateway shows it: in what form and how many vectors there are to be, the request says.
Shown shown_of(const fs::path& folder, const Way& way) {
    Shown out = shown;
    if (way.caller != Endpoint::embeddings) return out;
    const auto prompt = read_prompt(way.caller, read(folder / "request.json"));
    EXPECT_TRUE(prompt.has_value()) << folder;
    out.texts = prompt->texts;
    out.base64 = prompt->base64;
    out.dimensions = prompt->dimensions;
    out.input = 9;
    return out;
}

std::string_view end_of(Endpoint caller) {
    if (caller == Endpoint::responses) return "\nevent: response.completed\n";
    if (caller == Endpoint::generate_content) return "finishReason";
    return caller == Endpoint::messages ? "message_stop" : "[DONE]";
}

TEST(TranslateGolden, requests) {
    for (const auto& [folder, way] : transcripts()) {
        if (!fs::exists(folder / "request.json")) continue;
        const auto sent = request(way.caller, read(folder / "request.json"), target_of(way.provider));
        ASSERT_TRUE(sent.has_value()) << folder << sent.error().for_caller;
        expect_golden(folder / "sent.json", *sent + "\n");
    }
}

TEST(TranslateGolden, whole_answers) {
    for (const auto& [folder, way] : transcripts()) {
        if (!fs::exists(folder / "answer.json")) continue;
        const auto out = answer(way, read(folder / "answer.json"), shown_of(folder, way));
        ASSERT_TRUE(out.has_value()) << folder;
        expect_golden(folder / "shown.json", *out + "\n");
    }
}

TEST(TranslateGolden, streams_whole_and_cut_at_every_byte) {
    std::size_t streams = 0;
    for (const auto& [folder, way] : transcripts()) {
        if (!fs::exists(folder / "provider.sse")) continue;
        ++streams;
        const std::string in = read(folder / "provider.sse");
        const std::string whole = passed(way, {in});
        expect_golden(folder / "shown.sse", whole);
        for (std::size_t cut = 1; cut < in.size(); ++cut) {
            const std::string_view all = in;
            ASSERT_EQ(passed(way, {all.substr(0, cut), all.substr(cut)}), whole) << folder << " at " << cut;
        }
        const bool unfinished = folder.filename() == "cut" || whole.find("\"error\":{") != std::string::npos;
        const bool incomplete = whole.find("\nevent: response.incomplete\n") != std::string::npos;
        EXPECT_EQ(whole.find(end_of(way.caller)) == std::string::npos && !incomplete, unfinished) << folder;
    }
    EXPECT_GE(streams, 30U);
}

}  // namespace
}  // namespace bursar::providers::translate
