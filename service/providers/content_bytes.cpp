#include "service/providers/content_bytes.h"

#include "service/providers/answer.h"

#include <algorithm>
#include <array>

namespace bursar::providers {
namespace {

constexpr int depth_max = 64;

bool is_payload_url(std::string_view key, ondemand::value value) {
    ondemand::json_type type{};
    return key == "url" && value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::string &&
           value.raw_json_token().starts_with("\"data:");
}

}  // namespace

bool counts_as_content(std::string_view key) {
    static constexpr auto not_content =
        std::to_array<std::string_view>({"id", "type", "role", "status", "object", "index", "item_id", "call_id",
                                         "format", "phase", "caller", "signature", "encrypted_content", "toolUseId"});
    return std::ranges::find(not_content, key) == not_content.end();
}

std::int64_t payload_of(ondemand::value value) { return payload_content(trimmed(value.raw_json_token()).size()); }

error_code add_string_bytes(ondemand::value value, std::int64_t& bytes, int depth) {
    if (depth > depth_max) return simdjson::DEPTH_ERROR;
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::string)
        bytes += static_cast<std::int64_t>(trimmed(value.raw_json_token()).size()) - 2;
    if (type == ondemand::json_type::array)
        return each_element(value,
                            [&](ondemand::value element) { return add_string_bytes(element, bytes, depth + 1); });
    if (type == ondemand::json_type::object)
        return each_member(value, [&](std::string_view key, ondemand::value member) {
            if (is_payload_url(key, member)) {
                bytes += payload_of(member);
                return simdjson::SUCCESS;
            }
            return counts_as_content(key) ? add_string_bytes(member, bytes, depth + 1) : simdjson::SUCCESS;
        });
    return simdjson::SUCCESS;
}

}  // namespace bursar::providers
