#pragma once

#include "service/base/clock.h"
#include "service/base/secret.h"

#include <string>
#include <string_view>

// How requests to S3 are signed: AWS Signature Version 4 (Amazon S3 API reference, "Authenticating Requests: Using the
// Authorization Header", read 2026-11). Pure.
namespace bursar::backup {

struct SignedAsk {
    std::string_view method;
    std::string_view path;         ///< as in the request line, encoded
    std::string_view query;        ///< encoded, sorted by name; empty: none
    std::string_view host;         ///< as the Host header has it
    std::string_view body_sha256;  ///< in hex
};
struct Account {
    std::string_view access_key, region;
    const Secret& secret;
};
/// "20261130T020000Z"
std::string amz_date(Timestamp at);
/// The value of Authorization, for a request whose headers are host, x-amz-content-sha256 and x-amz-date.
std::string authorization(const SignedAsk& ask, const Account& account, Timestamp at);

}  // namespace bursar::backup
