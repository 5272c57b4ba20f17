#pragma once

#include "auth/approval.h"
#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

// The authorization code grant for programs on the machine of the browser (RFC 6749 §4.1, RFC 8252 §7.3), server side:
// the answer goes to a port of this machine's own, and only who began (RFC 7636) can use it.
namespace bursar::auth {

/// The program that signs people in this way; others use device codes.
inline constexpr std::string_view loopback_client = "bursarctl";

/// What a program asks for, checked: it is a program that we know, it can prove later that it was the one who asked,
/// and the answer stays on the machine of the browser.
class LoopbackAsk {
  public:
    /// As they came (RFC 6749 §4.1.1, RFC 7636 §4.3).
    struct Words {
        std::string_view response_type, client_id, redirect_uri, code_challenge, code_challenge_method, state;
    };
    /// invalid_request with the word that is wrong. `redirect_uri` is "http://127.0.0.1:PORT/callback" or the same with
    /// "[::1]"; `code_challenge_method` is S256.
    static Result<LoopbackAsk> check(const Words& words);

    const std::string& client() const { return client_; }
    const std::string& redirect() const { return redirect_; }
    const std::string& challenge() const { return challenge_; }
    /// Where the browser goes with a code, and with a no.
    Secret back_with(const Secret& code) const;
    std::string back_denied() const;

  private:
    explicit LoopbackAsk(const Words& words);
    std::string client_, redirect_, challenge_, state_;
};

struct AuthorizationLimits {
    std::chrono::seconds life{60};
    /// So long a code that comes again is known as one that was used.
    std::chrono::minutes remembered{10};
    std::size_t kept_max = 10'000;
    std::size_t kept_per_person = 20;
};

/// Codes that were given out: each is good once, for `life`, for the program that began. In memory: whoever was about
/// to sign in when the service stopped starts again.
class AuthorizationCodes {
  public:
    explicit AuthorizationCodes(const Clock& clock, AuthorizationLimits limits = {});

    /// 256 bits. rate_limited if that person has approved too many lately, overloaded if everybody has.
    Result<Secret> give(const LoopbackAsk& ask, Approval approval) EXCLUDES(mutex_);

    struct Presented {
        std::string_view code, client_id, redirect_uri, code_verifier;
    };
    struct Answer {
        enum class State : std::uint8_t {
            good,     ///< once; who begins a session for it says so to `began`
            used,     ///< it was presented before: what came of that must end
            refused,  ///< never given out, too old, or not by who began; it is worth nothing from now on
        };
        State state = State::refused;
        std::optional<Approval> approval;  ///< of good
        std::string session;               ///< of used: what came of it; empty if nothing has, or not yet
    };
    Answer take(const Presented& presented) EXCLUDES(mutex_);
    /// What came of a code that was good. False if it came again meanwhile: then the session must end.
    [[nodiscard]] bool began(std::string_view code, std::string_view session) EXCLUDES(mutex_);

  private:
    struct Given {
        std::string client, redirect, challenge;
        Timestamp at;
        Approval approval;
        bool used = false, used_again = false;
        std::string session;
    };

    void forget_old(Timestamp now) REQUIRES(mutex_);
    std::string digest_of(std::string_view code) const;

    const Clock& clock_;
    const AuthorizationLimits limits_;
    const Secret key_;  ///< codes are kept as HMAC under it; gone with the service
    Mutex mutex_;
    std::unordered_map<std::string, Given> given_ GUARDED_BY(mutex_);
};

}  // namespace bursar::auth
