#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bursar {

/// Appends `text` as a JSON string with its quotes. Control characters, DEL, bidirectional overrides and bytes that
/// are not UTF-8 are escaped, so that one value is always one line of plain text (RFC 8259 §7).
void append_json_string(std::string& out, std::string_view text);

/// Builds one JSON value by appending. Commas are its business; nesting is the caller's.
///   JsonWriter json; json.open().field("name", "x").field("n", 3).close(); std::move(json).text()
class JsonWriter {
  public:
    JsonWriter() = default;
    explicit JsonWriter(std::size_t bytes_expected) { text_.reserve(bytes_expected); }
    JsonWriter& open() { return begin('{'); }
    JsonWriter& close() { return end('}'); }
    JsonWriter& open_list() { return begin('['); }
    JsonWriter& close_list() { return end(']'); }
    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
    JsonWriter& value(bool truth);
    JsonWriter& value(std::int64_t number);
    JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(std::uint64_t number);
    JsonWriter& null();
    /// Text that is JSON already.
    JsonWriter& raw(std::string_view json);
    template <typename T>
    JsonWriter& field(std::string_view name, const T& content) {
        return key(name).value(content);
    }
    std::string text() && { return std::move(text_); }
    const std::string& text() const& { return text_; }

  private:
    JsonWriter& begin(char bracket);
    JsonWriter& end(char bracket);
    void separate();
    std::string text_;
    bool comma_ = false;
};

}  // namespace bursar
