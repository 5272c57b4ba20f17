#include "service/demo/bill.h"

#include "service/base/ensure.h"
#include "service/base/json.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::demo {

NanoUsd price_of(const Usage& usage, const PriceList& prices) {
    // In quarters of a millionth, so that 1.25 x input is a whole number.
    constexpr __int128 scale = 4'000'000;
    const __int128 input = prices.input.nanos();
    const __int128 sum = 4 * input * (usage.input + usage.audio_input + usage.image_input) +
                         4 * __int128(prices.cache_read.nanos()) * usage.cache_read + 5 * input * usage.cache_write_5m +
                         8 * input * usage.cache_write_1h +
                         4 * __int128(prices.output.nanos()) * (usage.output + usage.audio_output + usage.image_output);
    const __int128 nanos = (sum + scale - 1) / scale;
    ENSURE(nanos >= 0 && nanos <= INT64_MAX);
    return NanoUsd(static_cast<std::int64_t>(nanos));
}

std::string to_json(const BillLine& line, const PriceList& prices, Timestamp at) {
    JsonWriter json;
    json.open()
        .field("at", to_text(at))
        .field("id", line.id)
        .field("endpoint", line.endpoint)
        .field("model", line.model);
    json.field("streamed", line.streamed).field("complete", line.complete);
    json.field("input", line.usage.input).field("cache_read", line.usage.cache_read);
    json.field("cache_write_5m", line.usage.cache_write_5m).field("cache_write_1h", line.usage.cache_write_1h);
    json.field("output", line.usage.output).field("reasoning", line.usage.reasoning);
    json.field("cost_nanousd", price_of(line.usage, prices).nanos()).field("key", line.key_fingerprint).close();
    return std::move(json).text();
}

Result<LineFile> LineFile::open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail(Fault::wrong_configuration,
                    fmt::format("The file {} cannot be opened for writing: {}.", path.string(), std::strerror(errno)));
    return LineFile(descriptor);
}

LineFile::LineFile(LineFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LineFile::~LineFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool LineFile::append(std::string line) const {
    line += '\n';
    ssize_t written = -1;
    do {
        written = ::write(descriptor_, line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    return written == static_cast<ssize_t>(line.size());
}

std::string_view name_of(Endpoint endpoint) { return facts(endpoint).name; }

}  // namespace bursar::demo
