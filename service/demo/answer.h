#pragma once

#include "service/base/clock.h"
#include "service/demo/ask.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bursar::demo {

struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;  ///< JSON
};

enum class Finish : std::uint8_t { stop, length, tool_calls };

/// What is answered, before any dialect writes it down. The same question with the same number gives the same answer.
struct Answer {
    std::uint64_t number = 0;
    std::int64_t created = 0;  ///< Unix seconds
    std::string model;
    std::vector<std::string> reasoning;             ///< words
    std::vector<std::vector<std::string>> choices;  ///< words, per choice
    std::vector<ToolCall> tool_calls;               ///< of choice 0, instead of text
    Finish finish = Finish::stop;
    /// Classes that do not overlap, but that `output` holds `reasoning` too, as both dialects count it.
    Usage usage;
    Served served;
    bool tell_usage = true;

    Tokens prompt_tokens() const { return usage.input_total(); }
    /// "chatcmpl-demo0000002a"
    std::string id(std::string_view prefix) const;
};

Answer plan_answer(const Ask& ask, std::uint64_t number, Timestamp now);

/// Words of a pleasant paragraph about `prompt`, always the same for the same prompt; `count` of them, or as many as
/// come naturally.
std::vector<std::string> paragraph(std::string_view prompt, std::optional<Tokens> count);

/// A JSON value that fits a JSON schema: required properties only. Properties named cmd or command become `echo pong`.
std::string example_of(std::string_view schema);

/// A unit vector that depends on the text alone.
std::vector<float> embedding_of(std::string_view text, std::int64_t dimensions);

/// The words of `text`, at white space.
std::vector<std::string> split(std::string_view text);

/// The words as one text, with single spaces.
std::string joined(const std::vector<std::string>& words);

}  // namespace bursar::demo
