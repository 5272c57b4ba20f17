#pragma once

#include "installer/setup/steps/step.h"

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::setup {

/// The set-up as a conversation of lines. Who types nothing takes what stands in brackets; "?" tells more, "back" goes
/// to the question before, "stop" or the end of input ends it for now. Where a file with a secret is asked for, "!"
/// lets one type the secret instead, which is not shown.
class Dialogue {
  public:
    enum class Ended : std::uint8_t { complete, stopped };
    using Keep = std::function<Result<void>(const Answers&)>;

    Dialogue(std::istream& in, std::ostream& out) : in_(in), out_(out) {}

    /// Asks every question that is one after the answers so far, a step's again until its check has nothing wrong.
    /// `keep` gets the answers after each; those that are given already are not asked for again.
    Result<Ended> ask_all(Answers& answers, const Surroundings& around, const Keep& keep);
    bool confirm(std::string_view question);
    /// Shows the key and asks for it, three times at most. Blanks, dashes and the size of letters do not count.
    bool show_recovery_key(const Secret& key);

  private:
    enum class Move : std::uint8_t { next, back, stop };
    struct Position;

    std::optional<std::string> read_line();
    /// As it was typed, blanks included; empty: nothing, or too much.
    Secret read_unseen();
    Move ask(Answers& answers, const Question& question, const Surroundings& around);
    Result<std::string> take_typed(const Question& question, const Surroundings& around);
    void introduce(const Step& step);
    bool is_content(const Step& step, const Answers& answers, const Surroundings& around);

    std::istream& in_;
    std::ostream& out_;
};

}  // namespace bursar::setup
