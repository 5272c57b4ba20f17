#pragma once

#include "service/base/result.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::oidc {

/// One exchange with a provider of identities: https only (http for loopback), no redirects, small answers.
struct HttpRequest {
    std::string url;
    std::string form;           ///< application/x-www-form-urlencoded; empty: GET
    std::string authorization;  ///< a whole header value; empty: none
    std::string ca;             ///< PEM; empty: the system's store
};
struct HttpAnswer {
    int status = 0;
    std::string content_type;
    std::string cache_control;
    std::string date;
    std::string body;
};
inline constexpr std::size_t http_answer_bytes_max = 1024 * 1024;
/// One mute place may not keep a sign-in from failing within five seconds.
inline constexpr std::chrono::seconds http_timeout{4};

/// directory_unavailable; the operator's text begins with one of these words and says what was wrong with it: TLS has
/// the wrong host, expired, an unknown CA.
inline constexpr std::string_view http_resolve = "resolve: ", http_connect = "connect: ", http_tls = "TLS: ",
                                  http_time = "time: ", http_size = "size: ", http_other = "HTTP: ";
using Http = std::function<Result<HttpAnswer>(const HttpRequest&)>;

/// By libcurl. Blocking, at most http_timeout; any thread.
Http by_curl();

}  // namespace bursar::oidc
