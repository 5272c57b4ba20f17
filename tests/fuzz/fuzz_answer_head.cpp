// Hunts: a provider's bytes that make the reading of its answer crash, that are judged by where the network happened to
// cut them, or that leave a connection in use whose next answer would be part of this one.
#include "service/base/ensure.h"
#include "service/providers/answer_parser.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace bursar::providers;

constexpr std::size_t head_bytes_max = 4096;

struct Read {
    bool good = true;
    bool done = false;
    bool reusable = false;
    int status = 0;
    std::string body;
    bool operator==(const Read&) const = default;
};

/// The answer as it is read when it arrives in pieces of `step` bytes.
Read read(std::string_view bytes, std::size_t step, AnswerParser::Ask ask) {
    AnswerParser parser(ask, head_bytes_max);
    Read out;
    std::string pending;
    while (!bytes.empty() && out.good && !parser.done()) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        for (bool more = true; more && out.good && !parser.done();) {
            const bool head_before = parser.head_done();
            const auto progress = parser.put(pending);
            out.good = progress.has_value();
            if (!out.good) break;
            ENSURE(progress->consumed <= pending.size());
            out.body += progress->body;
            pending.erase(0, progress->consumed);
            more = progress->consumed > 0 && !pending.empty() && (parser.head_done() || !head_before);
        }
    }
    if (out.good && !parser.done()) out.good = parser.put_end().has_value();
    if (!out.good) return {.good = false};
    out.done = parser.done();
    out.reusable = parser.reusable() && pending.empty();
    out.status = parser.head().status;
    ENSURE(out.status >= 200 && out.status <= 599);
    for (const auto& header : parser.head().headers)
        for (const char c : header.value) ENSURE(c != '\r' && c != '\n' && c != '\0');
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = 1 + data[0] % 61;
    const auto ask = data[0] % 7 == 0 ? AnswerParser::Ask::head_only : AnswerParser::Ask::with_body;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Read whole = read(bytes, bytes.size(), ask);
    const Read pieces = read(bytes, step, ask);
    ENSURE(whole.good == pieces.good);
    ENSURE(whole.status == pieces.status && whole.body == pieces.body && whole.done == pieces.done);
    return 0;
}
