#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::edge {

struct Header {
    std::string name;  ///< as received
    std::string value;
};

/// A header that lives elsewhere.
struct HeaderView {
    std::string_view name;
    std::string_view value;
};

/// The head of a request that passed the edge: well-formed, bounded, exactly one Host, no smuggling shape.
struct RequestHead {
    std::string method;
    std::string target;  ///< origin form, as received
    std::vector<Header> headers;
    bool has_body = false;
    std::int64_t content_length = -1;  ///< -1: chunked or none

    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const;
    /// The first header of that name, without regard to case; empty if there is none.
    std::string_view header(std::string_view name) const;
    bool has(std::string_view name) const;
};

/// What is answered. The edge adds Date, Connection, Content-Length or Transfer-Encoding, and refuses CR, LF and NUL in
/// values.
struct ResponseHead {
    int status = 200;
    std::vector<Header> headers;
    std::string lines;  ///< more headers as they go out, "name: value CR LF" each: what add_line() has checked

    /// Like add(), for heads with many headers: nothing is kept apart. What may_be_answered() refuses is left out.
    ResponseHead& add_line(std::string_view name, std::string_view value);

    ResponseHead& add(std::string_view name, std::string_view value) {
        headers.push_back({std::string(name), std::string(value)});
        return *this;
    }
};

/// Whether a handler may answer with this header: it breaks out of no line, and it is none that only the edge may write
/// (a second one would let a client read the answer in two ways).
bool may_be_answered(std::string_view name, std::string_view value);
/// Whether it has a CR, LF or NUL.
bool breaks_lines(std::string_view text);
bool equal_letters(std::string_view a, std::string_view b);  ///< of one length
inline bool equal_without_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && equal_letters(a, b);
}

/// Names of headers, in small letters. Nearly every other name is told apart by its length and its first letter.
template <std::size_t Count>
class HeaderNames {
  public:
    template <typename... Names>
    constexpr explicit HeaderNames(Names... names) : names_{std::string_view(names)...} {
        for (const std::string_view name : names_) {
            lengths_ |= bit(name.size());
            letters_ |= letter(name);
        }
    }
    /// Without regard to case.
    bool has(std::string_view name) const {
        if (name.empty() || (lengths_ & bit(name.size())) == 0 || (letters_ & letter(name)) == 0) return false;
        for (const std::string_view one : names_)
            if (equal_without_case(one, name)) return true;
        return false;
    }

  private:
    static constexpr std::uint64_t bit(std::size_t at) { return std::uint64_t{1} << (at % 64); }
    /// Of a letter's two cases the lowest five bits are the same.
    static constexpr std::uint64_t letter(std::string_view name) {
        return bit(static_cast<unsigned char>(name.front()) % 32);
    }

    std::array<std::string_view, Count> names_;
    std::uint64_t lengths_ = 0;
    std::uint64_t letters_ = 0;
};
template <typename... Names>
HeaderNames(Names...) -> HeaderNames<sizeof...(Names)>;

std::string_view reason_phrase(int status);

}  // namespace bursar::edge
