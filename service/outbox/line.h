#pragma once

#include "integrations/watch.h"
#include "service/base/clock.h"
#include "service/base/secret.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// One connection of a courier, and the socket that it comes from. No thread of its own, nothing blocks.
namespace bursar::outbox {

inline constexpr std::chrono::seconds hello_deadline{5};
inline constexpr std::chrono::seconds send_deadline{30};      ///< without one byte of progress
inline constexpr std::chrono::seconds receipt_deadline{300};  ///< a courier that is silent for longer hangs
inline constexpr std::size_t unsent_bytes_max = std::size_t{64} << 20;
inline constexpr int at_once_max = 64;

/// A file descriptor that is closed when it goes.
class Handle {
  public:
    Handle() = default;
    explicit Handle(int number) : number_(number) {}
    Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

/// What a courier has said.
struct Heard {
    std::vector<integrations::Receipt> receipts;
    std::vector<integrations::Sighting> sightings;
};

class Line {
  public:
    Line(Handle handle, Moment now) : handle_(std::move(handle)), since_(now), moved_(now) {}

    int descriptor() const { return handle_.number(); }
    /// Its first frame, once it came.
    const std::optional<integrations::Hello>& hello() const { return hello_; }
    bool wants_to_write() const { return !unsent_.empty(); }

    /// Takes what has come. False: the connection is over, and why_over() says why.
    bool read(Moment now, Heard& heard);
    void send(const integrations::Delivery& delivery, Moment now);
    void send(const integrations::Watch& watch, Moment now);
    /// Writes what the socket takes. False as above.
    bool write(Moment now);
    /// Whether a deadline has passed; `waiting`: answers are owed.
    bool is_late(Moment now, bool waiting);
    const std::string& why_over() const { return why_over_; }

  private:
    bool take_frame(const std::string& json, Heard& heard);
    void queue(const Secret& json, Moment now);
    bool over(std::string why) {
        why_over_ = std::move(why);
        return false;
    }

    Handle handle_;
    integrations::Frames frames_;
    std::optional<integrations::Hello> hello_;
    std::deque<Secret> unsent_;  ///< frames
    std::size_t sent_of_first_ = 0;
    Moment since_;
    Moment moved_;  ///< when bytes went or came last
    std::string why_over_;
};

/// Who may be at the other end of the socket.
struct Peers {
    std::uint32_t own = 0;
    std::optional<std::uint32_t> courier;  ///< user id of the courier's own account
};

/// The listening socket: made with mode 0660, in place of one that an earlier life left. wrong_configuration if it
/// cannot be.
Result<Handle> listen_at(const std::filesystem::path& socket, const std::optional<std::uint32_t>& group);
/// The next connection that waits, if it is of one of `peers`; one of somebody else is closed and logged.
std::optional<Handle> accept_from(const Handle& listener, const Peers& peers);

}  // namespace bursar::outbox
