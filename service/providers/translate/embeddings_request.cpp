#include "service/base/json.h"
#include "service/providers/translate/embeddings.h"
#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

// OpenAI's request for embeddings (API reference, November 2026), with one field of Cohere's that its callers may add,
// for Google's batchEmbedContents (ai.google.dev/api/embeddings) and Cohere's embed (docs.cohere.com/reference/embed).
namespace bursar::providers::translate {
namespace {

constexpr auto dimensions_max = static_cast<std::int64_t>(vector_numbers_max);

/// What the vectors are for. OpenAI's have one kind for all of it.
struct Purpose {
    std::string_view cohere;
    std::string_view gemini;
};
constexpr std::array purposes = {Purpose{"search_document", "RETRIEVAL_DOCUMENT"},
                                 Purpose{"search_query", "RETRIEVAL_QUERY"},
                                 Purpose{"classification", "CLASSIFICATION"}, Purpose{"clustering", "CLUSTERING"}};

struct Wanted {
    std::vector<std::string_view> texts;
    std::optional<std::int64_t> dimensions;
    const Purpose* purpose = nullptr;
};

/// One of which nothing is left to be embedded has no vector at either.
bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

/// How many texts there may be, and that they are no tokens, is known before (policies/embeddings).
Result<void> read_input(dom::element value, const Where& where, Wanted& wanted) {
    constexpr std::string_view some_text = "a text that is not blank";
    const auto as_one = as_text(value);
    if (as_one && is_blank(*as_one)) return wrong(where, some_text);
    if (as_one) {
        wanted.texts.push_back(*as_one);
        return {};
    }
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS || list.size() == 0)
        return wrong(where, "a text, or a list of texts that is not empty");
    for (const auto item : list) {
        const auto text = as_text(item);
        if (!text || is_blank(*text)) return wrong(where.at(wanted.texts.size()), some_text);
        wanted.texts.push_back(*text);
    }
    return {};
}

Result<void> read_dimensions(dom::element value, const Where& where, Wanted& wanted) {
    TRY_VOID(read_count(value, where, wanted.dimensions));
    if (*wanted.dimensions >= 1 && *wanted.dimensions <= dimensions_max) return {};
    return wrong(where, fmt::format("a whole number from 1 to {}", dimensions_max));
}

Result<void> read_purpose(dom::element value, const Where& where, Wanted& wanted) {
    const auto* found = std::ranges::find(purposes, as_text(value).value_or(""), &Purpose::cohere);
    if (found == purposes.end()) return wrong(where, "search_document, search_query, classification or clustering");
    wanted.purpose = found;
    return {};
}

Result<void> read_field(std::string_view name, dom::element value, Wanted& wanted) {
    const Where where{.name = name};
    if (name == "input") return read_input(value, where, wanted);
    if (name == "dimensions") return read_dimensions(value, where, wanted);
    if (name == "input_type") return read_purpose(value, where, wanted);
    if (name == "encoding_format") {
        const auto form = as_text(value);
        return form == "float" || form == "base64" ? Result<void>() : wrong(where, "float or base64");
    }
    // Who asks, and under which name, no provider of another dialect is told.
    if (name == "model" || name == "user" || says_nothing(value)) return {};
    return no_form(where, "has no form there. Leave it out, or ask for a model of the OpenAI dialect.");
}

Result<Wanted> read(dom::object body) {
    Wanted wanted;
    for (const auto entry : body)
        if (!entry.value.is_null()) TRY_VOID(read_field(entry.key, entry.value, wanted));
    if (wanted.texts.empty())
        return fail(Fault::invalid_request, "`input` is missing. Send a text, or a list of texts.");
    return wanted;
}

/// Each text is a request of its own, which names the model once more.
std::string for_gemini(const Wanted& wanted, std::size_t bytes, std::string_view model) {
    const std::string name = fmt::format("models/{}", model);
    JsonWriter json(bytes + 1024);
    json.open().key("requests").open_list();
    for (const auto text : wanted.texts) {
        json.open().field("model", name);
        json.key("content").open().key("parts").open_list().open().field("text", text).close().close_list().close();
        if (wanted.purpose != nullptr) json.field("taskType", wanted.purpose->gemini);
        if (wanted.dimensions) json.field("outputDimensionality", *wanted.dimensions);
        json.close();
    }
    json.close_list().close();
    return std::move(json).text();
}

/// A purpose must be said, and most texts are to be found again. A text that is too long is refused, as OpenAI does,
/// and not cut without a word.
std::string for_cohere(const Wanted& wanted, std::size_t bytes, std::string_view model) {
    const Purpose& purpose = wanted.purpose != nullptr ? *wanted.purpose : purposes.front();
    JsonWriter json(bytes + 1024);
    json.open().field("model", model).field("input_type", purpose.cohere);
    json.key("embedding_types").open_list().value("float").close_list().field("truncate", "NONE");
    if (wanted.dimensions) json.field("output_dimension", *wanted.dimensions);
    json.key("texts").open_list();
    for (const auto text : wanted.texts) json.value(text);
    json.close_list().close();
    return std::move(json).text();
}

}  // namespace

bool takes_embeddings(Dialect provider) { return provider == Dialect::gemini || provider == Dialect::cohere; }

Result<std::string> embeddings_request(dom::object body, std::size_t bytes, const Target& to) {
    TRY(const Wanted wanted, read(body));
    return to.dialect == Dialect::gemini ? for_gemini(wanted, bytes, to.model) : for_cohere(wanted, bytes, to.model);
}

}  // namespace bursar::providers::translate
