#include "service/providers/meter.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/responses_items.h"
#include "service/providers/translate/responses_names.h"
#include "service/providers/translate/responses_proof.h"
#include "service/providers/translate/stops.h"

// OpenAI's events of a response (the types of its npm client 7.57, November 2026). Every item is said three times, in
// pieces, whole at its end, and in the response at the end of all, so it is kept until then.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

class ResponsesStreamWriter final : public Writer {
  public:
    explicit ResponsesStreamWriter(const Shown& shown) : head_(shown), call_id_(shown.id) {}
    void write(const Step& step, std::string& out) override;
    bool broken() const override { return broken_; }

  private:
    void begin(std::string& out);
    void open(const Step& step, std::string& out);
    void text(const Step& step, std::string& out);
    void close(std::string& out);
    void stop(const Step& step, std::string& out);
    void end(const Step& step, std::string& out);
    void error(std::string_view type, std::string_view words, std::string& out);

    void open_item(Kind kind, const Step& step, std::string& out);
    void open_part(std::string& out);
    void delta(std::string_view piece, std::string& out);
    void close_part(std::string& out);
    void close_item(std::string& out);
    void close_call(std::string& out);

    /// Begins an event with its type and number.
    JsonWriter event(std::string_view type, std::size_t bytes = 0);
    /// The same, with the place of the open item, and of its part.
    JsonWriter item_event(std::string_view type, std::size_t bytes = 0);
    void put(JsonWriter&& json, std::string& out);
    void put_response(std::string_view type, const ResponseEnd& end, std::string& out);

    ResponseHead head_;
    std::string call_id_;
    std::string_view type_;  ///< of the event that is being written
    std::uint64_t number_ = 0;
    std::uint64_t index_ = 0;
    Item item_;
    std::string signature_;
    bool open_ = false;  ///< there is an open item: a message also after its text, as the next block may be text too
    bool part_open_ = false;  ///< and an open part in it
    std::string output_;      ///< the items that are whole, as JSON
    std::size_t kept_ = 0;
    bool broken_ = false;
    Stop stop_ = Stop::end;
};

void ResponsesStreamWriter::write(const Step& step, std::string& out) {
    if (broken_) return;
    // Everything is kept until the end: not only the words.
    kept_ += step.text.size() + step.id.size() + step.name.size();
    if (kept_ > waiting_bytes_max && step.kind != Step::Kind::error) {
        error("server_error", "The answer is larger than Bursar can translate.", out);
        return;
    }
    switch (step.kind) {
        case Step::Kind::begin:
            begin(out);
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
            close(out);
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
            error(chat_error_type(step.type), step.text, out);
            break;
    }
}

JsonWriter ResponsesStreamWriter::event(std::string_view type, std::size_t bytes) {
    type_ = type;
    JsonWriter json(bytes + 256);
    json.open().field("type", type).field("sequence_number", number_++);
    return json;
}

JsonWriter ResponsesStreamWriter::item_event(std::string_view type, std::size_t bytes) {
    JsonWriter json = event(type, bytes);
    json.field("item_id", item_.id).field("output_index", index_);
    if (item_.kind == Kind::thinking) json.field("summary_index", 0);
    if (item_.kind == Kind::text || item_.kind == Kind::refusal) json.field("content_index", 0);
    return json;
}

void ResponsesStreamWriter::put(JsonWriter&& json, std::string& out) {
    json.close();
    out.append("event: ").append(type_).append("\ndata: ").append(json.text()).append("\n\n");
}

void ResponsesStreamWriter::put_response(std::string_view type, const ResponseEnd& end, std::string& out) {
    JsonWriter json = event(type, output_.size() + 1024);
    json.key("response");
    write_response(json, head_, end, output_);
    put(std::move(json), out);
}

void ResponsesStreamWriter::begin(std::string& out) {
    put_response("response.created", {}, out);
    put_response("response.in_progress", {}, out);
}

void ResponsesStreamWriter::open(const Step& step, std::string& out) {
    if (open_ && step.part == Kind::text && item_.kind == Kind::text) return;
    if (open_) close_item(out);
    open_item(step.part, step, out);
    if (step.part == Kind::text) open_part(out);
}

void ResponsesStreamWriter::open_item(Kind kind, const Step& step, std::string& out) {
    item_ = make_item(kind, call_id_, index_);
    signature_.clear();
    open_ = true;
    if (kind == Kind::tool_call) name_call(item_, step.id, step.name, call_id_, index_);
    if (kind == Kind::redacted_thinking) item_.sealed = sealed({.kind = kind, .text = step.text});
    JsonWriter json = event("response.output_item.added");
    json.field("output_index", index_).key("item");
    write_item(json, item_, Progress::begun);
    put(std::move(json), out);
}

void ResponsesStreamWriter::open_part(std::string& out) {
    part_open_ = true;
    JsonWriter json = item_event(item_.kind == Kind::thinking ? "response.reasoning_summary_part.added"
                                                              : "response.content_part.added");
    json.key("part");
    write_item_part(json, item_, {});
    put(std::move(json), out);
}

void ResponsesStreamWriter::text(const Step& step, std::string& out) {
    item_.text += step.text;
    // Of a tool that takes text the pieces are JSON, which its caller must not see.
    if (item_.kind == Kind::tool_call && takes_text(item_)) return;
    if (item_.kind == Kind::thinking && !part_open_) open_part(out);
    delta(step.text, out);
}

void ResponsesStreamWriter::delta(std::string_view piece, std::string& out) {
    std::string_view type = "response.output_text.delta";
    if (item_.kind == Kind::thinking) type = "response.reasoning_summary_text.delta";
    if (item_.kind == Kind::refusal) type = "response.refusal.delta";
    if (item_.kind == Kind::tool_call)
        type = takes_text(item_) ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta";
    JsonWriter json = item_event(type, piece.size());
    json.field("delta", piece);
    if (item_.kind == Kind::text) json.key("logprobs").open_list().close_list();
    put(std::move(json), out);
}

void ResponsesStreamWriter::close(std::string& out) {
    if (item_.kind != Kind::text) close_item(out);
}

void ResponsesStreamWriter::close_part(std::string& out) {
    part_open_ = false;
    const bool summary = item_.kind == Kind::thinking, refusal = item_.kind == Kind::refusal;
    JsonWriter json = item_event(summary   ? "response.reasoning_summary_text.done"
                                 : refusal ? "response.refusal.done"
                                           : "response.output_text.done",
                                 item_.text.size());
    json.field(refusal ? "refusal" : "text", item_.text);
    if (item_.kind == Kind::text) json.key("logprobs").open_list().close_list();
    put(std::move(json), out);
    json =
        item_event(summary ? "response.reasoning_summary_part.done" : "response.content_part.done", item_.text.size());
    json.key("part");
    write_item_part(json, item_, item_.text);
    put(std::move(json), out);
}

void ResponsesStreamWriter::close_call(std::string& out) {
    const bool text = takes_text(item_);
    if (text) {
        item_.text = text_in_arguments(item_.text);
        delta(item_.text, out);
    } else if (item_.text.empty()) {
        // Clients parse it.
        item_.text = "{}";
        delta(item_.text, out);
    }
    JsonWriter json = item_event(
        text ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done", item_.text.size());
    // OpenAI's description and its clients up to major 6 have the name beside the arguments.
    if (!text) json.field("name", split_name(item_.name).name);
    json.field(text ? "input" : "arguments", item_.text);
    put(std::move(json), out);
}

void ResponsesStreamWriter::close_item(std::string& out) {
    if (part_open_) close_part(out);
    if (item_.kind == Kind::tool_call) close_call(out);
    if (item_.kind == Kind::thinking)
        item_.sealed = sealed({.kind = Kind::thinking, .text = item_.text, .signature = signature_});
    JsonWriter whole(item_.text.size() + item_.sealed.size() + 512);
    write_item(whole, item_, Progress::done);
    JsonWriter json = event("response.output_item.done", whole.text().size());
    json.field("output_index", index_++).key("item").raw(whole.text());
    put(std::move(json), out);
    output_.append(output_.empty() ? "" : ",").append(whole.text());
    open_ = false;
}

void ResponsesStreamWriter::stop(const Step& step, std::string& out) {
    if (open_) close_item(out);
    stop_ = step.stop;
    if (step.text.empty()) return;
    open_item(Kind::refusal, step, out);
    open_part(out);
    item_.text = step.text;
    delta(step.text, out);
    close_item(out);
}

void ResponsesStreamWriter::end(const Step& step, std::string& out) {
    const ResponseEnd end = end_of_response(stop_, step.spent);
    put_response(end.incomplete.empty() ? "response.completed" : "response.incomplete", end, out);
}

void ResponsesStreamWriter::error(std::string_view type, std::string_view words, std::string& out) {
    broken_ = true;
    out += error_event(Endpoint::responses, type, {}, words, call_id_);
}

}  // namespace

std::unique_ptr<Writer> responses_writer(const Shown& shown) { return std::make_unique<ResponsesStreamWriter>(shown); }

}  // namespace bursar::providers::translate
