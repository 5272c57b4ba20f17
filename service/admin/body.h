#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Bodies of requests: strict JSON in, checked fields out. Every error says which field and what it should be.
namespace bursar::admin {

inline constexpr std::size_t body_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t json_depth_max = 32;
inline constexpr std::size_t json_values_max = 100'000;

struct JsonValue;

/// One JSON object of a body, with its place for error texts. A view: lives as long as the Body.
class Fields {
  public:
    Fields(const JsonValue& object, std::string place) : object_(&object), place_(std::move(place)) {}

    /// Refuses every field that is not in `known`, with its name: nobody sets what they were not asked.
    Result<void> only(std::initializer_list<std::string_view> known) const;
    /// Present and not null.
    bool has(std::string_view name) const;

    Result<std::string_view> text(std::string_view name, std::size_t bytes_max) const;
    Result<std::string_view> text_or_empty(std::string_view name, std::size_t bytes_max) const;
    /// Text without control characters that is not empty: a name that people read.
    Result<std::string_view> label(std::string_view name, std::size_t bytes_max) const;
    Result<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max) const;
    Result<bool> truth_or(std::string_view name, bool fallback) const;
    Result<Timestamp> instant(std::string_view name) const;
    /// Lists; empty if the field is absent.
    Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max, std::size_t bytes_max) const;
    Result<std::vector<Fields>> objects(std::string_view name, std::size_t count_max) const;
    Result<Fields> object(std::string_view name) const;

  private:
    const JsonValue* find(std::string_view name) const;
    std::string place_of(std::string_view name) const;
    std::unexpected<Error> wrong(std::string_view name, std::string_view wanted) const;

    const JsonValue* object_;
    std::string place_;
};

/// A parsed body. Everything it holds is wiped when it goes, because some fields are secrets.
class Body {
  public:
    /// One JSON object (RFC 8259) in UTF-8, within the limits above and without duplicate names; `json` is wiped.
    static Result<Body> parse(std::string json);
    Body(Body&&) noexcept;
    Body& operator=(Body&&) noexcept;
    ~Body();

    Fields fields() const;

  private:
    explicit Body(std::unique_ptr<JsonValue> root);
    std::unique_ptr<JsonValue> root_;
};

/// The query of a request: percent-decoded, every name known and given once.
class Query {
  public:
    static Result<Query> parse(std::string_view raw, std::initializer_list<std::string_view> known);
    /// The same where others decide what is sent: a form, or what a provider of identities adds. Unknown names are left
    /// out, a known one that is given twice is refused.
    static Result<Query> pick(std::string_view raw, std::initializer_list<std::string_view> known);
    /// Empty if it is not there.
    std::string_view text(std::string_view name) const;
    Result<std::int64_t> integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                 std::int64_t max) const;
    Result<Timestamp> instant(std::string_view name, Timestamp fallback) const;

  private:
    std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace bursar::admin
