#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bursar::oidc {

/// A JSON value of a provider of identities or of a token: an immutable tree of its own.
class Json {
  public:
    using List = std::vector<Json>;
    using Object = std::map<std::string, Json, std::less<>>;

    /// RFC 8259. Nothing if it is longer than `bytes_max`, nested deeper than json_depth_max, has more values than
    /// json_values_max, is no UTF-8, or gives a name twice in one object, which two readers would read in two ways.
    static std::optional<Json> parse(std::string_view text, std::size_t bytes_max);

    Json() = default;
    explicit Json(bool truth) : value_(truth) {}
    explicit Json(double number) : value_(number) {}
    explicit Json(std::int64_t number) : value_(number) {}
    explicit Json(std::string text) : value_(std::move(text)) {}
    explicit Json(List list) : value_(std::move(list)) {}
    explicit Json(Object object) : value_(std::move(object)) {}

    /// Null if this is no object or has no such member.
    const Json* member(std::string_view name) const;
    /// The member, if it is text; else empty.
    std::string_view text_at(std::string_view name) const;

    const std::string* text() const { return std::get_if<std::string>(&value_); }
    const List* list() const { return std::get_if<List>(&value_); }
    const Object* object() const { return std::get_if<Object>(&value_); }
    const bool* truth() const { return std::get_if<bool>(&value_); }
    const std::int64_t* whole() const { return std::get_if<std::int64_t>(&value_); }
    /// Any number, whole or not.
    std::optional<double> number() const;
    bool is_true() const { return truth() != nullptr && *truth(); }

  private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object> value_;
};

inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t json_values_max = 50'000;

}  // namespace bursar::oidc
