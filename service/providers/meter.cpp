#include "service/providers/meter.h"

#include "service/base/json.h"
#include "service/providers/answer.h"
#include "service/providers/sse.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace bursar::providers {
namespace {

// Text has three to four bytes per token, code and other scripts fewer: an estimate should rather be too high.
constexpr std::int64_t bytes_per_token = 3;
// Buffers above this are given back when the bytes in them are out; an idle stream shall own next to nothing.
constexpr std::size_t buffer_kept_bytes_max = 16 * 1024;

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

/// Adds up what statements say. Common to plain and streamed answers.
class Account {
  public:
    explicit Account(Endpoint endpoint) : endpoint_(endpoint) {}

    void add(const Statement& said, std::size_t bytes_left_out);
    void add_unreadable(std::size_t bytes);
    void add_error() { reading_.failed = true; }
    void add_end() { reading_.complete = started_ = true; }
    Reading close(Tokens input_at_most);
    const Reading& reading() const { return reading_; }

  private:
    Tokens output_estimated() const {
        const auto by_length = (reading_.content_bytes + bytes_per_token - 1) / bytes_per_token;
        // An event with content carries at least one token, and a byte at most one.
        return std::max(by_length, std::min(content_events_, reading_.content_bytes));
    }

    Endpoint endpoint_;
    Reading reading_;
    Counts counts_;
    bool started_ = false;
    bool finished_ = false;
    std::int64_t delta_bytes_ = 0;
    std::int64_t repeated_bytes_ = 0;
    std::int64_t content_events_ = 0;
    std::int64_t searches_seen_ = 0;
};

void Account::add(const Statement& said, std::size_t bytes_left_out) {
    started_ = started_ || said.started;
    finished_ = finished_ || said.finished;
    reading_.failed = reading_.failed || said.failed;
    reading_.content = reading_.content || said.content;
    const auto bytes = said.content_bytes + static_cast<std::int64_t>(bytes_left_out);
    if (said.end && said.repeats) {
        // A Response's output repeats every item of it.
        repeated_bytes_ = std::max(repeated_bytes_, bytes);
        searches_seen_ = std::max(searches_seen_, said.web_searches);
    } else {
        (said.repeats ? repeated_bytes_ : delta_bytes_) += bytes;
        searches_seen_ += said.web_searches;
    }
    if (said.content && !said.repeats) ++content_events_;
    reading_.content_bytes = std::max(delta_bytes_, repeated_bytes_);
    if (reading_.id.empty() && !said.id.empty()) reading_.id = said.id;
    // "auto" is the caller's wish, not what was served; the last event says which it became.
    if (!said.service_tier.empty() && said.service_tier != "auto") reading_.served.service_tier = said.service_tier;
    if (!said.speed.empty()) reading_.served.speed = said.speed;
    if (!said.region.empty()) reading_.served.region = said.region;
    counts_.update(said.counts);
    if (counts_.any()) {
        reading_.usage = to_usage(endpoint_, counts_);
        reading_.source = UsageSource::provider;
    }
    reading_.usage.web_searches = std::max(reading_.usage.web_searches, searches_seen_);
    const bool completions = endpoint_ == Endpoint::chat_completions || endpoint_ == Endpoint::completions;
    if (said.end || (completions && finished_ && counts_.any())) reading_.complete = true;
}

/// What cannot be read may be anything, so it counts as delivered.
void Account::add_unreadable(std::size_t bytes) {
    started_ = reading_.content = true;
    delta_bytes_ += static_cast<std::int64_t>(bytes);
    reading_.content_bytes = std::max(delta_bytes_, repeated_bytes_);
}

Reading Account::close(Tokens input_at_most) {
    Usage& usage = reading_.usage;
    if (endpoint_ == Endpoint::count_tokens || endpoint_ == Endpoint::models) {
        usage = {};
        reading_.source = reading_.complete ? UsageSource::provider : UsageSource::none;
        return reading_;
    }
    const bool served = started_ || reading_.content || counts_.any();
    if (!served) return reading_;
    bool estimated = false;
    if (usage.input_total() == 0) {
        usage.input = input_at_most;
        estimated = true;
    }
    // A count that came before the end is one of a part; none at all, or none of what was plainly delivered, is no
    // count.
    const Tokens output = usage.output + usage.audio_output + usage.image_output + usage.reasoning;
    const bool partial = !reading_.complete && !finished_;
    if (endpoint_ != Endpoint::embeddings && (partial || counts_.output < 0 || output == 0) &&
        output < output_estimated()) {
        usage.output += output_estimated() - output;
        estimated = true;
    }
    if (partial || !counts_.any()) estimated = true;
    reading_.source = estimated ? UsageSource::estimated : UsageSource::provider;
    return reading_;
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
          shown_model_(options.shown_model.empty() ? std::string() : quoted(options.shown_model)),
          event_held_max_(options.event_held_max),
          account_(options.endpoint) {}

    std::string_view pass(std::string_view bytes) override;
    std::string_view pass_whole(std::string_view body) override { return pass(body); }
    Reading finish(Tokens input_at_most) override;
    const Reading& reading() const override { return account_.reading(); }
    bool mid_event() const override { return mid_event_; }

  private:
    enum class Verdict : std::uint8_t { show, hide };

    void hold(std::string_view bytes);
    void end_event(std::string_view rest);
    Verdict meter(std::string_view event, std::size_t bytes_left_out, Span& model_at);
    void show(std::string_view event, Span model_at);

    Endpoint endpoint_;
    bool hide_usage_chunk_;
    std::string shown_model_;
    std::size_t event_held_max_;
    Account account_;
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

/// Keeps what belongs to an event that is not whole yet.
void StreamMeter::hold(std::string_view bytes) {
    if (mid_event_) {
        condenser_.feed(bytes);
        output_.add(bytes);
        return;
    }
    const bool first = held_.empty();
    if (!first) held_ += bytes;
    std::string_view piece = first ? bytes : std::string_view(held_);
    // Some providers end the stream, and the connection, without the blank line after it.
    const bool done = piece.size() < 32 && cutter_.at_line_start() && read_event(piece, scratch_).data == "[DONE]";
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
        account_.add_end();
        output_.add(piece);
        return;
    }
    mid_event_ = true;
    condenser_.feed(piece);
    show(piece, shown_model_.empty() ? Span{} : find_string_member(piece, "model"));
}

void StreamMeter::end_event(std::string_view rest) {
    Span model_at;
    if (mid_event_) {
        condenser_.feed(rest);
        output_.add(rest);
        meter(condenser_.text(), condenser_.bytes_left_out(), model_at);
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

StreamMeter::Verdict StreamMeter::meter(std::string_view event, std::size_t bytes_left_out, Span& model_at) {
    const Event read = read_event(event, scratch_);
    if (read.name == "error") account_.add_error();
    if (read.data.find_first_not_of(" \t") == std::string_view::npos) return Verdict::show;
    if (read.data == "[DONE]") {
        account_.add_end();
        return Verdict::show;
    }
    const Statement said = read_statement(endpoint_, true, read.data);
    account_.add(said, bytes_left_out);
    if (!said.json) {
        account_.add_unreadable(read.data.size());
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
        meter(condenser_.text(), condenser_.bytes_left_out(), model_at);
    else if (!held_.empty() && cutter_.at_line_start())
        meter(held_, 0, model_at);
    return account_.close(input_at_most);
}

class PlainMeter final : public Meter {
  public:
    explicit PlainMeter(const Options& options)
        : endpoint_(options.endpoint),
          shown_model_(options.shown_model.empty() ? std::string() : quoted(options.shown_model)),
          account_(options.endpoint) {}

    std::string_view pass(std::string_view bytes) override { return pass_whole(bytes); }
    std::string_view pass_whole(std::string_view body) override;
    Reading finish(Tokens input_at_most) override { return account_.close(input_at_most); }
    const Reading& reading() const override { return account_.reading(); }
    bool mid_event() const override { return false; }

  private:
    Endpoint endpoint_;
    std::string shown_model_;
    Account account_;
    std::string made_;
};

std::string_view PlainMeter::pass_whole(std::string_view body) {
    const Statement said = read_statement(endpoint_, false, body);
    account_.add(said, 0);
    if (!said.json) account_.add_unreadable(body.size());
    if (said.model_at.empty() || shown_model_.empty()) return body;
    made_.reserve(body.size() + shown_model_.size());
    made_.assign(body.substr(0, said.model_at.begin));
    made_ += shown_model_;
    made_ += body.substr(said.model_at.end);
    return made_;
}

}  // namespace

std::unique_ptr<Meter> Meter::make(const Options& options) {
    if (options.streamed) return std::make_unique<StreamMeter>(options);
    return std::make_unique<PlainMeter>(options);
}

}  // namespace bursar::providers
