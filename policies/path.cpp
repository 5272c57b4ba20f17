#include "policies/path.h"

#include <fmt/format.h>

namespace bursar::policies {
namespace {

std::string escaped_but(std::string_view text, std::string_view also_plain) {
    constexpr std::string_view marks = "-._~";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || marks.contains(c) || also_plain.contains(c))
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// Gemini's models are resources, and what is asked of them is a verb behind their names (ai.google.dev/api,
/// models.generateContent, November 2026).
std::string gemini_suffix(Endpoint endpoint, std::string_view model, Delivery delivery) {
    if (endpoint == Endpoint::models) return "/models";
    std::string path = "/models/" + escaped(model);
    if (endpoint == Endpoint::count_tokens) return path + ":countTokens";
    if (delivery == Delivery::streamed) return path + ":streamGenerateContent?alt=sse";
    return path.append(facts(endpoint).suffix);
}

/// Vertex has Anthropic's models as resources, too; what counts tokens is a model by itself there
/// (platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, November 2026).
std::string raw_predict_suffix(Endpoint endpoint, std::string_view model, Delivery delivery) {
    if (endpoint == Endpoint::count_tokens) return "/models/count-tokens:rawPredict";
    const std::string path = "/models/" + escaped_but(model, "@");
    return path + (delivery == Delivery::streamed ? ":streamRawPredict" : ":rawPredict");
}

/// The model is one segment, also where it is an ARN with slashes in it (Amazon Bedrock API reference, Converse,
/// November 2026).
std::string bedrock_suffix(Endpoint endpoint, std::string_view model, Delivery delivery) {
    if (endpoint == Endpoint::models) return "/models";
    const std::string path = "/model/" + escaped(model);
    return path + (delivery == Delivery::streamed ? "/converse-stream" : "/converse");
}

/// A base_url may end in the version of the API, or stand before it.
std::string cohere_suffix(std::string_view base, Endpoint endpoint) {
    return std::string(base.ends_with("/v2") ? "" : "/v2").append(facts(endpoint).suffix);
}

/// What stands in every path of Vertex, whatever host is in front of it.
constexpr std::string_view vertex_publishers = "/publishers/";

Endpoint embeddings_at(Dialect provider) {
    if (provider == Dialect::gemini) return Endpoint::gemini_embeddings;
    return provider == Dialect::cohere ? Endpoint::cohere_embed : Endpoint::embeddings;
}

}  // namespace

std::string escaped(std::string_view text) { return escaped_but(text, {}); }

std::string path_at(const Provider& provider, Endpoint endpoint, std::string_view model, Delivery delivery) {
    std::string path = provider.base_url.path;
    if (provider.dialect == Dialect::gemini) return path + gemini_suffix(endpoint, model, delivery);
    if (provider.quirks.raw_predict) return path + raw_predict_suffix(endpoint, model, delivery);
    if (provider.dialect == Dialect::bedrock) return path + bedrock_suffix(endpoint, model, delivery);
    if (provider.dialect == Dialect::cohere) return path + cohere_suffix(path, endpoint);
    const bool adds = provider.dialect == Dialect::anthropic && provider.quirks.version_in_path;
    if (adds && !path.ends_with("/v1")) path += "/v1";
    // Azure has deployments of models, one path for responses of all of them, and one without a version of a day for
    // their sessions (learn.microsoft.com, "Realtime API", November 2026). Every session's model is in its query.
    if (endpoint == Endpoint::realtime) {
        if (provider.quirks.deployments) path += "/openai/v1";
        return path.append(facts(endpoint).suffix) + "?model=" + escaped(model);
    }
    if (provider.quirks.deployments)
        path += endpoint == Endpoint::responses || needs_responses(endpoint) ? "/openai"
                                                                             : "/openai/deployments/" + escaped(model);
    path += facts(endpoint).suffix;
    if (!provider.quirks.api_version.empty()) path += "?api-version=" + escaped(provider.quirks.api_version);
    return path;
}

bool can_translate(Endpoint endpoint, Dialect to) {
    if (endpoint == Endpoint::embeddings) return embeddings_at(to) != endpoint;
    return facts(endpoint).translated;
}

bool can_translate(Endpoint endpoint, const Provider& to) {
    const bool vertex = to.dialect == Dialect::gemini && to.base_url.path.contains(vertex_publishers);
    return can_translate(endpoint, to.dialect) && !(vertex && endpoint == Endpoint::embeddings);
}

bool takes_batches(const Provider& provider, Endpoint endpoint) {
    return provider.dialect == Dialect::openai && !provider.quirks.deployments && !provider.quirks.raw_predict &&
           spoken_at(endpoint, provider) == endpoint;
}

Endpoint spoken_at(Endpoint endpoint, Dialect provider) {
    if (endpoint == Endpoint::embeddings) return embeddings_at(provider);
    if (!facts(endpoint).translated) return endpoint;
    switch (provider) {
        case Dialect::openai:
            return endpoint == Endpoint::responses ? endpoint : Endpoint::chat_completions;
        case Dialect::anthropic:
            return Endpoint::messages;
        case Dialect::gemini:
            return Endpoint::generate_content;
        case Dialect::bedrock:
            return Endpoint::converse;
        case Dialect::cohere:
            return Endpoint::cohere_chat;
    }
    return endpoint;
}

Endpoint spoken_at(Endpoint endpoint, const Provider& provider) {
    const bool by_chat =
        endpoint == Endpoint::responses && provider.dialect == Dialect::openai && !provider.quirks.responses;
    return by_chat ? Endpoint::chat_completions : spoken_at(endpoint, provider.dialect);
}

}  // namespace bursar::policies
