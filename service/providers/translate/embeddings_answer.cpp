#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/providers/translate/embeddings.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

// OpenAI's list of embeddings (API reference, November 2026) of Google's BatchEmbedContentsResponse and of Cohere's
// embeddings by type (docs.cohere.com/reference/embed).
namespace bursar::providers::translate {
namespace {

/// {"embeddings": {"float": [[0.1, …], …]}} or {"embeddings": [{"values": [0.1, …]}, …]}.
std::optional<dom::array> vectors_of(Endpoint provider, dom::object body) {
    if (provider == Endpoint::gemini_embeddings) return list_member(body, "embeddings");
    const auto by_type = object_member(body, "embeddings");
    return by_type ? list_member(*by_type, "float") : std::nullopt;
}

std::optional<dom::array> numbers_of(Endpoint provider, dom::element vector) {
    dom::array numbers;
    if (provider == Endpoint::cohere_embed && vector.get_array().get(numbers) == simdjson::SUCCESS) return numbers;
    const auto object = as_object(vector);
    return object ? list_member(*object, "values") : std::nullopt;
}

/// False: it is no vector of floats, or longer than any.
bool read_numbers(dom::array list, std::vector<double>& numbers) {
    numbers.clear();
    for (const auto item : list) {
        double number = 0;
        if (numbers.size() == vector_numbers_max || item.get_double().get(number) != simdjson::SUCCESS) return false;
        if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max())) return false;
        numbers.push_back(number);
    }
    return !numbers.empty();
}

/// Floats, the lowest byte first.
std::string bytes_of(const std::vector<double>& numbers) {
    std::string bytes;
    bytes.reserve(numbers.size() * sizeof(float));
    for (const double number : numbers) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
        for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((bits >> shift) & 0xFFU);
    }
    return bytes;
}

std::string list_of(const std::vector<double>& numbers) {
    std::string list;
    for (const double number : numbers)
        fmt::format_to(std::back_inserter(list), "{}{}", list.empty() ? '[' : ',', number);
    return list += ']';
}

std::unexpected<std::string> lacking(std::string reason) { return std::unexpected(std::move(reason)); }

}  // namespace

std::expected<std::string, std::string> embeddings_answer(Endpoint provider, dom::object body, std::size_t bytes,
                                                          const Shown& shown) {
    const auto vectors = vectors_of(provider, body);
    if (!vectors) return lacking("has no embeddings of its dialect");
    JsonWriter json(bytes + 1024);
    json.open().field("object", "list").key("data").open_list();
    std::vector<double> numbers;
    std::size_t index = 0;
    auto length = static_cast<std::size_t>(shown.dimensions.value_or(0));
    for (const auto vector : *vectors) {
        if (index == shown.texts) return lacking(fmt::format("has more embeddings than the {} texts", index));
        const auto list = numbers_of(provider, vector);
        if (!list || !read_numbers(*list, numbers)) return lacking(fmt::format("has no vector at {}", index));
        if (length == 0) length = numbers.size();
        if (numbers.size() != length)
            return lacking(fmt::format("has a vector of {} numbers at {}, not of {}", numbers.size(), index, length));
        json.open().field("object", "embedding").field("index", static_cast<std::int64_t>(index++)).key("embedding");
        if (shown.base64)
            json.value(to_base64(bytes_of(numbers)));
        else
            json.raw(list_of(numbers));
        json.close();
    }
    if (index != shown.texts) return lacking(fmt::format("has {} embeddings of {} texts", index, shown.texts));
    json.close_list().field("model", shown.model).key("usage").open();
    json.field("prompt_tokens", shown.input).field("total_tokens", shown.input).close().close();
    return std::move(json).text();
}

}  // namespace bursar::providers::translate
