// Hunts: frames of AWS's event stream whose events depend on where the network cut them, or that are believed although
// a checksum is wrong; lines that are no server-sent events; a crash or an endless loop on anything a provider may
// send.
#include "service/base/crypto.h"
#include "service/providers/event_frames.h"
#include "service/providers/sse.h"
#include "service/providers/translate/translate.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace bursar;
using namespace bursar::providers;

void require(bool truth) {
    if (!truth) std::abort();
}

std::string big_endian(std::uint32_t number, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xffU);
    return out;
}

/// Frames with right checksums, so that what is in them is reached: each begins with a byte for the length of its
/// headers and one for that of its payload.
std::string framed(std::string_view rest) {
    std::string all;
    while (rest.size() > 2) {
        const std::size_t headers_size = static_cast<unsigned char>(rest[0]),
                          size = static_cast<unsigned char>(rest[1]);
        rest.remove_prefix(2);
        const std::string_view headers = rest.substr(0, headers_size);
        rest.remove_prefix(headers.size());
        const std::string_view payload = rest.substr(0, size);
        rest.remove_prefix(payload.size());
        std::string frame = big_endian(static_cast<std::uint32_t>(16 + headers.size() + payload.size()), 4) +
                            big_endian(static_cast<std::uint32_t>(headers.size()), 4);
        frame += big_endian(crc32(frame), 4);
        frame.append(headers).append(payload);
        all += frame + big_endian(crc32(frame), 4);
    }
    return all;
}

std::string unpacked(std::string_view stream, std::string_view cuts) {
    EventFrames frames;
    std::string out;
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
        const std::size_t length =
            cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[turn % cuts.size()]) % 64 + std::size_t{1};
        // On the heap, so that a view into it that outlives the call is found.
        const auto piece = std::make_unique<std::string>(stream.substr(0, length));
        out += frames.pass(*piece);
        stream.remove_prefix(piece->size());
    }
    return out;
}

void check(std::string_view out) {
    const translate::Way way{.caller = Endpoint::messages, .provider = Endpoint::converse};
    const auto translation = translate::Stream::make(way, {.model = "m", .id = "call_1"});
    std::string scratch;
    while (!out.empty()) {
        EventCutter cutter;
        const std::size_t size = cutter.cut(out);
        require(size > 0);
        const Event event = read_event(out.substr(0, size), scratch);
        require(event.data.starts_with('{') && event.data.ends_with('}'));
        static_cast<void>(translation->pass(out.substr(0, size)));
        out.remove_prefix(size);
    }
    static_cast<void>(translation->finish());
    require(!(translation->ended() && translation->failed()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 6) return 0;
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto cuts = input.substr(1, 4);
    const std::string stream = bytes[0] % 2 == 0 ? std::string(input.substr(5)) : framed(input.substr(5));
    const std::string whole = unpacked(stream, {});
    require(unpacked(stream, cuts) == whole);
    check(whole);
    return 0;
}
