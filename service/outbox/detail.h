#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::outbox {

/// One field of an event's detail that is no object and no list.
struct DetailField {
    enum class Kind : unsigned char { text, number, truth };
    std::string name;
    Kind kind = Kind::text;
    std::string value;  ///< of a truth: "true", "false"
};

inline constexpr std::size_t detail_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t detail_fields_max = 40;

/// The fields of a JSON object, in its order; empty if it is none or too large.
std::vector<DetailField> fields_of(std::string_view json);
const DetailField* find_field(const std::vector<DetailField>& fields, std::string_view name);

}  // namespace bursar::outbox
