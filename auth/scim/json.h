#pragma once

#include "service/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// JSON that came from outside, as a small tree of ours.
namespace bursar::scim {

inline constexpr std::size_t body_bytes_max = std::size_t{4} << 20U;
inline constexpr std::size_t json_depth_max = 16;
inline constexpr std::size_t json_values_max = 400'000;

struct JsonMember;

struct Json {
    enum class Kind : std::uint8_t { null, truth, number, text, list, object };
    Kind kind = Kind::null;
    bool truth = false;
    std::string text;
    std::vector<Json> items;
    std::vector<JsonMember> members;

    /// The member of that name in any case (RFC 7643 §2.1); null if there is none, or if this is no object.
    const Json* find(std::string_view name) const;
};

struct JsonMember {
    std::string name;
    Json value;
};

/// One object. invalid_request, too_large.
Result<Json> read_json(std::string_view text);

/// ASCII letters small.
std::string small(std::string_view text);

}  // namespace bursar::scim
