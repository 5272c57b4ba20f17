#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"
#include "service/providers/translate/translate.h"

#include <functional>

// The two functions that each dialect has for requests, answers and streams: one into the canonical form, one out of
// it. The Responses API has callers only: every provider that has it has chat completions too.
namespace bursar::providers::translate {

Result<void> read_chat_request(dom::object body, Ask& ask);
Result<void> read_messages_request(dom::object body, Ask& ask);
Result<void> read_gemini_request(dom::object body, Ask& ask);
Result<void> read_responses_request(dom::object body, Ask& ask);
Result<std::string> write_chat_request(const Ask& ask, const Target& to);
Result<std::string> write_messages_request(const Ask& ask, const Target& to);
Result<std::string> write_gemini_request(const Ask& ask, const Target& to);
/// Bedrock and Cohere have providers only, so nothing is read from their callers or written to them.
Result<std::string> write_converse_request(const Ask& ask, const Target& to);
Result<std::string> write_cohere_request(const Ask& ask, const Target& to);

/// False: it is no answer of that dialect.
bool read_chat_answer(dom::object body, Reply& reply);
bool read_messages_answer(dom::object body, Reply& reply);
bool read_gemini_answer(dom::object body, Reply& reply);
bool read_converse_answer(dom::object body, Reply& reply);
bool read_cohere_answer(dom::object body, Reply& reply);
std::string write_chat_answer(const Reply& reply, const Shown& shown);
std::string write_messages_answer(const Reply& reply, const Shown& shown);
std::string write_gemini_answer(const Reply& reply, const Shown& shown);
std::string write_responses_answer(const Reply& reply, const Shown& shown);

/// What a source says; views in it live for the call only.
using Sink = std::function<void(const Step&)>;

/// Reads the events of a provider's stream, one after the other.
class Source {
  public:
    virtual ~Source() = default;
    /// The data of one event; false: it cannot be understood, and so nothing after it can.
    virtual bool read(std::string_view data, const Sink& sink) = 0;
    /// Nothing more will come: ends the answer if it is whole.
    virtual void finish(const Sink& sink) = 0;
};
std::unique_ptr<Source> chat_source();
std::unique_ptr<Source> messages_source();
std::unique_ptr<Source> gemini_source();
std::unique_ptr<Source> converse_source();
std::unique_ptr<Source> cohere_source();

/// Writes the events of the caller's stream.
class Writer {
  public:
    virtual ~Writer() = default;
    virtual void write(const Step& step, std::string& out) = 0;
    /// It has ended the answer with an error of its own.
    virtual bool broken() const { return false; }
};
std::unique_ptr<Writer> chat_writer(const Shown& shown);
std::unique_ptr<Writer> messages_writer(const Shown& shown);
std::unique_ptr<Writer> gemini_writer(const Shown& shown);
std::unique_ptr<Writer> responses_writer(const Shown& shown);

/// The number in an id of a call is the number in the id that a dialect would have given: "chatcmpl-…", "msg_…".
std::string answer_id(std::string_view prefix, std::string_view call_id);
/// `id`, or one of our own where a provider gave none.
std::string tool_call_id(std::string_view id, std::string_view call_id, std::size_t index);
/// Messages say who called a tool: the model itself, as every one here.
inline constexpr std::string_view direct_caller = R"({"type":"direct"})";

}  // namespace bursar::providers::translate
