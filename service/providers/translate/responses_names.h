#pragma once

#include "service/providers/translate/canonical.h"

#include <string>
#include <string_view>

// What a tool of the Responses API is beside its name: one of a namespace, or one that takes plain text instead of
// JSON. Other dialects have neither. Both travel in the name, by which a call of the tool is known again in the answer.
namespace bursar::providers::translate {

struct ToolName {
    std::string_view space;  ///< the namespace; empty: none
    std::string_view name;
    bool takes_text = false;  ///< a `custom` tool: a function there, whose one argument is `input`
    bool operator==(const ToolName&) const = default;
};

/// The name that the provider sees.
std::string joined_name(const ToolName& name);
ToolName split_name(std::string_view name);
/// Whether a caller's name would be taken for a joined one.
bool reads_as_joined(std::string_view name);

/// The arguments of a call of a tool that takes text, and back. What is not of that form is the text itself.
std::string text_as_arguments(std::string_view text);
std::string text_in_arguments(std::string_view arguments);
/// The schema of such arguments.
inline constexpr std::string_view text_schema =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false})";

}  // namespace bursar::providers::translate
