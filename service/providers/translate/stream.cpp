#include "service/providers/sse.h"
#include "service/providers/translate/dialects.h"

namespace bursar::providers::translate {
namespace {

// Buffers above this are given back when the bytes in them are out; an idle stream shall own next to nothing.
constexpr std::size_t buffer_kept_bytes_max = 16 * 1024;

void empty(std::string& buffer) {
    buffer.clear();
    if (buffer.capacity() > buffer_kept_bytes_max) buffer.shrink_to_fit();
}

/// Cuts the provider's bytes into events, and has them read and written.
class Translation final : public Stream {
  public:
    Translation(std::unique_ptr<Source> source, std::unique_ptr<Writer> writer)
        : source_(std::move(source)), writer_(std::move(writer)) {}

    std::string_view pass(std::string_view bytes) override;
    std::string_view finish() override;
    bool ended() const override { return ended_; }
    bool failed() const override { return failed_; }

  private:
    bool over() const { return ended_ || failed_; }
    void hold(std::string_view bytes);
    void event(std::string_view event);
    void write(const Step& step);
    void fail_with(std::string_view words);

    std::unique_ptr<Source> source_;
    std::unique_ptr<Writer> writer_;
    EventCutter cutter_;
    std::string held_;  ///< the beginning of an event whose end has not come
    std::string scratch_;
    std::string out_;
    bool ended_ = false;
    bool failed_ = false;
};

std::string_view Translation::pass(std::string_view bytes) {
    empty(out_);
    if (cutter_.begins_with_owed_line_feed(bytes)) {
        cutter_.skip_owed_line_feed();
        bytes.remove_prefix(1);
    }
    while (!bytes.empty() && !over()) {
        const std::size_t size = cutter_.cut(bytes);
        if (size == 0) {
            hold(bytes);
            break;
        }
        const auto rest = bytes.substr(0, size);
        if (held_.empty()) {
            event(rest);
        } else {
            held_ += rest;
            event(held_);
            empty(held_);
        }
        bytes.remove_prefix(size);
    }
    if (over()) empty(held_);
    return out_;
}

void Translation::hold(std::string_view bytes) {
    held_ += bytes;
    if (held_.size() > event_bytes_max) {
        fail_with("An event of the provider's stream is larger than Bursar translates.");
        return;
    }
    // Some providers end the stream, and the connection, without the blank line after the end mark.
    if (held_.size() < 32 && read_event(held_, scratch_).data == "[DONE]") event(held_);
}

std::string_view Translation::finish() {
    empty(out_);
    if (!over()) source_->finish([this](const Step& step) { write(step); });
    return out_;
}

void Translation::event(std::string_view event) {
    if (event.size() > event_bytes_max) {
        fail_with("An event of the provider's stream is larger than Bursar translates.");
        return;
    }
    const Event read = read_event(event, scratch_);
    if (read.data.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        // A comment, by which the provider says that it is still there.
        if (event.starts_with(':')) write({.kind = Step::Kind::ping});
        return;
    }
    const bool understood = source_->read(read.data, [this](const Step& step) { write(step); });
    if (!understood && !over()) fail_with("The provider's stream could not be understood, so the answer ends here.");
    tidy(Desk::body);
}

void Translation::write(const Step& step) {
    if (over()) return;
    writer_->write(step, out_);
    ended_ = step.kind == Step::Kind::end;
    failed_ = step.kind == Step::Kind::error || writer_->broken();
}

void Translation::fail_with(std::string_view words) {
    write({.kind = Step::Kind::error, .text = words, .type = "server_error"});
}

std::unique_ptr<Source> source_of(Endpoint provider) {
    if (provider == Endpoint::messages) return messages_source();
    if (provider == Endpoint::generate_content) return gemini_source();
    if (provider == Endpoint::converse) return converse_source();
    if (provider == Endpoint::cohere_chat) return cohere_source();
    return chat_source();
}

std::unique_ptr<Writer> writer_for(Endpoint caller, const Shown& shown) {
    if (caller == Endpoint::messages) return messages_writer(shown);
    if (caller == Endpoint::responses) return responses_writer(shown);
    return caller == Endpoint::generate_content ? gemini_writer(shown) : chat_writer(shown);
}

}  // namespace

std::unique_ptr<Stream> Stream::make(const Way& way, const Shown& shown) {
    return std::make_unique<Translation>(source_of(way.provider), writer_for(way.caller, shown));
}

}  // namespace bursar::providers::translate
