#include "tests/unit/store/faulty_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>

#include <sqlcipher/sqlite3.h>

namespace bursar::store {
namespace {

/// Ours comes first, the real file right behind it.
struct File : sqlite3_file {
    bool counts;
    const char* path;  ///< SQLite keeps it for as long as the file is open
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return static_cast<File*>(file)->real(); }
bool counts(sqlite3_file* file) { return static_cast<File*>(file)->counts; }

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), into, count, offset);
}
/// Remembers what is at a place that will be overwritten, or cut off.
void remember(sqlite3_file* file, sqlite3_int64 offset, std::size_t count) {
    sqlite3_int64 size = 0;
    real(file)->pMethods->xFileSize(real(file), &size);
    const auto there =
        static_cast<std::size_t>(std::clamp<sqlite3_int64>(size - offset, 0, static_cast<sqlite3_int64>(count)));
    std::string before(there, '\0');
    if (there > 0) real(file)->pMethods->xRead(real(file), before.data(), static_cast<int>(there), offset);
    FaultyDisk::installed().remember(static_cast<File*>(file)->path, offset, std::move(before), size, count);
}

int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    if (counts(file))
        if (const int code = FaultyDisk::installed().judge(FaultyDisk::Operation::write); code != SQLITE_OK)
            return code;
    if (counts(file) && FaultyDisk::installed().remembers()) remember(file, offset, static_cast<std::size_t>(count));
    return real(file)->pMethods->xWrite(real(file), from, count, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (FaultyDisk::installed().is_off()) return SQLITE_IOERR_TRUNCATE;
    if (counts(file) && FaultyDisk::installed().remembers()) {
        sqlite3_int64 now = 0;
        real(file)->pMethods->xFileSize(real(file), &now);
        if (now > size) remember(file, size, static_cast<std::size_t>(now - size));
    }
    return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
    if (counts(file))
        if (const int code = FaultyDisk::installed().judge(FaultyDisk::Operation::sync); code != SQLITE_OK) return code;
    const int code = real(file)->pMethods->xSync(real(file), flags);
    if (code == SQLITE_OK && counts(file)) FaultyDisk::installed().synced(static_cast<File*>(file)->path);
    return code;
}
int size(sqlite3_file* file, sqlite3_int64* bytes) { return real(file)->pMethods->xFileSize(real(file), bytes); }
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int is_reserved(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control(sqlite3_file* file, int what, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int traits(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int page, int bytes, int extend, void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), page, bytes, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

constexpr sqlite3_io_methods methods = {.iVersion = 2,
                                        .xClose = close,
                                        .xRead = read,
                                        .xWrite = write,
                                        .xTruncate = truncate,
                                        .xSync = sync,
                                        .xFileSize = size,
                                        .xLock = lock,
                                        .xUnlock = unlock,
                                        .xCheckReservedLock = is_reserved,
                                        .xFileControl = control,
                                        .xSectorSize = sector,
                                        .xDeviceCharacteristics = traits,
                                        .xShmMap = shm_map,
                                        .xShmLock = shm_lock,
                                        .xShmBarrier = shm_barrier,
                                        .xShmUnmap = shm_unmap,
                                        .xFetch = nullptr,
                                        .xUnfetch = nullptr};

sqlite3_vfs* below = nullptr;

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* place, int flags, int* flags_out) {
    auto* file = new (place) File{};
    file->path = name;
    file->counts = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
    const int code = below->xOpen(below, name, file->real(), flags, flags_out);
    file->pMethods = file->real()->pMethods == nullptr ? nullptr : &methods;
    return code;
}

/// Without power nothing is deleted.
int erase(sqlite3_vfs*, const char* name, int sync_folder) {
    if (FaultyDisk::installed().is_off()) return SQLITE_IOERR_DELETE;
    return below->xDelete(below, name, sync_folder);
}

}  // namespace

FaultyDisk& FaultyDisk::installed() {
    static FaultyDisk disk;
    static sqlite3_vfs vfs = [] {
        below = sqlite3_vfs_find(nullptr);
        sqlite3_vfs copy = *below;
        copy.zName = "faulty";
        copy.szOsFile = below->szOsFile + static_cast<int>(sizeof(File));
        copy.xOpen = open;
        copy.xDelete = erase;
        copy.pNext = nullptr;
        return copy;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 1);
    static_cast<void>(registered);
    return disk;
}

void FaultyDisk::fail_from(Operation operation, int nth, int code) {
    operation_ = operation;
    left_ = nth;
    code_ = code;
    failed_ = false;
    armed_ = true;
}

void FaultyDisk::heal() { armed_ = false; }

void FaultyDisk::cut_power_at(int nth) {
    const std::lock_guard lock(mutex_);
    unsynced_.clear();
    operations_left_ = nth;
    off_ = false;
    remembering_ = true;
}

void FaultyDisk::remember(const std::string& path, std::int64_t offset, std::string before, std::int64_t size_before,
                          std::size_t bytes_written) {
    const std::lock_guard lock(mutex_);
    unsynced_.push_back({path, offset, std::move(before), size_before, bytes_written});
}

void FaultyDisk::synced(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::erase_if(unsynced_, [&](const Written& each) { return each.path == path; });
}

int FaultyDisk::come_back(const std::function<bool()>& survives) {
    const std::lock_guard lock(mutex_);
    remembering_ = false;
    off_ = false;
    std::vector<Written> kept;
    int lost = 0;
    // From the newest back. What lies under a write that survived is as that write left it.
    for (auto written = unsynced_.rbegin(); written != unsynced_.rend(); ++written) {
        const bool covered = std::ranges::any_of(kept, [&](const Written& each) { return each.overlaps(*written); });
        if (covered || survives()) {
            kept.push_back(*written);
            continue;
        }
        std::fstream file(written->path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(written->offset);
        file.write(written->before.data(), static_cast<std::streamsize>(written->before.size()));
        file.close();
        // A file that grew is as long as before, unless something behind it survived.
        const bool longer = std::ranges::any_of(kept, [&](const Written& each) {
            return each.path == written->path &&
                   each.offset + static_cast<std::int64_t>(each.bytes) > written->size_before;
        });
        std::error_code ignored;
        if (!longer)
            std::filesystem::resize_file(written->path, static_cast<std::uintmax_t>(written->size_before), ignored);
        ++lost;
    }
    unsynced_.clear();
    return lost;
}

int FaultyDisk::judge(Operation operation) {
    if (remembering_ && (off_ || --operations_left_ <= 0)) {
        off_ = true;
        return operation == Operation::sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    }
    if (!armed_ || operation != operation_ || --left_ > 0) return SQLITE_OK;
    failed_ = true;
    return code_;
}

}  // namespace bursar::store
