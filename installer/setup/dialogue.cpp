#include "installer/setup/dialogue.h"

#include "service/base/quiet_terminal.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <vector>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr int tries_max = 3;

/// The key as it is compared: a person copies it from paper.
Secret essence(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') continue;
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return Secret(std::move(out));
}

std::vector<const Question*> questions_of(const Step& step, const Answers& answers) {
    std::vector<const Question*> out;
    for (const Question& question : all_questions())
        if (step.has(question) && answers.is_asked(question)) out.push_back(&question);
    return out;
}

}  // namespace

/// Where in the conversation we are. Which questions there are depends on the answers, so it is looked up each time.
struct Dialogue::Position {
    std::size_t step = 0;
    std::size_t question = 0;

    /// Before the first one there is nothing.
    void go_back(const Answers& answers) {
        if (question > 0) {
            --question;
            return;
        }
        if (step == 0) return;
        --step;
        const std::size_t count = questions_of(all_steps()[step], answers).size();
        question = count > 0 ? count - 1 : 0;
    }
};

std::optional<std::string> Dialogue::read_line() {
    out_.flush();
    std::string line;
    for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get()) {
        if (c == '\n') {
            const auto end = line.find_last_not_of(" \t\r");
            const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
            return end == std::string::npos ? std::string() : line.substr(begin, end + 1 - begin);
        }
        if (line.size() < line_bytes_max) line.push_back(static_cast<char>(c));
    }
    return std::nullopt;
}

Secret Dialogue::read_unseen() {
    const QuietTerminal quiet;
    std::string line;
    line.reserve(line_bytes_max);  // so that it does not move and leave copies
    int c = in_.get();
    for (; c != std::istream::traits_type::eof() && c != '\n' && line.size() < line_bytes_max; c = in_.get())
        line.push_back(static_cast<char>(c));
    if (line.ends_with('\r')) line.pop_back();
    Secret out(std::move(line));
    if (c == '\n') return out;
    while (c != std::istream::traits_type::eof() && c != '\n') c = in_.get();
    return {};
}

Result<std::string> Dialogue::take_typed(const Question& question, const Surroundings& around) {
    out_ << "Type it here; nothing is shown: " << std::flush;
    Secret typed = read_unseen();
    if (typed.empty())
        return fail(Fault::invalid_request,
                    fmt::format("That was nothing, or more than {} bytes; nothing is kept of it.", line_bytes_max - 1));
    TRY(const auto file, keep_typed(question.key, std::move(typed), around.paths, around.system.now()));
    return file.string();
}

Dialogue::Move Dialogue::ask(Answers& answers, const Question& question, const Surroundings& around) {
    out_ << "\n" << question.why << "\n";
    while (true) {
        const std::string known = answers.get(question.key);
        out_ << question.asks << (question.secret ? ", or ! to type it [" : " [") << known << "]: ";
        const auto line = read_line();
        if (!line || *line == "stop") return Move::stop;
        if (*line == "back") return Move::back;
        if (*line == "?") {
            out_ << question.more << "\n";
            continue;
        }
        // "-" is how somebody takes an answer away that stands in brackets.
        Result<std::string> taken = line->empty() ? known : *line == "-" ? std::string() : *line;
        if (question.secret && *line == "!") taken = take_typed(question, around);
        const Result<void> set = taken ? answers.set(question.key, *taken) : std::unexpected(taken.error());
        if (set) return Move::next;
        out_ << set.error().for_caller << "\n";
    }
}

void Dialogue::introduce(const Step& step) { out_ << "\n== " << step.name << ": " << step.about << "\n"; }

bool Dialogue::is_content(const Step& step, const Answers& answers, const Surroundings& around) {
    const Findings found = step.check(answers, around);
    out_ << "\n" << findings_text(found.all());
    if (found.is_wrong()) out_ << "Please answer these once more.\n";
    return !found.is_wrong();
}

Result<Dialogue::Ended> Dialogue::ask_all(Answers& answers, const Surroundings& around, const Keep& keep) {
    out_ << "Enter takes what stands in brackets, - takes it away; ? tells more, back returns, stop goes on later.\n";
    const Answers before = answers;
    bool skips = true;  // until somebody goes back, or a step is wrong
    Position at;
    while (at.step < all_steps().size()) {
        const Step& step = all_steps()[at.step];
        const auto questions = questions_of(step, answers);
        if (at.question == 0) introduce(step);
        if (at.question >= questions.size()) {
            const bool content = is_content(step, answers, around);
            at = content ? Position{at.step + 1, 0} : Position{at.step, 0};
            skips = skips && content;
            continue;
        }
        const Question& question = *questions[at.question];
        if (skips && before.is_given(question.key)) {
            ++at.question;
            continue;
        }
        const Move move = ask(answers, question, around);
        if (move == Move::stop) return Ended::stopped;
        if (move == Move::back) {
            skips = false;
            at.go_back(answers);
            continue;
        }
        TRY_VOID(keep(answers));
        ++at.question;
    }
    return Ended::complete;
}

bool Dialogue::confirm(std::string_view question) {
    out_ << "\n" << question << " [yes]: ";
    const auto line = read_line();
    return line && (line->empty() || *line == "yes" || *line == "y");
}

bool Dialogue::show_recovery_key(const Secret& key) {
    out_ << "\nThe recovery key, shown this once. Print or write it down, and keep it apart from this machine:\n\n    "
         << key.reveal() << "\n";
    const Secret shown = essence(key.reveal());
    for (int tries = 0; tries < tries_max; ++tries) {
        out_ << "Type it from what you have written: ";
        auto line = read_line();
        if (!line) return false;
        const Secret typed(*std::move(line));
        const Secret compared = essence(typed.reveal());
        if (equal_in_constant_time(compared.reveal(), shown.reveal())) return true;
        out_ << "That is another one.\n";
    }
    return false;
}

}  // namespace bursar::setup
