#pragma once

#include "service/base/mutex.h"
#include "service/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace bursar::daemon {

/// Notices that somebody has put a new certificate in place, so that a renewal needs no restart and no signal. Any
/// thread.
class CertificateWatch {
  public:
    /// Takes the files into use; what was in use stays if they are wrong.
    using Reload = std::function<Result<void>()>;
    CertificateWatch(std::vector<std::filesystem::path> files, Reload reload);

    /// Reloads once the files are others than at the last reload, and the same as at the last look: whoever replaces
    /// certificate and key does that one after the other. Blocking for as long as reading two small files takes.
    void look() EXCLUDES(mutex_);
    Result<void> reload() EXCLUDES(mutex_);
    /// Why the files that lie there are not in use; empty: they are.
    std::string failure() const EXCLUDES(mutex_);

  private:
    /// What changes when a file is replaced or written to.
    struct Stamp {
        std::uint64_t device = 0, inode = 0;
        std::int64_t bytes = -1, changed_ns = 0;
        bool operator==(const Stamp&) const = default;
    };
    std::vector<Stamp> stamps() const;

    const std::vector<std::filesystem::path> files_;
    const Reload reload_;
    mutable Mutex mutex_;
    std::vector<Stamp> loaded_ GUARDED_BY(mutex_), seen_ GUARDED_BY(mutex_);
    std::string failure_ GUARDED_BY(mutex_);
};

}  // namespace bursar::daemon
