#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace bursar::ldap {

/// Deadlines of waiting on sockets are the machine's own: the kernel waits, not the service's clock.
using Deadline = std::chrono::steady_clock::time_point;

/// Why a server has not told what it was asked; in the operator's words.
struct Failure {
    enum class Kind : std::uint8_t {
        connection,  ///< not reached, no TLS, or gone: another server may do better
        time,        ///< no answer in time
        busy,        ///< the server says that it cannot just now
        partial,     ///< an answer that is not whole: nothing may be concluded from what is missing
        refused,     ///< an answer that says no: a wrong base, a wrong service account, no rights
    };
    Kind kind = Kind::connection;
    std::string text;
    int code = 0;        ///< LDAP's result code, if it was the server that said so
    bool final = false;  ///< no other server may be tried: a password has been sent
    bool elsewhere_may_help() const {
        return !final && (kind == Kind::connection || kind == Kind::time || kind == Kind::busy);
    }
};

template <typename T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(Failure::Kind kind, std::string text, int code = 0) {
    return std::unexpected(Failure{kind, std::move(text), code});
}

}  // namespace bursar::ldap
