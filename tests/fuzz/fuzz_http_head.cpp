// Hunts: bytes that make the reading of a request crash, that are judged by where the network happened to cut them, or
// that pass in a shape which a second reader behind the edge could understand differently (request smuggling).
#include "service/base/ensure.h"
#include "service/edge/head_parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::edge {
namespace {

constexpr std::size_t body_bytes_max = 4096;

struct Looked {
    HeadScan::State state = HeadScan::State::more;
    std::size_t head_bytes = 0;
    bool operator==(const Looked&) const = default;
};

/// The head as it is seen when it arrives in pieces of `step` bytes.
Looked look(std::string_view text, std::size_t step, const Limits& limits) {
    HeadScan scan;
    Looked looked;
    for (std::size_t end = 0; end < text.size() && looked.state == HeadScan::State::more;) {
        end = std::min(end + step, text.size());
        looked.state = scan.look(text.substr(0, end), limits);
    }
    if (looked.state == HeadScan::State::whole) looked.head_bytes = scan.head_bytes();
    return looked;
}

void check_head(const ParsedHead& parsed, const Limits& limits) {
    const RequestHead& head = parsed.head;
    ENSURE(head.target.starts_with('/') && head.target.size() <= limits.target_bytes_max);
    ENSURE(head.headers.size() <= limits.headers_max);
    int hosts = 0, lengths = 0;
    for (const Header& header : head.headers) {
        ENSURE(!header.name.empty());
        for (const char c : header.name) ENSURE(c > ' ' && c < 0x7f && c != ':');
        for (const char c : header.value) ENSURE(c == '\t' || (c != 0x7f && static_cast<unsigned char>(c) >= ' '));
        hosts += equal_without_case(header.name, "host") ? 1 : 0;
        lengths += equal_without_case(header.name, "content-length") ? 1 : 0;
    }
    ENSURE(hosts == 1 || (hosts == 0 && parsed.http_1_0));
    ENSURE(lengths <= 1);
    ENSURE(!(parsed.chunked && (lengths > 0 || parsed.http_1_0)));
    ENSURE(parsed.chunked == head.has("transfer-encoding"));
    ENSURE(head.has_body == (parsed.chunked || head.content_length > 0));
}

struct Body {
    std::optional<Fault> fault;
    bool done = false;
    std::string text;
    std::size_t used = 0;
};

/// The body as it is read when it arrives in pieces of `step` bytes.
Body read_chunks(std::string_view bytes, std::size_t step) {
    Body body;
    ChunkReader reader;
    std::string pending;
    for (std::size_t at = 0; at < bytes.size() && !reader.done() && !body.fault;) {
        const std::string_view piece = bytes.substr(at, step);
        at += piece.size();
        pending.append(piece);
        const Result<std::size_t> taken = reader.take(pending, body.text, body_bytes_max);
        if (!taken) {
            body.fault = taken.error().fault;
            break;
        }
        ENSURE(*taken <= pending.size());
        pending.erase(0, *taken);
        body.used = at - pending.size();
    }
    body.done = reader.done();
    return body;
}

void check_chunks(std::string_view bytes, std::size_t step) {
    const Body whole = read_chunks(bytes, bytes.size());
    const Body pieces = read_chunks(bytes, step);
    ENSURE(whole.text.size() <= body_bytes_max || whole.fault);
    ENSURE(whole.done == pieces.done);
    if (!whole.done) return;
    ENSURE(!whole.fault && whole.text == pieces.text && whole.used == pieces.used);
}

}  // namespace
}  // namespace bursar::edge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::edge;
    if (size < 2) return 0;
    const std::size_t step = 1 + data[0] % 61;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Limits limits{.target_bytes_max = 256, .head_bytes_max = 4096, .headers_max = 12};

    const Looked whole = look(text, text.size(), limits);
    const Looked pieces = look(text, step, limits);
    ENSURE(whole == pieces);
    if (whole.state != HeadScan::State::whole) return 0;
    const auto parsed = parse_head(text.substr(0, whole.head_bytes), limits);
    if (!parsed) {
        ENSURE(parsed.error().status >= 400 && parsed.error().status <= 505);
        return 0;
    }
    check_head(*parsed, limits);
    if (parsed->chunked) check_chunks(text.substr(whole.head_bytes), step);
    return 0;
}
