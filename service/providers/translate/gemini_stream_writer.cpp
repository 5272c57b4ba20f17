#include "service/base/json.h"
#include "service/providers/meter.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/gemini_proof.h"
#include "service/providers/translate/reading.h"
#include "service/providers/translate/stops.h"

// Google's streamGenerateContent with alt=sse. A call goes out whole, as its clients know no pieces of one; only the
// last event has a reason, and only if the provider's own end came.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class GeminiStreamWriter final : public Writer {
  public:
    explicit GeminiStreamWriter(const Shown& shown) : model_(shown.model), id_(shown.id) {}
    void write(const Step& step, std::string& out) override;

  private:
    void open(const Step& step, std::string& out);
    void text(const Step& step, std::string& out);
    void close(const Step& step, std::string& out);
    void end(const Step& step, std::string& out) const;
    void thought(std::string_view text, std::string_view proof, std::string& out) const;
    /// An event with this part, which is JSON.
    void part(std::string_view json, std::string& out) const;
    void end_event(JsonWriter& json, std::string& out) const;

    std::string model_, id_;
    std::string call_id_, name_, arguments_, signature_;
    std::string refusal_;
    Stop stop_ = Stop::end;
    std::size_t calls_ = 0;
};

void GeminiStreamWriter::write(const Step& step, std::string& out) {
    switch (step.kind) {
        case Step::Kind::begin:
            break;
        case Step::Kind::open:
            open(step, out);
            break;
        case Step::Kind::text:
            text(step, out);
            break;
        case Step::Kind::sign:
            signature_ = step.text;
            break;
        case Step::Kind::close:
            close(step, out);
            break;
        case Step::Kind::stop:
            stop_ = step.stop;
            refusal_ = step.text;
            break;
        case Step::Kind::end:
            end(step, out);
            break;
        case Step::Kind::ping:
            // Google sends none, and clients built on its older package take a comment for a broken stream.
            break;
        case Step::Kind::error:
            out += error_event(Endpoint::generate_content, messages_error_type(step.type), {}, step.text, id_);
            break;
    }
}

void GeminiStreamWriter::open(const Step& step, std::string& out) {
    signature_.clear();
    if (step.part == Kind::redacted_thinking)
        thought({}, proof_of({.kind = Kind::redacted_thinking, .text = step.text}), out);
    if (step.part != Kind::tool_call) return;
    call_id_ = tool_call_id(step.id, id_, calls_++);
    name_ = step.name;
    arguments_.clear();
}

void GeminiStreamWriter::text(const Step& step, std::string& out) {
    if (step.part == Kind::tool_call) {
        // Above the bound it is not whole, and so no call.
        if (arguments_.size() + step.text.size() <= waiting_bytes_max) arguments_ += step.text;
        return;
    }
    if (step.part == Kind::thinking) return thought(step.text, {}, out);
    JsonWriter json(step.text.size() + 32);
    part(json.open().field("text", step.text).close().text(), out);
}

void GeminiStreamWriter::thought(std::string_view text, std::string_view proof, std::string& out) const {
    JsonWriter json(text.size() + proof.size() + 64);
    json.open().field("text", text).field("thought", true);
    if (!proof.empty()) json.field("thoughtSignature", proof);
    part(json.close().text(), out);
}

void GeminiStreamWriter::close(const Step& step, std::string& out) {
    if (step.part == Kind::thinking) {
        const std::string proof = proof_of({.kind = Kind::thinking, .signature = signature_});
        if (!proof.empty()) thought({}, proof, out);
    }
    if (step.part != Kind::tool_call) return;
    JsonWriter json(arguments_.size() + 128);
    json.open().key("functionCall").open().field("id", call_id_).field("name", name_).key("args");
    if (const auto object = object_text(arguments_))
        json.raw(*object);
    else
        json.open().field("arguments", arguments_).close();
    part(json.close().close().text(), out);
}

void GeminiStreamWriter::part(std::string_view part, std::string& out) const {
    JsonWriter json(part.size() + 256);
    json.open().key("candidates").open_list().open().key("content").open().key("parts").open_list().raw(part);
    json.close_list().field("role", "model").close().field("index", 0).close().close_list();
    end_event(json, out);
}

void GeminiStreamWriter::end_event(JsonWriter& json, std::string& out) const {
    json.field("modelVersion", model_).field("responseId", id_).close();
    out.append("data: ").append(json.text()).append("\n\n");
}

void GeminiStreamWriter::end(const Step& step, std::string& out) const {
    JsonWriter json;
    json.open().key("candidates").open_list().open().key("content").open().key("parts").open_list();
    // Clients keep no content without parts in their history.
    json.open().field("text", "").close().close_list().field("role", "model").close();
    json.field("finishReason", gemini_word(stop_));
    if (!refusal_.empty()) json.field("finishMessage", refusal_);
    json.field("index", 0).close().close_list().key("usageMetadata");
    write_gemini_usage(json, step.spent);
    end_event(json, out);
}

}  // namespace

std::unique_ptr<Writer> gemini_writer(const Shown& shown) { return std::make_unique<GeminiStreamWriter>(shown); }

}  // namespace bursar::providers::translate
