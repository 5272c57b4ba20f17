#pragma once

#include "integrations/fields.h"
#include "integrations/wire.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

// What the frames between service and courier have in common.
namespace bursar::integrations {

inline constexpr std::size_t frame_id_bytes_max = 128;
/// More than what we write, for a courier of another version.
inline constexpr std::size_t receipt_text_bytes_read_max = 2 * receipt_text_bytes_max;

/// The one object of a frame, by the name of what it is.
Result<Json> open_frame(std::string_view json, std::string_view name);

void write_texts(JsonWriter& json, std::string_view name, const std::map<std::string, std::string>& texts);

/// Room for a target in which every byte is escaped: a string that grew would leave copies of its secrets behind.
std::size_t target_bytes_most(const Target& target);
void write_target(JsonWriter& json, const Target& target);
Result<Target> read_target(const Json& from);

/// "outcome", and "wait_ms" if there is a wait.
void write_outcome(JsonWriter& json, Outcome outcome);
Result<Outcome> read_outcome(const Json& from);
void write_wait(JsonWriter& json, const std::optional<std::chrono::milliseconds>& wait);
Result<std::optional<std::chrono::milliseconds>> read_wait(const Json& from);

}  // namespace bursar::integrations
