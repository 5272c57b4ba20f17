#include "service/store/files.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::store {
namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

bool is_trouble_of_the_disk(int number) {
    return number == EROFS || number == ENOSPC || number == EDQUOT || number == EIO;
}

std::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& file, int number) {
    return fail(Fault::storage_unavailable,
                "The state of the service cannot be written; the operator has to look at its disk.",
                fmt::format("cannot {} {}: {}", what, file.string(), errno_text(number)));
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::filesystem::path& file) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return cannot("write", file, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

std::string errno_text(int number) { return std::error_code(number, std::generic_category()).message(); }

Result<FileLock> FileLock::take(const std::filesystem::path& file) {
    const std::string name = file.string() + ".lock";
    Descriptor descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!descriptor.is_open() && is_trouble_of_the_disk(errno)) return cannot("create", name, errno);
    if (!descriptor.is_open())
        return fail(
            Fault::wrong_configuration,
            fmt::format("Cannot create {}: {}. The folder must exist and belong to the user that the service runs as.",
                        name, errno_text(errno)));
    if (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0)
        return fail(
            Fault::wrong_configuration,
            fmt::format("{} is open in another process. Stop that one first; two must not write the same database.",
                        file.string()));
    return FileLock(std::move(descriptor));
}

bool Ballast::make() {
    if (there_ || bytes_ == 0) return true;
    struct statvfs disk{};
    if (::statvfs(file_.parent_path().c_str(), &disk) != 0) return false;
    // Taking the very last bytes of a disk would only make it full again with the next commit.
    if (disk.f_bavail * disk.f_frsize < 2 * bytes_) return false;
    const Descriptor descriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!descriptor.is_open()) return false;
    there_ = ::posix_fallocate(descriptor.number(), 0, static_cast<off_t>(bytes_)) == 0;
    if (!there_) ::unlink(file_.c_str());
    return there_;
}

void Ballast::free() {
    ::unlink(file_.c_str());
    there_ = false;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.is_open()) return cannot("open", folder, errno);
    if (::fsync(descriptor.number()) != 0) return cannot("sync", folder, errno);
    return {};
}

Result<void> replace_file(const std::filesystem::path& file, std::string_view bytes) {
    std::filesystem::path fresh = file;
    fresh += ".new";
    // What an interrupted replacement left behind was never the truth.
    ::unlink(fresh.c_str());
    {
        const Descriptor descriptor(
            ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only));
        if (!descriptor.is_open()) return cannot("create", fresh, errno);
        TRY_VOID(write_all(descriptor.number(), bytes, fresh));
        if (::fsync(descriptor.number()) != 0) return cannot("sync", fresh, errno);
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) return cannot("rename to", file, errno);
    return sync_folder(file.parent_path());
}

}  // namespace bursar::store
