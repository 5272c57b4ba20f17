#include "tests/sim/short_memory.h"

#include <sqlcipher/sqlite3.h>

namespace bursar::sim {
namespace {

sqlite3_mem_methods below;

void* allocate(int bytes) { return ShortMemory::installed().fails() ? nullptr : below.xMalloc(bytes); }
void* reallocate(void* place, int bytes) {
    return ShortMemory::installed().fails() ? nullptr : below.xRealloc(place, bytes);
}

bool install() {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &below) != SQLITE_OK) return false;
    sqlite3_mem_methods ours = below;
    ours.xMalloc = allocate;
    ours.xRealloc = reallocate;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}

}  // namespace

ShortMemory& ShortMemory::installed() {
    static ShortMemory memory;
    static const bool done = install();
    static_cast<void>(done);
    return memory;
}

bool ShortMemory::fails() {
    int left = left_;
    while (left > 0 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    if (left != 1) return false;
    ++failed_;
    return true;
}

}  // namespace bursar::sim
