#include "service/edge/http.h"

#include <algorithm>
#include <array>

namespace bursar::edge {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
    return true;
}

bool breaks_lines(std::string_view text) {
    // The smallest character tells of nearly every text that it has none, several characters at a time.
    unsigned char smallest = 0xff;
    for (const char c : text) smallest = std::min(smallest, static_cast<unsigned char>(c));
    return smallest <= '\r' && std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
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
    if (may_be_answered(name, value)) lines.append(name).append(": ").append(value).append("\r\n");
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
