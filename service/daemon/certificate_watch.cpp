#include "service/daemon/certificate_watch.h"

#include "service/base/log.h"

#include <sys/stat.h>

namespace bursar::daemon {

CertificateWatch::CertificateWatch(std::vector<std::filesystem::path> files, Reload reload)
    : files_(std::move(files)), reload_(std::move(reload)), loaded_(stamps()), seen_(loaded_) {}

std::vector<CertificateWatch::Stamp> CertificateWatch::stamps() const {
    constexpr std::int64_t ns_per_second = 1'000'000'000;
    std::vector<Stamp> out;
    for (const std::filesystem::path& file : files_) {
        struct stat found{};
        if (::stat(file.c_str(), &found) != 0) {
            out.emplace_back();
            continue;
        }
        out.push_back({.device = found.st_dev,
                       .inode = found.st_ino,
                       .bytes = found.st_size,
                       .changed_ns = found.st_mtim.tv_sec * ns_per_second + found.st_mtim.tv_nsec});
    }
    return out;
}

void CertificateWatch::look() {
    std::vector<Stamp> now = stamps();
    {
        const MutexLock lock(mutex_);
        const bool settled = now == seen_;
        seen_ = std::move(now);
        if (!settled || seen_ == loaded_) return;
    }
    // What went wrong is in the log, and in failure().
    static_cast<void>(reload());
}

Result<void> CertificateWatch::reload() {
    // Looked at before they are read: a change while they are read is found by the next look.
    std::vector<Stamp> now = stamps();
    Result<void> done = reload_();
    if (done)
        log::info("certificate_reloaded");
    else
        log::error("certificate_not_reloaded", {{"reason", done.error().operator_text()}});
    const MutexLock lock(mutex_);
    loaded_ = std::move(now);
    failure_ = done ? std::string() : done.error().for_caller;
    return done;
}

std::string CertificateWatch::failure() const {
    const MutexLock lock(mutex_);
    return failure_;
}

}  // namespace bursar::daemon
