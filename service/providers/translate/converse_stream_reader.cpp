#include "service/providers/translate/converse_stops.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"

#include <optional>
#include <string>

// Bedrock's ConverseStream (Amazon Bedrock API reference, November 2026), as event_frames.h unpacks it. Only tool calls
// are opened by an event of their own; usage comes after the reason to end, in the last event.
namespace bursar::providers::translate {
namespace {

class ConverseSource final : public Source {
  public:
    bool read(std::string_view data, const Sink& sink) override;
    void finish(const Sink& sink) override;

  private:
    bool start(dom::object event, const Sink& sink);
    bool delta(dom::object event, const Sink& sink);
    bool reason(dom::object reasoning, const Sink& sink);
    bool stop(dom::object event, const Sink& sink);
    bool say(Part::Kind kind, std::string_view text, const Sink& sink);
    bool open(const Step& step, const Sink& sink);
    void close(const Sink& sink);
    bool metadata(dom::object event, const Sink& sink);
    void end(const Sink& sink);
    bool is_answering() const { return begun_ && stop_ == Stop::unsaid; }

    Counts counts_;
    std::optional<Part::Kind> open_;
    std::string sequence_;
    Stop stop_ = Stop::unsaid;
    std::size_t blocks_ = 0;
    bool begun_ = false;
    bool ended_ = false;
};

bool ConverseSource::read(std::string_view data, const Sink& sink) {
    dom::object event;
    if (parse(Desk::body, data).get_object().get(event) != simdjson::SUCCESS) return false;
    if (const auto error = object_member(event, "error")) {
        sink({.kind = Step::Kind::error,
              .text = text_member(*error, "message"),
              .type = error_type_from_converse(text_member(*error, "type"))});
        return true;
    }
    if (object_member(event, "messageStart")) {
        if (begun_) return false;
        begun_ = true;
        sink({.kind = Step::Kind::begin});
        return true;
    }
    if (const auto one = object_member(event, "contentBlockStart")) return start(*one, sink);
    if (const auto one = object_member(event, "contentBlockDelta")) return delta(*one, sink);
    if (object_member(event, "contentBlockStop")) {
        close(sink);
        return true;
    }
    if (const auto one = object_member(event, "messageStop")) return stop(*one, sink);
    if (const auto one = object_member(event, "metadata")) return metadata(*one, sink);
    return true;  // the protocol may grow
}

bool ConverseSource::start(dom::object event, const Sink& sink) {
    if (!is_answering()) return false;
    const auto start = object_member(event, "start");
    const auto call = start ? object_member(*start, "toolUse") : std::nullopt;
    if (!call) return true;
    return open({.kind = Step::Kind::open,
                 .part = Part::Kind::tool_call,
                 .id = text_member(*call, "toolUseId"),
                 .name = text_member(*call, "name")},
                sink);
}

bool ConverseSource::open(const Step& step, const Sink& sink) {
    close(sink);
    if (++blocks_ > blocks_max) return false;
    open_ = step.part;
    sink(step);
    return true;
}

void ConverseSource::close(const Sink& sink) {
    if (open_) sink({.kind = Step::Kind::close, .part = *open_});
    open_.reset();
}

bool ConverseSource::say(Part::Kind kind, std::string_view text, const Sink& sink) {
    if (open_ != kind && !open({.kind = Step::Kind::open, .part = kind}, sink)) return false;
    if (!text.empty()) sink({.kind = Step::Kind::text, .part = kind, .text = text});
    return true;
}

bool ConverseSource::delta(dom::object event, const Sink& sink) {
    const auto delta = object_member(event, "delta");
    if (!is_answering() || !delta) return false;
    if (const auto text = member(*delta, "text")) return say(Part::Kind::text, as_text(*text).value_or(""), sink);
    if (const auto reasoning = object_member(*delta, "reasoningContent")) return reason(*reasoning, sink);
    const auto call = object_member(*delta, "toolUse");
    if (!call) return true;
    // Whose arguments these are would be anybody's guess.
    if (open_ != Part::Kind::tool_call) return false;
    return say(Part::Kind::tool_call, text_member(*call, "input"), sink);
}

bool ConverseSource::reason(dom::object reasoning, const Sink& sink) {
    if (const auto sealed = text_member(reasoning, "redactedContent"); !sealed.empty()) {
        const Step step{.kind = Step::Kind::open, .part = Part::Kind::redacted_thinking, .text = sealed};
        if (!open(step, sink)) return false;
        close(sink);
        return true;
    }
    if (const auto text = member(reasoning, "text"))
        if (!say(Part::Kind::thinking, as_text(*text).value_or(""), sink)) return false;
    const auto signature = text_member(reasoning, "signature");
    if (signature.empty()) return true;
    if (!say(Part::Kind::thinking, {}, sink)) return false;
    sink({.kind = Step::Kind::sign, .part = Part::Kind::thinking, .text = signature});
    return true;
}

bool ConverseSource::stop(dom::object event, const Sink& sink) {
    if (!is_answering()) return false;
    close(sink);
    stop_ = stop_from_converse(text_member(event, "stopReason"));
    if (const auto more = object_member(event, "additionalModelResponseFields"))
        sequence_ = text_member(*more, "stop_sequence");
    return stop_ != Stop::unsaid;
}

bool ConverseSource::metadata(dom::object event, const Sink& sink) {
    if (const auto usage = object_member(event, "usage")) read_counts(*usage, counts_);
    if (stop_ != Stop::unsaid && counts_.any()) end(sink);
    return true;
}

void ConverseSource::end(const Sink& sink) {
    if (ended_) return;
    ended_ = true;
    const Spent spent = spent_of(Endpoint::converse, counts_);
    sink({.kind = Step::Kind::stop, .name = sequence_, .stop = stop_, .spent = spent});
    sink({.kind = Step::Kind::end, .spent = spent});
}

void ConverseSource::finish(const Sink& sink) {
    if (stop_ != Stop::unsaid && counts_.any()) end(sink);
}

}  // namespace

std::unique_ptr<Source> converse_source() { return std::make_unique<ConverseSource>(); }

}  // namespace bursar::providers::translate
