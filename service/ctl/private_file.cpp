#include "service/ctl/private_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

std::unexpected<Failure> not_written(const fs::path& file, std::string_view reason) {
    return failed(fmt::format("{} cannot be written: {}.", file.string(), reason));
}

/// Folders that are not there yet, for their owner only.
Outcome<void> make_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(folder, error)) return {};
    if (folder.has_parent_path() && folder.parent_path() != folder) TRY_VOID(make_folder(folder.parent_path()));
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return not_written(folder, std::strerror(errno));
    return {};
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(file, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

Outcome<void> write_private(const fs::path& file, std::string_view text) {
    TRY_VOID(make_folder(file.parent_path()));
    std::error_code error;
    const fs::path real = fs::exists(file, error) ? fs::canonical(file, error) : file;
    if (error) return not_written(file, error.message());
    struct stat known{};
    const bool is_there = ::stat(real.c_str(), &known) == 0;
    std::string beside = real.string() + ".XXXXXX";
    const int out = ::mkstemp(beside.data());  // mode 0600
    if (out < 0) return not_written(real, std::strerror(errno));
    const bool good =
        write_all(out, text) && (!is_there || ::fchmod(out, known.st_mode & 0777U) == 0) && ::fsync(out) == 0;
    const int why = errno;
    if ((::close(out) != 0 || !good) || ::rename(beside.c_str(), real.c_str()) != 0) {
        const int reason = good ? errno : why;
        ::unlink(beside.c_str());
        return not_written(real, std::strerror(reason));
    }
    return {};
}

}  // namespace bursar::ctl
