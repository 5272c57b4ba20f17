#pragma once

#include "service/base/clock.h"
#include "service/base/secret.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// How requests to AWS, and to stores that speak S3, are signed: Signature Version 4 (IAM user guide, "Create a signed
// AWS API request", read 2026-11). Pure.
namespace bursar::aws {

struct SignedHeader {
    std::string_view name;   ///< in small letters
    std::string_view value;  ///< as it is sent, without blanks around it
};
/// S3 signs a path as the request line has it, every other service with its escapes escaped once more.
enum class PathForm : std::uint8_t { as_sent, escaped_again };

struct SignedAsk {
    std::string_view method;
    std::string_view path;   ///< as in the request line; without "." and ".." as segments, which are not taken out here
    std::string_view query;  ///< encoded, sorted by name; empty: none
    std::span<const SignedHeader> headers;  ///< sorted by name: host, and all that begin with x-amz-
    std::string_view body_sha256;           ///< in hex
    PathForm path_form = PathForm::escaped_again;
};
struct Account {
    std::string_view access_key, region, service;
    const Secret& secret;
};
/// "20261130T020000Z": the value of x-amz-date.
std::string amz_date(Timestamp at);
/// The value of Authorization.
std::string authorization(const SignedAsk& ask, const Account& account, Timestamp at);

}  // namespace bursar::aws
