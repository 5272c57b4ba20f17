#include "service/providers/answer_parser.h"

#include <cstring>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <fmt/format.h>

namespace bursar::providers {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using View = boost::beast::string_view;

constexpr std::size_t headers_max = 200;
/// Most answers have no more.
constexpr std::size_t headers_expected = 12;
// A chunk's head, or trailers, that have not ended after this much are an attack or garbage.
constexpr std::size_t unconsumed_bytes_max = 16 * 1024;
constexpr int interim_answers_max = 10;
constexpr int status_upgraded = 101;
/// Wherever the head of a chunk begins, at least so much follows until the end. Beast asserts it of a last chunk that
/// comes in pieces.
constexpr std::string_view shortest_end = "0\r\n\r\n";

bool is_of_type(const AnswerHead& head, std::string_view wanted) {
    const auto type = head.header("content-type");
    return edge::equal_without_case(type.substr(0, type.find_first_of("; \t")), wanted);
}

}  // namespace

std::string_view AnswerHead::header(std::string_view name) const {
    for (const auto& field : headers)
        if (edge::equal_without_case(field.name, name)) return field.value;
    return {};
}

bool AnswerHead::framed() const { return is_of_type(*this, "application/vnd.amazon.eventstream"); }

bool AnswerHead::event_stream() const { return is_of_type(*this, "text/event-stream") || framed(); }

/// Beast's incremental parser, with what it leaves open refused.
class AnswerParser::Parser final : public http::basic_parser<false> {
  public:
    Parser(Ask ask, std::size_t head_bytes_max) {
        header_limit(static_cast<std::uint32_t>(head_bytes_max));
        body_limit(boost::none);
        skip(ask == Ask::head_only);
        asked_upgrade_ = ask == Ask::upgrade;
    }

    AnswerHead head;
    std::string refusal;  ///< in our words, where Beast's are not the reason
    bool seen_coding = false;
    bool seen_length = false;

    /// Decoded bytes are moved to the front of the buffer they came in: pieces come in order, so none is overwritten
    /// unread.
    bool awaits_chunk() { return is_header_done() && seen_coding && chunk_left_ == 0; }
    std::string_view take_body() { return {std::exchange(body_begin_, nullptr), std::exchange(body_bytes_, 0)}; }

  private:
    void refuse(std::string why, error_code& error) {
        refusal = std::move(why);
        error = make_error_code(boost::system::errc::protocol_error);
    }
    void on_request_impl(http::verb, View, View, int, error_code&) override {}
    void on_response_impl(int code, View, int version, error_code& error) override {
        head.status = code;
        head.headers.reserve(headers_expected);
        version_ = version;
        if (code < 100 || code > 599) refuse(fmt::format("status {}", code), error);
        if (code == status_upgraded && !asked_upgrade_) refuse("an upgrade that was not asked for", error);
    }
    void on_field_impl(http::field name, View text, View value, error_code& error) override {
        if (is_header_done()) return;  // a trailer; nobody needs it
        if (head.headers.size() >= headers_max) return refuse(fmt::format("more than {} headers", headers_max), error);
        if (name == http::field::transfer_encoding) {
            if (seen_coding || version_ < 11 || !edge::equal_without_case(std::string_view(value), "chunked"))
                return refuse("a Transfer-Encoding other than chunked, once, in HTTP/1.1", error);
            seen_coding = true;
        }
        if (name == http::field::content_length) {
            if (seen_length) return refuse("two Content-Lengths", error);
            seen_length = true;
        }
        if (seen_coding && seen_length) return refuse("Content-Length beside Transfer-Encoding", error);
        // No encoding was offered, and what is compressed cannot be metered.
        if (name == http::field::content_encoding && !edge::equal_without_case(std::string_view(value), "identity"))
            return refuse("a compressed body although none was asked for", error);
        head.headers.push_back({std::string(text), std::string(value)});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(View body, error_code&) override { return take(body); }
    void on_chunk_header_impl(std::uint64_t size, View, error_code&) override { chunk_left_ = size; }
    std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code&) override {
        chunk_left_ -= body.size();
        return take(body);
    }
    void on_finish_impl(error_code&) override {}

    std::size_t take(View piece) {
        if (piece.empty()) return 0;
        // The bytes are those of put()'s span, which is writable.
        auto* bytes = const_cast<char*>(piece.data());
        if (body_begin_ == nullptr) body_begin_ = bytes;
        if (body_begin_ + body_bytes_ != bytes) std::memmove(body_begin_ + body_bytes_, bytes, piece.size());
        body_bytes_ += piece.size();
        return piece.size();
    }

    char* body_begin_ = nullptr;
    std::size_t body_bytes_ = 0;
    std::uint64_t chunk_left_ = 0;  ///< bytes of the chunk under way that have not come yet
    int version_ = 0;
    bool asked_upgrade_ = false;
};

AnswerParser::AnswerParser(Ask ask, std::size_t head_bytes_max)
    : parser_(std::make_unique<Parser>(ask, head_bytes_max)), ask_(ask), head_bytes_max_(head_bytes_max) {}
AnswerParser::~AnswerParser() = default;
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;

bool AnswerParser::head_done() const { return parser_->is_header_done(); }
bool AnswerParser::done() const { return parser_->is_done(); }
bool AnswerParser::reusable() const { return parser_->is_done() && parser_->keep_alive(); }
bool AnswerParser::upgraded() const { return parser_->head.status == status_upgraded; }
const AnswerHead& AnswerParser::head() const { return parser_->head; }

std::expected<AnswerParser::Progress, std::string> AnswerParser::put(std::span<char> bytes) {
    Progress progress;
    while (progress.consumed < bytes.size() && !parser_->is_done()) {
        const auto rest = bytes.subspan(progress.consumed);
        if (parser_->awaits_chunk() && rest.size() < shortest_end.size()) break;
        const bool in_head = !parser_->is_header_done();
        parser_->eager(!in_head);
        error_code error;
        const std::size_t used = parser_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        const bool starved = error == http::error::need_more;
        if (error && !starved) return std::unexpected(parser_->refusal.empty() ? error.message() : parser_->refusal);
        if (in_head) {
            // Beast joins folded lines; a proxy in front of it may not. It takes a line only when it has seen that the
            // next one does not continue it.
            const std::string_view head(rest.data(), used);
            if (head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos)
                return std::unexpected("a folded header line");
        }
        progress.consumed += used;
        if (in_head && parser_->is_header_done()) {
            if (parser_->head.status >= 200 || upgraded()) break;
            if (++interim_ > interim_answers_max)
                return std::unexpected(fmt::format("more than {} interim answers", interim_answers_max));
            parser_ = std::make_unique<Parser>(ask_, head_bytes_max_);
            continue;
        }
        if (starved) {
            const std::size_t limit = in_head ? head_bytes_max_ : unconsumed_bytes_max;
            if (bytes.size() - progress.consumed > limit)
                return std::unexpected(fmt::format("a line that does not end within {} bytes", limit));
            break;
        }
    }
    progress.body = parser_->take_body();
    return progress;
}

std::expected<void, std::string> AnswerParser::put_end() {
    if (!parser_->is_header_done())
        return std::unexpected("the connection was closed before the answer's head was complete");
    error_code error;
    parser_->put_eof(error);
    if (error) return std::unexpected("the connection was closed in the middle of the body");
    return {};
}

}  // namespace bursar::providers
