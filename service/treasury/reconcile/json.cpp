#include "service/treasury/reconcile/json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

constexpr int depth_max = 16;
constexpr std::size_t names_max = 256;  ///< in one object
constexpr std::string_view not_json = "this is not JSON here; export the file again";

void append_utf8(std::string& out, unsigned code) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6);
        return put(0x80 | (code & 0x3F));
    }
    if (code < 0x1'0000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        return put(0x80 | (code & 0x3F));
    }
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
}

}  // namespace

JsonReader::JsonReader(std::string_view text) : text_(text) {}

void JsonReader::pass_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

Place JsonReader::here() {
    pass_space();
    for (; counted_ < at_; ++counted_) {
        if (text_[counted_] == '\n')
            counted_place_ = {.line = counted_place_.line + 1, .column = 1};
        else
            ++counted_place_.column;
    }
    return counted_place_;
}

Result<void> JsonReader::expect(char c, std::string_view sentence) {
    pass_space();
    if (next() != c) return wrong(here(), sentence);
    ++at_;
    return {};
}

Result<void> JsonReader::enter() {
    if (++depth_ > depth_max) return wrong(here(), fmt::format("more than {} levels deep", depth_max));
    return {};
}

Result<void> JsonReader::object(const std::function<Result<void>(const std::string& name)>& field) {
    TRY_VOID(expect('{', "an object {…} is expected here"));
    TRY_VOID(enter());
    std::set<std::string, std::less<>> names;
    pass_space();
    while (next() != '}') {
        if (!names.empty()) TRY_VOID(expect(',', not_json));
        pass_space();
        const Place at = here();
        TRY(std::string name, string());
        TRY_VOID(expect(':', not_json));
        const auto [known, added] = names.insert(std::move(name));
        if (!added) return wrong(at, fmt::format("the name {} stands twice in one object", in_quotes(*known)));
        if (names.size() > names_max) return wrong(at, fmt::format("more than {} names in one object", names_max));
        TRY_VOID(field(*known));
        pass_space();
    }
    ++at_;
    --depth_;
    return {};
}

Result<void> JsonReader::list(const std::function<Result<void>()>& item) {
    TRY_VOID(expect('[', "a list […] is expected here"));
    TRY_VOID(enter());
    pass_space();
    bool first = true;
    while (next() != ']') {
        if (!first) TRY_VOID(expect(',', not_json));
        first = false;
        TRY_VOID(item());
        pass_space();
    }
    ++at_;
    --depth_;
    return {};
}

std::string_view JsonReader::word() {
    pass_space();
    const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    return text_.substr(at_, end - at_);
}

bool JsonReader::null() {
    if (word() != "null") return false;
    at_ += 4;
    return true;
}

Result<unsigned> JsonReader::four_digits() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        const char c = next();
        const bool decimal = c >= '0' && c <= '9', small = c >= 'a' && c <= 'f', large = c >= 'A' && c <= 'F';
        if (!decimal && !small && !large) return wrong(here(), not_json);
        code = code << 4 | static_cast<unsigned>(decimal ? c - '0' : small ? c - 'a' + 10 : c - 'A' + 10);
    }
    return code;
}

Result<void> JsonReader::escape(std::string& out) {
    static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const char c = next();
    ++at_;
    if (const auto which = letters.find(c); which != std::string_view::npos && c != '\0') {
        out += meant[which];
        return {};
    }
    if (c != 'u') return wrong(here(), not_json);
    TRY(unsigned code, four_digits());
    const bool high = code >= 0xD800 && code < 0xDC00;
    if (high && text_.substr(std::min(at_, text_.size())).starts_with("\\u")) {
        at_ += 2;
        TRY(const unsigned low, four_digits());
        if (low < 0xDC00 || low > 0xDFFF) return wrong(here(), not_json);
        code = 0x1'0000 + ((code - 0xD800) << 10 | (low - 0xDC00));
    } else if (code >= 0xD800 && code <= 0xDFFF) {
        return wrong(here(), not_json);
    }
    append_utf8(out, code);
    return {};
}

Result<std::string> JsonReader::string() {
    TRY_VOID(expect('"', "a text in quotes is expected here"));
    std::string out;
    while (next() != '"') {
        if (at_ >= text_.size() || static_cast<unsigned char>(next()) < 0x20) return wrong(here(), not_json);
        if (out.size() >= field_bytes_max)
            return wrong(here(), fmt::format("a text of more than {} bytes", field_bytes_max));
        const char c = next();
        ++at_;
        if (c == '\\')
            TRY_VOID(escape(out));
        else
            out += c;
    }
    ++at_;
    return out;
}

Result<std::string> JsonReader::scalar(std::string_view what) {
    pass_space();
    if (next() == '"') return string();
    const std::string_view text = word();
    static constexpr std::string_view of_numbers = "0123456789+-.eE";
    if (text.empty() || text.size() > 64 || text.find_first_not_of(of_numbers) != std::string_view::npos)
        return wrong(here(), fmt::format("the {} must be a number", what));
    at_ += text.size();
    return std::string(text);
}

Result<void> JsonReader::skip() {
    pass_space();
    switch (next()) {
        case '{':
            return object([this](const std::string&) { return skip(); });
        case '[':
            return list([this] { return skip(); });
        case '"': {
            TRY([[maybe_unused]] const std::string text, string());
            return {};
        }
        default:
            break;
    }
    const std::string_view text = word();
    if (text == "true" || text == "false" || text == "null") {
        at_ += text.size();
        return {};
    }
    TRY([[maybe_unused]] const std::string number, scalar("value"));
    return {};
}

Result<void> JsonReader::end() {
    pass_space();
    if (at_ != text_.size()) return wrong(here(), "something stands behind the end of the JSON");
    return {};
}

}  // namespace bursar::treasury::reconcile
