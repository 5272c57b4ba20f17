#pragma once

#include "service/audit/usage.h"

#include <array>
#include <cstdint>
#include <string>

// Which sums are stored. A company of a thousand keys has some ten thousand combinations of everything a day, but a few
// hundred of team and model: so the sums of a day are stored several times, each time without what some questions do
// not ask for, and a question reads the smallest that can answer it.
namespace bursar::audit {

/// Texts of a combination, by By; empty where the cube leaves it out.
using Dimensions = std::array<std::string, stored_dimensions>;

/// A set of stored dimensions, one bit each.
using DimensionSet = std::uint32_t;
constexpr DimensionSet only(By by) { return 1U << static_cast<unsigned>(by); }
constexpr DimensionSet every_dimension = (1U << stored_dimensions) - 1;

enum class Grain : std::uint8_t { hour, day };

/// The number is stored; it never changes.
struct Cube {
    std::int64_t number;
    DimensionSet has;
    bool by_hour;  ///< stored by hour too, not only by day
};
inline constexpr DimensionSet in_every_cube = only(By::team) | only(By::cost_centre);
/// Smallest first.
inline constexpr std::array cubes = {
    Cube{1, in_every_cube | only(By::model) | only(By::tier) | only(By::channel), true},
    Cube{2, in_every_cube | only(By::tags), false},
    Cube{3, in_every_cube | only(By::person) | only(By::key), false},
    Cube{0, every_dimension, true},
};

/// What a combination is called that would be one too many.
inline constexpr std::string_view other = "(other)";
/// With so many combinations in one hour or day, further ones lose a part of themselves.
struct Bounds {
    std::int64_t tags;    ///< the tags
    std::int64_t keys;    ///< key and person as well
    std::int64_t models;  ///< and the model, which callers may invent
};
constexpr Bounds bounds_of(Grain grain) {
    return grain == Grain::hour ? Bounds{20'000, 25'000, 30'000} : Bounds{60'000, 120'000, 150'000};
}

}  // namespace bursar::audit
