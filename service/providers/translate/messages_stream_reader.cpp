#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/stops.h"

#include <optional>

// Anthropic's event stream (streaming reference, versions 2023-06-01 and 2026-10-21).
namespace bursar::providers::translate {
namespace {

class MessagesSource final : public Source {
  public:
    bool read(std::string_view data, const Sink& sink) override;
    /// message_stop is always sent.
    void finish(const Sink&) override {}

  private:
    bool start(dom::object event, const Sink& sink);
    bool open(dom::object event, const Sink& sink);
    bool delta(dom::object event, const Sink& sink);
    bool close(const Sink& sink);
    bool stop(dom::object event, const Sink& sink);
    bool end(const Sink& sink);

    Counts counts_;
    std::optional<Part::Kind> block_;
    bool in_block_ = false;  ///< also in one that is not passed on
    bool begun_ = false;
    bool stopped_ = false;
    std::size_t blocks_ = 0;
};

bool MessagesSource::read(std::string_view data, const Sink& sink) {
    dom::object event;
    if (parse(Desk::body, data).get_object().get(event) != simdjson::SUCCESS) return false;
    const auto type = text_member(event, "type");
    if (type == "content_block_delta") return delta(event, sink);
    if (type == "ping") {
        sink({.kind = Step::Kind::ping});
        return true;
    }
    if (type == "message_start") return start(event, sink);
    if (type == "content_block_start") return open(event, sink);
    if (type == "content_block_stop") return close(sink);
    if (type == "message_delta") return stop(event, sink);
    if (type == "message_stop") return end(sink);
    if (type != "error") return true;  // the protocol may grow
    const auto error = object_member(event, "error");
    if (!error) return false;
    sink({.kind = Step::Kind::error, .text = text_member(*error, "message"), .type = text_member(*error, "type")});
    return true;
}

bool MessagesSource::start(dom::object event, const Sink& sink) {
    if (begun_) return false;
    begun_ = true;
    const auto message = object_member(event, "message");
    const auto usage = message ? object_member(*message, "usage") : std::nullopt;
    if (usage) read_counts(*usage, counts_);
    sink({.kind = Step::Kind::begin, .spent = spent_of(Endpoint::messages, counts_)});
    return true;
}

bool MessagesSource::open(dom::object event, const Sink& sink) {
    const auto block = object_member(event, "content_block");
    if (!begun_ || in_block_ || stopped_ || !block || ++blocks_ > blocks_max) return false;
    in_block_ = true;
    const auto type = text_member(*block, "type");
    Step step{.kind = Step::Kind::open};
    std::string first(text_member(*block, "text"));
    if (type == "text") {
        step.part = Part::Kind::text;
    } else if (type == "thinking") {
        step.part = Part::Kind::thinking;
        first = text_member(*block, "thinking");
    } else if (type == "redacted_thinking") {
        step.part = Part::Kind::redacted_thinking;
        step.text = text_member(*block, "data");
    } else if (type == "tool_use") {
        step.part = Part::Kind::tool_call;
        step.id = text_member(*block, "id");
        step.name = text_member(*block, "name");
        // Its fragments follow; some servers put the whole in here instead.
        const auto input = object_member(*block, "input");
        if (input && input->size() > 0) first = json_of(*member(*block, "input"));
    } else {
        return true;
    }
    block_ = step.part;
    sink(step);
    if (!first.empty() && type != "redacted_thinking") sink({.kind = Step::Kind::text, .part = *block_, .text = first});
    return true;
}

bool MessagesSource::delta(dom::object event, const Sink& sink) {
    const auto delta = object_member(event, "delta");
    if (!in_block_ || !delta) return false;
    if (!block_) return true;
    struct Form {
        std::string_view type, member;
        Part::Kind part;
    };
    static constexpr Form forms[] = {{"text_delta", "text", Part::Kind::text},
                                     {"input_json_delta", "partial_json", Part::Kind::tool_call},
                                     {"thinking_delta", "thinking", Part::Kind::thinking}};
    const auto type = text_member(*delta, "type");
    for (const auto& form : forms) {
        if (form.type != type) continue;
        const auto text = text_member(*delta, form.member);
        if (form.part != *block_) return false;
        if (!text.empty()) sink({.kind = Step::Kind::text, .part = *block_, .text = text});
    }
    if (type == "signature_delta" && *block_ == Part::Kind::thinking)
        sink({.kind = Step::Kind::sign, .part = *block_, .text = text_member(*delta, "signature")});
    return true;
}

bool MessagesSource::close(const Sink& sink) {
    if (!in_block_) return false;
    if (block_) sink({.kind = Step::Kind::close, .part = *block_});
    block_.reset();
    in_block_ = false;
    return true;
}

bool MessagesSource::stop(dom::object event, const Sink& sink) {
    if (!begun_ || in_block_) return false;
    if (const auto usage = object_member(event, "usage")) read_counts(*usage, counts_);
    const auto delta = object_member(event, "delta");
    const Stop stop = delta ? stop_from_messages(text_member(*delta, "stop_reason")) : Stop::unsaid;
    if (stop == Stop::unsaid || stopped_) return true;
    stopped_ = true;
    Step step{.kind = Step::Kind::stop, .stop = stop, .spent = spent_of(Endpoint::messages, counts_)};
    if (const auto details = object_member(*delta, "stop_details")) step.text = text_member(*details, "explanation");
    step.name = text_member(*delta, "stop_sequence");
    sink(step);
    return true;
}

bool MessagesSource::end(const Sink& sink) {
    if (!stopped_) return false;
    sink({.kind = Step::Kind::end, .spent = spent_of(Endpoint::messages, counts_)});
    return true;
}

}  // namespace

std::unique_ptr<Source> messages_source() { return std::make_unique<MessagesSource>(); }

}  // namespace bursar::providers::translate
