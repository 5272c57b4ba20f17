#include "service/edge/frames.h"

#include <algorithm>
#include <cstring>

#include <openssl/evp.h>

namespace bursar::edge {
namespace {

constexpr unsigned char continuation = 0x0;
constexpr unsigned char binary = 0x2;
constexpr std::size_t control_bytes_max = 125;
constexpr std::size_t length_in_two = 126, length_in_eight = 127;

bool is_control(unsigned char opcode) { return (opcode & 0x8U) != 0; }
bool is(unsigned char opcode, Opcode which) { return opcode == static_cast<unsigned char>(which); }

unsigned char byte_of(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Codes that may stand in a close frame (RFC 6455 §7.4, and those registered since).
bool may_be_sent(unsigned code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

/// RFC 6455 §1.3.
constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/// The length of the sequence that begins at `at`; 0 if it is none.
std::size_t sequence_at(std::string_view text, std::size_t at) {
    const unsigned char first = byte_of(text, at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return 0;
    unsigned char lowest = 0x80, highest = 0xbf;
    if (first == 0xe0) lowest = 0xa0;   // overlong
    if (first == 0xed) highest = 0x9f;  // surrogates
    if (first == 0xf0) lowest = 0x90;   // overlong
    if (first == 0xf4) highest = 0x8f;  // beyond Unicode
    if (byte_of(text, at + 1) < lowest || byte_of(text, at + 1) > highest) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if ((byte_of(text, at + i) & 0xc0U) != 0x80) return 0;
    return length;
}

}  // namespace

std::optional<FrameReader::Head> FrameReader::read_head(std::string_view bytes) const {
    if (bytes.size() < 2) return std::nullopt;
    const std::size_t short_length = byte_of(bytes, 1) & 0x7fU;
    const std::size_t of_length = short_length == length_in_eight ? 8 : short_length == length_in_two ? 2 : 0;
    const std::size_t of_mask = sender_ == Sender::client ? Mask().size() : 0;
    Head head{.bytes = 2 + of_length + of_mask,
              .of_length = of_length,
              .last = (byte_of(bytes, 0) & 0x80U) != 0,
              .opcode = static_cast<unsigned char>(byte_of(bytes, 0) & 0xfU),
              .length = short_length};
    if (bytes.size() < head.bytes) return std::nullopt;
    if (of_length > 0) head.length = 0;
    for (std::size_t i = 0; i < of_length; ++i) head.length = head.length << 8U | byte_of(bytes, 2 + i);
    for (std::size_t i = 0; i < of_mask; ++i) head.mask[i] = byte_of(bytes, 2 + of_length + i);
    return head;
}

/// Whether a frame that begins so is well-formed and may stand here; else why_.
bool FrameReader::may_follow(const Head& head) {
    why_ = CloseCode::protocol_error;
    // A length is written as short as it can be (§5.2).
    if ((head.of_length == 2 && head.length <= control_bytes_max) || (head.of_length == 8 && head.length <= 0xffff))
        return false;
    if (is_control(head.opcode))
        return head.last && head.length <= control_bytes_max &&
               (is(head.opcode, Opcode::close) || is(head.opcode, Opcode::ping) || is(head.opcode, Opcode::pong));
    if (head.opcode == continuation) return in_message_;
    if (in_message_) return false;
    if (head.opcode == binary) why_ = CloseCode::no_text;
    return is(head.opcode, Opcode::text);
}

void FrameReader::unmask(std::string_view bytes, std::string& into) {
    const std::size_t before = into.size();
    into.append(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const unsigned char mask = frame_->mask[(masked_ + i) % frame_->mask.size()];
        into[before + i] = static_cast<char>(byte_of(bytes, i) ^ mask);
    }
    masked_ += bytes.size();
    left_ -= bytes.size();
}

FrameReader::Step FrameReader::take(std::string_view bytes, std::string& message, std::size_t bytes_max, Begin begin) {
    std::size_t at = 0;
    for (;;) {
        if (!frame_) {
            const std::string_view rest = bytes.substr(at);
            // What is wrong in the first two bytes is told before the rest of a head comes.
            if (!rest.empty() && (byte_of(rest, 0) & 0x70U) != 0) return broken(CloseCode::protocol_error);
            const bool masked = rest.size() >= 2 && (byte_of(rest, 1) & 0x80U) != 0;
            if (rest.size() >= 2 && masked != (sender_ == Sender::client)) return broken(CloseCode::protocol_error);
            const std::optional<Head> head = read_head(rest);
            if (!head) return {.got = Got::more, .taken = at};
            if (!may_follow(*head)) return broken(why_);
            const bool data = !is_control(head->opcode);
            if (data && !in_message_ && begin == Begin::waits) return {.got = Got::waits, .taken = at};
            if (data && head->length > bytes_max - std::min(bytes_max, message.size())) return {.got = Got::too_large};
            if (data) in_message_ = true;
            if (!data) control_.clear();
            frame_ = head;
            left_ = head->length;
            masked_ = 0;
            at += head->bytes;
        }
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        const bool control = is_control(frame_->opcode);
        unmask(bytes.substr(at, now), control ? control_ : message);
        at += now;
        if (left_ > 0) return {.got = Got::more, .taken = at};
        Step step;
        if (control) {
            step = whole_control();
        } else if (frame_->last) {
            in_message_ = false;
            step = is_utf8(message) ? Step{.got = Got::message} : broken(CloseCode::not_utf8);
        }
        frame_.reset();
        step.taken = at;
        if (step.got != Got::more) return step;
    }
}

/// A pong needs no answer.
FrameReader::Step FrameReader::whole_control() {
    if (is(frame_->opcode, Opcode::ping)) return {.got = Got::ping};
    if (is(frame_->opcode, Opcode::pong)) return {};
    if (control_.empty()) return {.got = Got::close};
    if (control_.size() < 2) return broken(CloseCode::protocol_error);
    const unsigned code = static_cast<unsigned>(byte_of(control_, 0)) << 8U | byte_of(control_, 1);
    if (!may_be_sent(code)) return broken(CloseCode::protocol_error);
    if (!is_utf8(std::string_view(control_).substr(2))) return broken(CloseCode::not_utf8);
    return {.got = Got::close};
}

namespace {

/// Without the mask; `bit` says whether one follows.
void append_head(std::string& out, Opcode opcode, std::uint64_t length, unsigned bit) {
    constexpr unsigned whole = 0x80;
    out.push_back(static_cast<char>(whole | static_cast<unsigned char>(opcode)));
    std::size_t of_length = 0;
    if (length <= control_bytes_max) {
        out.push_back(static_cast<char>(bit | length));
    } else {
        of_length = length <= 0xffff ? 2 : 8;
        out.push_back(static_cast<char>(bit | (of_length == 2 ? length_in_two : length_in_eight)));
    }
    for (std::size_t i = of_length; i > 0; --i) out.push_back(static_cast<char>(length >> (8 * (i - 1)) & 0xffU));
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
    append_head(out, opcode, payload.size(), 0);
    out.append(payload);
}

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, const Mask& mask) {
    append_head(out, opcode, payload.size(), 0x80);
    for (const unsigned char byte : mask) out.push_back(static_cast<char>(byte));
    const std::size_t begin = out.size();
    out.append(payload);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out[begin + i] = static_cast<char>(byte_of(payload, i) ^ mask[i % mask.size()]);
}

std::string close_payload(CloseCode code, std::string_view reason) {
    const auto number = static_cast<std::uint16_t>(code);
    std::string out;
    out.push_back(static_cast<char>(number >> 8U));
    out.push_back(static_cast<char>(number & 0xffU));
    out.append(reason.substr(0, control_bytes_max - 2));
    return out;
}

std::optional<std::string> accept_of(std::string_view key) {
    constexpr std::size_t key_letters = 22;
    if (key.size() != key_letters + 2 || !key.ends_with("==") ||
        !std::ranges::all_of(key.substr(0, key_letters), is_base64))
        return std::nullopt;
    const std::string whole = std::string(key).append(accept_suffix);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(whole.data(), whole.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return std::nullopt;
    std::array<unsigned char, 64> text{};
    const int letters = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
    return std::string(text.begin(), text.begin() + letters);
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        // Most of it is ASCII.
        std::uint64_t eight = 0;
        if (at + sizeof eight <= text.size()) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080808080808080U) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const std::size_t length = sequence_at(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

}  // namespace bursar::edge
