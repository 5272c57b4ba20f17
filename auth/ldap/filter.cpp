#include "auth/ldap/filter.h"

#include "auth/ldap/escape.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr int depth_max = 32;

bool is_hex(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

bool in_attribute(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           std::string_view("-.;:_").contains(byte);
}

/// Walks through a filter; the first thing that is wrong stays in `wrong`.
class Walk {
  public:
    explicit Walk(std::string_view text) : text_(text) {}

    std::optional<std::string> whole() {
        filter(0);
        if (wrong_.empty() && at_ < text_.size()) complain("the filter has ended here, but text follows");
        return wrong_.empty() ? std::nullopt : std::optional(wrong_);
    }

  private:
    char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void complain(std::string_view what) {
        if (wrong_.empty()) wrong_ = fmt::format("at character {}: {}", at_ + 1, what);
    }
    bool take(char byte, std::string_view otherwise) {
        if (next() != byte) complain(otherwise);
        if (!wrong_.empty()) return false;
        ++at_;
        return true;
    }

    void filter(int depth) {
        if (depth > depth_max) return complain("too many parentheses inside one another");
        if (!take('(', "an opening parenthesis is missing")) return;
        if (next() == '&' || next() == '|') {
            ++at_;
            do filter(depth + 1);
            while (wrong_.empty() && next() == '(');
        } else if (next() == '!') {
            ++at_;
            filter(depth + 1);
        } else {
            item();
        }
        take(')', "a closing parenthesis is missing");
    }

    void item() {
        const std::size_t begin = at_;
        while (in_attribute(next())) ++at_;
        if (at_ == begin) return complain("the name of an attribute is missing");
        if (next() == '~' || next() == '<' || next() == '>') ++at_;
        if (!take('=', "an equals sign is missing")) return;
        while (at_ < text_.size() && next() != '(' && next() != ')') {
            if (next() == '\\' && !(at_ + 2 < text_.size() && is_hex(text_[at_ + 1]) && is_hex(text_[at_ + 2])))
                return complain("a backslash needs two hexadecimal digits behind it, as in \\2a");
            ++at_;
        }
        if (next() == '(') complain("a parenthesis inside a value is written \\28");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string wrong_;
};

std::string joined(char sign, const std::vector<std::string>& parts) {
    std::string out;
    std::size_t count = 0;
    for (const std::string& part : parts) {
        if (part.empty()) continue;
        out += part;
        ++count;
    }
    return count > 1 ? fmt::format("({}{})", sign, out) : out;
}

}  // namespace

std::optional<std::string> wrong_in_filter(std::string_view filter) { return Walk(filter).whole(); }

std::string in_parentheses(std::string filter) {
    if (filter.empty() || filter.front() == '(') return filter;
    return fmt::format("({})", filter);
}

std::string all_of(const std::vector<std::string>& parts) { return joined('&', parts); }
std::string any_of(const std::vector<std::string>& parts) { return joined('|', parts); }

std::string equals(std::string_view attribute, std::string_view value) {
    return fmt::format("({}={})", attribute, filter_value(value));
}

}  // namespace bursar::ldap
