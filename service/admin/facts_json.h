#pragma once

#include "service/base/clock.h"
#include "service/base/json.h"
#include "service/base/usage.h"

#include <optional>
#include <string_view>
#include <vector>

// The pieces of JSON that several answers share.
namespace bursar::admin {

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts);
/// null if there is none
void write_instant(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& at);
/// "input", "cache_read", … of a usage, each with `suffix` behind its name where it counts tokens.
void write_usage(JsonWriter& json, const Usage& usage, std::string_view suffix = "");
std::string_view name_of(UsageSource source);
std::string_view name_of(Dialect dialect);
std::string_view name_of(Endpoint endpoint);

}  // namespace bursar::admin
