// Hunts: a page about providers that says what the catalogue and the translation do not.
#include "policies/documents.h"
#include "policies/path.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

/// What callers send, in which dialect, and where.
struct Way {
    const char* what;
    const char* path;
    Endpoint endpoint;
    Dialect dialect;
};
constexpr std::array ways = {
    Way{"chat completions", "POST /v1/chat/completions", Endpoint::chat_completions, Dialect::openai},
    Way{"responses", "POST /v1/responses", Endpoint::responses, Dialect::openai},
    Way{"stored responses: read, delete, what was asked, cancel", "/v1/responses/ID", Endpoint::response_get,
        Dialect::openai},
    Way{"responses compacted", "POST /v1/responses/compact", Endpoint::response_compact, Dialect::openai},
    Way{"prompts of responses counted", "POST /v1/responses/input_tokens", Endpoint::input_tokens, Dialect::openai},
    Way{"batches and their files", "POST /v1/files, POST /v1/batches", Endpoint::batch_create, Dialect::openai},
    Way{"realtime sessions", "WebSocket /v1/realtime", Endpoint::realtime, Dialect::openai},
    Way{"legacy completions", "POST /v1/completions", Endpoint::completions, Dialect::openai},
    Way{"embeddings", "POST /v1/embeddings", Endpoint::embeddings, Dialect::openai},
    Way{"messages", "POST /v1/messages", Endpoint::messages, Dialect::anthropic},
    Way{"token counts of messages", "POST /v1/messages/count_tokens", Endpoint::count_tokens, Dialect::anthropic},
    Way{"contents", "POST /v1beta/models/MODEL:generateContent", Endpoint::generate_content, Dialect::gemini},
    Way{"token counts of contents", "POST /v1beta/models/MODEL:countTokens", Endpoint::count_tokens, Dialect::gemini},
};

std::string_view reaches(const Way& way, Dialect provider) {
    if (way.dialect == provider) return "as it is";
    return can_translate(way.endpoint, provider) ? "translated" : "–";
}

std::string limit_of(const Provider& provider) {
    return provider.quirks.max_tokens_name.empty() ? "" : fmt::format("`{}`", provider.quirks.max_tokens_name);
}

std::string_view usage_of(const Provider& provider) {
    if (provider.dialect != Dialect::openai) return "always told";
    return provider.quirks.stream_usage ? "asked for" : "not asked for";
}

std::string_view responses_of(const Provider& provider) {
    if (spoken_at(Endpoint::responses, provider) == Endpoint::responses) return "as it is";
    return provider.dialect == Dialect::openai ? "by chat" : "translated";
}

bool has_prices(const Snapshot& rules, const std::string& list) {
    return std::ranges::any_of(rules.prices, [&](const auto& each) { return each.first.first == list; });
}

std::string row_of(const Snapshot& rules, const CatalogueEntry& entry) {
    const Provider& provider = entry.provider;
    const std::string& models = provider.quirks.models_path;
    return fmt::format("| `{}` | {} | {} | `{}` | `{}` | {} | {} | {} | {} | {} |\n", entry.name, entry.about,
                       name_of(provider.dialect), entry.base_url, name_of(provider.auth), usage_of(provider),
                       limit_of(provider), responses_of(provider), models.empty() ? "no" : fmt::format("`{}`", models),
                       has_prices(rules, entry.prices.empty() ? entry.name : entry.prices) ? "yes" : "no");
}

std::string page_of(const Snapshot& rules) {
    std::set<Dialect> dialects;
    for (const auto& [name, entry] : rules.catalogue) dialects.insert(entry.provider.dialect);
    std::string out =
        "# What providers support\n\n"
        "Written by the test `ProvidersPage` from the catalogue that ships with Bursar and from what it translates; a "
        "change by hand is lost.\nHow a provider is set up is in [point Bursar at providers](use/providers.md), what "
        "is "
        "lost in translation in\n[clients](use/clients.md#models-across-dialects).\n\n"
        "## Which calls reach which provider\n\n"
        "A provider speaks one dialect. What callers send reaches it *as it is*, byte for byte, or *translated*; or "
        "the call is refused with the\nname of an API that the model has (–).\n\n| callers send | to |";
    for (const Dialect dialect : dialects) out += fmt::format(" providers of the dialect `{}` |", name_of(dialect));
    out += "\n|---|---|";
    for (std::size_t i = 0; i < dialects.size(); ++i) out += "---|";
    out += "\n";
    for (const Way& way : ways) {
        out += fmt::format("| {} | `{}` |", way.what, way.path);
        for (const Dialect dialect : dialects) out += fmt::format(" {} |", reaches(way, dialect));
        out += "\n";
    }
    out +=
        "\n## The catalogue\n\n"
        "`{…}` in an address is yours to fill in. *Usage of streams*: where it is not asked for, because the provider "
        "refuses the question, streams are\nmetered by what is delivered unless the provider tells of itself. *Limit*: "
        "the name that the limit of output has there, if only one is taken.\n*Models*: where its list is, behind the "
        "address. *Prices*: whether any are in the box; a model without a price is refused.\n*Responses*: "
        "who has no such API serves its callers by chat completions.\n\n"
        "| name | who | dialect | address | key as | usage of streams | limit | responses | models | prices |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const auto& [name, entry] : rules.catalogue) out += row_of(rules, entry);
    return out;
}

TEST(ProvidersPage, says_what_catalogue_and_translation_do) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(defaults);
    const Parsed parsed = parse(*defaults, {}, 1);
    ASSERT_NE(parsed.snapshot, nullptr);
    ASSERT_GE(parsed.snapshot->catalogue.size(), 30U);
    const std::string page = page_of(*parsed.snapshot), file = BURSAR_SOURCE_DIR "/docs/providers.md";
    if (std::getenv("BURSAR_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << page;
    std::ifstream in(file);
    std::ostringstream kept;
    kept << in.rdbuf();
    EXPECT_EQ(kept.str(), page) << "BURSAR_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace
}  // namespace bursar::policies
