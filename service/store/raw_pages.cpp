#include "service/store/raw_pages.h"

#include "service/base/ensure.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::store {
namespace {

std::unexpected<Error> cannot(std::string_view doing, const std::filesystem::path& file) {
    return fail(Fault::storage_unavailable,
                "The state of the service cannot be read; the operator has to look at its "
                "disk.",
                fmt::format("cannot {} {}: {}", doing, file.string(), errno_text(errno)));
}

}  // namespace

Result<RawPages> RawPages::open(const std::filesystem::path& file) {
    Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!descriptor.is_open()) return cannot("open", file);
    return RawPages(file, std::move(descriptor));
}

Result<std::uint32_t> RawPages::count() const {
    struct stat facts{};
    if (::fstat(descriptor_.number(), &facts) != 0) return cannot("look at", file_);
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(facts.st_size) / raw_page_bytes);
}

Result<std::string> RawPages::read(std::uint32_t first, std::uint32_t count) const {
    ENSURE(first > 0);
    std::string bytes(std::size_t{count} * raw_page_bytes, '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto at = static_cast<off_t>((std::uint64_t{first} - 1) * raw_page_bytes + done);
        const ssize_t got = ::pread(descriptor_.number(), bytes.data() + done, bytes.size() - done, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot("read", file_);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done - done % raw_page_bytes);
    return bytes;
}

}  // namespace bursar::store
