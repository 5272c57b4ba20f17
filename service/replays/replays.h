#pragma once

#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/ids.h"
#include "service/base/money.h"
#include "service/base/result.h"
#include "service/store/store.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// Answers that are kept so that a repeated request gets them again (docs/decisions/0013-idempotency.md). Knows neither
// HTTP nor models: a key of a caller stands for one request, and for what came of it.
namespace bursar::replays {

struct Limits {
    std::size_t answer_bytes_max = std::size_t{4} << 20;  ///< of one answer, its head included
    std::size_t caller_entries_max = 10'000;
    std::size_t caller_bytes_max = std::size_t{64} << 20;
    std::size_t bytes_max = std::size_t{256} << 20;  ///< of all callers; every entry counts 1 KiB beside its answer
    std::size_t waiting_bytes_max = std::size_t{64} << 20;  ///< of answers that are not written yet
    std::size_t fetches_waiting_max = 1'000;
    std::chrono::nanoseconds kept_for = std::chrono::hours(24);
};

/// What a caller got, and gets again.
struct Answer {
    CallId call;  ///< which got it first: the claim's
    int status = 0;
    std::string head;  ///< header lines as they went out
    std::string body;
    std::size_t bytes() const { return head.size() + body.size(); }
};

/// A request that came with a key.
struct Ask {
    std::string_view caller;
    std::string_view key;
    Digest request;  ///< of all that makes it this request
    CallId call;
};

enum class State : std::uint8_t {
    fresh,          ///< the key stands for nothing yet: it is this call's now, which has the claim
    running,        ///< a call with this key and request has not ended
    other_request,  ///< the key stands for another request
    kept,           ///< an answer is kept: fetch() it
    spent,          ///< a call was paid for, and there is no answer to give again
};

class Replays;
using Name = Digest;  ///< of a caller's key: SHA-256 over both

/// A key that is a running call's own. Whoever has it owes one of three ends; dropping it is forget().
class Claim {
  public:
    Claim() = default;
    Claim(Replays& replays, const Name& name, const CallId& call) : replays_(&replays), name_(name), call_(call) {}
    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { forget(); }
    explicit operator bool() const { return replays_ != nullptr; }

    /// The whole answer, for everybody who repeats the request. Only once its settlement is in the ledger: it is
    /// written with the same group of the store or a later one. What is too large, or finds no room, is spend().
    void keep(Answer answer, NanoUsd cost);
    /// The call was paid for, but has no whole answer: the key runs nothing again.
    void spend(NanoUsd cost);
    /// Nothing was paid: whoever comes with the key may try again.
    void forget();

  private:
    Replays* replays_ = nullptr;
    Name name_{};
    CallId call_;
};

struct Found {
    State state = State::fresh;
    CallId first;             ///< the call that has or had the key
    NanoUsd cost;             ///< of it, if it is spent
    std::int64_t number = 0;  ///< of a kept answer
    Claim claim;              ///< if fresh
};

/// All functions: any thread; microseconds of one mutex, never held across I/O.
class Replays : public store::Contributor {
  public:
    static store::Schema schema();
    /// Reads which keys are known. Before the store is started. Attach it before the ledger: whatever answer it takes
    /// into a group, the ledger has its settlement for the same group or an earlier one. Blocking.
    static Result<std::unique_ptr<Replays>> open(store::Store& store, const Clock& clock, Limits limits = {});

    /// What the key stands for. From memory.
    virtual Found begin(const Ask& ask) = 0;
    using Fetched = std::move_only_function<void(Result<std::shared_ptr<const Answer>>)>;
    /// The kept answer of that number, read on a thread of its own, or from memory if it is not written yet. `done` is
    /// called once, on any thread, perhaps before this returns. overloaded: too many wait to be read; not_found: it has
    /// just made room for others; storage_unavailable.
    virtual void fetch(std::int64_t number, Fetched done) = 0;

    struct Size {
        std::size_t entries = 0;
        std::size_t bytes = 0;
        std::size_t running = 0;
    };
    virtual Size size() const = 0;

  private:
    friend class Claim;
    virtual void keep(const Name& name, const CallId& call, Answer answer, NanoUsd cost) = 0;
    virtual void spend(const Name& name, const CallId& call, NanoUsd cost) = 0;
    virtual void forget(const Name& name, const CallId& call) = 0;
};

}  // namespace bursar::replays
