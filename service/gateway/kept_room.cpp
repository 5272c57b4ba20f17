#include "service/gateway/kept_room.h"

#include <algorithm>

namespace bursar::gateway {

bool KeptRoom::Share::become(std::size_t bytes) {
    const std::size_t had = bytes_;
    if (bytes == had) return true;
    const MutexLock lock(room_.mutex_);
    std::size_t& all = room_.bytes_;
    std::size_t& of_owner = room_.of_owners_[owner_];
    const std::size_t owner_max = std::min(owner_bytes_max, room_.bytes_max_ / 2);
    const bool fits = bytes < had || (all - had + bytes <= room_.bytes_max_ && of_owner - had + bytes <= owner_max);
    if (fits) {
        all = all - had + bytes;
        of_owner = of_owner - had + bytes;
        bytes_ = bytes;
    }
    if (of_owner == 0) room_.of_owners_.erase(owner_);
    return fits;
}

std::size_t KeptRoom::bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
}

}  // namespace bursar::gateway
