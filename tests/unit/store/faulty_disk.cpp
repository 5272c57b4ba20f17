#include "tests/unit/store/faulty_disk.h"

#include <new>

#include <sqlcipher/sqlite3.h>

namespace bursar::store {
namespace {

/// Ours comes first, the real file right behind it.
struct File : sqlite3_file {
    bool counts;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return static_cast<File*>(file)->real(); }
bool counts(sqlite3_file* file) { return static_cast<File*>(file)->counts; }

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), into, count, offset);
}
int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    if (counts(file))
        if (const int code = FaultyDisk::installed().judge(FaultyDisk::Operation::write); code != SQLITE_OK)
            return code;
    return real(file)->pMethods->xWrite(real(file), from, count, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
int sync(sqlite3_file* file, int flags) {
    if (counts(file))
        if (const int code = FaultyDisk::installed().judge(FaultyDisk::Operation::sync); code != SQLITE_OK) return code;
    return real(file)->pMethods->xSync(real(file), flags);
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
    file->counts = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
    const int code = below->xOpen(below, name, file->real(), flags, flags_out);
    file->pMethods = file->real()->pMethods == nullptr ? nullptr : &methods;
    return code;
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

int FaultyDisk::judge(Operation operation) {
    if (!armed_ || operation != operation_ || --left_ > 0) return SQLITE_OK;
    failed_ = true;
    return code_;
}

}  // namespace bursar::store
