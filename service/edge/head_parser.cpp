#include "service/edge/head_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

namespace bursar::edge {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

/// Chunk extensions and trailers are of no use here; more than this is an attack.
/// Most requests have no more.
constexpr std::size_t headers_expected = 12;
constexpr std::size_t chunk_overhead_bytes_max = 16 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 9110 §5.6.2
bool is_token(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

/// Collects the head that Beast's parser has found well-formed.
class HeadParser final : public http::basic_parser<true> {
  public:
    explicit HeadParser(std::size_t bytes_max) {
        header_limit(static_cast<std::uint32_t>(bytes_max + 1));
        body_limit(boost::none);
        out.head.headers.reserve(16);
    }
    ParsedHead out;

  private:
    void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                         error_code&) override {
        out.head.method.assign(method.data(), method.size());
        out.head.target.assign(target.data(), target.size());
        out.http_1_0 = version == 10;
        out.head.headers.reserve(headers_expected);
    }
    void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
    void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                       error_code&) override {
        out.head.headers.push_back({std::string(name.data(), name.size()), std::string(value.data(), value.size())});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(boost::beast::string_view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body, error_code&) override {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}
};

/// Two hex digits as a character; -1 if they are not.
int escaped(std::string_view text, std::size_t at) {
    const auto digit = [](char c) {
        if (is_digit(c)) return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (at + 2 >= text.size()) return -1;
    const int high = digit(text[at + 1]), low = digit(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Also with escapes, and with the parameters that some servers cut off first ("..;x").
bool is_dots(std::string_view segment) {
    std::string plain;
    for (std::size_t i = 0; i < segment.size() && segment[i] != ';' && plain.size() < 3; ++i) {
        const int code = segment[i] == '%' ? escaped(segment, i) : -1;
        plain += code >= 0 ? static_cast<char>(code) : segment[i];
        if (code >= 0) i += 2;
    }
    return plain == "." || plain == "..";
}

/// One canonical form: origin form, no empty, dot or hidden segments, so that a path means the same to everybody behind
/// the edge.
std::optional<Malformed> check_target(std::string_view target, const Limits& limits) {
    if (target.size() > limits.target_bytes_max)
        return Malformed{431, fmt::format("The target is longer than {} bytes.", limits.target_bytes_max)};
    if (!target.starts_with('/')) return Malformed{400, "The target must be a path that begins with \"/\"."};
    for (const char c : target)
        if (c <= ' ' || c > '~' || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
            return Malformed{400, "The target has a character that must be escaped."};
    const std::string_view path = target.substr(0, target.find('?'));
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (target[i] != '%') continue;
        const int code = escaped(target, i);
        if (code < 0) return Malformed{400, "The target has a broken percent escape."};
        const bool in_path = i < path.size(), control = code < ' ' || code == 0x7f;
        // In a query whoever reads a value looks at it: providers of identities send people back with line ends in
        // their error_description (Entra ID), and those people should see more than a bare refusal.
        if (code == 0 || (in_path && control)) return Malformed{400, "The target hides a control character."};
        if (in_path && (code == '/' || code == '\\')) return Malformed{400, "The target hides a slash."};
    }
    for (std::size_t start = 1; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view segment = path.substr(start, end - start);
        if (segment.empty() && end < path.size()) return Malformed{400, "The target has an empty segment (\"//\")."};
        if (is_dots(segment)) return Malformed{400, "The target has a \".\" or \"..\" segment."};
        start = end + 1;
    }
    return std::nullopt;
}

/// A name or an IPv4 address, or an IPv6 address in brackets, each with or without a port (RFC 9110 §7.2).
bool is_host(std::string_view value) {
    constexpr std::size_t host_bytes_max = 255;
    if (value.empty() || value.size() > host_bytes_max) return false;
    std::string_view name = value, port;
    const bool bracketed = value.front() == '[';
    const std::size_t bracket = bracketed ? value.find(']') : 0;
    if (bracket == std::string_view::npos) return false;
    if (const std::size_t colon = value.find(':', bracket); colon != std::string_view::npos) {
        name = value.substr(0, colon);
        port = value.substr(colon + 1);
    }
    if (bracketed) {
        if (name.back() != ']' || name.size() < 4) return false;
        name = name.substr(1, name.size() - 2);
    }
    const auto fits = [bracketed](char c) {
        if (is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
        return c == '.' || (bracketed ? c == ':' : c == '-' || c == '_' || c == '~');
    };
    return !name.empty() && std::ranges::all_of(name, fits) && std::ranges::all_of(port, is_digit) && port.size() <= 5;
}

std::optional<Malformed> check_method(std::string_view method) {
    constexpr std::array<std::string_view, 7> spoken = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
    if (std::ranges::find(spoken, method) != spoken.end()) return std::nullopt;
    if (method == "TRACE" || method == "CONNECT") return Malformed{405, fmt::format("{} is not allowed here.", method)};
    return Malformed{501, "The method is not known here."};
}

/// Exactly one Host, at most one length, no length beside a coding, no coding but chunked (RFC 9112 §3.2, §6.1, §6.3).
std::optional<Malformed> check_framing(ParsedHead& parsed) {
    int hosts = 0, lengths = 0, codings = 0;
    std::string_view coding;
    for (const Header& header : parsed.head.headers) {
        if (equal_without_case(header.name, "host")) {
            ++hosts;
            if (!is_host(header.value)) return Malformed{400, "The Host header is not a host."};
        } else if (equal_without_case(header.name, "content-length")) {
            ++lengths;
            if (header.value.empty() || header.value.size() > 18 || !std::ranges::all_of(header.value, is_digit))
                return Malformed{400, "Content-Length must be one whole number."};
            parsed.head.content_length = std::stoll(header.value);
        } else if (equal_without_case(header.name, "transfer-encoding")) {
            ++codings;
            coding = header.value;
        }
    }
    if (hosts > 1 || (hosts == 0 && !parsed.http_1_0)) return Malformed{400, "There must be exactly one Host header."};
    if (lengths > 1) return Malformed{400, "There must be at most one Content-Length."};
    if (codings > 1) return Malformed{400, "There must be at most one Transfer-Encoding."};
    if (codings == 1) {
        if (lengths > 0) return Malformed{400, "Content-Length and Transfer-Encoding exclude each other."};
        if (parsed.http_1_0) return Malformed{400, "HTTP/1.0 knows no Transfer-Encoding."};
        if (!equal_without_case(coding, "chunked"))
            return Malformed{501, "The only Transfer-Encoding spoken here is \"chunked\"."};
        parsed.chunked = true;
    }
    parsed.head.has_body = parsed.chunked || parsed.head.content_length > 0;
    return std::nullopt;
}

Malformed said_by(const error_code& error) {
    if (error == http::error::bad_version) return {505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
    if (error == http::error::header_limit) return {431, "The head is too large."};
    if (error == http::error::bad_transfer_encoding)
        return {400, "Transfer-Encoding must be one field that says \"chunked\", without a Content-Length."};
    return {400, fmt::format("The request is not well-formed HTTP: {}.", error.message())};
}

}  // namespace

HeadScan::State HeadScan::refuse(int status, std::string text) {
    why_ = {status, std::move(text)};
    return State::malformed;
}

namespace {

/// Neither a control character nor DEL.
bool is_plain(char c) {
    static constexpr auto plain = [] {
        std::array<bool, 256> out{};
        for (std::size_t i = ' '; i < out.size(); ++i) out[i] = i != 0x7f;
        return out;
    }();
    return plain[static_cast<unsigned char>(c)];
}

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

/// The same of eight characters at once.
bool are_plain(const char* text) {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101;
    constexpr std::uint64_t tops = 0x80 * each;
    std::uint64_t word = 0;
    std::memcpy(&word, text, word_bytes);
    // A byte that is smaller than what is taken from it borrows, and shows it in its top bit; its own was not set.
    const std::uint64_t controls = (word - ' ' * each) & ~word;
    const std::uint64_t from_del = word ^ 0x7f * each;
    const std::uint64_t dels = (from_del - each) & ~from_del;
    return ((controls | dels) & tops) == 0;
}

/// Where from `at` on the first character is that is not plain.
std::size_t past_plain(std::string_view text, std::size_t at) {
    while (at + word_bytes <= text.size() && are_plain(text.data() + at)) at += word_bytes;
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

}  // namespace

HeadScan::State HeadScan::look(std::string_view text, const Limits& limits) {
    if (seen_ == 0 && !text.empty() && !is_token(text.front()))
        return refuse(400, "The request does not begin with a method.");
    for (; seen_ < text.size(); ++seen_) {
        // Nearly all of a head is plain: only what follows a CR, and what is not, has to be looked at.
        if (seen_ > 0 && text[seen_ - 1] == '\r' && text[seen_] != '\n') return refuse(400, "A CR stands alone.");
        seen_ = past_plain(text, seen_);
        if (seen_ == text.size()) break;
        const char c = text[seen_];
        const char before = seen_ > 0 ? text[seen_ - 1] : '\0';
        if (c == '\n') {
            if (before != '\r') return refuse(400, "Lines must end with CR LF.");
            if (seen_ >= 3 && text[seen_ - 2] == '\n') {
                end_ = seen_ + 1;
                if (end_ > limits.head_bytes_max)
                    return refuse(431, fmt::format("The head is larger than {} bytes.", limits.head_bytes_max));
                return State::whole;
            }
        } else if (c == '\t') {
            if (before == '\n') return refuse(400, "Folded header lines are not spoken here.");
        } else if (c != '\r') {
            return refuse(400, "The head has a control character.");
        }
    }
    if (text.size() > limits.head_bytes_max)
        return refuse(431, fmt::format("The head is larger than {} bytes.", limits.head_bytes_max));
    return State::more;
}

std::expected<ParsedHead, Malformed> parse_head(std::string_view text, const Limits& limits) {
    // Beast unfolds folded lines; we refuse them (RFC 9112 §5.2).
    if (text.find("\n ") != std::string_view::npos)
        return std::unexpected(Malformed{400, "Folded header lines are not spoken here."});
    HeadParser parser(limits.head_bytes_max);
    error_code error;
    parser.put(boost::asio::const_buffer(text.data(), text.size()), error);
    if (error || !parser.is_header_done()) {
        if (!error) error = http::error::partial_message;
        return std::unexpected(said_by(error));
    }
    ParsedHead parsed = std::move(parser.out);
    if (parsed.head.headers.size() > limits.headers_max)
        return std::unexpected(Malformed{431, fmt::format("There are more than {} headers.", limits.headers_max)});
    if (auto wrong = check_method(parsed.head.method)) return std::unexpected(*std::move(wrong));
    if (auto wrong = check_target(parsed.head.target, limits)) return std::unexpected(*std::move(wrong));
    if (auto wrong = check_framing(parsed)) return std::unexpected(*std::move(wrong));
    parsed.keep_alive = parser.keep_alive();
    parsed.expects_continue = !parsed.http_1_0 && equal_without_case(parsed.head.header("expect"), "100-continue");
    return parsed;
}

/// Beast's parser for the body alone: it is given a head of our own first.
class ChunkReader::Decoder final : public http::basic_parser<true> {
  public:
    Decoder() {
        eager(true);
        body_limit(boost::none);
        constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        error_code error;
        put(boost::asio::const_buffer(head.data(), head.size()), error);
    }
    std::string* body = nullptr;
    std::size_t bytes_max = 0;
    std::uint64_t chunk_left = 0;  ///< bytes of the chunk under way that have not come yet
    bool too_large = false;

  private:
    void on_request_impl(http::verb, boost::beast::string_view, boost::beast::string_view, int, error_code&) override {}
    void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
    void on_field_impl(http::field, boost::beast::string_view, boost::beast::string_view, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override { return bytes.size(); }
    void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view, error_code& error) override {
        too_large = size > bytes_max || body->size() > bytes_max - size;
        if (too_large) error = http::error::body_limit;
        chunk_left = size;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes, error_code&) override {
        body->append(bytes.data(), bytes.size());
        chunk_left -= bytes.size();
        return bytes.size();
    }
    void on_finish_impl(error_code&) override {}
};

ChunkReader::ChunkReader() : decoder_(std::make_unique<Decoder>()) {}
ChunkReader::~ChunkReader() = default;
ChunkReader::ChunkReader(ChunkReader&&) noexcept = default;
bool ChunkReader::done() const { return decoder_->is_done(); }

Result<std::size_t> ChunkReader::take(std::string_view bytes, std::string& body, std::size_t bytes_max) {
    decoder_->body = &body;
    decoder_->bytes_max = bytes_max;
    std::size_t taken = 0;
    // Wherever the head of a chunk begins, at least so much follows until the end. Beast asserts it of a last chunk
    // that comes in pieces.
    constexpr std::string_view shortest_end = "0\r\n\r\n";
    const auto enough = [&](std::size_t left) { return left >= (decoder_->chunk_left > 0 ? 1 : shortest_end.size()); };
    while (enough(bytes.size() - taken) && !decoder_->is_done()) {
        error_code error;
        const std::size_t used =
            decoder_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
        taken += used;
        if (decoder_->too_large)
            return fail(Fault::too_large, fmt::format("The body is larger than {} bytes.", bytes_max));
        if (error == http::error::need_more) break;
        if (error) return fail(Fault::malformed, "The chunks of the body are not well-formed.", error.message());
        if (used == 0) break;
    }
    if (decoder_->is_done()) return taken;
    // What is left is the beginning of a chunk's head or of a trailer: it may be neither endless nor in lines of LF.
    const std::string_view left = bytes.substr(taken);
    if (left.size() > chunk_overhead_bytes_max)
        return fail(Fault::malformed, "A chunk's head or the trailers are too long.");
    const std::size_t line_end = left.find('\n');
    if (line_end != std::string_view::npos && (line_end == 0 || left[line_end - 1] != '\r'))
        return fail(Fault::malformed, "The lines of chunks must end with CR LF.");
    return taken;
}

}  // namespace bursar::edge
