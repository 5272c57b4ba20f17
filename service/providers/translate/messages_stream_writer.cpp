#include "service/base/json.h"
#include "service/providers/meter.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/stops.h"

// Anthropic's event stream, in the order that its clients count on: one block after the other.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class MessagesStreamWriter final : public Writer {
  public:
    explicit MessagesStreamWriter(const Shown& shown) : model_(shown.model), id_(shown.id) {}
    void write(const Step& step, std::string& out) override;

  private:
    void begin(const Step& step, std::string& out);
    void open(const Step& step, std::string& out);
    void delta(const Step& step, std::string& out);
    void stop(const Step& step, std::string& out);

    std::string model_, id_;
    std::uint64_t index_ = 0;
    bool begun_ = false;
};

void put(std::string_view name, JsonWriter&& json, std::string& out) {
    out.append("event: ").append(name).append("\ndata: ").append(json.text()).append("\n\n");
}

void MessagesStreamWriter::write(const Step& step, std::string& out) {
    JsonWriter json;
    switch (step.kind) {
        case Step::Kind::begin:
            begin(step, out);
            break;
        case Step::Kind::open:
            open(step, out);
            break;
        case Step::Kind::text:
        case Step::Kind::sign:
            delta(step, out);
            break;
        case Step::Kind::close:
            json.open().field("type", "content_block_stop").field("index", index_++).close();
            put("content_block_stop", std::move(json), out);
            break;
        case Step::Kind::stop:
            stop(step, out);
            break;
        case Step::Kind::end:
            out += "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
            break;
        case Step::Kind::ping:
            if (begun_) out += "event: ping\ndata: {\"type\":\"ping\"}\n\n";
            break;
        case Step::Kind::error:
            out += error_event(Endpoint::messages, messages_error_type(step.type), {}, step.text, id_);
            break;
    }
}

/// The prompt was not counted yet: what a Chat provider says of it comes last, and then stands in message_delta.
void MessagesStreamWriter::begin(const Step& step, std::string& out) {
    begun_ = true;
    JsonWriter json;
    json.open().field("type", "message_start").key("message").open().field("id", answer_id("msg_", id_));
    json.field("type", "message").field("role", "assistant").field("model", model_);
    json.key("container").null().key("diagnostics").null().key("content").open_list().close_list();
    json.key("stop_reason").null().key("stop_sequence").null().key("stop_details").null().key("usage");
    write_messages_usage(json, step.spent, UsageOf::message);
    json.close().close();
    put("message_start", std::move(json), out);
}

void MessagesStreamWriter::open(const Step& step, std::string& out) {
    JsonWriter json;
    json.open().field("type", "content_block_start").field("index", index_).key("content_block").open();
    if (step.part == Kind::thinking) {
        json.field("type", "thinking").field("thinking", "").field("signature", "");
    } else if (step.part == Kind::redacted_thinking) {
        json.field("type", "redacted_thinking").field("data", step.text);
    } else if (step.part == Kind::tool_call) {
        json.field("type", "tool_use").field("id", tool_call_id(step.id, id_, index_)).field("name", step.name);
        json.key("caller").raw(direct_caller).key("input").open().close();
    } else {
        json.field("type", "text").field("text", "").key("citations").null();
    }
    json.close().close();
    put("content_block_start", std::move(json), out);
}

void MessagesStreamWriter::delta(const Step& step, std::string& out) {
    JsonWriter json(step.text.size() + 128);
    json.open().field("type", "content_block_delta").field("index", index_).key("delta").open();
    if (step.kind == Step::Kind::sign)
        json.field("type", "signature_delta").field("signature", step.text);
    else if (step.part == Kind::thinking)
        json.field("type", "thinking_delta").field("thinking", step.text);
    else if (step.part == Kind::tool_call)
        json.field("type", "input_json_delta").field("partial_json", step.text);
    else
        json.field("type", "text_delta").field("text", step.text);
    json.close().close();
    put("content_block_delta", std::move(json), out);
}

void MessagesStreamWriter::stop(const Step& step, std::string& out) {
    JsonWriter json;
    json.open().field("type", "message_delta").key("delta").open().field("stop_reason", messages_word(step.stop));
    json.key("stop_sequence");
    if (step.stop == Stop::sequence)
        json.value(step.name);
    else
        json.null();
    json.key("stop_details").null().key("container").null().close().key("usage");
    write_messages_usage(json, step.spent, UsageOf::delta);
    json.close();
    put("message_delta", std::move(json), out);
}

}  // namespace

std::unique_ptr<Writer> messages_writer(const Shown& shown) { return std::make_unique<MessagesStreamWriter>(shown); }

}  // namespace bursar::providers::translate
