#include "integrations/courier/privileges.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::courier {

Result<void> become(const std::string& user) {
    constexpr std::size_t entry_bytes = 16 << 10;
    std::array<char, entry_bytes> room{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
        return fail(Fault::wrong_configuration, fmt::format("There is no user \"{}\".", user));
    if (::geteuid() == found->pw_uid) return {};
    if (::initgroups(user.c_str(), found->pw_gid) != 0 || ::setgid(found->pw_gid) != 0 || ::setuid(found->pw_uid) != 0)
        return fail(Fault::wrong_configuration,
                    fmt::format("This process cannot become \"{}\" ({}): start it as root, or as that user.", user,
                                std::strerror(errno)));
    return {};
}

Result<void> keep_to_itself() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(Fault::internal,
                    fmt::format("The kernel does not let this process shut itself off: {}.", std::strerror(errno)));
    return {};
}

}  // namespace bursar::courier
