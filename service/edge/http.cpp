#include "service/edge/http.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace bursar::edge {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t each_byte = 0x0101'0101'0101'0101;
constexpr std::uint64_t top_bits = 0x80 * each_byte;

template <typename Word>
Word word_at(std::string_view text, std::size_t at) {
    Word word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
}

/// Of four to eight characters: the first half and the last, which may overlap.
std::uint64_t word_of(std::string_view text) {
    if (text.size() == word_bytes) return word_at<std::uint64_t>(text, 0);
    const std::uint64_t last = word_at<std::uint32_t>(text, text.size() - sizeof(std::uint32_t));
    return last << 32 | word_at<std::uint32_t>(text, 0);
}

/// Whether eight characters are the same eight, but for the case of letters.
bool equal_words(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t case_bits = 0x20 * each_byte;
    const std::uint64_t unlike = a ^ b;
    if (unlike == 0) return true;
    // The top bit of each byte is set that is at least an 'a', and of each that is beyond a 'z'. No sum carries.
    const std::uint64_t small = (a | case_bits) & ~top_bits;
    const std::uint64_t from_a = small + (0x80 - 'a') * each_byte;
    const std::uint64_t beyond_z = small + (0x80 - 'z' - 1) * each_byte;
    const std::uint64_t letters = from_a & ~beyond_z & ~a & top_bits;
    return (unlike & ~(letters >> 2)) == 0;
}

/// Not zero if a byte of the word is a CR or smaller. A byte that is smaller than what is taken from it borrows, and
/// shows it in its top bit; its own was not set.
std::uint64_t up_to_cr(std::uint64_t word) { return (word - ('\r' + 1) * each_byte) & ~word & top_bits; }

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) {
    if (a.size() < sizeof(std::uint32_t)) {
        for (std::size_t i = 0; i < a.size(); ++i)
            if (lower(a[i]) != lower(b[i])) return false;
        return true;
    }
    if (a.size() <= word_bytes) return equal_words(word_of(a), word_of(b));
    const std::size_t last = a.size() - word_bytes;
    for (std::size_t at = 0; at < last; at += word_bytes)
        if (!equal_words(word_at<std::uint64_t>(a, at), word_at<std::uint64_t>(b, at))) return false;
    return equal_words(word_at<std::uint64_t>(a, last), word_at<std::uint64_t>(b, last));
}

bool breaks_lines(std::string_view text) {
    // Nearly every text has no character so small, which is seen of eight at a time.
    std::size_t at = 0;
    std::uint64_t small = 0;
    for (; at + word_bytes <= text.size(); at += word_bytes) small |= up_to_cr(word_at<std::uint64_t>(text, at));
    if (at > 0 && at < text.size()) {
        small |= up_to_cr(word_at<std::uint64_t>(text, text.size() - word_bytes));
        at = text.size();
    }
    if (small == 0) text.remove_prefix(at);
    return std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string_view RequestHead::query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string_view RequestHead::header(std::string_view name) const {
    for (const Header& one : headers)
        if (equal_without_case(one.name, name)) return one.value;
    return {};
}

bool RequestHead::has(std::string_view name) const {
    return std::ranges::any_of(headers, [&](const Header& one) { return equal_without_case(one.name, name); });
}

bool may_be_answered(std::string_view name, std::string_view value) {
    static constexpr HeaderNames written_by_the_edge{"content-length", "transfer-encoding", "connection", "keep-alive",
                                                     "date"};
    return !breaks_lines(name) && !breaks_lines(value) && !written_by_the_edge.has(name);
}

ResponseHead& ResponseHead::add_line(std::string_view name, std::string_view value) {
    if (!may_be_answered(name, value)) return *this;
    constexpr std::string_view colon = ": ", end = "\r\n";
    const std::size_t before = lines.size();
    const std::size_t after = before + name.size() + colon.size() + value.size() + end.size();
    // Not what the string says of its size: that of libstdc++ 12 may be the new capacity.
    lines.resize_and_overwrite(after, [&](char* text, std::size_t) {
        char* to = text + before;
        for (const std::string_view part : {name, colon, value, end}) to += part.copy(to, part.size());
        return after;
    });
    return *this;
}

// RFC 9110 §15.
std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

}  // namespace bursar::edge
