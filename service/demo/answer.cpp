#include "service/demo/answer.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr std::size_t quoted_words_max = 60;

/// Which function is called: the one insisted on, else one that runs a command, else the first.
const Tool* choose_tool(const Ask& ask) {
    if (ask.tools.empty() || ask.tool_choice == ToolChoice::none) return nullptr;
    for (const std::string_view wanted :
         {std::string_view(ask.tool_wanted), std::string_view("exec_command"), std::string_view("shell"),
          std::string_view("Bash"), std::string_view("run_shell_command")}) {
        for (const Tool& tool : ask.tools)
            if (!wanted.empty() && tool.name == wanted) return &tool;
    }
    return &ask.tools.front();
}

bool wants_tool(const Ask& ask) {
    if (ask.tool_result) return false;
    return ask.directives.tool_calls > 0 || ask.tool_choice == ToolChoice::required ||
           ask.user_text.contains("use the tool");
}

/// Quotes the end of what the tool said: there stands the output, behind whatever the agent wrote before it.
std::vector<std::string> words_about_result(std::string_view result, std::optional<Tokens> count) {
    std::vector<std::string> words = {"The", "tool", "answered:"};
    const std::vector<std::string> said = split(result);
    const std::size_t skipped = said.size() - std::min(said.size(), quoted_words_max);
    words.insert(words.end(), said.begin() + static_cast<std::ptrdiff_t>(skipped), said.end());
    if (!count) return words;
    if (const auto wanted = static_cast<std::size_t>(*count); words.size() < wanted) {
        const auto rest = paragraph({}, static_cast<Tokens>(wanted - words.size()));
        words.insert(words.end(), rest.begin(), rest.end());
    } else {
        words.resize(wanted);
    }
    return words;
}

std::vector<std::string> words_of_answer(const Ask& ask) {
    const std::string prompt = without_directives(ask.user_text);
    if (ask.tool_result) return words_about_result(*ask.tool_result, ask.directives.tokens);
    if (!ask.answer_schema.empty()) return {example_of(ask.answer_schema)};
    return paragraph(prompt, ask.directives.tokens);
}

void count_input(const Ask& ask, Answer& answer) {
    Usage& usage = answer.usage;
    usage.cache_read = ask.directives.cached;
    usage.cache_write_5m = ask.directives.cache_write_5m;
    usage.cache_write_1h = ask.directives.cache_write_1h;
    const bool by_directive = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h > 0;
    if (ask.cache_marked && !by_directive)
        (ask.cache_one_hour ? usage.cache_write_1h : usage.cache_write_5m) = ask.prompt_words / 2;
    usage.input =
        std::max<Tokens>(0, ask.prompt_words - usage.cache_read - usage.cache_write_5m - usage.cache_write_1h);
}

/// Reasoning first, then text, all below the caller's maximum.
void fill_text(const Ask& ask, Answer& answer, Tokens room) {
    const Tokens thought = std::min(room, ask.directives.reasoning);
    if (thought > 0) answer.reasoning = paragraph("a little thought", thought);
    std::vector<std::string> words = words_of_answer(ask);
    if (ask.directives.big_event_mib > 0)
        words.insert(words.begin(), std::string(static_cast<std::size_t>(ask.directives.big_event_mib) << 20, 'x'));
    if (static_cast<Tokens>(words.size()) > room - thought) {
        words.resize(static_cast<std::size_t>(room - thought));
        answer.finish = Finish::length;
    }
    answer.usage.reasoning = thought;
    answer.usage.output = thought + static_cast<Tokens>(words.size()) * ask.choices;
    answer.choices.assign(static_cast<std::size_t>(ask.choices), words);
}

bool fill_tool_calls(const Ask& ask, Answer& answer, Tokens room) {
    const Tool* const tool = wants_tool(ask) ? choose_tool(ask) : nullptr;
    if (tool == nullptr) return false;
    const std::string arguments = example_of(tool->schema);
    const std::int64_t calls = std::max<std::int64_t>(1, ask.directives.tool_calls);
    const Tokens thought = std::min(room, ask.directives.reasoning);
    const Tokens output = thought + calls * words_in(arguments);
    if (output > room) return false;
    if (thought > 0) answer.reasoning = paragraph("a little thought", thought);
    const bool anthropic = ask.endpoint == Endpoint::messages;
    for (std::int64_t i = 0; i < calls; ++i)
        answer.tool_calls.push_back({fmt::format("{}_demo{:08x}{:02x}", anthropic ? "toolu" : "call", answer.number, i),
                                     tool->name, arguments});
    answer.choices.assign(1, {});
    answer.finish = Finish::tool_calls;
    answer.usage.reasoning = thought;
    answer.usage.output = output;
    return true;
}

}  // namespace

std::string Answer::id(std::string_view prefix) const { return fmt::format("{}demo{:08x}", prefix, number); }

Answer plan_answer(const Ask& ask, std::uint64_t number, Timestamp now) {
    Answer answer;
    answer.number = number;
    answer.created = unix_milliseconds(now) / 1000;
    answer.model = ask.model;
    answer.served = ask.directives.served;
    answer.tell_usage = !ask.directives.no_usage;
    count_input(ask, answer);
    if (ask.endpoint == Endpoint::embeddings || ask.endpoint == Endpoint::count_tokens) return answer;
    constexpr Tokens boundless = 1'000'000'000;
    const Tokens room = ask.output_max.value_or(boundless);
    if (!fill_tool_calls(ask, answer, room)) fill_text(ask, answer, room);
    if (ask.directives.usage) answer.usage = *ask.directives.usage;
    return answer;
}

}  // namespace bursar::demo
