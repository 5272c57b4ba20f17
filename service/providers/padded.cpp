#include "service/providers/padded.h"

#include <cstring>
#include <memory>

namespace bursar::providers {
namespace {

// What a thread keeps between calls; a larger copy is given back by the next call.
constexpr std::size_t kept_bytes_max = 1024 * 1024;

struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
};

}  // namespace

std::string_view padded_copy(std::string_view json) {
    thread_local Buffer buffer;
    const std::size_t needed = json.size() + padding_bytes;
    if (buffer.size < needed || (buffer.size > kept_bytes_max && needed <= kept_bytes_max)) {
        const std::size_t size = needed <= 4096 ? 4096 : needed + needed / 4;
        buffer.bytes = std::make_unique_for_overwrite<char[]>(size);
        buffer.size = size;
    }
    if (!json.empty()) std::memcpy(buffer.bytes.get(), json.data(), json.size());
    std::memset(buffer.bytes.get() + json.size(), 0, padding_bytes);
    return {buffer.bytes.get(), json.size()};
}

}  // namespace bursar::providers
