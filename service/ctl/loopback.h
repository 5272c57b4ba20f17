#pragma once

#include "service/base/secret.h"
#include "service/ctl/outcome.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// The end of a sign-in on this machine: where the browser comes back to (RFC 8252 §7.3).
namespace bursar::ctl {

/// What a browser brings, if it is what was waited for.
struct Brought {
    Secret code;        ///< empty: somebody said no
    std::string error;  ///< "access_denied"
};
/// Reads the head of a request; nothing if it is not a GET of "/callback" with this state and with a code or an error.
/// Pure.
std::optional<Brought> read_callback(std::string_view head, std::string_view state);

/// A listener on a free port of 127.0.0.1, for one sign-in. Needs a QCoreApplication.
class Loopback {
  public:
    static Outcome<std::unique_ptr<Loopback>> listen(std::string state);
    ~Loopback();
    Loopback(const Loopback&) = delete;
    Loopback& operator=(const Loopback&) = delete;

    /// "http://127.0.0.1:41234/callback"
    std::string address() const;
    /// Blocks until the browser comes with the state of this sign-in; whoever comes without is told that there is
    /// nothing here. Nothing when the time is over.
    std::optional<Brought> wait(std::chrono::seconds time);
    /// What the browser shows then. It waits for it since it came.
    void answer(std::string_view sentence);

  private:
    explicit Loopback(std::string state);
    struct Wire;
    std::unique_ptr<Wire> wire_;
};

}  // namespace bursar::ctl
