#pragma once

#include "auth/recent.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/base/result.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Limits of wrong passwords that lie below those of the directories, so that nobody locks another's account there by
// way of us, and nobody tries many.
namespace bursar::auth {

struct LockoutLimits {
    std::size_t per_name = 3;          ///< failures within `name_window`, from anywhere
    std::size_t more_where_known = 1;  ///< beyond those, from an address where this person has signed in
    std::chrono::minutes name_window{30};
    std::size_t per_address = 20;  ///< failures within `address_window`, then each costs a delay that doubles
    std::chrono::minutes address_window{10};
    std::chrono::seconds delay_max{60};
    std::chrono::days known_for{30};
    std::size_t names_max = 100'000;
    std::size_t addresses_max = 50'000;
    std::size_t places_max = 100'000;
};

/// In memory, and gone with the service: what it protects against takes longer than a restart.
class Lockout {
  public:
    explicit Lockout(LockoutLimits limits = {}) : limits_(limits) {}

    /// One account as its directory counts it. DOMAIN\name, name@domain and Name are one.
    struct Who {
        std::string_view directory;
        std::string_view user;     ///< as typed
        std::string_view subject;  ///< of whom People::meant_by() says the name means; empty if nobody
    };

    /// One try. While it is under way it counts as a failure, so that many at once are no more than one after the
    /// other. Whoever drops it without a word had no answer from the directory, and it does not count.
    class [[nodiscard]] Permit {
      public:
        Permit(Permit&& other) noexcept : lockout_(std::exchange(other.lockout_, nullptr)), keys_(other.keys_) {}
        Permit& operator=(Permit&&) = delete;
        ~Permit() { release(); }

        void failed(Timestamp now) &&;
        /// The name's failures are forgotten, as the directory forgets them, and the address is known from now on.
        void succeeded(Timestamp now) &&;

      private:
        friend class Lockout;
        struct Keys {
            std::vector<std::string> names;
            std::string address;
        };
        Permit(Lockout& lockout, std::shared_ptr<const Keys> keys) : lockout_(&lockout), keys_(std::move(keys)) {}
        void release();

        Lockout* lockout_;
        std::shared_ptr<const Keys> keys_;
    };

    /// locked_out; the sentence says how long, and is the same whatever it was that was too much. Any thread; must
    /// outlive its permits.
    Result<Permit> may_try(const Who& who, std::string_view address, Timestamp now) EXCLUDES(mutex_);

  private:
    struct Tries {
        Window<Timestamp> failures;
        std::size_t under_way = 0;
    };
    bool is_known(const Permit::Keys& keys, Timestamp now) REQUIRES(mutex_);
    std::chrono::nanoseconds wait_for_names(const Permit::Keys& keys, bool known, Timestamp now) REQUIRES(mutex_);
    std::chrono::nanoseconds wait_for_address(const Permit::Keys& keys, Timestamp now) REQUIRES(mutex_);
    void end(const Permit::Keys& keys) REQUIRES(mutex_);

    const LockoutLimits limits_;
    Mutex mutex_;
    Recent<Tries> names_ GUARDED_BY(mutex_){limits_.names_max};
    Recent<Tries> addresses_ GUARDED_BY(mutex_){limits_.addresses_max};
    /// When a person has signed in from an address.
    Recent<Timestamp> places_ GUARDED_BY(mutex_){limits_.places_max};
};

/// An address as it is counted: of IPv6 its first 64 bits, for whoever has one of these has them all.
std::string counted_address(std::string_view address);

}  // namespace bursar::auth
