#include "service/providers/unit_prompt.h"

#include "service/providers/body_reading.h"
#include "service/providers/fields.h"
#include "service/providers/input_walk.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

constexpr std::size_t model_bytes_max = 256;
constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t documents_max = 10'000;
/// One search is a query with up to a hundred documents; a longer document counts once for each 500 tokens, in which
/// the query is repeated and may take half (docs.cohere.com, rerank overview, November 2026). A token is at least a
/// byte.
constexpr std::int64_t documents_per_search = 100;
constexpr std::int64_t document_bytes = 250;

enum class Unit : std::uint8_t { model, pictures, size, quality, input, query, documents, stream, stream_format };

struct UnitField {
    std::string_view name;
    Unit unit;
    EndpointBits endpoints;
};
constexpr std::array unit_fields = {
    UnitField{"model", Unit::model, at_every},
    UnitField{"n", Unit::pictures, bit(Endpoint::images)},
    UnitField{"size", Unit::size, bit(Endpoint::images)},
    UnitField{"quality", Unit::quality, bit(Endpoint::images)},
    UnitField{"stream", Unit::stream, bit(Endpoint::images) | bit(Endpoint::speech)},
    UnitField{"stream_format", Unit::stream_format, bit(Endpoint::speech)},
    UnitField{"input", Unit::input, bit(Endpoint::speech) | bit(Endpoint::moderations)},
    UnitField{"query", Unit::query, bit(Endpoint::rerank)},
    UnitField{"documents", Unit::documents, bit(Endpoint::rerank)},
};

std::unexpected<Error> no_stream(std::string_view field) {
    return fail(Fault::invalid_request,
                fmt::format("`{}`: this answer is not streamed here, because a part of it could not be metered. Leave "
                            "it out.",
                            field));
}

/// Of valid UTF-8.
std::int64_t characters_of(std::string_view text) {
    return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

class UnitReader {
  public:
    UnitReader(Endpoint endpoint, std::string_view padded) : endpoint_(endpoint), body_(padded) {}
    Result<Prompt> read(ondemand::parser& parser);

  private:
    Result<void> read_field(std::string_view name, ondemand::value value);
    Result<void> read_model(ondemand::value value);
    Result<void> read_pictures(ondemand::value value);
    Result<void> read_input(ondemand::value value);
    Result<void> read_documents(ondemand::value value);
    Result<void> read_stream(ondemand::value value);
    Result<void> read_word(std::string_view name, ondemand::value value, std::string& word);
    Result<void> walk_from(ondemand::value value, Place place);
    Result<Prompt> finished();

    Endpoint endpoint_;
    std::string_view body_;
    Prompt prompt_;
    std::array<bool, unit_fields.size()> seen_{};
    InputWalk input_;
    std::string size_, quality_, format_;
    std::int64_t documents_ = 0;
    std::int64_t query_bytes_ = 0;
};

Result<Prompt> UnitReader::read(ondemand::parser& parser) {
    ondemand::document document;
    if (const auto error =
            parser.iterate(body_.data(), body_.size(), body_.size() + simdjson::SIMDJSON_PADDING).get(document))
        return not_json(error);
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return not_json(error);
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        TRY_VOID(read_field(name, field.value()));
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS)
        return fail(Fault::invalid_request,
                    "Something follows the JSON object in the body. Send one object and nothing else.");
    return finished();
}

Result<void> UnitReader::read_field(std::string_view name, ondemand::value value) {
    const auto here = [&](const UnitField& field) { return (field.endpoints & bit(endpoint_)) != 0; };
    const auto* found =
        std::ranges::find_if(unit_fields, [&](const UnitField& field) { return here(field) && field.name == name; });
    if (found == unit_fields.end()) {
        for (const UnitField& field : unit_fields)
            if (here(field) && is_meant(field.name, name)) return in_lower_case(field.name);
        return walk_from(value, Place::text);
    }
    bool& seen = seen_[static_cast<std::size_t>(found - unit_fields.begin())];
    if (std::exchange(seen, true))
        return fail(Fault::invalid_request, fmt::format("`{}` stands twice in the body. Send it once.", name));
    switch (found->unit) {
        case Unit::model:
            return read_model(value);
        case Unit::pictures:
            return read_pictures(value);
        case Unit::size:
            return read_word(name, value, size_);
        case Unit::quality:
            return read_word(name, value, quality_);
        case Unit::input:
            return read_input(value);
        case Unit::query: {
            std::string_view text;
            if (value.get_string().get(text) != simdjson::SUCCESS) return wrong("query", "a string");
            query_bytes_ = static_cast<std::int64_t>(text.size());
            return {};
        }
        case Unit::documents:
            return read_documents(value);
        case Unit::stream:
            return read_stream(value);
        case Unit::stream_format:
            TRY_VOID(read_word(name, value, format_));
            if (format_ == "sse") return no_stream(name);
            return {};
    }
    return {};
}

Result<void> UnitReader::read_model(ondemand::value value) {
    const auto token = trimmed(value.raw_json_token());
    std::string_view name;
    if (value.get_string().get(name) != simdjson::SUCCESS) return wrong("model", "a string");
    if (name.empty() || name.size() > model_bytes_max)
        return wrong("model", fmt::format("the name of a model, from 1 to {} bytes", model_bytes_max));
    prompt_.model = name;
    const auto begin = static_cast<std::size_t>(token.data() - body_.data());
    prompt_.model_at = {begin, begin + token.size()};
    return {};
}

Result<void> UnitReader::read_pictures(ondemand::value value) {
    if (is_null(value)) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 1 || number > pictures_made_max)
        return wrong("n", fmt::format("a whole number from 1 to {}", pictures_made_max));
    prompt_.choices = number;
    return {};
}

Result<void> UnitReader::read_input(ondemand::value value) {
    if (endpoint_ == Endpoint::moderations) return walk_from(value, Place::content);
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return wrong("input", "a string");
    prompt_.characters = characters_of(text);
    return {};
}

Result<void> UnitReader::read_documents(ondemand::value value) {
    ondemand::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) return wrong("documents", "a list");
    for (auto entry : list) {
        ondemand::value document;
        if (const auto error = std::move(entry).get(document)) return not_json(error);
        if (++documents_ > static_cast<std::int64_t>(documents_max))
            return wrong("documents", fmt::format("a list of at most {} documents", documents_max));
        TRY_VOID(walk_from(document, Place::text));
    }
    return {};
}

Result<void> UnitReader::read_stream(ondemand::value value) {
    if (is_null(value)) return {};
    bool truth = false;
    if (value.get_bool().get(truth) != simdjson::SUCCESS) return wrong("stream", "true or false");
    if (truth) return no_stream("stream");
    return {};
}

Result<void> UnitReader::read_word(std::string_view name, ondemand::value value, std::string& word) {
    if (is_null(value)) return {};
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS || text.size() > word_bytes_max)
        return wrong(name, "a short string");
    word = text;
    return {};
}

Result<void> UnitReader::walk_from(ondemand::value value, Place place) {
    if (const auto error = input_.walk(value, place, 2))
        return not_json(error == simdjson::INCORRECT_TYPE ? simdjson::TAPE_ERROR : error);
    return {};
}

Result<Prompt> UnitReader::finished() {
    if (prompt_.model_at.empty())
        return fail(Fault::invalid_request, "`model` is missing. Name a model; GET /v1/models lists them.");
    const auto bytes = static_cast<std::int64_t>(body_.size());
    prompt_.input_at_most = bytes - static_cast<Tokens>(input_.bytes_not_text()) + input_.tokens_not_text();
    prompt_.picture = picture_of(quality_, size_);
    if (endpoint_ == Endpoint::rerank) {
        // Who counts tokens reads the query with every document.
        prompt_.input_at_most += query_bytes_ * documents_;
        const std::int64_t counted = documents_ + bytes / document_bytes;
        prompt_.search_units = (counted + documents_per_search - 1) / documents_per_search;
    }
    return std::move(prompt_);
}

}  // namespace

std::string picture_of(std::string_view quality, std::string_view size) {
    std::string out(quality == "auto" ? std::string_view() : quality);
    if (!size.empty() && size != "auto") out.append(out.empty() ? "" : "/").append(size);
    return out;
}

Result<Prompt> read_unit_prompt(Endpoint endpoint, std::string_view padded, ondemand::parser& parser) {
    return UnitReader(endpoint, padded).read(parser);
}

}  // namespace bursar::providers
