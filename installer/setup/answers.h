#pragma once

#include "service/base/result.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::setup {

/// One thing that the operator decides. The table of all of them is the answers file's whole vocabulary.
struct Question {
    std::string_view key;       ///< "host.name": section and key of the answers file
    std::string_view asks;      ///< on the terminal: "The name by which people and programs reach this service"
    std::string_view why;       ///< one sentence, shown before the question
    std::string_view more;      ///< what "?" shows
    std::string_view fallback;  ///< taken when there is no answer; may be empty
    std::string_view choices;   ///< "self-signed files": the only answers; empty: any text
    std::string_view only_if;   ///< "certificate.source=files", "provider.name" (is there); empty: always
    bool secret = false;        ///< the file has a secret, which a person may type instead
};

std::span<const Question> all_questions();
/// Null: there is no such question.
const Question* question_of(std::string_view key);

/// What the operator wants. No secrets in here: those are named by file.
class Answers {
  public:
    static constexpr std::size_t file_bytes_max = 64 << 10, value_bytes_max = 1024;

    /// Reads [sections] with key = value, as bursard.ini has them. `from` is what errors call it: a file.
    static Result<Answers> read(std::string_view text, std::string_view from);

    /// Refuses keys that no question has, values that are no choice of theirs, and what an INI file cannot hold.
    Result<void> set(std::string_view key, std::string_view value);
    /// The answer, or the question's fallback.
    std::string get(std::string_view key) const;
    bool is(std::string_view key, std::string_view value) const { return get(key) == value; }
    bool has(std::string_view key) const { return !get(key).empty(); }
    /// Whether somebody answered; has() is true of a fallback too.
    bool is_given(std::string_view key) const { return values_.contains(key); }
    /// Whether the question is one at all, after the answers so far.
    bool is_asked(const Question& question) const;
    /// The same again as a file.
    std::string text() const;

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// "a, b" -> {"a", "b"}; empty items are left out.
std::vector<std::string> list_of(std::string_view text, char between = ',');
/// 1 to `digits_max` digits and nothing else; -1: it is no such number.
long number_of(std::string_view text, std::size_t digits_max = 9);

}  // namespace bursar::setup
