#pragma once

#include "service/store/files.h"
#include "service/store/follower.h"

#include <filesystem>

namespace bursar::store {

/// Reads what commits append to the log of a database (SQLite, "The WAL File Format"), past SQLite and without a key.
/// On the thread that commits, between two commits.
class LogReader {
  public:
    explicit LogReader(const std::filesystem::path& database);

    /// What lies behind the last frame that was read, up to frame `until`, which ended a commit. After rewind(): all
    /// frames. storage_unavailable if it cannot be read, or is not what SQLite has written.
    Result<GroupPages> read(int until);
    void rewind() { frames_read_ = 0, all_ = true; }

  private:
    Result<std::string> bytes_at(std::uint64_t offset, std::size_t count) const;
    std::unexpected<Error> unreadable(std::string_view why) const;

    std::filesystem::path file_;
    /// Opened once: each closing of a file takes away all locks that this process has on it.
    Descriptor descriptor_;
    std::string salts_;  ///< of the log's present start; it starts over with others
    int frames_read_ = 0;
    bool all_ = false;
};

}  // namespace bursar::store
