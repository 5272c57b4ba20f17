#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/segments.h"
#include "service/providers/translate/stops.h"

// OpenAI's chunks (chat streaming reference, October 2026), and what other servers of the dialect make of them.
namespace bursar::providers::translate {
namespace {

constexpr std::int64_t tool_index_max = 1'000'000;

class ChatSource final : public Source {
  public:
    bool read(std::string_view data, const Sink& sink) override;
    void finish(const Sink& sink) override;

  private:
    bool delta(dom::object delta, const Sink& sink);
    bool tool_calls(dom::array calls, const Sink& sink);
    bool error(dom::element error, const Sink& sink);
    bool end(const Sink& sink);

    Segments segments_;
    Counts counts_;
    Stop stop_ = Stop::unsaid;
    std::string stop_sequence_;
    std::int64_t last_tool_ = -1;
    bool refused_ = false;
    bool begun_ = false;
};

bool ChatSource::read(std::string_view data, const Sink& sink) {
    if (data == "[DONE]") return end(sink);
    dom::object chunk;
    if (parse(Desk::body, data).get_object().get(chunk) != simdjson::SUCCESS) return false;
    if (const auto failure = member(chunk, "error")) return error(*failure, sink);
    const auto choices = list_member(chunk, "choices");
    const auto usage = object_member(chunk, "usage");
    if (!choices && !usage) return true;  // such as a server's own notes
    if (!begun_) sink({.kind = Step::Kind::begin});
    begun_ = true;
    if (usage) read_counts(*usage, counts_);
    if (!choices || choices->size() == 0) return stop_ == Stop::unsaid || !usage || end(sink);
    for (const auto item : *choices) {
        const auto choice = as_object(item);
        if (!choice) return false;
        if (integer_member(*choice, "index").value_or(0) != 0) continue;
        const auto said = object_member(*choice, "delta");
        if (said && !delta(*said, sink)) return false;
        const Stop stop = stop_from_chat(text_member(*choice, "finish_reason"));
        if (stop == Stop::unsaid) continue;
        stop_ = stop;
        stop_sequence_ = text_member(*choice, "stop_reason");
    }
    return true;
}

bool ChatSource::delta(dom::object delta, const Sink& sink) {
    for (const auto signature : {unsigned_thinking, unsigned_thinking_short}) {
        const auto thought = text_member(delta, signature.substr(signature.find(':') + 1));
        if (thought.empty()) continue;
        if (!segments_.say({.part = Part::Kind::thinking, .name = signature}, thought, sink)) return false;
        break;
    }
    const auto text = text_member(delta, "content");
    if (!text.empty() && !segments_.say({.part = Part::Kind::text}, text, sink)) return false;
    const auto refusal = text_member(delta, "refusal");
    if (!refusal.empty() && !segments_.say({.part = Part::Kind::text}, refusal, sink)) return false;
    refused_ = refused_ || !refusal.empty();
    const auto calls = list_member(delta, "tool_calls");
    return !calls || tool_calls(*calls, sink);
}

bool ChatSource::tool_calls(dom::array calls, const Sink& sink) {
    for (const auto item : calls) {
        const auto call = as_object(item);
        if (!call) return false;
        const auto function = object_member(*call, "function");
        Saying saying{.part = Part::Kind::tool_call, .id = text_member(*call, "id")};
        saying.name = function ? text_member(*function, "name") : std::string_view{};
        // Without a number, an id begins the next call and all else belongs to the last.
        const bool next = !saying.id.empty() || last_tool_ < 0;
        saying.tool = integer_member(*call, "index").value_or(next ? last_tool_ + 1 : last_tool_);
        if (saying.tool < 0 || saying.tool > tool_index_max) return false;
        last_tool_ = saying.tool;
        if (!segments_.say(saying, function ? text_member(*function, "arguments") : std::string_view{}, sink))
            return false;
    }
    return true;
}

bool ChatSource::error(dom::element error, const Sink& sink) {
    Step step{.kind = Step::Kind::error, .text = as_text(error).value_or("The provider broke the answer off.")};
    if (const auto object = as_object(error)) {
        const auto message = text_member(*object, "message");
        if (!message.empty()) step.text = message;
        step.type = text_member(*object, "type");
    }
    sink(step);
    return true;
}

/// Without a reason the provider's mark of the end is a mistake: an answer that was cut would look whole.
bool ChatSource::end(const Sink& sink) {
    if (stop_ == Stop::unsaid || !segments_.close_all(sink)) return false;
    if (stop_ == Stop::end && !stop_sequence_.empty()) stop_ = Stop::sequence;
    // "stop" is also what is said of a call that was forced.
    if (stop_ == Stop::end && segments_.any_tool()) stop_ = Stop::tool_calls;
    if (refused_) stop_ = Stop::filtered;
    const Spent spent = spent_of(Endpoint::chat_completions, counts_);
    sink({.kind = Step::Kind::stop, .name = stop_sequence_, .stop = stop_, .spent = spent});
    sink({.kind = Step::Kind::end, .spent = spent});
    return true;
}

void ChatSource::finish(const Sink& sink) {
    if (stop_ != Stop::unsaid && counts_.any()) end(sink);
}

}  // namespace

std::unique_ptr<Source> chat_source() { return std::make_unique<ChatSource>(); }

}  // namespace bursar::providers::translate
