#include "service/base/json.h"
#include "service/providers/meter.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/stops.h"
#include "service/providers/translate/thoughts.h"

// OpenAI's chunks. Thinking goes out as `reasoning_content`, and at the end once more, whole and signed, as
// `thinking_blocks`: clients that put a message together from deltas keep the last value of a member that they do not
// know, so that one must be complete.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class ChatStreamWriter final : public Writer {
  public:
    explicit ChatStreamWriter(const Shown& shown);
    void write(const Step& step, std::string& out) override;

  private:
    /// A chunk with this delta, which is JSON.
    void chunk(std::string_view delta, std::string_view finish_reason, std::string& out) const;
    void open(const Step& step, std::string& out);
    void think(std::string_view thought);
    void text(const Step& step, std::string& out);
    void close(const Step& step, std::string& out);
    void stop(const Step& step, std::string& out);
    void end(const Step& step, std::string& out) const;
    void tool_delta(std::string_view arguments, std::string& out) const;

    std::string head_;  ///< of every chunk, up to its choices
    std::string call_id_;
    bool usage_chunk_;
    std::uint64_t tools_ = 0;
    bool arguments_ = false;  ///< the tool call has some
    std::size_t blocks_ = 0;
    std::string thought_, signature_;
    Thoughts thoughts_;
    std::size_t thought_bytes_ = 0;
};

ChatStreamWriter::ChatStreamWriter(const Shown& shown) : call_id_(shown.id), usage_chunk_(shown.usage_chunk) {
    JsonWriter json;
    json.open().field("id", answer_id("chatcmpl-", shown.id)).field("object", "chat.completion.chunk");
    json.field("created", shown.created).field("model", shown.model);
    head_ = "data: " + std::move(json).text() + ",\"choices\":[";
}

void ChatStreamWriter::chunk(std::string_view delta, std::string_view finish_reason, std::string& out) const {
    out.append(head_).append("{\"index\":0,\"delta\":").append(delta).append(",\"logprobs\":null,\"finish_reason\":");
    if (finish_reason.empty())
        out += "null";
    else
        out.append("\"").append(finish_reason).append("\"");
    out += usage_chunk_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

void ChatStreamWriter::write(const Step& step, std::string& out) {
    switch (step.kind) {
        case Step::Kind::begin:
            chunk(R"({"role":"assistant","content":"","refusal":null})", {}, out);
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
            stop(step, out);
            break;
        case Step::Kind::end:
            end(step, out);
            break;
        case Step::Kind::ping:
            out += ": ping\n\n";
            break;
        case Step::Kind::error:
            out += error_event(Endpoint::chat_completions, chat_error_type(step.type), step.type, step.text, call_id_);
            break;
    }
}

void ChatStreamWriter::open(const Step& step, std::string& out) {
    thought_.clear();
    signature_.clear();
    if (step.part == Kind::redacted_thinking) think(step.text);
    if (step.part != Kind::tool_call) return;
    arguments_ = false;
    JsonWriter json;
    json.open().key("tool_calls").open_list().open().field("index", tools_);
    json.field("id", tool_call_id(step.id, call_id_, tools_)).field("type", "function").key("function").open();
    json.field("name", step.name).field("arguments", "").close().close().close_list().close();
    chunk(json.text(), {}, out);
}

void ChatStreamWriter::tool_delta(std::string_view arguments, std::string& out) const {
    JsonWriter json(arguments.size() + 128);
    json.open().key("tool_calls").open_list().open().field("index", tools_).key("function").open();
    json.field("arguments", arguments).close().close().close_list().close();
    chunk(json.text(), {}, out);
}

void ChatStreamWriter::think(std::string_view thought) {
    thought_bytes_ += thought.size();
    if (thought_bytes_ <= waiting_bytes_max) thought_ += thought;
}

void ChatStreamWriter::text(const Step& step, std::string& out) {
    if (step.part == Kind::tool_call) {
        arguments_ = true;
        tool_delta(step.text, out);
        return;
    }
    if (step.part == Kind::thinking) think(step.text);
    JsonWriter json(step.text.size() + 128);
    json.open().field(step.part == Kind::thinking ? "reasoning_content" : "content", step.text).close();
    chunk(json.text(), {}, out);
}

void ChatStreamWriter::close(const Step& step, std::string& out) {
    if (step.part == Kind::tool_call) {
        // A call without arguments is an empty object for Chat clients, which parse it.
        if (!arguments_) tool_delta("{}", out);
        ++tools_;
    }
    Part part{.kind = step.part, .text = thought_, .signature = signature_};
    thoughts_.add(part, blocks_++);
}

void ChatStreamWriter::stop(const Step& step, std::string& out) {
    // Above the bound what was kept is not whole, and so worthless.
    if (!thoughts_.empty() && thought_bytes_ <= waiting_bytes_max)
        chunk("{\"thinking_blocks\":" + thoughts_.json() + "}", {}, out);
    JsonWriter json;
    json.open();
    if (!step.text.empty()) json.field("refusal", step.text);
    json.close();
    chunk(json.text(), chat_word(step.stop), out);
}

void ChatStreamWriter::end(const Step& step, std::string& out) const {
    if (usage_chunk_) {
        JsonWriter json;
        write_chat_usage(json, step.spent);
        out.append(head_).append("],\"usage\":").append(json.text()).append("}\n\n");
    }
    out += "data: [DONE]\n\n";
}

}  // namespace

std::unique_ptr<Writer> chat_writer(const Shown& shown) { return std::make_unique<ChatStreamWriter>(shown); }

}  // namespace bursar::providers::translate
