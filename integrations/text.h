#pragma once

#include "integrations/message.h"
#include "service/base/clock.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Words that more than one target needs. All lengths in `units` are of UTF-16, as Java and JavaScript count: no target
// counts a text as longer.
namespace bursar::integrations {

/// Whether a message may have been told before.
enum class Copy : std::uint8_t { first, perhaps_second };

/// Bytes of the code point at `at`; 1 for a byte that belongs to none.
std::size_t code_point_bytes(std::string_view text, std::size_t at);
std::size_t units(std::string_view text);

/// What stands at the end of a text that was cut.
inline constexpr std::string_view cut_mark = "… [cut]";
/// The text, or as much of it as goes into `units_max` with the mark behind it; cut between code points.
std::string cut(std::string_view text, std::size_t units_max, std::string_view mark = cut_mark);
/// The same by bytes.
std::string cut_bytes(std::string_view text, std::size_t bytes_max, std::string_view mark = "…");

/// Line breaks and other control characters become blanks.
std::string one_line(std::string_view text);
/// Its lines without line breaks and other control characters, but for empty ones.
std::vector<std::string> lines_of(std::string_view text);

/// "2026-11-29 21:50 UTC"
std::string utc_words(Timestamp at);
/// "▓▓▓▓▓▓▓▓░░ 81 %"
std::string bar_words(int percent);
/// One sign for how bad it is, or that it is over.
std::string_view sign_of(const Message& message);
/// "[Test] Resolved: research has spent 80 % …"
std::string headline(const Message& message, Copy copy);
/// "warning · 29 November 2026, 22:50 · Example GmbH · Bursar".
std::string small_print(const Message& message);
/// "usage.csv, usage.pdf"
std::string attachment_names(const Message& message);

}  // namespace bursar::integrations
