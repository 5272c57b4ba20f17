// Hunts: a path that passes to a provider though it climbs, hides something or names what must not pass; one request
// that two entries take although they do not overlap.
#include "policies/pass_blanks.h"
#include "policies/passthrough.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::policies;
    // Three lines: two entries and the path of a request.
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto line = [&rest] {
        const std::string_view one = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        return one;
    };
    const std::string_view one = line(), other = line(), path = line();
    const bool good_one = path_flaw(one, Blanks::allowed).empty(),
               good_other = path_flaw(other, Blanks::allowed).empty();
    if (good_one) ENSURE(overlap(one, one));
    ENSURE(overlap(one, other) == overlap(other, one));
    if (!path_flaw(path, Blanks::refused).empty()) return 0;
    ENSURE(path.size() <= pass_path_bytes_max && path.starts_with('/') && !path.ends_with('/'));
    ENSURE(!path.contains("..") && !path.contains("//") && path.find_first_of("%\\?#{}:;@ ") == std::string_view::npos);
    ENSURE(std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7f'; }));
    // What a request may say, an entry may, and it takes itself.
    ENSURE(path_flaw(path, Blanks::allowed).empty() && matches(path, path));
    for (const std::string_view method : {"GET", "POST", "DELETE"})
        if (const auto reserved = reserved_in(method, path))
            ENSURE(path.contains(reserved->part) && !reserved->why.empty());
    if (!good_one || !matches(one, path)) return 0;
    ENSURE(std::ranges::count(one, '/') == std::ranges::count(path, '/'));
    if (good_other && matches(other, path)) ENSURE(overlap(one, other));
    // A blank does not let through what is reserved by the entry itself.
    if (reserved_in("GET", one)) ENSURE(reserved_in("GET", path));
    // What a blank stands for does not pass only where nobody could have written it out either.
    for (const std::string_view method : {"GET", "POST", "DELETE"})
        if (reserved_in_blanks(method, one, path)) ENSURE(reserved_in(method, path));
    return 0;
}
