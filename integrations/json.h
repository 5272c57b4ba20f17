#pragma once

#include "service/base/json.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bursar::integrations {

/// A JSON value that came over the socket or from a target. What is not there is null, so that a path into an answer
/// can be walked without a look at every step.
class Json {
  public:
    using List = std::vector<Json>;
    using Object = std::map<std::string, Json, std::less<>>;

    /// RFC 8259. Nothing if it is longer than `bytes_max`, nested deeper than json_depth_max, has more values than
    /// json_values_max, is no UTF-8, or gives a name twice in one object.
    static std::optional<Json> parse(std::string_view text, std::size_t bytes_max);

    Json() = default;
    template <typename T>
    explicit Json(T value) : value_(std::move(value)) {}

    /// The member of that name; null if there is none, or this is no object.
    const Json& at(std::string_view name) const;
    /// The text; empty if it is none.
    std::string_view text() const;
    /// The items; none if it is no list.
    const List& list() const;
    const Object& object() const;
    bool is_true() const;
    std::optional<std::int64_t> whole() const;
    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    bool is_text() const { return std::holds_alternative<std::string>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }
    bool is_list() const { return std::holds_alternative<List>(value_); }
    bool is_truth() const { return std::holds_alternative<bool>(value_); }

    void write(JsonWriter& json) const;

  private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object> value_;
};

inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t json_values_max = 200'000;

}  // namespace bursar::integrations
