#include "installer/setup/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t secret_bytes_max = 64 << 10;
constexpr std::size_t kept_bytes_max = 16 << 20;

std::unexpected<Error> wrong(const fs::path& file, std::string_view why) {
    return fail(Fault::invalid_request, fmt::format("{} {}.", file.string(), why));
}

std::unexpected<Error> not_written(const fs::path& file, int reason) {
    return wrong(file, fmt::format("cannot be written: {}", std::strerror(reason)));
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

  private:
    int number_;
};

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(file, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool sync_folder(const fs::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.is_open() && ::fsync(opened.number()) == 0;
}

/// Of a file; a folder lets those in besides who may read.
mode_t mode_of(Owner owner) {
    switch (owner) {
        case Owner::root:
        case Owner::service:
            return 0600;
        case Owner::group:
            return 0640;
        case Owner::everybody:
            return 0644;
    }
    return 0600;
}

mode_t folder_mode_of(Owner owner) {
    const mode_t readers = mode_of(owner);
    return readers | ((readers & 0444U) >> 2U);
}

/// Only the package's users have a say on a machine; in a folder of somebody's own everything is theirs.
Result<void> give(int file, const fs::path& path, Owner owner, const Paths& paths) {
    if (!paths.is_machine() || owner == Owner::root || owner == Owner::everybody) return {};
    const passwd* user = ::getpwnam("bursar");
    const group* team = ::getgrnam("bursar");
    if (user == nullptr || team == nullptr)
        return wrong(path, "has no owner: there is no user bursar; install the package bursar first");
    const uid_t uid = owner == Owner::service ? user->pw_uid : 0;
    if (::fchown(file, uid, team->gr_gid) != 0) return not_written(path, errno);
    return {};
}

/// "20261130T065400Z": fit for a file's name.
std::string stamp(Timestamp now) {
    std::string out = to_text(now).substr(0, 19);
    std::erase_if(out, [](char c) { return c == '-' || c == ':'; });
    return out + "Z";
}

/// A second name for what is there; it lives on when the new file takes its place. True: there was something else.
Result<bool> keep_former(const File& file, Timestamp now) {
    std::error_code error;
    if (!fs::exists(file.path, error)) return false;
    TRY(std::string former, read_file(file.path, kept_bytes_max));
    const Secret before(std::move(former));
    if (equal_in_constant_time(before.reveal(), file.contents.reveal())) return false;
    const std::string beside = fmt::format("{}.before-{}", file.path.string(), stamp(now));
    if (::link(file.path.c_str(), beside.c_str()) != 0 && errno != EEXIST) return not_written(beside, errno);
    return true;
}

}  // namespace

Result<std::string> read_file(const fs::path& file, std::size_t bytes_max) {
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!opened.is_open()) return wrong(file, fmt::format("cannot be read: {}", std::strerror(errno)));
    struct stat facts{};
    if (::fstat(opened.number(), &facts) != 0 || !S_ISREG(facts.st_mode)) return wrong(file, "is no regular file");
    std::string out(bytes_max + 1, '\0');
    std::size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t count = ::read(opened.number(), out.data() + filled, out.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return wrong(file, fmt::format("cannot be read: {}", std::strerror(errno)));
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    if (filled > bytes_max) return wrong(file, fmt::format("has more than {} bytes", bytes_max));
    out.resize(filled);
    return out;
}

Result<Secret> read_secret_file(const fs::path& file) {
    struct stat facts{};
    if (::stat(file.c_str(), &facts) == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return wrong(file, fmt::format("can be read by others; run: chmod 600 {}", file.string()));
    TRY(std::string text, read_file(file, secret_bytes_max));
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    Secret out(std::move(text));
    if (out.empty()) return wrong(file, "is empty; put the secret into it, as one line");
    return out;
}

Result<fs::path> keep_typed(std::string_view key, Secret secret, const Paths& paths, Timestamp now) {
    const fs::path file = paths.typed() / key;
    TRY_VOID(make_folder({paths.typed(), Owner::root}, paths));
    forget_typed(file, paths);  // or the former one would be kept beside it
    TRY_VOID(write_file({file, std::move(secret), Owner::root}, paths, now));
    return file;
}

bool forget_typed(const fs::path& file, const Paths& paths) {
    std::error_code error;
    return file.parent_path() == paths.typed() && fs::remove(file, error);
}

Result<bool> write_file(const File& file, const Paths& paths, Timestamp now) {
    bool kept = false;
    if (file.former == Former::kept) {
        TRY(kept, keep_former(file, now));
    }
    std::string beside = file.path.string() + ".XXXXXX";
    const Descriptor out(::mkostemp(beside.data(), O_CLOEXEC));  // mode 0600
    if (!out.is_open()) return not_written(file.path, errno);
    const auto given = give(out.number(), file.path, file.owner, paths);
    const bool written = given && ::fchmod(out.number(), mode_of(file.owner)) == 0 &&
                         write_all(out.number(), file.contents.reveal()) && ::fsync(out.number()) == 0 &&
                         ::rename(beside.c_str(), file.path.c_str()) == 0;
    const int reason = errno;
    if (written) {
        if (!sync_folder(file.path.parent_path())) return not_written(file.path.parent_path(), errno);
        return kept;
    }
    ::unlink(beside.c_str());
    if (!given) return std::unexpected(given.error());
    return not_written(file.path, reason);
}

Result<void> make_folder(const Folder& folder, const Paths& paths) {
    std::error_code error;
    if (fs::is_directory(folder.path, error)) return {};
    if (const fs::path parent = folder.path.parent_path(); !fs::is_directory(parent, error)) {
        fs::create_directories(parent, error);
        if (error) return wrong(parent, fmt::format("cannot be made: {}", error.message()));
    }
    if (::mkdir(folder.path.c_str(), 0700) != 0) return not_written(folder.path, errno);
    const Descriptor opened(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open()) return not_written(folder.path, errno);
    TRY_VOID(give(opened.number(), folder.path, folder.owner, paths));
    if (::fchmod(opened.number(), folder_mode_of(folder.owner)) != 0) return not_written(folder.path, errno);
    return {};
}

}  // namespace bursar::setup
