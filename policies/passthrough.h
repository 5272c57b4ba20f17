#pragma once

#include "service/base/money.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The rest of a provider's API: which of its requests may pass, of whom and at what price. Pure.
namespace bursar::policies {

/// One kind of request that passes to a provider.
struct PassEntry {
    std::string name;    ///< in rows, metrics and usage
    std::string method;  ///< GET, POST or DELETE
    std::string path;    ///< behind base_url; `{id}` stands for any one part
    NanoUsd price;       ///< of each request that was served, or may have been
    bool all = false;    ///< every team that may use a model at this provider
    std::vector<std::string> teams;
    bool operator==(const PassEntry&) const = default;
};

constexpr std::size_t pass_entries_max = 64;        ///< of one provider
constexpr std::size_t pass_name_bytes_max = 64;     ///< of an entry's name
constexpr std::size_t pass_path_bytes_max = 1'024;  ///< of a path, in the policy and in a request
constexpr std::size_t pass_parts_max = 16;          ///< of a path

/// Whether `{id}` may stand in a path: in the policy, not in a request.
enum class Blanks : unsigned char { allowed, refused };

/// What is wrong with a path, as the end of a sentence that begins with it; empty: nothing.
std::string_view path_flaw(std::string_view path, Blanks blanks);

/// A part of a path by which nothing passes, and why.
struct Reserved {
    std::string part;
    std::string_view why;  ///< the end of a sentence that begins with the part
};
/// What is governed otherwise, is paid by what is used, or hands out credentials. Without regard to case.
std::optional<Reserved> reserved_in(std::string_view method, std::string_view path);

/// Whether a request of this path is one of the entry's.
bool matches(std::string_view entry, std::string_view path);
/// Whether one path could match both entries.
bool overlap(std::string_view one, std::string_view other);

/// "GET /fine_tuning/jobs/{id} at 0.002 USD for all"
std::string words_of(const PassEntry& entry);

}  // namespace bursar::policies
