#pragma once

#include "service/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::store {

/// Of SQLCipher as Connection::open sets it up: a page as it lies on the disk, encrypted, and the code at its end.
inline constexpr std::size_t raw_page_bytes = 2048;
inline constexpr std::size_t raw_code_bytes = 32;

/// What one commit changed, as it lies on the disk.
struct GroupPages {
    std::uint32_t pages_after = 0;            ///< how long the file is after it; 0: the group changed nothing
    bool all = false;                         ///< everything that the log had, also of earlier commits
    std::vector<std::uint32_t> numbers = {};  ///< from 1, each once, rising
    std::string bytes = {};                   ///< raw_page_bytes of each

    std::string_view page(std::size_t index) const {
        return std::string_view(bytes).substr(index * raw_page_bytes, raw_page_bytes);
    }
};

/// Who has to have each group elsewhere. All functions are called on the writer thread.
class Follower {
  public:
    virtual ~Follower() = default;
    /// Whether the next group has to bring all of the log, and goes on so until one has come that did
    /// (GroupPages::all). With the pages that the main file has from then on it is the whole database.
    virtual bool wants_all() = 0;
    /// The group is committed and on this disk as configured; nobody has heard of it yet. May wait for as long as the
    /// group must not count. An error means that it never may: the store is broken for this process.
    virtual Result<void> follow(GroupPages pages) = 0;
};

}  // namespace bursar::store
