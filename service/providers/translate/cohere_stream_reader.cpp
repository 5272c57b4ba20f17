#include "service/providers/translate/cohere_words.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/segments.h"

#include <algorithm>

// Events of Cohere's chat (docs.cohere.com/reference/chat-stream, November 2026). The last one has the reason to end
// and the usage.
namespace bursar::providers::translate {
namespace {

constexpr std::int64_t tool_index_max = 1'000'000;

class CohereSource final : public Source {
  public:
    bool read(std::string_view data, const Sink& sink) override;
    /// The provider marks the end of every whole answer.
    void finish(const Sink&) override {}

  private:
    bool begin(const Sink& sink);
    bool words(dom::object content, const Sink& sink);
    bool tool_call(dom::object event, dom::object call, bool first, const Sink& sink);
    bool delta(std::string_view type, dom::object event, dom::object delta, const Sink& sink);
    bool end(dom::object delta, const Sink& sink);

    Segments segments_;
    std::int64_t last_tool_ = -1;
    bool begun_ = false;
};

bool CohereSource::read(std::string_view data, const Sink& sink) {
    dom::object event;
    if (parse(Desk::body, data).get_object().get(event) != simdjson::SUCCESS) return false;
    const auto type = text_member(event, "type"), error = text_member(event, "message");
    if (type.empty() && !error.empty()) {
        sink({.kind = Step::Kind::error, .text = error, .type = "server_error"});
        return true;
    }
    if (type == "message-start") return begin(sink);
    const auto said = object_member(event, "delta");
    if (type == "message-end") return begun_ && said && end(*said, sink);
    return !said || delta(type, event, *said, sink);
}

bool CohereSource::begin(const Sink& sink) {
    if (begun_) return false;
    begun_ = true;
    sink({.kind = Step::Kind::begin});
    return true;
}

/// Events of other types, such as citations, say nothing that could be passed on.
bool CohereSource::delta(std::string_view type, dom::object event, dom::object delta, const Sink& sink) {
    const bool of_words = type == "content-start" || type == "content-delta";
    const bool of_call = type == "tool-call-start" || type == "tool-call-delta", of_plan = type == "tool-plan-delta";
    if (!of_words && !of_call && !of_plan) return true;
    const auto message = object_member(delta, "message");
    if (!begun_ || !message) return false;
    if (of_plan) {
        const auto plan = text_member(*message, "tool_plan");
        return plan.empty() || segments_.say({.part = Part::Kind::text}, plan, sink);
    }
    if (of_words) {
        const auto content = object_member(*message, "content");
        return !content || words(*content, sink);
    }
    const auto call = object_member(*message, "tool_calls");
    return call && tool_call(event, *call, type == "tool-call-start", sink);
}

bool CohereSource::words(dom::object content, const Sink& sink) {
    const auto thought = text_member(content, "thinking"), text = text_member(content, "text");
    if (!thought.empty() && !segments_.say({.part = Part::Kind::thinking, .name = unsigned_thinking}, thought, sink))
        return false;
    return text.empty() || segments_.say({.part = Part::Kind::text}, text, sink);
}

bool CohereSource::tool_call(dom::object event, dom::object call, bool first, const Sink& sink) {
    const auto function = object_member(call, "function");
    const auto index = integer_member(event, "index").value_or(first ? last_tool_ + 1 : last_tool_);
    // Whose arguments these are would be anybody's guess.
    if (index < 0 || index > tool_index_max || (!first && index > last_tool_)) return false;
    if (first) last_tool_ = std::max(last_tool_, index);
    Saying saying{.part = Part::Kind::tool_call, .tool = index};
    if (first) saying.id = text_member(call, "id");
    if (first && function) saying.name = text_member(*function, "name");
    return segments_.say(saying, function ? text_member(*function, "arguments") : std::string_view{}, sink);
}

bool CohereSource::end(dom::object delta, const Sink& sink) {
    const auto reason = text_member(delta, "finish_reason"), error = text_member(delta, "error");
    if (!error.empty() || reason == "ERROR" || reason == "TIMEOUT") {
        sink({.kind = Step::Kind::error,
              .text = error.empty() ? std::string_view("The provider broke the answer off.") : error,
              .type = "server_error"});
        return true;
    }
    Stop stop = stop_from_cohere(reason);
    if (stop == Stop::unsaid || !segments_.close_all(sink)) return false;
    if (stop == Stop::end && segments_.any_tool()) stop = Stop::tool_calls;
    Counts counts;
    if (const auto usage = object_member(delta, "usage")) read_cohere_counts(*usage, counts);
    const Spent spent = spent_of(Endpoint::cohere_chat, counts);
    sink({.kind = Step::Kind::stop, .stop = stop, .spent = spent});
    sink({.kind = Step::Kind::end, .spent = spent});
    return true;
}

}  // namespace

std::unique_ptr<Source> cohere_source() { return std::make_unique<CohereSource>(); }

}  // namespace bursar::providers::translate
