#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::setup {

enum class Weight : std::uint8_t {
    good,   ///< looked at, or done
    note,   ///< works, but somebody should know
    wrong,  ///< nothing is set up with this
};

/// One sentence about one step: what was seen or done, and what to change where it is wrong.
struct Finding {
    Weight weight = Weight::good;
    std::string step;
    std::string text;
};

/// What a step says, in the order in which it looked.
class Findings {
  public:
    explicit Findings(std::string_view step) : step_(step) {}
    void good(std::string text) { add(Weight::good, std::move(text)); }
    void note(std::string text) { add(Weight::note, std::move(text)); }
    void wrong(std::string text) { add(Weight::wrong, std::move(text)); }
    bool is_wrong() const {
        return std::ranges::any_of(all_, [](const Finding& one) { return one.weight == Weight::wrong; });
    }
    const std::vector<Finding>& all() const { return all_; }
    std::vector<Finding> take() && { return std::move(all_); }

  private:
    void add(Weight weight, std::string text) { all_.push_back({weight, step_, std::move(text)}); }
    std::string step_;
    std::vector<Finding> all_;
};

/// "ok    host: …", a line each.
std::string findings_text(const std::vector<Finding>& findings);
/// {"ok": true, "findings": [{"step": …, "result": "good", "text": …}]}
std::string findings_json(const std::vector<Finding>& findings);
bool is_any_wrong(const std::vector<Finding>& findings);

}  // namespace bursar::setup
