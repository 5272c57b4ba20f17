#pragma once

#include "service/base/clock.h"
#include "service/edge/async.h"

#include <cstddef>
#include <cstdint>
#include <memory>

// Deadlines of a shard: one timer for all of its waits. Thousands of streams wait at once, and hardly any deadline ever
// passes.
namespace bursar::providers {

/// Why a wait ended before what it waited for.
enum class Woken : std::uint8_t { no, deadline, cancelled };

/// Something that can wait, be woken, and then stays awake: no later wait of it begins.
class Sleeper {
  public:
    virtual ~Sleeper() = default;
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    void wake(Woken why) {
        if (woken_ == Woken::no) woken_ = why;
        interrupt();
    }
    Woken woken() const { return woken_; }

  protected:
    /// Makes the wait under way, if any, end soon; never from within this call.
    virtual void interrupt() = 0;

  private:
    friend class Ticker;
    static constexpr std::size_t nowhere = SIZE_MAX;
    std::size_t slot_ = nowhere;
    Woken woken_ = Woken::no;
};

/// What a caller who leaves wakes: whatever an operation waits for at that moment.
struct Operation {
    Sleeper* sleeper = nullptr;
    bool cancelled = false;

    void cancel() {
        cancelled = true;
        if (sleeper != nullptr) sleeper->wake(Woken::cancelled);
    }
};

/// Wakes sleepers whose deadline has passed, up to `resolution` late. Runs only while somebody sleeps.
class Ticker {
  public:
    static constexpr std::chrono::milliseconds resolution{20};

    explicit Ticker(asio::io_context& shard);
    ~Ticker();
    void add(Sleeper& sleeper, Moment deadline);
    void remove(Sleeper& sleeper);
    std::size_t sleeping() const;

  private:
    struct State;
    void arm();
    static void tick(const std::shared_ptr<State>& state);
    std::shared_ptr<State> state_;  ///< shared with the timer's handler, which may run after this is gone
};

/// In the ticker, and open to cancellation, for as long as this lives.
class Asleep {
  public:
    Asleep(Ticker& ticker, Sleeper& sleeper, Moment deadline) : ticker_(ticker), sleeper_(sleeper) {
        ticker_.add(sleeper, deadline);
    }
    ~Asleep() { ticker_.remove(sleeper_); }
    Asleep(const Asleep&) = delete;
    Asleep& operator=(const Asleep&) = delete;

  private:
    Ticker& ticker_;
    Sleeper& sleeper_;
};

}  // namespace bursar::providers
