#pragma once

#include "service/base/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace bursar {

/// An amount of money in 1e-9 US dollars. Arithmetic is checked: an overflow aborts, it never wraps.
/// Range: about ±9.2 billion dollars.
class NanoUsd {
  public:
    constexpr NanoUsd() = default;
    constexpr explicit NanoUsd(std::int64_t nanos) : nanos_(nanos) {}
    static constexpr NanoUsd dollars(std::int64_t whole) { return NanoUsd{whole} * per_dollar; }

    /// Reads a decimal such as "2000", "0.000075" or "1,250.50", at most 9 digits after the point, no exponent, no sign
    /// but '-'.
    static Result<NanoUsd> parse(std::string_view text);

    constexpr std::int64_t nanos() const { return nanos_; }
    /// "1999.871204" : at least two digits after the point, no trailing zeros beyond them. For machines.
    std::string text() const;
    /// "2,000.00 USD": rounded away from zero to cents (to six digits below one cent). For people.
    std::string for_people() const;

    constexpr auto operator<=>(const NanoUsd&) const = default;
    // Here, because a call adds a hundred times.
    constexpr NanoUsd operator+(NanoUsd other) const {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(nanos_, other.nanos_, &sum)) overflow();
        return NanoUsd{sum};
    }
    constexpr NanoUsd operator-(NanoUsd other) const {
        std::int64_t difference = 0;
        if (__builtin_sub_overflow(nanos_, other.nanos_, &difference)) overflow();
        return NanoUsd{difference};
    }
    constexpr NanoUsd operator*(std::int64_t factor) const {
        std::int64_t product = 0;
        if (__builtin_mul_overflow(nanos_, factor, &product)) overflow();
        return NanoUsd{product};
    }
    NanoUsd operator-() const { return NanoUsd{} - *this; }
    NanoUsd& operator+=(NanoUsd other) { return *this = *this + other; }
    NanoUsd& operator-=(NanoUsd other) { return *this = *this - other; }

    static constexpr std::int64_t per_dollar = 1'000'000'000;

  private:
    [[noreturn]] static void overflow();
    std::int64_t nanos_ = 0;
};

/// A count of tokens.
using Tokens = std::int64_t;

}  // namespace bursar
