#pragma once

#include "service/base/result.h"

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace bursar::scim {

/// Why a request was refused, as SCIM says it (RFC 7644 §3.12).
struct Refusal {
    int status = 400;
    std::string_view type;     ///< scimType; empty where the RFC has no word for it
    std::string detail;        ///< for the caller
    std::string for_operator;  ///< empty: same as detail

    Refusal(int status_, std::string_view type_, std::string detail_)
        : status(status_), type(type_), detail(std::move(detail_)) {}
    /// Whatever fails below: by the one table of faults.
    Refusal(Error error)  // NOLINT(google-explicit-constructor): so that TRY passes errors up
        : status(facts(error.fault).http_status),
          type(error.fault == Fault::invalid_request ? "invalidSyntax" : ""),
          detail(std::move(error.for_caller)),
          for_operator(std::move(error.for_operator)) {}
};

template <typename T>
using Outcome = std::expected<T, Refusal>;

/// A wrong value, the usual reason.
inline std::unexpected<Refusal> refuse(std::string_view type, std::string detail, int status = 400) {
    return std::unexpected(Refusal(status, type, std::move(detail)));
}

}  // namespace bursar::scim
