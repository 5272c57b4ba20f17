#pragma once

#include "service/audit/audit.h"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Outcome rows are stored by the batch: one packed blob, and the texts that they share once beside it. A row costs
// about 100 bytes and under a microsecond that way; a table with a column each was measured at ten times that.
namespace bursar::audit {

/// Texts that repeat from row to row, by their place in Packed::names.
enum class Name : std::uint8_t {
    key,
    team,
    person,
    tags,
    address,
    model,
    channel,
    fault,
    service_tier,
    speed,
    region,
    tier,
    cost_centre,
    picture
};
inline constexpr std::size_t names_per_row = 14;

/// How a batch was packed; it stands beside the batch, in the table. 1 knows neither tier, cost centre nor charge: its
/// rows are charged what they cost. 2 knows no pictures.
inline constexpr std::int64_t batch_version = 3;

/// Every count of Usage, in the order in which they are stored; further ones come behind.
inline constexpr std::array<std::int64_t Usage::*, 15> usage_fields = {
    &Usage::input,     &Usage::cache_read,   &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::output,
    &Usage::reasoning, &Usage::audio_input,  &Usage::audio_output,   &Usage::image_input,    &Usage::image_output,
    &Usage::images,    &Usage::web_searches, &Usage::characters,     &Usage::seconds,        &Usage::search_units};

struct Batch {
    Timestamp at_min;
    Timestamp at_max;
    std::size_t rows_count = 0;
    std::string names;
    std::string rows;
};

/// `outcomes` is not empty.
Batch pack(std::span<const Outcome> outcomes);

/// One row as it lies in a batch: texts are numbers of the batch's names.
struct Packed {
    std::array<std::uint32_t, names_per_row> names{};  ///< only the first of them in an older batch
    Outcome rest;                                      ///< without the texts that are in `names`
    std::uint32_t name(Name which) const { return names[static_cast<std::size_t>(which)]; }
};

/// Reads a batch from front to back. Views: the bytes must outlive it.
class BatchReader {
  public:
    /// storage_unavailable if the bytes are not a batch. A batch whose names are not of interest needs no rows.
    static Result<BatchReader> open(std::string_view names, Timestamp at_min, std::int64_t version);
    void read(std::string_view rows) { rest_ = rows; }
    /// False at the end.
    Result<bool> next(Packed& row);
    std::span<const std::string_view> names() const { return names_; }
    /// Number of that text in this batch; -1 if no row has it.
    std::int64_t find(std::string_view text) const;
    Outcome unpack(const Packed& row) const;

  private:
    BatchReader(Timestamp at_min, std::int64_t version);

    std::vector<std::string_view> names_;
    std::string_view rest_;
    Timestamp at_min_;
    std::size_t names_per_row_;
    bool has_charge_;
};

}  // namespace bursar::audit
