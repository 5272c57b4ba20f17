#pragma once

#include "service/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string_view>

// What the state folder needs from the file system beside SQLite: a lock, a reserve of space, atomic replacement.
namespace bursar::store {

/// An open file descriptor, closed when dropped.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

/// Holds `<file>.lock`, so that no second process opens the same database. The kernel frees it when the process ends.
class FileLock {
  public:
    /// wrong_configuration if another process has it, or the folder is not there or somebody else's;
    /// storage_unavailable if the disk takes nothing now, which waiting can mend.
    static Result<FileLock> take(const std::filesystem::path& file);

  private:
    explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    Descriptor descriptor_;
};

/// Space set aside on the disk, to be given back when the disk is full so that what must still be written fits.
class Ballast {
  public:
    Ballast(std::filesystem::path file, std::uint64_t bytes) : file_(std::move(file)), bytes_(bytes) {}
    /// Allocates the space, unless the disk would be left with less than as much again. Says whether it is there now.
    bool make();
    void free();
    bool is_there() const { return there_; }

  private:
    std::filesystem::path file_;
    std::uint64_t bytes_;
    bool there_ = false;
};

/// Puts `bytes` in the place of `file` (mode 0600) in one step: after a crash at any moment the file has its old or its
/// new content, whole. On return the new content is on stable storage.
Result<void> replace_file(const std::filesystem::path& file, std::string_view bytes);
/// Makes renames and removals in `folder` last.
Result<void> sync_folder(const std::filesystem::path& folder);
/// What the system says about `number` (errno).
std::string errno_text(int number);

}  // namespace bursar::store
