#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace bursar::gateway {

/// A sum over the last minute, in cells of one second. Sixty seconds that begin anywhere touch at most 61 cells, so the
/// sum of these 61 is never less than what any 60 seconds that end now have had; what was added leaves after 60 to 61
/// seconds. Seconds never go back.
template <typename Cell>
class Window {
  public:
    static constexpr std::int64_t seconds = 61;

    void add(std::int64_t second, Cell amount) {
        advance(second);
        cells_[index(second)] += amount;
        sum_ += amount;
    }
    /// Takes back what was added in that second, unless it has left already.
    void take_back(std::int64_t now, std::int64_t second, Cell amount) {
        advance(now);
        if (second <= now - seconds) return;
        cells_[index(second)] -= amount;
        sum_ -= amount;
    }
    Cell sum(std::int64_t second) {
        advance(second);
        return sum_;
    }
    /// The first second in which `excess` of the sum will have left; max() if so much is not there.
    std::int64_t less_by(std::int64_t second, Cell excess) {
        advance(second);
        Cell left = 0;
        for (std::int64_t at = second - seconds + 1; at <= second; ++at) {
            left += cells_[index(at)];
            if (left >= excess) return at + seconds;
        }
        return std::numeric_limits<std::int64_t>::max();
    }
    /// The first second in which the sum will be nothing.
    std::int64_t empty_at(std::int64_t second) {
        advance(second);
        for (std::int64_t at = second; at > second - seconds; --at)
            if (cells_[index(at)] != 0) return at + seconds;
        return second;
    }

  private:
    static constexpr std::size_t places = 64;
    static_assert(places >= seconds && (places & (places - 1)) == 0);
    static std::size_t index(std::int64_t second) { return static_cast<std::size_t>(second) & (places - 1); }

    void advance(std::int64_t second) {
        if (second <= newest_) return;
        if (second - newest_ >= static_cast<std::int64_t>(places)) {
            cells_.fill(0);
            sum_ = 0;
        } else if (sum_ != 0) {
            // Cells leave the sum a minute after they were filled; their places are empty before they come round.
            for (std::int64_t at = newest_ + 1; at <= second; ++at) {
                Cell& leaving = cells_[index(at - seconds)];
                sum_ -= leaving;
                leaving = 0;
            }
        }
        newest_ = second;
    }

    std::array<Cell, places> cells_{};
    Cell sum_ = 0;
    std::int64_t newest_ = std::numeric_limits<std::int64_t>::min() / 2;
};

}  // namespace bursar::gateway
