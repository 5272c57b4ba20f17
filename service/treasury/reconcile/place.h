#pragma once

#include "service/base/money.h"
#include "service/base/result.h"
#include "service/treasury/reconcile/export.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Values of an export, whatever its format: numbers, money and days from text, and errors that say where.
namespace bursar::treasury::reconcile {

/// Line and column from 1; columns count bytes.
struct Place {
    std::size_t line = 1;
    std::size_t column = 1;
};
Place place_of(std::string_view text, std::size_t offset);

/// invalid_request: "line 3, column 17: the cost \"x\" is not a number; …". What is quoted is cut short.
std::unexpected<Error> wrong(Place place, std::string_view sentence);
/// For errors: at most 40 bytes, in quotes, without control characters.
std::string in_quotes(std::string_view text);

/// A decimal such as "0.8958740000000000", "-1.5" or "5.6e-05", times 10^`shift`, in nano-dollars, rounded half away
/// from zero: exports have more digits than money has. Nothing if it is no number or beyond a hundred million dollars.
std::optional<NanoUsd> parse_money(std::string_view text, int shift = 0);
/// "12" or "12.0": dashboards write counts as floats. Not negative, at most 10^13.
std::optional<std::int64_t> parse_count(std::string_view text);
/// "2026-11-23", or an RFC 3339 instant of that day in UTC.
std::optional<Day> parse_day(std::string_view text);
/// Seconds since 1970.
std::optional<Day> day_of_seconds(std::string_view text);

/// Collects what rows say, by day and model. Sums that would not fit are refused, not wrapped.
class Lines {
  public:
    Result<void> add(Place place, const Line& line);
    /// Days that the export speaks of, also without any use: [from, until).
    Result<void> cover(Place place, Day from, Day until);
    /// Into `out`: lines, rows and days.
    Result<void> finish(Export& out) &&;
    std::size_t rows() const { return rows_; }

  private:
    std::vector<Line> lines_;
    std::size_t rows_ = 0;
    std::optional<Day> from_, until_;
};

}  // namespace bursar::treasury::reconcile
