#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/gemini_parts.h"
#include "service/providers/translate/stops.h"

#include <optional>

// Google's streamGenerateContent with alt=sse (ai.google.dev/api/generate-content, v1beta, November 2026): every event
// is a GenerateContentResponse, calls come whole, and nothing marks the end but the last event's reason.
namespace bursar::providers::translate {
namespace {

class GeminiSource final : public Source {
  public:
    bool read(std::string_view data, const Sink& sink) override;
    void finish(const Sink& sink) override;

  private:
    void say(const GeminiPart& part, const Sink& sink);
    void call(const GeminiPart& part, const Sink& sink);
    void close(const Sink& sink);
    void end(const Sink& sink);

    Counts counts_;
    std::optional<Part::Kind> open_;
    std::string id_;
    std::string blocked_;
    Stop stop_ = Stop::unsaid;
    std::size_t calls_ = 0;
    std::size_t blocks_ = 0;
    bool begun_ = false;
};

bool GeminiSource::read(std::string_view data, const Sink& sink) {
    dom::object event;
    if (parse(Desk::body, data).get_object().get(event) != simdjson::SUCCESS) return false;
    if (const auto error = object_member(event, "error")) {
        sink({.kind = Step::Kind::error,
              .text = text_member(*error, "message"),
              .type = error_type_from_gemini(text_member(*error, "status"))});
        return true;
    }
    GeminiAnswer said;
    if (!read_gemini(event, said)) return true;  // the protocol may grow
    if (id_.empty()) id_ = said.id;
    if (said.usage) read_counts(*said.usage, counts_);
    if (!begun_) sink({.kind = Step::Kind::begin, .spent = spent_of(Endpoint::generate_content, counts_)});
    begun_ = true;
    for (const auto& part : said.parts) say(part, sink);
    if (blocks_ > blocks_max) return false;
    if (said.stop != Stop::unsaid) stop_ = said.stop;
    if (!said.blocked.empty()) blocked_ = said.blocked;
    if (said.stop != Stop::unsaid && said.usage) end(sink);
    return true;
}

void GeminiSource::say(const GeminiPart& part, const Sink& sink) {
    if (part.kind == Part::Kind::tool_call) return call(part, sink);
    if (open_ != part.kind) {
        close(sink);
        ++blocks_;
        open_ = part.kind;
        sink({.kind = Step::Kind::open, .part = part.kind});
    }
    sink({.kind = Step::Kind::text, .part = part.kind, .text = part.text});
}

void GeminiSource::call(const GeminiPart& part, const Sink& sink) {
    close(sink);
    ++blocks_;
    const std::string id = gemini_call_id(part, id_, calls_++);
    sink({.kind = Step::Kind::open, .part = part.kind, .id = id, .name = part.name});
    const std::string args = part.args ? json_of(*part.args) : std::string("{}");
    sink({.kind = Step::Kind::text, .part = part.kind, .text = args});
    sink({.kind = Step::Kind::close, .part = part.kind});
}

void GeminiSource::close(const Sink& sink) {
    if (open_) sink({.kind = Step::Kind::close, .part = *open_});
    open_.reset();
}

void GeminiSource::end(const Sink& sink) {
    close(sink);
    const bool called = calls_ > 0 && stop_ == Stop::end;
    const Spent spent = spent_of(Endpoint::generate_content, counts_);
    const std::string refusal = blocked_.empty() ? std::string() : blocked_words(blocked_);
    sink({.kind = Step::Kind::stop, .text = refusal, .stop = called ? Stop::tool_calls : stop_, .spent = spent});
    sink({.kind = Step::Kind::end, .spent = spent});
}

void GeminiSource::finish(const Sink& sink) {
    if (stop_ != Stop::unsaid && counts_.any()) end(sink);
}

}  // namespace

std::unique_ptr<Source> gemini_source() { return std::make_unique<GeminiSource>(); }

}  // namespace bursar::providers::translate
