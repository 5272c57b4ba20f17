#pragma once

#include "policies/documents.h"
#include "service/base/result.h"

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// One request to the control plane and its answer, as values: nothing here knows POCO or a socket.
namespace bursar::admin {

/// A request that the edge has parsed and bounded, as the relay hands it on.
struct Request {
    std::string method;
    std::string path;   ///< without the query
    std::string query;  ///< without its '?', still encoded
    std::string authorization;
    std::string if_match;
    std::string accept;
    std::string address;  ///< the client's, told by the relay
    std::string body;
    std::string content_type = {};
    std::string host = {};
    std::string cookie = {};  ///< ours only: the relay leaves out all others
    std::string origin = {};
    std::string fetch_site = {};  ///< Sec-Fetch-Site
    std::string csrf = {};        ///< x-bursar-csrf
    std::string user_agent = {};
    std::string if_none_match = {};

    /// The value of one of our cookies; empty if it did not come.
    std::string_view cookie_named(std::string_view name) const;
};

struct Answer {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

/// A refusal on its way to become RFC 9457 problem details.
struct Problem {
    Error error;
    int status = 0;                                ///< 0: the fault's own
    std::vector<policies::Problem> problems = {};  ///< of policy documents
    std::string allow = {};                        ///< the methods of a 405

    /// Implicit: a library's Error is a problem as it stands, so that TRY works in handlers.
    Problem(Error from, int with_status = 0) : error(std::move(from)), status(with_status) {}
};

using Reply = std::expected<Answer, Problem>;

/// RFC 9457: {"type":"about:blank","title","status","detail","code"} and, for policies, "problems".
Answer answer_to(const Problem& problem);

inline Answer json_answer(std::string body, int status = 200) { return {.status = status, .body = std::move(body)}; }
inline Answer no_content() { return {.status = 204, .body = {}}; }

}  // namespace bursar::admin
