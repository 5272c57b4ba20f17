#include "service/providers/sse.h"

#include "service/providers/answer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace bursar::providers {
namespace {

// Two searches over a window each, so that a stream of nothing but CR costs no search to its end per line.
constexpr std::size_t window_bytes = 256;
constexpr std::size_t string_bytes_kept_max = 1024;
constexpr std::size_t condensed_bytes_max = 1024 * 1024;

std::size_t end_of_line(std::string_view bytes, std::size_t at) {
    while (at < bytes.size()) {
        std::size_t window = std::min(window_bytes, bytes.size() - at);
        const char* begin = bytes.data() + at;
        const auto* line_feed = static_cast<const char*>(std::memchr(begin, '\n', window));
        if (line_feed != nullptr) window = static_cast<std::size_t>(line_feed - begin);
        if (const void* carriage_return = std::memchr(begin, '\r', window))
            return at + static_cast<std::size_t>(static_cast<const char*>(carriage_return) - begin);
        if (line_feed != nullptr) return at + window;
        at += window;
    }
    return bytes.size();
}

/// Whether the string that begins after `before` is a picture or sound, by the name of the member that it is.
bool is_payload(std::string_view before, std::string_view text) {
    constexpr std::array<std::string_view, 4> names = {"\"result\"", "\"partial_image_b64\"", "\"data\"", "\"url\""};
    constexpr std::string_view blanks = " \t\r\n";
    const auto without_end = [&](char last) {
        before.remove_suffix(before.ends_with(last) ? 1 : 0);
        before = before.substr(0, before.find_last_not_of(blanks) + 1);
    };
    without_end('"');
    if (!before.ends_with(':')) return false;
    without_end(':');
    const auto* name = std::ranges::find_if(names, [&](std::string_view one) { return before.ends_with(one); });
    return name != names.end() && (*name != names.back() || text.starts_with("data:"));
}

/// Takes the first line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = end_of_line(rest, 0);
    const auto line = rest.substr(0, end);
    std::size_t next = std::min(end + 1, rest.size());
    if (end < rest.size() && rest[end] == '\r' && next < rest.size() && rest[next] == '\n') ++next;
    rest.remove_prefix(next);
    return line;
}

}  // namespace

std::size_t EventCutter::cut(std::string_view bytes) {
    std::size_t at = 0;
    after_event_ = false;
    while (at < bytes.size()) {
        const char c = bytes[at];
        const bool second_half = after_cr_ && c == '\n';
        after_cr_ = false;
        if (second_half) {
            ++at;
        } else if (c != '\r' && c != '\n') {
            line_empty_ = false;
            at = end_of_line(bytes, at);
        } else {
            ++at;
            after_cr_ = c == '\r';
            if (!line_empty_) {
                line_empty_ = true;
                continue;
            }
            if (after_cr_ && at < bytes.size() && bytes[at] == '\n') {
                ++at;
                after_cr_ = false;
            }
            after_event_ = true;
            return at;
        }
    }
    return 0;
}

Event read_event(std::string_view bytes, std::string& scratch) {
    Event event;
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    bool some_data = false;
    while (!bytes.empty()) {
        const auto line = take_line(bytes);
        const auto colon = line.find(':');
        const auto field = line.substr(0, colon);
        if (field != "data" && field != "event") continue;
        auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (field == "event") {
            event.name = value;
        } else if (!some_data) {
            some_data = true;
            event.data = value;
        } else {
            if (!event.joined) scratch.assign(event.data);
            scratch += '\n';
            scratch += value;
            event.data = scratch;
            event.joined = true;
        }
    }
    return event;
}

void Condenser::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const bool plain_text = in_string_ && !escaped_;
        std::size_t size = plain_text ? std::min(bytes.find_first_of("\"\\"), bytes.size()) : 0;
        if (size == 0) {
            const char c = bytes.front();
            size = 1;
            if (plain_text && c == '"') in_string_ = leaving_out_ = false;
            if (!in_string_ && !plain_text && c == '"') {
                in_string_ = true;
                string_begin_ = text_.size() + 1;
            }
            escaped_ = plain_text && c == '\\';
        }
        keep(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
}

void Condenser::keep(std::string_view bytes) {
    if (leaving_out_) {
        (payload_ ? payload_left_out_ : left_out_) += bytes.size();
        return;
    }
    if (text_.size() + bytes.size() > condensed_bytes_max) {
        left_out_ += bytes.size();
        return;
    }
    text_ += bytes;
    if (!in_string_ || text_.size() < string_begin_ + string_bytes_kept_max) return;
    payload_ =
        is_payload(std::string_view(text_).substr(0, string_begin_), std::string_view(text_).substr(string_begin_));
    (payload_ ? payload_left_out_ : left_out_) += text_.size() - string_begin_;
    text_.resize(string_begin_);
    leaving_out_ = true;
}

std::int64_t Condenser::content_left_out() const {
    return static_cast<std::int64_t>(left_out_) + (payload_left_out_ > 0 ? payload_content(payload_left_out_) : 0);
}

void Condenser::clear() { *this = Condenser(); }

}  // namespace bursar::providers
