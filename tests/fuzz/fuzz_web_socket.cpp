// Hunts: frames of a WebSocket that crash the reader, are judged by where the network cut them or grow beyond the
// limit; a message whose call is another one than the message says.
#include "service/edge/frames.h"
#include "service/providers/body.h"
#include "service/providers/realtime.h"
#include "service/providers/turns.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bursar;
using edge::FrameReader;

constexpr std::size_t bytes_max = 4096;

void require(bool truth) {
    if (!truth) std::abort();
}

struct Met {
    FrameReader::Got got;
    std::string text;
    bool operator==(const Met&) const = default;
};

std::vector<Met> read(std::string_view bytes, std::size_t step, edge::Sender sender = edge::Sender::client) {
    FrameReader reader(sender);
    std::string message, pending;
    std::vector<Met> met;
    while (!bytes.empty()) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        for (;;) {
            const FrameReader::Step one = reader.take(pending, message, bytes_max, FrameReader::Begin::may);
            require(one.taken <= pending.size() && message.size() <= bytes_max && reader.control().size() <= 125);
            pending.erase(0, one.taken);
            if (one.got == FrameReader::Got::more) break;
            const bool whole = one.got == FrameReader::Got::message;
            met.push_back({one.got, whole ? std::exchange(message, {}) : std::string(reader.control())});
            if (one.got == FrameReader::Got::broken || one.got == FrameReader::Got::too_large) return met;
        }
        // A head has 14 bytes at most: whatever is longer has been taken.
        require(pending.size() < 14);
    }
    return met;
}

void read_as_turn(std::string_view message) {
    const Result<providers::Turn> turn = providers::read_turn(message);
    if (!turn) return;
    const std::string items = providers::items_of(turn->input);
    for (const std::string& body : {providers::body_of(*turn), providers::body_of(*turn, items)}) {
        const Result<providers::Prompt> prompt = providers::read_prompt(Endpoint::responses, body);
        if (prompt) require(prompt->stream && prompt->model == turn->model);
    }
}

/// Whatever stands where it says so is a string with its quotes, or nothing.
void require_string(std::string_view text, const providers::Span& at) {
    if (at.empty()) return;
    require(at.end <= text.size() && at.end - at.begin >= 2 && text[at.begin] == '"' && text[at.end - 1] == '"');
}

void read_as_realtime(std::string_view message) {
    const auto asked = providers::read_realtime_message(message, {.model = "m", .output_max = 100});
    if (asked) {
        require_string(message, asked->event_at);
        require_string(message, asked->model_at);
        require(asked->insert_at > 0 && message[asked->insert_at - 1] == '{');
    }
    const providers::RealtimeEvent event = providers::read_realtime_event(message);
    require_string(message, event.refused_at);
    require_string(message, event.model_at);
    if (event.usage) require(event.usage->input >= 0 && event.usage->audio_input >= 0 && event.usage->total() >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::vector<Met> whole = read(input, std::max<std::size_t>(1, input.size()));
    require(whole == read(input, bytes[0] % 16 + std::size_t{1}));
    const std::vector<Met> of_server = read(input, std::max<std::size_t>(1, input.size()), edge::Sender::server);
    require(of_server == read(input, bytes[0] % 16 + std::size_t{1}, edge::Sender::server));
    // What is masked for one is broken for the other.
    require(whole.empty() || of_server.empty() || whole.front() != of_server.front() ||
            whole.front().got == FrameReader::Got::broken);
    for (const Met& one : whole) {
        if (one.got != FrameReader::Got::message) continue;
        require(edge::is_utf8(one.text));
        read_as_turn(one.text);
    }
    read_as_turn(input);
    read_as_realtime(input);
    static_cast<void>(providers::read_end(input, bytes[0] % 2 == 0));
    require(providers::refusal_event(400, input, "{}").starts_with("{\"type\":\"error\""));
    return 0;
}
