#pragma once

#include "policies/passthrough.h"

// What callers write in the place of an entry's blanks. Pure.
namespace bursar::policies {

/// As reserved_in(), of what the blanks stand for in a path that matches the entry: ids pass whatever letters are in
/// them, words do not, nor does at the end of a POST what has the stem of one.
std::optional<Reserved> reserved_in_blanks(std::string_view method, std::string_view entry, std::string_view path);

}  // namespace bursar::policies
