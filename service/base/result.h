#pragma once

#include "service/base/fault.h"

#include <expected>
#include <string>
#include <utility>

namespace bursar {

/// What went wrong, in two texts: one to be shown to whoever called, one for the operator's log.
struct [[nodiscard]] Error {
    Fault fault = Fault::internal;
    std::string for_caller;    ///< what to do next; never internals
    std::string for_operator;  ///< which value, which limit, which file; empty means: same as for_caller

    std::string_view operator_text() const { return for_operator.empty() ? for_caller : for_operator; }
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(Fault::not_found, "No secret of that name. See: bursarctl secret list");`
inline std::unexpected<Error> fail(Fault fault, std::string for_caller, std::string for_operator = {}) {
    return std::unexpected(Error{fault, std::move(for_caller), std::move(for_operator)});
}

}  // namespace bursar

#define BURSAR_JOIN_INNER(a, b) a##b
#define BURSAR_JOIN(a, b) BURSAR_JOIN_INNER(a, b)

/// `TRY(auto value, parse(text));` gives the value or returns the error. For functions, not coroutines.
#define TRY(declaration, expression)                                                   \
    auto BURSAR_JOIN(try_result_, __LINE__) = (expression);                            \
    if (!BURSAR_JOIN(try_result_, __LINE__)) [[unlikely]]                              \
        return std::unexpected(std::move(BURSAR_JOIN(try_result_, __LINE__)).error()); \
    declaration = *std::move(BURSAR_JOIN(try_result_, __LINE__))

/// The same where the success carries no value: `TRY_VOID(store.migrate());`
#define TRY_VOID(expression)                                       \
    do {                                                           \
        auto try_result = (expression);                            \
        if (!try_result) [[unlikely]]                              \
            return std::unexpected(std::move(try_result).error()); \
    } while (false)
