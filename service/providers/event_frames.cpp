#include "service/providers/event_frames.h"

#include "service/base/crypto.h"
#include "service/base/json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace bursar::providers {
namespace {

constexpr std::size_t prelude_bytes = 12, checksum_bytes = 4, frame_bytes_min = prelude_bytes + checksum_bytes;
constexpr std::size_t name_bytes_max = 64;
// Buffers above this are given back when the bytes in them are out; an idle stream shall own next to nothing.
constexpr std::size_t buffer_kept_bytes_max = 16 * 1024;

void empty(std::string& buffer) {
    buffer.clear();
    if (buffer.capacity() > buffer_kept_bytes_max) buffer.shrink_to_fit();
}

/// Big-endian.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (const char c : bytes.substr(at, size)) number = number << 8U | static_cast<unsigned char>(c);
    return number;
}

/// The headers of a frame that decide what it is.
struct Labels {
    std::string_view message, event, exception, code, words;
};

/// Takes `size` bytes off the front.
std::optional<std::string_view> take_bytes(std::string_view& bytes, std::size_t size) {
    if (bytes.size() < size) return {};
    const std::string_view taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
}

/// The value of one header; only those that are strings have text.
std::optional<std::string_view> take_value(std::string_view& bytes) {
    constexpr std::uint32_t string_type = 7;
    // true, false, byte, short, integer, long, bytes, string, timestamp, UUID; -1: with a length of its own
    constexpr std::array<int, 10> sizes = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};
    const auto type_byte = take_bytes(bytes, 1);
    if (!type_byte) return {};
    const std::uint32_t type = number_at(*type_byte, 0, 1);
    if (type >= sizes.size()) return {};
    std::size_t size = static_cast<std::size_t>(std::max(0, sizes[type]));
    if (sizes[type] < 0) {
        const auto length = take_bytes(bytes, 2);
        if (!length) return {};
        size = number_at(*length, 0, 2);
    }
    const auto value = take_bytes(bytes, size);
    if (!value) return {};
    return type == string_type ? *value : std::string_view{};
}

std::optional<Labels> read_labels(std::string_view headers) {
    Labels labels;
    while (!headers.empty()) {
        const auto length = take_bytes(headers, 1);
        const auto name = length ? take_bytes(headers, number_at(*length, 0, 1)) : std::nullopt;
        if (!name || name->empty()) return {};
        const auto value = take_value(headers);
        if (!value) return {};
        if (*name == ":message-type") labels.message = *value;
        if (*name == ":event-type") labels.event = *value;
        if (*name == ":exception-type") labels.exception = *value;
        if (*name == ":error-code") labels.code = *value;
        if (*name == ":error-message") labels.words = *value;
    }
    return labels;
}

/// As AWS names its events and exceptions: it becomes a member's name as it is.
bool is_name(std::string_view text) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, fits);
}

/// On one line: in JSON a line break is never but a blank.
void append_line(std::string& out, std::string_view json) {
    const std::size_t begin = out.size();
    out.append(json);
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), [](char c) { return c == '\n' || c == '\r'; },
        ' ');
}

}  // namespace

std::string_view EventFrames::pass(std::string_view bytes) {
    empty(out_);
    if (broken_) return {};
    // As long as no frame is cut, none is copied.
    const bool fresh = held_.empty();
    if (!fresh) held_.append(bytes);
    std::string_view left = fresh ? bytes : std::string_view(held_);
    while (!broken_ && !left.empty()) {
        const std::size_t taken = take(left);
        if (taken == 0) break;
        left.remove_prefix(taken);
    }
    if (broken_) left = {};
    if (fresh)
        held_.assign(left);
    else
        held_.erase(0, held_.size() - left.size());
    if (held_.empty()) empty(held_);
    return out_;
}

std::size_t EventFrames::take(std::string_view bytes) {
    if (bytes.size() < prelude_bytes) return 0;
    const std::size_t size = number_at(bytes, 0, 4), headers_size = number_at(bytes, 4, 4);
    const bool sound = crc32(bytes.substr(0, 8)) == number_at(bytes, 8, 4) && size >= frame_bytes_min &&
                       size <= frame_bytes_max && headers_size <= headers_bytes_max &&
                       headers_size <= size - frame_bytes_min;
    if (!sound) {
        fail();
        return 0;
    }
    if (bytes.size() < size) return 0;
    const std::size_t end = size - checksum_bytes;
    const bool whole = crc32(bytes.substr(0, end)) == number_at(bytes, end, checksum_bytes);
    const auto headers = bytes.substr(prelude_bytes, headers_size);
    const auto payload = bytes.substr(prelude_bytes + headers_size, end - prelude_bytes - headers_size);
    if (!whole || !read_frame(headers, payload)) fail();
    return size;
}

bool EventFrames::read_frame(std::string_view headers, std::string_view payload) {
    const auto labels = read_labels(headers);
    if (!labels) return false;
    if (labels->message == "event") return say(labels->event, payload);
    if (labels->message == "exception") {
        if (!is_name(labels->exception)) return false;
        say_error(labels->exception, payload);
        return true;
    }
    if (labels->message != "error") return false;
    say_error_words(is_name(labels->code) ? labels->code : "server_error", labels->words);
    return true;
}

bool EventFrames::say(std::string_view name, std::string_view payload) {
    if (!is_name(name)) return false;
    out_.append("data: {\"").append(name).append("\":");
    append_line(out_, payload.empty() ? "{}" : payload);
    out_ += "}\n\n";
    return true;
}

/// Exceptions have their words in `message`, beside which the type takes its place.
void EventFrames::say_error(std::string_view type, std::string_view payload) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t open = payload.find_first_not_of(blanks);
    const std::size_t first = open == std::string_view::npos ? open : payload.find_first_not_of(blanks, open + 1);
    if (first == std::string_view::npos || payload[open] != '{') return say_error_words(type, payload);
    out_.append("event: error\ndata: {\"error\":{\"type\":\"").append(type).append("\"");
    if (payload[first] != '}') out_ += ',';
    append_line(out_, payload.substr(first));
    out_ += "}\n\n";
}

void EventFrames::say_error_words(std::string_view type, std::string_view message) {
    JsonWriter json;
    json.open().key("error").open().field("type", type).field("message", message).close().close();
    out_.append("event: error\ndata: ").append(json.text()).append("\n\n");
}

void EventFrames::fail() {
    broken_ = true;
    say_error_words("server_error", "The provider's stream could not be understood, so the answer ends here.");
}

}  // namespace bursar::providers
