#include "auth/scim/filter.h"

#include "auth/scim/json.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view paths = "invalidPath", filters = "invalidFilter";
constexpr std::array<std::string_view, 2> own_schemas{"urn:ietf:params:scim:schemas:core:2.0:user:",
                                                      "urn:ietf:params:scim:schemas:core:2.0:group:"};

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool digit(char c) { return c >= '0' && c <= '9'; }

/// A sentence shows what was sent as far as it can be shown.
std::string shown(std::string_view text) {
    constexpr std::size_t shown_max = 80;
    std::string out;
    for (const char c : text.substr(0, shown_max)) out += c >= 0x20 && c < 0x7f ? c : '?';
    return text.size() > shown_max ? out + "…" : out;
}

int hex(char c) {
    if (digit(c)) return c - '0';
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xc0U | code >> 6U);
        return byte(0x80U | (code & 0x3fU));
    }
    if (code < 0x10000) {
        byte(0xe0U | code >> 12U);
    } else {
        byte(0xf0U | code >> 18U);
        byte(0x80U | (code >> 12U & 0x3fU));
    }
    byte(0x80U | (code >> 6U & 0x3fU));
    byte(0x80U | (code & 0x3fU));
}

class Reader {
  public:
    Reader(std::string_view text, std::string_view type) : text_(text), rest_(text), type_(type) {}

    bool at_end() const { return rest_.empty(); }
    void skip_blanks() {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    }
    /// A word in any case, if it stands here as a whole.
    bool take_word(std::string_view word) {
        if (small(rest_.substr(0, word.size())) != word) return false;
        if (rest_.size() > word.size() && rest_[word.size()] != ' ') return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    Outcome<Path> path() {
        Path out;
        const bool is_urn = small(rest_.substr(0, 4)) == "urn:";
        for (const std::string_view schema : own_schemas)
            if (small(rest_.substr(0, schema.size())) == schema) {
                rest_.remove_prefix(schema.size());
                return named(std::move(out));
            }
        if (!is_urn) return named(std::move(out));
        out.foreign = true;
        out.attribute = small(take_while([](char c) { return letter(c) || digit(c) || ":._-$"sv.contains(c); }));
        return bracketed(std::move(out));
    }

    Outcome<Comparison> comparison() {
        Comparison out;
        TRY(out.path, path());
        TRY_VOID(equals());
        TRY(out.value, value());
        return out;
    }

    std::unexpected<Refusal> wrong(std::string_view why) const {
        return refuse(type_, fmt::format("\"{}\" cannot be read: {}.", shown(text_), why));
    }

  private:
    template <typename Fits>
    std::string_view take_while(Fits fits) {
        const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest_, fits) - rest_.begin());
        const std::string_view out = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return out;
    }

    Outcome<std::string> name() {
        if (rest_.empty() || !(letter(rest_.front()) || rest_.front() == '$'))
            return wrong("the name of an attribute is missing");
        return small(take_while([](char c) { return letter(c) || digit(c) || c == '_' || c == '-' || c == '$'; }));
    }

    Outcome<Path> named(Path out) {
        TRY(out.attribute, name());
        return bracketed(std::move(out));
    }

    Outcome<Path> bracketed(Path out) {
        if (rest_.starts_with('[')) {
            rest_.remove_prefix(1);
            TRY(out.filter, terms());
            if (!rest_.starts_with(']')) return wrong("a bracket is not closed");
            rest_.remove_prefix(1);
        }
        if (rest_.starts_with('.')) {
            rest_.remove_prefix(1);
            TRY(out.sub, name());
        }
        return out;
    }

    Outcome<std::vector<Term>> terms() {
        std::vector<Term> out;
        for (;;) {
            if (out.size() == terms_max) return wrong(fmt::format("it has more than {} comparisons", terms_max));
            skip_blanks();
            Term term;
            TRY(term.attribute, name());
            TRY_VOID(equals());
            TRY(term.value, value());
            out.push_back(std::move(term));
            skip_blanks();
            if (!take_word("and")) return out;
        }
    }

    Outcome<void> equals() {
        skip_blanks();
        if (!take_word("eq") || !rest_.starts_with(' '))
            return wrong("of the operators only eq and and are known here");
        skip_blanks();
        return {};
    }

    Outcome<std::string> value() {
        if (rest_.starts_with('"')) {
            rest_.remove_prefix(1);
            return quoted();
        }
        std::string word = small(take_while([](char c) { return letter(c) || digit(c) || c == '-' || c == '.'; }));
        const bool number = !word.empty() && (digit(word.front()) || word.front() == '-');
        if (word != "true" && word != "false" && !number) return wrong("a value is missing; text stands in quotes");
        return word;
    }

    /// A string as JSON writes them (RFC 8259 §7).
    Outcome<std::string> quoted() {
        std::string out;
        for (;;) {
            if (rest_.empty()) return wrong("a quote is not closed");
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return out;
            if (static_cast<unsigned char>(c) < 0x20) return wrong("a control character stands in it");
            if (c != '\\')
                out += c;
            else
                TRY_VOID(escaped(out));
        }
    }

    Outcome<void> escaped(std::string& out) {
        constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (rest_.empty()) return wrong("a quote is not closed");
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (const std::size_t at = letters.find(c); at != std::string_view::npos) {
            out += meanings[at];
            return {};
        }
        if (c != 'u') return wrong("after a backslash stands what JSON does not know");
        TRY(std::uint32_t code, unit());
        if (code >= 0xd800 && code < 0xdc00 && rest_.starts_with("\\u")) {
            rest_.remove_prefix(2);
            TRY(const std::uint32_t second, unit());
            if (second < 0xdc00 || second > 0xdfff) return wrong("half of a character stands in it");
            code = 0x10000 + ((code - 0xd800) << 10U) + (second - 0xdc00);
        }
        if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) return wrong("half of a character stands in it");
        append_utf8(out, code);
        return {};
    }

    Outcome<std::uint32_t> unit() {
        std::uint32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            const int value = rest_.empty() ? -1 : hex(rest_.front());
            if (value < 0) return wrong("after \\u stand four hexadecimal digits");
            code = code << 4U | static_cast<std::uint32_t>(value);
            rest_.remove_prefix(1);
        }
        return code;
    }

    std::string_view text_, rest_;
    std::string_view type_;
};

Outcome<void> check_length(std::string_view text, std::string_view type) {
    if (text.size() <= filter_bytes_max) return {};
    return refuse(
        type, fmt::format("A path or filter of {} bytes is not read; at most {} are.", text.size(), filter_bytes_max));
}

}  // namespace

Outcome<Path> parse_path(std::string_view text) {
    TRY_VOID(check_length(text, paths));
    Reader reader(text, paths);
    reader.skip_blanks();
    TRY(Path out, reader.path());
    reader.skip_blanks();
    if (!reader.at_end()) return reader.wrong("something stands behind its end");
    return out;
}

Outcome<std::vector<Comparison>> parse_filter(std::string_view text) {
    TRY_VOID(check_length(text, filters));
    Reader reader(text, filters);
    std::vector<Comparison> out;
    for (;;) {
        if (out.size() == terms_max) return reader.wrong(fmt::format("it has more than {} comparisons", terms_max));
        reader.skip_blanks();
        TRY(Comparison each, reader.comparison());
        out.push_back(std::move(each));
        reader.skip_blanks();
        if (reader.at_end()) return out;
        if (!reader.take_word("and")) return reader.wrong("of the operators only eq and and are known here");
    }
}

}  // namespace bursar::scim
