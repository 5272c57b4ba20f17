#pragma once

#include "service/base/budget.h"

#include <cstdint>
#include <optional>
#include <string_view>

// Limits as people write them: one reader for policies, the API and the command line. Pure.
namespace bursar {

struct Limit {
    Quantity quantity;
    Measure measure = Measure::money;
    bool operator==(const Limit&) const = default;
};

/// What a limit may be at most: a typing error beyond it, and far from where sums would overflow.
Quantity limit_most(Measure measure);

/// "1,250.50", "2.5M", "10K", "-3" times ten to the power of `decimals`, if that is a whole number within ±9 · 10^18.
std::optional<std::int64_t> parse_scaled(std::string_view text, int decimals);

/// "2000 USD", "5M tokens", "600 calls"; with a sign too. Whether it is a sensible limit, is_limit() says.
std::optional<Limit> parse_limit(std::string_view text);
/// From nothing to limit_most().
bool is_limit(const Limit& limit);

/// "month" and the others but "dates", which nobody writes.
std::optional<Per> parse_per(std::string_view word);
/// "minute, hour, day, week, month, quarter, year or ever": for whoever wrote another word.
std::string_view per_words();

/// Which calls a limit counts: "tier:NAME", "model:NAME" or "tag:NAME", where a name is 1 to 128 letters, digits or
/// . _ : / @ + -. The view is a part of the text.
struct OfWords {
    enum class Kind : std::uint8_t { tier, model, tag };
    Kind kind = Kind::tier;
    std::string_view name;
};
std::optional<OfWords> parse_of(std::string_view text);

}  // namespace bursar
