#pragma once

#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/store/store.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How times, digests and lists stand in a column.
namespace bursar::auth {

store::Value time_value(const std::optional<Timestamp>& at);
std::optional<Timestamp> time_in(const store::Row& row, int column);
/// Nothing if the column has no digest.
std::optional<Digest> digest_in(const store::Row& row, int column);

/// A list is stored a line each; whoever stores one lets no line end into an entry.
std::string join_lines(const std::vector<std::string>& lines);
std::vector<std::string> split_lines(std::string_view text);

}  // namespace bursar::auth
