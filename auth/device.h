#pragma once

#include "auth/approval.h"
#include "auth/recent.h"
#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

// The device authorization grant (RFC 8628), server side: a program shows a code, and a person who has signed in in a
// browser approves it there.
namespace bursar::auth {

struct DeviceLimits {
    std::chrono::seconds life = std::chrono::minutes(10);
    std::chrono::seconds interval{5};
    std::size_t open_max = 1'000;
    std::size_t open_per_address = 50;
    std::size_t wrong_codes_max = 10;  ///< of one address within `wrong_codes_window`
    std::chrono::minutes wrong_codes_window{10};
};

/// In memory: whoever was about to sign in when the service stopped starts again.
class DeviceGrants {
  public:
    explicit DeviceGrants(const Clock& clock, DeviceLimits limits = {});

    struct Begun {
        Secret device_code;     ///< 256 bits
        std::string user_code;  ///< "KRTB-XWLD"
        std::chrono::seconds expires_in{};
        std::chrono::seconds interval{};
    };
    /// What the person who approves is shown.
    struct Shown {
        std::string user_code;
        std::string client;
        std::string address;
        Timestamp began_at;
    };
    struct Answer {
        enum class State : std::uint8_t {
            pending,
            slow_down,  ///< asked again too soon: five seconds more from now on (RFC 8628, 3.5)
            denied,
            expired,
            approved,  ///< once
            unknown,   ///< never given out, used, or expired long ago
        };
        State state = State::unknown;
        std::string client;   ///< of approved
        std::string address;  ///< of approved: where the program is
        std::optional<Approval> approval;
    };

    /// overloaded if too many are open.
    Result<Begun> begin(std::string_view client, std::string_view address) EXCLUDES(mutex_);
    /// `user_code` as typed: small letters or not, with a dash, spaces or nothing. not_found; locked_out after too many
    /// wrong ones from `address`, which is the browser's.
    Result<Shown> look(std::string_view user_code, std::string_view address) EXCLUDES(mutex_);
    /// not_found, locked_out, conflict if it was decided already.
    Result<void> approve(std::string_view user_code, std::string_view address, Approval approval) EXCLUDES(mutex_);
    Result<void> deny(std::string_view user_code, std::string_view address) EXCLUDES(mutex_);
    Answer poll(std::string_view device_code) EXCLUDES(mutex_);

  private:
    struct Grant {
        std::string user_code;  ///< its digest
        std::string client;
        std::string address;
        Timestamp began_at;
        std::chrono::seconds interval{};
        std::optional<Timestamp> polled_at;
        bool denied = false;
        std::optional<Approval> approval;
    };
    using Grants = std::unordered_map<std::string, Grant>;

    void forget_old(Timestamp now) REQUIRES(mutex_);
    Result<Grant*> find(std::string_view user_code, std::string_view address, Timestamp now) REQUIRES(mutex_);
    Result<Grant*> undecided(std::string_view user_code, std::string_view address, Timestamp now) REQUIRES(mutex_);
    std::string digest_of(std::string_view code) const;

    const Clock& clock_;
    const DeviceLimits limits_;
    const Secret key_;  ///< codes are kept as HMAC under it; gone with the service
    Mutex mutex_;
    Grants grants_ GUARDED_BY(mutex_);  ///< by the digest of the device code
    std::unordered_map<std::string, std::string> by_user_code_ GUARDED_BY(mutex_);
    Recent<Window<Timestamp>> wrong_codes_ GUARDED_BY(mutex_);
};

}  // namespace bursar::auth
