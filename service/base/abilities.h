#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bursar {

/// What some models can do besides answering text with text.
enum class Ability : std::uint8_t { images, documents, audio, tools, structured_output, reasoning };

/// As policies and lists of models spell it.
struct AbilityName {
    Ability ability;
    std::string_view name;
    std::string_view said;  ///< behind "takes no", for callers; empty: nothing of a call shows that it needs it
};
inline constexpr std::array ability_names = {
    AbilityName{Ability::images, "images", "images"},
    AbilityName{Ability::documents, "documents", "documents"},
    AbilityName{Ability::audio, "audio", "audio"},
    AbilityName{Ability::tools, "tools", "tools"},
    AbilityName{Ability::structured_output, "structured_output", "JSON schema for its answer"},
    AbilityName{Ability::reasoning, "reasoning", ""},
};

/// A set of them: of a model what it can do, of a call what it needs.
class Abilities {
  public:
    constexpr void add(Ability ability) { bits_ |= bit(ability); }
    constexpr bool has(Ability ability) const { return (bits_ & bit(ability)) != 0; }
    /// Whether all of `needed` are here.
    constexpr bool cover(Abilities needed) const { return (needed.bits_ & ~bits_) == 0; }
    constexpr bool empty() const { return bits_ == 0; }
    bool operator==(const Abilities&) const = default;

  private:
    static constexpr unsigned bit(Ability ability) { return 1U << static_cast<unsigned>(ability); }
    unsigned bits_ = 0;
};

}  // namespace bursar
