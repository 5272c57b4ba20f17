// Hunts: a body, an answer or a stream whose translation is no JSON or no stream of its dialect, depends on where it
// was cut, or ends as if it were whole when it is not; a crash on anything a caller or a provider may send.
#include "service/providers/answer.h"
#include "service/providers/meter.h"
#include "service/providers/sse.h"
#include "service/providers/translate/translate.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

namespace {

using namespace bursar;
using namespace bursar::providers;
namespace dom = simdjson::dom;

const translate::Shown shown{.model = "shown", .id = "call_1", .created = 1, .usage_chunk = true};

constexpr translate::Way chat_to_messages{.caller = Endpoint::chat_completions, .provider = Endpoint::messages};
constexpr translate::Way messages_to_chat{.caller = Endpoint::messages, .provider = Endpoint::chat_completions};
constexpr translate::Way chat_to_gemini{.caller = Endpoint::chat_completions, .provider = Endpoint::generate_content};
constexpr translate::Way messages_to_gemini{.caller = Endpoint::messages, .provider = Endpoint::generate_content};
constexpr translate::Way gemini_to_chat{.caller = Endpoint::generate_content, .provider = Endpoint::chat_completions};
constexpr translate::Way responses_to_chat{.caller = Endpoint::responses, .provider = Endpoint::chat_completions};
constexpr translate::Way responses_to_messages{.caller = Endpoint::responses, .provider = Endpoint::messages};
constexpr translate::Way responses_to_gemini{.caller = Endpoint::responses, .provider = Endpoint::generate_content};
constexpr translate::Way gemini_to_messages{.caller = Endpoint::generate_content, .provider = Endpoint::messages};

constexpr std::array<translate::Way, 4> to_cohere = {{{Endpoint::chat_completions, Endpoint::cohere_chat},
                                                      {Endpoint::messages, Endpoint::cohere_chat},
                                                      {Endpoint::generate_content, Endpoint::cohere_chat},
                                                      {Endpoint::responses, Endpoint::cohere_chat}}};

void require(bool truth) {
    if (!truth) std::abort();
}

void request(Endpoint from, Dialect to, std::string_view body) {
    const translate::Target target{.dialect = to, .model = "claude-sonnet-4-5", .max_tokens = 8000};
    const auto sent = translate::request(from, body, target);
    if (!sent) {
        require(sent.error().fault == Fault::invalid_request && !sent.error().for_caller.empty());
        return;
    }
    dom::parser referee;
    dom::object object;
    require(referee.parse(*sent).get_object().get(object) == simdjson::SUCCESS);
    require(object["model"].get_string().value() == target.model && object["messages"].is_array());
    // What was written can be read by the dialect's own reader, and says the same again.
    const auto own = to == Dialect::openai ? Endpoint::chat_completions : Endpoint::messages;
    const auto again = translate::request(own, *sent, target);
    require(again.has_value());
    const auto third = translate::request(own, *again, target);
    require(third.has_value() && *third == *again);
}

/// Google's own reader takes less than its writer can say (URLs of pictures), so only the form is looked at.
void request_to_gemini(Endpoint from, std::string_view body) {
    const translate::Target target{.dialect = Dialect::gemini, .model = "gemini-3.1-pro", .max_tokens = 8000};
    const auto sent = translate::request(from, body, target);
    if (!sent) {
        require(sent.error().fault == Fault::invalid_request && !sent.error().for_caller.empty());
        return;
    }
    dom::parser referee;
    dom::object object;
    require(referee.parse(*sent).get_object().get(object) == simdjson::SUCCESS);
    require(object["contents"].is_array() && object["generationConfig"].is_object());
}

/// Nobody reads Cohere's requests here, so only the form is looked at.
void request_to_cohere(Endpoint from, std::string_view body) {
    const translate::Target target{.dialect = Dialect::cohere, .model = "command-a-reasoning", .max_tokens = 8000};
    const auto sent = translate::request(from, body, target);
    if (!sent) {
        require(sent.error().fault == Fault::invalid_request && !sent.error().for_caller.empty());
        return;
    }
    dom::parser referee;
    dom::object object;
    require(referee.parse(*sent).get_object().get(object) == simdjson::SUCCESS);
    require(object["model"].get_string().value() == target.model && object["messages"].is_array());
}

constexpr std::array<std::pair<Endpoint, Dialect>, 2> embedding = {
    {{Endpoint::gemini_embeddings, Dialect::gemini}, {Endpoint::cohere_embed, Dialect::cohere}}};

void request_embeddings(Dialect to, std::string_view body) {
    const auto sent = translate::request(Endpoint::embeddings, body, {.dialect = to, .model = "vectors"});
    if (!sent) {
        require(sent.error().fault == Fault::invalid_request && !sent.error().for_caller.empty());
        return;
    }
    dom::parser referee;
    dom::object object;
    dom::array list;
    require(referee.parse(*sent).get_object().get(object) == simdjson::SUCCESS);
    require(object[to == Dialect::gemini ? "requests" : "texts"].get_array().get(list) == simdjson::SUCCESS);
    require(list.size() > 0);
}

/// One vector for each text, in either form, or no answer in both; and a count that can be booked.
void vectors(Endpoint provider, std::string_view body, std::size_t texts) {
    const translate::Way way{.caller = Endpoint::embeddings, .provider = provider};
    translate::Shown wanted{.model = "shown", .texts = texts, .input = 7};
    const auto floats = translate::answer(way, body, wanted);
    wanted.base64 = true;
    const auto encoded = translate::answer(way, body, wanted);
    require(floats.has_value() == encoded.has_value());
    wanted.dimensions = 2;
    require(floats.has_value() || !translate::answer(way, body, wanted).has_value());
    const auto meter = Meter::make({.endpoint = provider});
    static_cast<void>(meter->pass_whole(body));
    const Reading reading = meter->finish(7);
    // What is read by a tool, and what was cached, may stand besides.
    require(reading.usage.input >= 0 && reading.usage.total() <= 8 * count_max);
    if (!floats) return;
    for (const std::string* answer : {&*floats, &*encoded}) {
        dom::parser referee;
        dom::array list;
        require(referee.parse(*answer)["data"].get_array().get(list) == simdjson::SUCCESS && list.size() == texts);
    }
}

struct Passed {
    std::string out;
    bool ended = false;
    bool failed = false;
};

Passed pass(const translate::Way& way, std::string_view stream, std::string_view cuts) {
    const auto translation = translate::Stream::make(way, shown);
    Passed passed;
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
        const std::size_t length =
            cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[turn % cuts.size()]) % 64 + std::size_t{1};
        // On the heap, so that a view into it that outlives the call is found.
        const std::string piece(stream.substr(0, length));
        passed.out += translation->pass(piece);
        stream.remove_prefix(piece.size());
    }
    passed.out += translation->finish();
    passed.ended = translation->ended();
    passed.failed = translation->failed();
    return passed;
}

/// The order that clients of Anthropic's stream count on.
class Order {
  public:
    void take(dom::object event) {
        const std::string_view type = event["type"].get_string().value();
        require(!over_);
        if (type == "message_start") {
            require(!begun_);
            begun_ = true;
        } else if (type == "content_block_start") {
            require(begun_ && !open_ && !reason_ && event["index"].get_uint64().value() == index_);
            open_ = true;
        } else if (type == "content_block_delta") {
            require(open_ && event["index"].get_uint64().value() == index_);
        } else if (type == "content_block_stop") {
            require(open_ && event["index"].get_uint64().value() == index_++);
            open_ = false;
        } else if (type == "message_delta") {
            require(begun_ && !open_ && !reason_);
            reason_ = true;
        } else if (type == "message_stop" || type == "error") {
            require(type == "error" || reason_);
            over_ = true;
        } else {
            require(type == "ping" && begun_);
        }
    }

  private:
    bool begun_ = false, open_ = false, reason_ = false, over_ = false;
    std::uint64_t index_ = 0;
};

/// The order that OpenAI's own client counts on: every item begins before it says anything and is done before the end.
class ItemOrder {
  public:
    void take(dom::object event) {
        const std::string_view type = event["type"].get_string().value();
        require(!over_);
        if (type == "response.failed") {
            over_ = true;
            return;
        }
        require(event["sequence_number"].get_uint64().value() == number_++);
        if (type == "response.created" || type == "response.in_progress") {
            require(number_ <= 2);
        } else if (type == "response.output_item.added") {
            require(!open_ && event["output_index"].get_uint64().value() == index_);
            open_ = true;
        } else if (type == "response.output_item.done") {
            require(open_ && event["output_index"].get_uint64().value() == index_++);
            open_ = false;
        } else if (type == "response.completed" || type == "response.incomplete") {
            require(!open_ && event["response"]["output"].get_array().value().size() == index_);
            over_ = true;
        } else {
            require(open_ && event["output_index"].get_uint64().value() == index_);
        }
    }
    bool over() const { return over_; }

  private:
    bool open_ = false, over_ = false;
    std::uint64_t index_ = 0, number_ = 0;
};

void check(Endpoint caller, const Passed& passed) {
    std::string_view rest = passed.out;
    std::string scratch;
    Order order;
    ItemOrder items;
    dom::parser referee;
    bool done = false;
    while (!rest.empty()) {
        EventCutter cutter;
        const std::size_t size = cutter.cut(rest);
        // What Google's own client reads an error from stands bare behind it.
        if (size == 0 && caller == Endpoint::generate_content && passed.failed) break;
        require(size > 0 && !done);
        const auto event = read_event(rest.substr(0, size), scratch);
        rest.remove_prefix(size);
        if (event.data.empty()) continue;
        done = event.data == "[DONE]";
        if (done) continue;
        dom::object object;
        require(referee.parse(event.data.data(), event.data.size()).get_object().get(object) == simdjson::SUCCESS);
        if (caller == Endpoint::messages) order.take(object);
        if (caller == Endpoint::responses) items.take(object);
    }
    require(!(passed.ended && passed.failed));
    if (caller == Endpoint::chat_completions) require(done == passed.ended);
    if (caller == Endpoint::responses) require(items.over() == (passed.ended || passed.failed));
    if (caller == Endpoint::generate_content && !passed.ended)
        require(passed.out.find("\"finishReason\":\"") == std::string::npos);
    if (caller == Endpoint::messages) require(passed.ended == passed.out.ends_with("{\"type\":\"message_stop\"}\n\n"));
}

void stream(const translate::Way& way, const std::string& events, std::string_view cuts) {
    const auto whole = pass(way, events, {});
    check(way.caller, whole);
    // The end mark counts as soon as it could be read, so what follows it in its own event depends on the cut.
    for (std::size_t at = 0; (at = events.find("[DONE]", at)) != std::string::npos; ++at)
        if (events.compare(at + 6, 2, "\n\n") != 0) return;
    const auto cut = pass(way, events, cuts);
    require(cut.out == whole.out && cut.ended == whole.ended && cut.failed == whole.failed);
}

// Each byte of a script is one event, so that whole answers in any order are found quickly.
constexpr std::array<std::string_view, 16> chat_events = {
    R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
    R"({"choices":[{"index":0,"delta":{"content":"a"}}]})",
    R"({"choices":[{"index":0,"delta":{"reasoning_content":"b"}}]})",
    R"({"choices":[{"index":0,"delta":{"reasoning":"b"}}]})",
    R"({"choices":[{"index":0,"delta":{"refusal":"c"}}]})",
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]}}]})",
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"k\":["}}]}}]})",
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1]}"}}]}}]})",
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"y","function":{"name":"g","arguments":"{}"}}]}}]})",
    R"({"choices":[{"index":0,"delta":{"tool_calls":[{"id":"z","function":{"name":"h"}},{"function":{"arguments":" "}}]}}]})",
    R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
    R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3}})",
    R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})",
    "[DONE]",
    R"({"error":{"message":"x"}})",
    R"({"choices":[{"index":1,"delta":{"content":"other"}}]})"};
constexpr std::array<std::string_view, 16> messages_events = {
    R"({"type":"message_start","message":{"usage":{"input_tokens":1}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"d"}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"b"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}})",
    R"({"type":"message_delta","delta":{"stop_reason":null}})",
    R"({"type":"message_stop"})",
    R"({"type":"ping"})",
    R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})"};

constexpr std::array<std::string_view, 16> gemini_events = {
    R"({"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}]})",
    R"({"candidates":[{"content":{"parts":[{"text":"b","thought":true}]}}]})",
    R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"k":[1]}},"thoughtSignature":"c+/="}]}}]})",
    R"({"candidates":[{"content":{"parts":[{"functionCall":{"id":"x","name":"g"}},{"text":"c"}]}}]})",
    R"({"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"d"}]}}]})",
    R"({"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}})",
    R"({"candidates":[{"finishReason":"MAX_TOKENS","index":0}]})",
    R"({"candidates":[{"finishReason":"SAFETY"}],"usageMetadata":{"candidatesTokenCount":1}})",
    R"({"usageMetadata":{"promptTokenCount":3,"thoughtsTokenCount":4}})",
    R"({"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":3}})",
    R"({"candidates":[{"content":{"parts":[{"text":"other"}]},"index":1}]})",
    R"({"candidates":[]})",
    R"({"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})",
    R"({"responseId":"r","modelVersion":"m"})",
    R"({"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]})",
    "[]"};

constexpr std::array<std::string_view, 16> cohere_events = {
    R"({"type":"message-start","id":"c","delta":{"message":{"role":"assistant","content":[]}}})",
    R"({"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}})",
    R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"a"}}}})",
    R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"b"}}}})",
    R"({"type":"content-end","index":0})",
    R"({"type":"tool-plan-delta","delta":{"message":{"tool_plan":"p"}}})",
    R"({"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"x","function":{"name":"f","arguments":""}}}}})",
    R"({"type":"tool-call-start","delta":{"message":{"tool_calls":{"id":"y","function":{"name":"g","arguments":"{}"}}}}})",
    R"({"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"k\":["}}}}})",
    R"({"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1]}"}}}}})",
    R"({"type":"tool-call-end","index":0})",
    R"({"type":"citation-start","index":0,"delta":{"message":{"citations":{"text":"a"}}}})",
    R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":3,"output_tokens":4}}}})",
    R"({"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}})",
    R"({"type":"message-end","delta":{"finish_reason":"ERROR","error":"m"}})",
    R"({"type":"message-end","delta":{}})"};

std::string scripted(const std::array<std::string_view, 16>& events, std::string_view script) {
    std::string all;
    for (const char c : script.substr(0, 256))
        all.append("data: ").append(events[static_cast<unsigned char>(c) % events.size()]).append("\n\n");
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 6) return 0;
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    const auto cuts = input.substr(1, 4);
    const auto rest = input.substr(5);
    switch (bytes[0] < 128 ? bytes[0] % 16 : bytes[0] < 192 ? 16 + bytes[0] % 2 : 18) {
        case 0:
            request(Endpoint::chat_completions, Dialect::anthropic, rest);
            request(Endpoint::chat_completions, Dialect::openai, rest);
            translate::answer(chat_to_messages, rest, shown);
            translate::refusal(Endpoint::chat_completions, 400, rest, "call_1");
            break;
        case 1:
            request(Endpoint::messages, Dialect::openai, rest);
            request(Endpoint::messages, Dialect::anthropic, rest);
            translate::answer(messages_to_chat, rest, shown);
            translate::refusal(Endpoint::messages, 400, rest, "call_1");
            break;
        case 2:
            stream(messages_to_chat, std::string(rest) + "\n\n", cuts);
            break;
        case 3:
            stream(chat_to_messages, std::string(rest) + "\n\n", cuts);
            break;
        case 4:
            stream(messages_to_chat, scripted(chat_events, rest), cuts);
            break;
        case 5:
            stream(chat_to_messages, scripted(messages_events, rest), cuts);
            break;
        case 6:
            request_to_gemini(Endpoint::chat_completions, rest);
            request_to_gemini(Endpoint::messages, rest);
            translate::answer(chat_to_gemini, rest, shown);
            translate::answer(messages_to_gemini, rest, shown);
            break;
        case 7:
            request(Endpoint::generate_content, Dialect::openai, rest);
            request(Endpoint::generate_content, Dialect::anthropic, rest);
            translate::answer(gemini_to_chat, rest, shown);
            translate::answer(gemini_to_messages, rest, shown);
            translate::refusal(Endpoint::generate_content, 400, rest, "call_1");
            break;
        case 8:
            stream(chat_to_gemini, std::string(rest) + "\n\n", cuts);
            stream(messages_to_gemini, std::string(rest) + "\n\n", cuts);
            break;
        case 9:
            stream(chat_to_gemini, scripted(gemini_events, rest), cuts);
            stream(messages_to_gemini, scripted(gemini_events, rest), cuts);
            break;
        case 10:
            stream(gemini_to_chat, scripted(chat_events, rest), cuts);
            break;
        case 11:
            request(Endpoint::responses, Dialect::openai, rest);
            request(Endpoint::responses, Dialect::anthropic, rest);
            request_to_gemini(Endpoint::responses, rest);
            translate::answer(responses_to_chat, rest, shown);
            translate::answer(responses_to_messages, rest, shown);
            translate::answer(responses_to_gemini, rest, shown);
            translate::refusal(Endpoint::responses, 400, rest, "call_1");
            break;
        case 12:
            stream(responses_to_chat, scripted(chat_events, rest), cuts);
            break;
        case 13:
            stream(responses_to_messages, scripted(messages_events, rest), cuts);
            break;
        case 14:
            stream(responses_to_gemini, scripted(gemini_events, rest), cuts);
            break;
        case 16:
            for (const auto& way : to_cohere) {
                request_to_cohere(way.caller, rest);
                translate::answer(way, rest, shown);
            }
            break;
        case 17:
            for (const auto& way : to_cohere) stream(way, scripted(cohere_events, rest), cuts);
            break;
        case 18:
            for (const auto& [provider, dialect] : embedding) {
                request_embeddings(dialect, rest);
                vectors(provider, rest, static_cast<std::size_t>(bytes[1] % 4));
            }
            break;
        default:
            stream(gemini_to_messages, scripted(messages_events, rest), cuts);
            break;
    }
    return 0;
}
