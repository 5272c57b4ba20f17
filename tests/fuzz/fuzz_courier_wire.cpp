// Hunts: bytes between service and courier that crash a reader, that are taken apart differently depending on how they
// arrive, or whose meaning changes when they are written again.
#include "integrations/watch.h"
#include "service/base/ensure.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bursar::integrations;

std::vector<std::string> frames_of(std::string_view bytes, std::size_t step) {
    Frames frames;
    std::vector<std::string> out;
    while (!bytes.empty()) {
        if (!frames.add(bytes.substr(0, step))) break;
        bytes.remove_prefix(std::min(step, bytes.size()));
        while (auto frame = frames.next()) out.push_back(*std::move(frame));
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::vector<std::string> frames = frames_of(bytes, size);
    ENSURE(frames == frames_of(bytes, 7));
    if (const auto delivery = read_delivery(bytes)) {
        ENSURE(delivery_id(bytes) == delivery->id);
        const auto again = read_delivery(write_delivery(*delivery).reveal());
        ENSURE(again.has_value());
        ENSURE(write_message(again->message) == write_message(delivery->message));
    }
    if (const auto receipt = read_receipt(bytes)) ENSURE(read_receipt(write_receipt(*receipt)).has_value());
    if (const auto hello = read_hello(bytes)) ENSURE(read_hello(write_hello(*hello)).has_value());
    if (const auto watch = read_watch(bytes)) {
        const auto again = read_watch(write_watch(*watch).reveal());
        ENSURE(again.has_value());
        ENSURE(again->issues.size() == watch->issues.size() && again->statuses == watch->statuses);
    }
    if (const auto sighting = read_sighting(bytes)) {
        const auto again = read_sighting(write_sighting(*sighting));
        ENSURE(again.has_value());
        ENSURE(again->moves.size() == sighting->moves.size());
    }
    return 0;
}
