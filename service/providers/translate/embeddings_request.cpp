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

/// As many texts take the two in one call. Google's reference does not say it; the API does.
constexpr std::size_t gemini_texts_max = 100, cohere_texts_max = 96;
constexpr std::int64_t dimensions_max = 65'536;

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

Result<void> read_input(dom::element value, const Where& where, std::size_t texts_max, Wanted& wanted) {
    constexpr std::string_view some_text = "a text that is not empty";
    const auto as_one = as_text(value);
    if (as_one && as_one->empty()) return wrong(where, some_text);
    if (as_one) {
        wanted.texts.push_back(*as_one);
        return {};
    }
    dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS || list.size() == 0)
        return wrong(where, "a text, or a list of texts that is not empty");
    std::size_t index = 0;
    for (const auto item : list) {
        const auto text = as_text(item);
        if (!text && (item.is_number() || item.is_array()))
            return no_form(where, "cannot be tokens there. Send the texts, or ask for a model of the OpenAI dialect.");
        if (!text || text->empty()) return wrong(where.at(index), some_text);
        if (index++ < texts_max) wanted.texts.push_back(*text);
    }
    if (index > texts_max)
        return fail(Fault::invalid_request,
                    fmt::format("`input` has {} texts, and this model's provider takes at most {} in one call. Send "
                                "them in several calls.",
                                index, texts_max));
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

Result<void> read_field(std::string_view name, dom::element value, std::size_t texts_max, Wanted& wanted) {
    const Where where{.name = name};
    if (name == "input") return read_input(value, where, texts_max, wanted);
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

Result<Wanted> read(dom::object body, std::size_t texts_max) {
    Wanted wanted;
    for (const auto entry : body)
        if (!entry.value.is_null()) TRY_VOID(read_field(entry.key, entry.value, texts_max, wanted));
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
    const bool gemini = to.dialect == Dialect::gemini;
    TRY(const Wanted wanted, read(body, gemini ? gemini_texts_max : cohere_texts_max));
    return gemini ? for_gemini(wanted, bytes, to.model) : for_cohere(wanted, bytes, to.model);
}

}  // namespace bursar::providers::translate
