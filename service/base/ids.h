#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace bursar {

/// 128 bits: 48 of time (milliseconds) and 80 of chance, so that ids sort by when they were made. Text: 26 letters of
/// base 32 behind a prefix. `Kind` keeps ids of different things apart.
template <typename Kind>
class Id {
  public:
    using Bytes = std::array<unsigned char, 16>;
    constexpr Id() = default;
    explicit constexpr Id(const Bytes& bytes) : bytes_(bytes) {}
    static Id make(Timestamp now);
    static Result<Id> parse(std::string_view text);
    std::string text() const;
    const Bytes& bytes() const { return bytes_; }
    constexpr auto operator<=>(const Id&) const = default;

  private:
    Bytes bytes_{};
};

struct CallKind {
    static constexpr std::string_view prefix = "call_";
};
struct AttemptKind {
    static constexpr std::string_view prefix = "att_";
};
using CallId = Id<CallKind>;        ///< one request of a caller
using AttemptId = Id<AttemptKind>;  ///< one try of a call at one channel: holds and settlements are per attempt

template <typename Kind>
struct IdHash {
    std::size_t operator()(const Id<Kind>& id) const {
        std::size_t hash = 0;
        // The last bytes are the random ones.
        for (std::size_t i = 8; i < 16; ++i) hash = hash << 8 | id.bytes()[i];
        return hash;
    }
};

}  // namespace bursar
