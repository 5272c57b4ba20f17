#include "service/providers/batch_result.h"

#include "service/providers/json_walk.h"
#include "service/providers/padded.h"

#include <algorithm>
#include <array>
#include <limits>

namespace bursar::providers {
namespace {

constexpr std::size_t id_bytes_max = 256;

/// The members of the one object that `json` is; false if it is none.
template <typename Visit>
bool each_member_of(std::string_view padded, Visit visit) {
    thread_local ondemand::parser parser;
    ondemand::document document;
    if (parser.iterate(padded.data(), padded.size(), padded.size() + padding_bytes).get(document)) return false;
    ondemand::object object;
    if (document.get_object().get(object)) return false;
    return each_member(object, visit) == simdjson::SUCCESS;
}

error_code read_response(ondemand::value value, std::string_view padded, std::string_view line, BatchResult& out) {
    return each_member(value, [&](std::string_view key, ondemand::value member) -> error_code {
        if (key == "status_code") {
            std::int64_t status = 0;
            const bool plausible = member.get_int64().get(status) == simdjson::SUCCESS && status > 0 && status < 1000;
            out.status = plausible ? static_cast<int>(status) : 0;
        } else if (key == "body") {
            ondemand::object object;
            if (member.get_object().get(object) != simdjson::SUCCESS) return simdjson::SUCCESS;
            std::string_view text;
            if (const auto error = object.raw_json().get(text)) return error;
            text = trimmed(text);
            out.body = line.substr(static_cast<std::size_t>(text.data() - padded.data()), text.size());
        }
        return simdjson::SUCCESS;
    });
}

}  // namespace

bool is_shelf_id(std::string_view id) {
    const auto plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    };
    return !id.empty() && id.size() <= id_bytes_max && std::ranges::all_of(id, plain);
}

std::string status_of(std::string_view told) {
    std::string status(told);
    for (char& c : status)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return status == "canceled" ? "cancelled" : status;
}

bool has_ended(std::string_view told) {
    const std::string status = status_of(told);
    constexpr std::array<std::string_view, 4> ends = {"completed", "failed", "expired", "cancelled"};
    return std::ranges::find(ends, std::string_view(status)) != ends.end();
}

Result<StoredObject> read_stored(std::string_view json) {
    StoredObject out;
    const auto visit = [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") out.id = text_of(value);
        if (key == "status") out.status = status_of(text_of(value));
        if (key == "output_file_id") out.output_file = text_of(value);
        if (key == "error_file_id") out.error_file = text_of(value);
        if (key != "request_counts") return simdjson::SUCCESS;
        return each_member(value, [&](std::string_view name, ondemand::value count) -> error_code {
            std::int64_t number = 0;
            if (name == "completed" && count.get_int64().get(number) == simdjson::SUCCESS) out.completed = number;
            return simdjson::SUCCESS;
        });
    };
    if (!each_member_of(padded_copy(json), visit) || !is_shelf_id(out.id))
        return fail(Fault::provider_unavailable,
                    "The provider said that it had succeeded, but what it sent is no answer. Try again.",
                    "a file or batch was answered without a JSON object that has an id");
    if (!is_shelf_id(out.output_file)) out.output_file.clear();
    if (!is_shelf_id(out.error_file)) out.error_file.clear();
    return out;
}

std::optional<BatchResult> read_batch_result(std::string_view line) {
    BatchResult out;
    const std::string_view padded = padded_copy(line);
    const auto visit = [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "custom_id") out.custom_id = text_of(value);
        return key == "response" ? read_response(value, padded, line, out) : simdjson::SUCCESS;
    };
    if (!each_member_of(padded, visit) || out.custom_id.empty()) return std::nullopt;
    return out;
}

}  // namespace bursar::providers
