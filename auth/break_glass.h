#pragma once

#include "auth/keys.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::auth {

/// What a guess costs (Argon2id, RFC 9106). One at a time, so that nobody exhausts the memory.
struct BreakGlassCost {
    std::uint32_t memory_kib = 64 * 1024;
    std::uint32_t passes = 3;
};

/// A local operator for when no directory answers. Sealed unless somebody has made one: then there is no passphrase
/// that opens it.
class BreakGlass {
  public:
    struct State {
        std::string name;
        Timestamp made_at;
    };
    struct Made {
        std::string name;
        Secret passphrase;  ///< "7k3m-…", eight groups of four, 160 bits; shown once
    };

    static store::Schema schema();
    static std::unique_ptr<BreakGlass> in(store::Store& store, const Clock& clock, BreakGlassCost cost = {});
    virtual ~BreakGlass() = default;

    /// Nothing while it is sealed. Blocking.
    virtual Result<std::optional<State>> state() const = 0;
    /// In place of the one that there may be. `name` is who it is for, in the audit. Blocking.
    virtual Result<Made> make(std::string_view name, const Also& also) = 0;
    /// The name of whose passphrase this is; `also` records and alerts, and without it nothing opens. Small letters or
    /// not, with dashes and spaces or not. unauthenticated, in the same time whether there is one or not; locked_out
    /// after five tries in a quarter of an hour, of which those from the machine itself (loopback) are counted apart:
    /// strangers must not keep out who stands before it. Blocking, some tenths of a second.
    virtual Result<std::string> open(std::string_view passphrase, std::string_view address, const Also& also) = 0;
    /// Once more does no harm.
    virtual Result<void> seal(const Also& also) = 0;
};

}  // namespace bursar::auth
