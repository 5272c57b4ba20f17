#include "integrations/jira/wiki.h"

#include "integrations/address.h"
#include "integrations/jira/adf.h"
#include "integrations/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::jira {
namespace {

constexpr std::size_t line_units_max = 2000;

bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == ',' ||
           c == '/' || c == '%' || c == '"' || c == '\'' || c == '=' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_inside_word(std::string_view text, std::size_t at) {
    const auto is_letter = [&text](std::size_t i) {
        const char c = text[i];
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return at > 0 && at + 1 < text.size() && is_letter(at - 1) && is_letter(at + 1);
}

/// A link target ends at a bracket or a bar.
std::string link(const Link& each) {
    std::string url;
    for (const char c : each.url) {
        if (c == '[' || c == ']' || c == '|' || c == '{' || c == '}' || c == '!')
            url += percent_encoded(std::string_view(&c, 1));
        else
            url.push_back(c);
    }
    return fmt::format("[{}|{}]", wiki_escaped(cut(each.text, 200)), url);
}

}  // namespace

std::string wiki_escaped(std::string_view text) {
    const std::string line = one_line(text);
    std::string out;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        // Between letters these are what they look like: "2026-11-29", "1,000.00", "a_b" of a key's name is not, and is
        // escaped.
        const bool harmless = (c == '-' || c == '.' || c == ':') && is_inside_word(line, at);
        if (is_plain(c) || harmless || (c == '.' && at + 1 == line.size()))
            out.push_back(c);
        else
            out += fmt::format("&#{};", static_cast<int>(c));
    }
    return out;
}

std::string wiki(const Message& message) {
    const auto line = [](std::string_view text) { return wiki_escaped(cut(text, line_units_max)); };
    const std::string end = fmt::format("\n_{}_", line(small_print(message)));
    constexpr std::size_t left_out_room = 200;
    const std::size_t room = description_units_max - units(end) - left_out_room;
    std::string out;
    std::size_t size = 0, left_out = 0;
    const auto add = [&](const std::string& text) {
        const std::size_t more = units(text) + 1;
        if (size + more > room) {
            ++left_out;
            return;
        }
        size += more;
        out += text + "\n";
    };
    add(fmt::format("*{} {}*", sign_of(message), line(headline(message, Copy::first))));
    for (const std::string& each : lines_of(message.text)) add(line(each));
    for (const Bar& each : message.bars) add(fmt::format("{} {}", line(each.label), bar_words(each.percent)));
    for (const Fact& each : message.facts) add(fmt::format("* {}: {}", line(each.name), line(each.value)));
    for (const Item& each : message.items) add(fmt::format("* {} {}", line(utc_words(each.at)), line(each.text)));
    for (const Link& each : message.links)
        if (is_askable(each.url)) add(link(each));
    left_out += static_cast<std::size_t>(std::max(message.items_left_out, 0));
    if (left_out > 0) out += fmt::format("{} more lines are in the console.\n", left_out);
    return out + end;
}

}  // namespace bursar::integrations::jira
