#include "installer/setup/answers.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
    return text;
}

/// Whether the word is one of those in `words`, which are separated by spaces.
bool is_one_of(std::string_view word, std::string_view words) {
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        if (word == words.substr(0, end)) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

/// What a line of an INI file can carry and be read back as it was; "${" is expanded by its reader.
bool fits_a_line(std::string_view value) {
    return std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
           !value.contains("${") && !value.ends_with('\\') && value == trimmed(value);
}

std::string at_line(std::string_view from, std::size_t line, std::string_view why) {
    return fmt::format("{}:{}: {}", from, line, why);
}

}  // namespace

const Question* question_of(std::string_view key) {
    const auto all = all_questions();
    const auto found = std::ranges::find(all, key, &Question::key);
    return found == all.end() ? nullptr : &*found;
}

Result<Answers> Answers::read(std::string_view text, std::string_view from) {
    if (text.size() > file_bytes_max)
        return fail(Fault::invalid_request,
                    fmt::format("{} has more than {} bytes; answers are short lines.", from, file_bytes_max));
    Answers out;
    std::string section;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == ';' || line.front() == '#') continue;
        if (line.front() == '[' && line.back() == ']') {
            section = trimmed(line.substr(1, line.size() - 2));
            continue;
        }
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || section.empty())
            return fail(Fault::invalid_request,
                        at_line(from, number, "this is no answer; write [section] and below it lines of key = value."));
        const std::string key = fmt::format("{}.{}", section, trimmed(line.substr(0, equals)));
        if (out.values_.contains(key))
            return fail(Fault::invalid_request,
                        at_line(from, number, fmt::format("{} is answered twice; take one of the lines out.", key)));
        if (const auto done = out.set(key, trimmed(line.substr(equals + 1))); !done)
            return fail(Fault::invalid_request, at_line(from, number, done.error().for_caller));
    }
    return out;
}

Result<void> Answers::set(std::string_view key, std::string_view value) {
    const Question* question = question_of(key);
    if (question == nullptr)
        return fail(Fault::invalid_request,
                    fmt::format("{} is no question; bursar-setup --list shows all of them.", key.substr(0, 100)));
    if (value.size() > value_bytes_max)
        return fail(Fault::too_large, fmt::format("{} has more than {} bytes.", key, value_bytes_max));
    if (!fits_a_line(value))
        return fail(Fault::invalid_request,
                    fmt::format("{} has a control character, \"${{\" or a \\ at its end; take it out.", key));
    if (!question->choices.empty() && !value.empty() && !is_one_of(value, question->choices))
        return fail(Fault::invalid_request,
                    fmt::format("{} is \"{}\"; write one of: {}.", key, value, question->choices));
    if (value.empty())
        values_.erase(std::string(key));
    else
        values_.insert_or_assign(std::string(key), std::string(value));
    return {};
}

std::string Answers::get(std::string_view key) const {
    if (const auto found = values_.find(key); found != values_.end()) return found->second;
    const Question* question = question_of(key);
    return question == nullptr ? std::string() : std::string(question->fallback);
}

bool Answers::is_asked(const Question& question) const {
    if (question.only_if.empty()) return true;
    const std::size_t equals = question.only_if.find('=');
    const std::string_view key = question.only_if.substr(0, equals);
    const std::string given = get(key);
    const Question* asked_before = question_of(key);
    if (asked_before != nullptr && !is_asked(*asked_before)) return false;
    if (equals == std::string_view::npos) return !given.empty() && given != "none";
    return given == question.only_if.substr(equals + 1);
}

std::string Answers::text() const {
    std::string out = "; Answers for bursar-setup. No secrets in here: those are named by file.\n", section;
    for (const Question& question : all_questions()) {
        const auto found = values_.find(question.key);
        if (found == values_.end()) continue;
        const std::size_t dot = question.key.find('.');
        if (question.key.substr(0, dot) != section) {
            section = question.key.substr(0, dot);
            out += fmt::format("\n[{}]\n", section);
        }
        out += fmt::format("{} = {}\n", question.key.substr(dot + 1), found->second);
    }
    return out;
}

std::vector<std::string> list_of(std::string_view text, char between) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(between), text.size());
        if (const std::string_view item = trimmed(text.substr(0, end)); !item.empty()) out.emplace_back(item);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

long number_of(std::string_view text, std::size_t digits_max) {
    if (text.empty() || text.size() > digits_max || text.find_first_not_of("0123456789") != std::string_view::npos)
        return -1;
    long value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

}  // namespace bursar::setup
