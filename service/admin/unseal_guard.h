#pragma once

#include "auth/network.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/base/result.h"

#include <chrono>
#include <map>
#include <string_view>

namespace bursar::admin {

/// Slows the guessing of the master key: one try at a time from an address, and each wrong one makes that address wait
/// longer, up to a limit. Nobody waits for somebody else's guesses, and no thread sleeps. Any thread.
class UnsealGuard {
  public:
    using Duration = std::chrono::milliseconds;
    static constexpr Duration delay_max = std::chrono::minutes(5);
    /// So many addresses are remembered. Who has more than these to guess from is slowed by Argon2id alone.
    static constexpr std::size_t addresses_max = 4096;

    /// `delay_first` is what the first wrong try costs; it doubles with every further one.
    UnsealGuard(const Clock& clock, Duration delay_first) : clock_(clock), delay_first_(delay_first) {}

    /// One try. Refuses with locked_out, without a try, while another one from this address runs or its wait lasts.
    template <typename Try>
    Result<void> attempt(std::string_view address, Try&& unseal) {
        const auth::Address from = group_of(address);
        TRY_VOID(enter(from));
        Turn turn{*this, from};
        Result<void> result = unseal();
        turn.end = result.has_value()                               ? End::right
                   : result.error().fault == Fault::unauthenticated ? End::wrong
                                                                    : End::neither;
        return result;
    }

  private:
    enum class End : unsigned char { right, wrong, neither };
    struct Tries {
        int wrong_in_a_row = 0;
        bool running = false;
        Moment next_at;
    };
    /// However a try ends, an exception included, the address gets its next turn.
    struct Turn {
        UnsealGuard& guard;
        const auth::Address from;
        End end = End::neither;
        ~Turn() { guard.leave(from, end); }
    };

    /// IPv6 by the /64: one machine has a whole one to itself.
    static auth::Address group_of(std::string_view address);
    Result<void> enter(const auth::Address& from);
    void leave(const auth::Address& from, End end);
    void make_room() REQUIRES(mutex_);

    const Clock& clock_;
    const Duration delay_first_;
    Mutex mutex_;
    std::map<auth::Address, Tries> tries_ GUARDED_BY(mutex_);
};

/// Whether the request comes from this very machine.
bool is_loopback(std::string_view address);

}  // namespace bursar::admin
