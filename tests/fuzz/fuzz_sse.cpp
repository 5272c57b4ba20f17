// Hunts: a stream whose bytes, or whose numbers, depend on where the network cut it; a crash or an endless loop on
// anything a provider may send.
#include "service/providers/meter.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace bursar;
using namespace bursar::providers;

struct Passed {
    std::string out;
    Reading reading;
};

/// Passes `stream` in pieces whose lengths come from `cuts`, again and again; in one piece if there are none.
Passed pass(const Meter::Options& options, std::string_view stream, std::string_view cuts) {
    const auto meter = Meter::make(options);
    Passed passed;
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
        const std::size_t length =
            cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[turn % cuts.size()]) % 64 + std::size_t{1};
        // On the heap, so that a view into it that outlives the call is found.
        const auto piece = std::make_unique<std::string>(stream.substr(0, length));
        passed.out += meter->pass(*piece);
        stream.remove_prefix(piece->size());
    }
    passed.reading = meter->finish(1000);
    return passed;
}

void require(bool truth) {
    if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 6) return 0;
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto endpoint = static_cast<Endpoint>(bytes[0] % 8);
    const auto cuts = input.substr(1, 4);
    // The blank line at the end makes the last event whole, whatever it is.
    const std::string stream = std::string(input.substr(5)) + "\n\n";

    const Meter::Options plain{.endpoint = endpoint, .streamed = true};
    const auto whole = pass(plain, stream, {});
    require(whole.out == stream);
    require(pass(plain, stream, cuts).out == stream);
    const Meter::Options short_of_memory{.endpoint = endpoint, .streamed = true, .event_held_max = 16};
    require(pass(short_of_memory, stream, cuts).out == stream);

    const Meter::Options changing{
        .endpoint = endpoint, .streamed = true, .hide_usage_chunk = true, .shown_model = "shown"};
    const auto changed = pass(changing, stream, {});
    const auto cut = pass(changing, stream, cuts);
    // The end marker is passed on as soon as its line is whole; what follows it in the same event is then one of its
    // own.
    if (stream.find("[DONE]") == std::string::npos) {
        require(changed.out == cut.out);
        require(changed.reading.usage == cut.reading.usage);
        require(changed.reading.source == cut.reading.source);
        require(changed.reading.complete == cut.reading.complete);
        require(changed.reading.content_bytes == cut.reading.content_bytes);
    }
    const Usage& usage = changed.reading.usage;
    require(usage.input >= 0 && usage.cache_read >= 0 && usage.cache_write_5m >= 0 && usage.cache_write_1h >= 0 &&
            usage.output >= 0);
    require(!changed.reading.content || changed.reading.source != UsageSource::none ||
            endpoint == Endpoint::count_tokens || endpoint == Endpoint::models);

    const auto answer = Meter::make({.endpoint = endpoint, .shown_model = "shown"});
    answer->pass_whole(input.substr(5));
    answer->finish(1000);
    return 0;
}
