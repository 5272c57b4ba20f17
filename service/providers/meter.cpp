#include "service/providers/meter.h"

#include "service/base/json.h"
#include "service/providers/answer.h"
#include "service/providers/event_frames.h"
#include "service/providers/sse.h"
#include "service/providers/tally.h"
#include "service/providers/unit_meter.h"

#include <algorithm>
#include <array>
#include <memory>

namespace bursar::providers {
namespace {

// Buffers above this are given back when the bytes in them are out; an idle stream shall own next to nothing.
constexpr std::size_t buffer_kept_bytes_max = 16 * 1024;

std::string in_quotes(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

/// Gathers what goes to the caller: one view as long as the pieces lie side by side, a copy from the first gap on.
class Output {
  public:
    void begin() {
        made_.clear();
        if (made_.capacity() > buffer_kept_bytes_max) made_.shrink_to_fit();
        run_ = {};
        copied_ = false;
    }
    void add(std::string_view piece) {
        if (piece.empty()) return;
        if (copied_) {
            made_ += piece;
        } else if (run_.empty()) {
            run_ = piece;
        } else if (run_.data() + run_.size() == piece.data()) {
            run_ = {run_.data(), run_.size() + piece.size()};
        } else {
            copied_ = true;
            made_ += run_;
            made_ += piece;
        }
    }
    /// For a piece that does not outlive this call.
    void add_copy(std::string_view piece) {
        if (!copied_) made_ += run_;
        copied_ = true;
        made_ += piece;
    }
    std::string_view view() const { return copied_ ? std::string_view(made_) : run_; }

  private:
    std::string_view run_;
    std::string made_;
    bool copied_ = false;
};

class StreamMeter final : public Meter {
  public:
    explicit StreamMeter(const Options& options)
        : endpoint_(options.endpoint),
          hide_usage_chunk_(options.hide_usage_chunk),
          shown_model_(options.shown_model.empty() ? std::string() : in_quotes(options.shown_model)),
          event_held_max_(options.event_held_max),
          tally_(options.endpoint) {}

    std::string_view pass(std::string_view bytes) override;
    std::string_view pass_whole(std::string_view body) override;
    Reading finish(Tokens input_at_most) override;
    const Reading& reading() const override { return tally_.reading(); }
    bool mid_event() const override { return mid_event_; }

  private:
    enum class Verdict : std::uint8_t { show, hide };

    void hold(std::string_view bytes);
    void end_event(std::string_view rest);
    Verdict meter(std::string_view event, std::int64_t content_left_out, Span& model_at);
    void show(std::string_view event, Span model_at);

    Endpoint endpoint_;
    bool hide_usage_chunk_;
    std::string shown_model_;
    std::size_t event_held_max_;
    Tally tally_;
    EventCutter cutter_;
    Output output_;
    std::string held_;      ///< the beginning of an event whose end has not come
    std::string complete_;  ///< the event that held_ became; what pass() returned may lie in it
    std::string scratch_;
    Condenser condenser_;
    bool mid_event_ = false;  ///< the event is too long to be held; what came of it is out
    bool last_hidden_ = false;
};

std::string_view StreamMeter::pass(std::string_view bytes) {
    output_.begin();
    complete_.clear();
    if (complete_.capacity() > buffer_kept_bytes_max) complete_.shrink_to_fit();
    if (cutter_.begins_with_owed_line_feed(bytes)) {
        cutter_.skip_owed_line_feed();
        if (!last_hidden_) output_.add(bytes.substr(0, 1));
        bytes.remove_prefix(1);
    }
    while (!bytes.empty()) {
        const std::size_t size = cutter_.cut(bytes);
        if (size == 0) {
            hold(bytes);
            break;
        }
        end_event(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return output_.view();
}

std::string_view StreamMeter::pass_whole(std::string_view body) {
    pass(body);
    // Nothing follows, so what has no end goes out with the rest.
    output_.add(held_);
    return output_.view();
}

/// Keeps what belongs to an event that is not whole yet.
void StreamMeter::hold(std::string_view bytes) {
    if (mid_event_) {
        condenser_.feed(bytes);
        output_.add(bytes);
        tally_.pass_part(condenser_);
        return;
    }
    const bool first = held_.empty();
    if (first && bytes.find_first_not_of("\r\n") == std::string_view::npos) {
        // An event does not begin with its line's end: it is the end marker's, which is out.
        output_.add(bytes);
        return;
    }
    if (!first) held_ += bytes;
    std::string_view piece = first ? bytes : std::string_view(held_);
    // Some providers end the stream, and the connection, without the blank line after it, or any end of the line.
    const bool done = piece.size() < 32 && read_event(piece, scratch_).data == "[DONE]";
    if (!done && piece.size() <= event_held_max_) {
        if (first) held_ = bytes;
        return;
    }
    if (!first) {
        // No event ended in this call, so complete_ is free.
        complete_.swap(held_);
        held_.clear();
        piece = complete_;
    }
    if (done) {
        tally_.add_end();
        output_.add(piece);
        return;
    }
    mid_event_ = true;
    condenser_.feed(piece);
    tally_.pass_part(condenser_);
    show(piece, shown_model_.empty() ? Span{} : find_string_member(piece, "model"));
}

void StreamMeter::end_event(std::string_view rest) {
    Span model_at;
    if (mid_event_) {
        condenser_.feed(rest);
        output_.add(rest);
        meter(condenser_.text(), condenser_.content_left_out(), model_at);
        condenser_.clear();
        mid_event_ = false;
        last_hidden_ = false;
        return;
    }
    std::string_view event = rest;
    if (!held_.empty()) {
        held_ += rest;
        complete_.swap(held_);
        held_.clear();
        event = complete_;
    }
    const Verdict verdict = meter(event, 0, model_at);
    last_hidden_ = verdict == Verdict::hide;
    if (!last_hidden_) show(event, model_at);
}

StreamMeter::Verdict StreamMeter::meter(std::string_view event, std::int64_t content_left_out, Span& model_at) {
    const Event read = read_event(event, scratch_);
    if (read.name == "error") tally_.add_error();
    if (read.data.find_first_not_of(" \t") == std::string_view::npos) return Verdict::show;
    if (read.data == "[DONE]") {
        tally_.add_end();
        return Verdict::show;
    }
    const Statement said = read_statement(endpoint_, true, read.data);
    tally_.add(said, content_left_out);
    if (!said.json) {
        tally_.add_unreadable(read.data.size());
        return Verdict::show;
    }
    if (hide_usage_chunk_ && said.usage_alone) return Verdict::hide;
    if (said.model_at.empty() || shown_model_.empty()) return Verdict::show;
    if (read.joined) {
        model_at = find_string_member(event, "model");
    } else {
        const auto offset = static_cast<std::size_t>(read.data.data() - event.data());
        model_at = {offset + said.model_at.begin, offset + said.model_at.end};
    }
    return Verdict::show;
}

void StreamMeter::show(std::string_view event, Span model_at) {
    if (model_at.empty()) {
        output_.add(event);
        return;
    }
    output_.add(event.substr(0, model_at.begin));
    output_.add_copy(shown_model_);
    output_.add(event.substr(model_at.end));
}

Reading StreamMeter::finish(Tokens input_at_most) {
    Span model_at;
    // An event without its end is not delivered, but its numbers are as true as any.
    if (mid_event_)
        meter(condenser_.text(), condenser_.content_left_out(), model_at);
    else if (!held_.empty() && cutter_.at_line_start())
        meter(held_, 0, model_at);
    return tally_.close(input_at_most);
}

/// White space aside, no JSON begins as a line of an event stream does.
bool looks_like_event_stream(std::string_view body) {
    constexpr std::array<std::string_view, 5> beginnings = {"data:", "event:", ":", "id:", "retry:"};
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return body.starts_with(beginning); });
}

class PlainMeter final : public Meter {
  public:
    explicit PlainMeter(const Options& options)
        : options_(options), shown_model_(options.shown_model), tally_(options.endpoint) {}

    std::string_view pass(std::string_view bytes) override { return pass_whole(bytes); }
    std::string_view pass_whole(std::string_view body) override;
    Reading finish(Tokens input_at_most) override {
        return as_stream_ ? as_stream_->finish(input_at_most) : tally_.close(input_at_most);
    }
    const Reading& reading() const override { return as_stream_ ? as_stream_->reading() : tally_.reading(); }
    bool mid_event() const override { return false; }

  private:
    Options options_;
    std::string shown_model_;
    Tally tally_;
    std::string made_;
    std::unique_ptr<StreamMeter> as_stream_;  ///< the body is a stream whose head did not say so
};

std::string_view PlainMeter::pass_whole(std::string_view body) {
    if (looks_like_event_stream(body)) {
        options_.shown_model = shown_model_;
        as_stream_ = std::make_unique<StreamMeter>(options_);
        return as_stream_->pass_whole(body);
    }
    const Statement said = read_statement(options_.endpoint, false, body);
    tally_.add(said, 0);
    if (!said.json) tally_.add_unreadable(body.size());
    if (said.model_at.empty() || shown_model_.empty()) return body;
    const std::string shown = in_quotes(shown_model_);
    made_.reserve(body.size() + shown.size());
    made_.assign(body.substr(0, said.model_at.begin));
    made_ += shown;
    made_ += body.substr(said.model_at.end);
    return made_;
}

/// A stream whose events come in frames. Nobody gets the frames themselves: callers have no dialect with any.
class FramedMeter final : public Meter {
  public:
    explicit FramedMeter(const Options& options) : events_(options) {}

    std::string_view pass(std::string_view bytes) override { return events_.pass(frames_.pass(bytes)); }
    std::string_view pass_whole(std::string_view body) override { return pass(body); }
    Reading finish(Tokens input_at_most) override { return events_.finish(input_at_most); }
    const Reading& reading() const override { return events_.reading(); }
    bool mid_event() const override { return events_.mid_event(); }

  private:
    EventFrames frames_;
    StreamMeter events_;
};

}  // namespace

std::unique_ptr<Meter> Meter::make(const Options& options) {
    if (options.streamed && options.endpoint == Endpoint::converse) return std::make_unique<FramedMeter>(options);
    if (facts(options.endpoint).metered != Metered::tokens) return make_unit_meter(options);
    if (options.streamed) return std::make_unique<StreamMeter>(options);
    return std::make_unique<PlainMeter>(options);
}

}  // namespace bursar::providers
