#include "service/base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace bursar {

void ensure_failed(const char* condition, std::source_location where) noexcept {
    std::fprintf(stderr, "bursar: broken invariant `%s` at %s:%u in %s\n", condition, where.file_name(), where.line(),
                 where.function_name());
    std::abort();
}

}  // namespace bursar
