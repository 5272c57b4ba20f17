#include "service/store/copy.h"

#include "service/store/connection.h"
#include "service/store/files.h"
#include "service/store/open.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::store {
namespace {

namespace fs = std::filesystem;

constexpr int pages_at_once = 512;  // 1 MiB

std::unexpected<Error> cannot(std::string_view doing, const fs::path& file, int number) {
    return fail(number == ENOSPC || number == EDQUOT ? Fault::storage_unavailable : Fault::internal,
                fmt::format("Cannot {} {}: {}.", doing, file.string(), errno_text(number)));
}

void drop(const fs::path& file) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(file.string() + suffix, ignored);
}

Result<void> make_file(const fs::path& file) {
    const Descriptor descriptor(
        ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!descriptor.is_open()) return cannot("create", file, errno);
    return {};
}

Result<void> sync(const fs::path& file) {
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.is_open() || ::fsync(descriptor.number()) != 0) return cannot("sync", file, errno);
    return sync_folder(file.parent_path());
}

Result<void> copy_pages(const fs::path& from, const Secret& key, const fs::path& to, const GoesOn& goes_on) {
    TRY(const auto source, Connection::open(from, key, Access::read_only));
    TRY(const auto copy, Connection::open(to, key, Access::read_write));
    // The transaction holds on to this instant; without it every commit would begin the copy anew.
    TRY_VOID(source->script("BEGIN"));
    TRY_VOID(source->column("SELECT count(*) FROM sqlite_master"));
    TRY_VOID(copy->copy_from(*source, pages_at_once, goes_on));
    TRY_VOID(copy->script("PRAGMA journal_mode = WAL"));
    TRY(const int left, copy->checkpoint(true));
    if (left == 0) return {};
    return fail(Fault::internal, "The database could not be copied.", "pages were left in the log of a copy");
}

}  // namespace

Result<void> copy_database(const fs::path& from, const Secret& key, const fs::path& to, const GoesOn& goes_on) {
    TRY_VOID(make_file(to));
    auto done = copy_pages(from, key, to, goes_on);
    if (done) done = sync(to);
    if (!done) drop(to);
    return done;
}

Result<void> check_database(const fs::path& file, const Secret& key) {
    TRY(const auto look, Connection::open(file, key, Access::read_only));
    TRY_VOID(check_pages(*look, file));
    return check_trees(*look, file);
}

Result<void> fold_log(const fs::path& file, const Secret& key) {
    TRY(const auto connection, Connection::open(file, key, Access::read_write));
    TRY(const int left, connection->checkpoint(true));
    if (left == 0) return sync(file);
    return fail(Fault::conflict, fmt::format("{} is open in another process.", file.string()));
}

}  // namespace bursar::store
