// LiteLLM's price list to a policy document. Numbers stay text from the file to nano-dollars.
#include "policies/documents.h"
#include "policies/fields.h"
#include "policies/litellm_entry.h"
#include "service/base/json.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

namespace bursar::policies {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t list_bytes_max = 16U << 20;
constexpr std::size_t entries_max = 20'000;
constexpr std::size_t entry_values_max = 1'000;
constexpr int entry_depth_max = 4;
constexpr std::size_t word_bytes_max = 256;

std::string_view trimmed(std::string_view text) {
    const std::size_t end = text.find_last_not_of(" \t\r\n");
    return text.substr(0, end + 1);
}

/// Copies what a price needs from a JSON value: numbers as their own text, short words.
class Flattener {
  public:
    explicit Flattener(ListEntry& entry) : entry_(entry) {}

    simdjson::error_code take(ondemand::value value, const std::string& path, int depth) {
        if (++values_ > entry_values_max || depth > entry_depth_max) return simdjson::CAPACITY;
        ondemand::json_type type{};
        if (const auto error = value.type().get(type)) return error;
        switch (type) {
            case ondemand::json_type::object:
                return take_object(value, path, depth);
            case ondemand::json_type::array:
                return take_array(value, path, depth);
            case ondemand::json_type::number:
                entry_.numbers[path] = trimmed(value.raw_json_token());
                return simdjson::SUCCESS;
            case ondemand::json_type::string: {
                std::string_view text;
                if (const auto error = value.get_string().get(text)) return error;
                entry_.words[path] = text.substr(0, word_bytes_max);
                return simdjson::SUCCESS;
            }
            case ondemand::json_type::boolean:
            case ondemand::json_type::null:
                return simdjson::SUCCESS;
        }
        return simdjson::INCORRECT_TYPE;
    }

  private:
    simdjson::error_code take_object(ondemand::value value, const std::string& path, int depth) {
        ondemand::object object;
        if (const auto error = value.get_object().get(object)) return error;
        for (auto member : object) {
            std::string_view key;
            ondemand::value inner;
            if (const auto error = member.unescaped_key().get(key)) return error;
            const std::string below = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
            if (const auto error = member.value().get(inner)) return error;
            if (const auto error = take(inner, below, depth + 1)) return error;
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code take_array(ondemand::value value, const std::string& path, int depth) {
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        int index = 0;
        for (auto item : array) {
            ondemand::value inner;
            if (const auto error = item.get(inner)) return error;
            if (const auto error = take(inner, fmt::format("{}.{}", path, index++), depth + 1)) return error;
        }
        return simdjson::SUCCESS;
    }

    ListEntry& entry_;
    std::size_t values_ = 0;
};

/// Reads the list entry by entry; stops at the first thing that is not JSON.
template <typename Visit>
simdjson::error_code read_list(std::string_view json, Visit visit) {
    ondemand::parser parser;
    const simdjson::padded_string text(json);
    ondemand::document document;
    ondemand::object list;
    if (const auto error = parser.iterate(text).get(document)) return error;
    if (const auto error = document.get_object().get(list)) return error;
    std::size_t entries = 0;
    for (auto member : list) {
        std::string_view key;
        ondemand::value value;
        ondemand::json_type type{};
        if (++entries > entries_max) return simdjson::CAPACITY;
        if (const auto error = member.unescaped_key().get(key)) return error;
        ListEntry entry{.key = std::string(key), .numbers = {}, .words = {}};
        if (const auto error = member.value().get(value)) return error;
        if (const auto error = value.type().get(type)) return error;
        if (type != ondemand::json_type::object) return simdjson::INCORRECT_TYPE;
        if (const auto error = Flattener(entry).take(value, "", 0)) return error;
        visit(entry);
    }
    // Behind the last brace there is no place left to stand in.
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
}

/// The prices that are taken, by catalogue and model, each as the line of a document.
class Import {
  public:
    Import(std::string_view source, std::string_view today) : source_(source), today_(today) {}

    void take(const ListEntry& entry) {
        if (entry.key == "sample_spec") return;
        const ListedName name = listed_name(entry);
        if (!good_name(name.model) || !good_name(name.catalogue)) {
            skip(entry, "its name or provider has characters that a policy's names do not have");
            return;
        }
        const auto price = listed_price(entry, today_);
        if (!price) {
            skip(entry, price.error().for_caller);
            return;
        }
        const std::string text = flow_text(price->price);
        const auto [found, added] = catalogues_[name.catalogue].try_emplace(name.model, text);
        if (!added) {
            if (found->second != text)
                skip(entry,
                     fmt::format("{}/{} stands in the list already, at another price", name.catalogue, name.model));
            return;
        }
        ++models_;
        if (!price->left_out.empty())
            skipped_.push_back(fmt::format("{}: taken without {}", shown(entry.key), fmt::join(price->left_out, ", ")));
    }

    Imported finish() && {
        // A source is one line, whatever the file was called.
        std::ranges::replace_if(source_, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
        std::string source;
        append_json_string(source, fmt::format("LiteLLM, {}, taken over on {}", source_, today_));
        std::string text =
            "# Imported. A price in a document of your own wins over the one that stands here.\nprices:\n";
        for (const auto& [catalogue, models] : catalogues_) {
            text += fmt::format("  \"{}\":\n", catalogue);
            for (const auto& [model, price] : models)
                text += fmt::format("    \"{}\": {{imported: true, {}, source: {}}}\n", model, price, source);
        }
        if (catalogues_.empty()) text += "  {}\n";
        return {
            .document = {"prices-litellm.yaml", std::move(text)}, .skipped = std::move(skipped_), .models = models_};
    }

  private:
    static std::string shown(std::string_view key) {
        std::string out;
        append_json_string(out, key.substr(0, name_bytes_max));
        return out.substr(1, out.size() - 2);
    }
    void skip(const ListEntry& entry, std::string_view why) {
        skipped_.push_back(fmt::format("{}: {}", shown(entry.key), why));
    }

    std::string source_;
    std::string today_;
    std::map<std::string, std::map<std::string, std::string>> catalogues_;
    std::vector<std::string> skipped_;
    std::size_t models_ = 0;
};

}  // namespace

Result<Imported> import_litellm(std::string_view json, std::string_view source, Timestamp at) {
    if (json.size() > list_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The price list has {} bytes; at most {} are read.", json.size(), list_bytes_max));
    Import import(source.substr(0, name_bytes_max), bursar::to_text(at).substr(0, 10));
    const auto error = read_list(json, [&](const ListEntry& entry) { import.take(entry); });
    if (error == simdjson::CAPACITY)
        return fail(Fault::too_large,
                    fmt::format("The price list is larger or deeper than the one of LiteLLM: at most {} "
                                "models with {} values each are read.",
                                entries_max, entry_values_max));
    if (error != simdjson::SUCCESS)
        return fail(Fault::invalid_request,
                    fmt::format("This is not LiteLLM's price list (a JSON object with one object for "
                                "each model): {}.",
                                simdjson::error_message(error)));
    Imported out = std::move(import).finish();
    if (out.models == 0)
        return fail(Fault::invalid_request,
                    "The list has no price that can be taken over. It should be LiteLLM's "
                    "model_prices_and_context_window.json.");
    if (out.document.text.size() > document_bytes_max)
        return fail(Fault::too_large, fmt::format("The prices would make a document of {} bytes; at most {} are read.",
                                                  out.document.text.size(), document_bytes_max));
    return out;
}

}  // namespace bursar::policies
