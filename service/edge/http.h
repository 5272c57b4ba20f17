#pragma once

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

    ResponseHead& add(std::string_view name, std::string_view value) {
        headers.push_back({std::string(name), std::string(value)});
        return *this;
    }
};

bool equal_without_case(std::string_view a, std::string_view b);
std::string_view reason_phrase(int status);

}  // namespace bursar::edge
