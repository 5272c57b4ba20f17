#pragma once

#include "service/store/files.h"
#include "service/store/follower.h"

#include <filesystem>
#include <string>

namespace bursar::store {

/// Pages of a main file as they lie there, past SQLite, while others may be writing it: a page may be old, or half of
/// one and half of the other. Whoever follows the groups from before the first read on gets each such page once more,
/// whole (Follower::wants_all). One thread at a time.
///
/// Must live as long as the store has the file open: by closing it this process loses its locks on it.
class RawPages {
  public:
    static Result<RawPages> open(const std::filesystem::path& file);
    /// Whole pages that the file has now.
    Result<std::uint32_t> count() const;
    /// `count` pages from page `first` (from 1) on, or as many as there are.
    Result<std::string> read(std::uint32_t first, std::uint32_t count) const;

  private:
    RawPages(std::filesystem::path file, Descriptor descriptor)
        : file_(std::move(file)), descriptor_(std::move(descriptor)) {}
    std::filesystem::path file_;
    Descriptor descriptor_;
};

}  // namespace bursar::store
