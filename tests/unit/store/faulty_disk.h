#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace bursar::store {

/// Stands between SQLite and the file system for the whole program, and lets the Nth write or sync of a database or its
/// log fail, or cuts the power: then writes that were not synced are lost. Until it is armed it passes everything
/// through.
class FaultyDisk {
  public:
    enum class Operation { write, sync };

    static FaultyDisk& installed();
    /// The `nth` operation from now on (1 is the next), and all after it, fail with this code of SQLite.
    void fail_from(Operation operation, int nth, int code);
    void heal();
    bool has_failed() const { return failed_; }

    /// From here on what is written is remembered until it is synced; the `nth` write or sync and everything after it
    /// does not happen.
    void cut_power_at(int nth);
    bool is_off() const { return off_; }
    /// The power comes back: of the writes that were not synced, those that `survives` says no to are undone. Every
    /// file must be closed. How many were lost.
    int come_back(const std::function<bool()>& survives);

    /// For the file functions: the code to return, or 0 to pass on.
    int judge(Operation operation);
    bool remembers() const { return remembering_; }
    /// What lay at a place before it was written: `before` may be shorter than what is written, at the end of the file.
    void remember(const std::string& path, std::int64_t offset, std::string before, std::int64_t size_before,
                  std::size_t bytes_written);
    void synced(const std::string& path);

  private:
    std::atomic<bool> armed_ = false;
    std::atomic<bool> failed_ = false;
    std::atomic<int> left_ = 0;
    std::atomic<int> code_ = 0;
    std::atomic<Operation> operation_ = Operation::write;

    struct Written {
        std::string path;
        std::int64_t offset;
        std::string before;
        std::int64_t size_before;
        std::size_t bytes;
        bool overlaps(const Written& other) const {
            return path == other.path && offset < other.offset + static_cast<std::int64_t>(other.bytes) &&
                   other.offset < offset + static_cast<std::int64_t>(bytes);
        }
    };
    std::atomic<bool> remembering_ = false;
    std::atomic<bool> off_ = false;
    std::atomic<int> operations_left_ = 0;
    std::mutex mutex_;  ///< guards unsynced_
    std::vector<Written> unsynced_;
};

}  // namespace bursar::store
