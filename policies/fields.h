#pragma once

#include "policies/snapshot.h"
#include "policies/yaml.h"

#include <chrono>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Values of a policy, read and checked one by one. A reader that finds a wrong value says so in `problems` and gives
// nothing.
namespace bursar::policies {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t text_bytes_max = 1'024;
constexpr std::size_t list_items_max = 10'000;
constexpr std::size_t section_entries_max = 10'000;  ///< in one mapping, and in one section of the whole policy
constexpr std::size_t budgets_max = 8;

/// A value with the words for it in a sentence: "budget limit".
struct Value {
    const YamlNode& node;
    std::string what;
    Problems& problems;

    /// `budget limit "2000 EURO" <rest>`
    std::nullopt_t wrong(std::string_view rest) const;
};

/// One mapping. Names that nobody asked for are problems: a setting that is misspelt must not be silently without
/// effect.
class Fields {
  public:
    /// `what` is what the mapping describes: "budget". Anything but a mapping is a problem and reads as empty.
    Fields(const YamlNode& node, std::string_view what, Problems& problems);
    ~Fields();
    Fields(const Fields&) = delete;
    Fields& operator=(const Fields&) = delete;

    std::optional<Value> find(std::string_view name);
    /// A problem if it is not there.
    std::optional<Value> need(std::string_view name);
    /// The names that have been asked for.
    const Place& at() const { return node_.at; }
    Problems& problems() { return problems_; }

  private:
    const YamlNode& node_;
    std::string what_;
    Problems& problems_;
    std::vector<std::string> known_;
};

/// Looks for the known word nearest to a wrong one. At most `compared_max` words of a similar length are looked at, so
/// that no policy is expensive to be told about.
class Nearest {
  public:
    explicit Nearest(std::string_view word);
    void consider(std::string_view known);
    /// `; did you mean "x"?`, or nothing if none is near enough to be meant.
    std::string hint() const;

  private:
    static constexpr std::size_t compared_max = 1'000;
    static constexpr std::size_t bytes_max = 64;
    std::string_view word_;
    std::size_t compared_ = 0;
    std::size_t best_distance_;
    std::string best_;
};
/// The hint for `word` among a container of words, or of pairs that begin with one; nothing once there are so many
/// problems that nobody needs it.
template <typename Known>
std::string did_you_mean(std::string_view word, const Known& known, const Problems& problems) {
    if (!problems.wants_hints()) return {};
    Nearest nearest(word);
    for (const auto& each : known) {
        if constexpr (requires { each.first; })
            nearest.consider(each.first);
        else
            nearest.consider(each);
    }
    return nearest.hint();
}

/// What to do about a name that nobody knows: the nearest one, else the usual advice.
template <typename Known>
std::string advice_for(std::string_view name, const Known& known, const Problems& problems) {
    const std::string near = did_you_mean(name, known, problems);
    return near.empty() ? "; define it or take it out" : near;
}

/// The text of a single value; a problem if it is a list, a mapping or nothing.
std::optional<std::string_view> single(const Value& value);
/// The path of an address: nothing that climbs, nothing to be escaped.
bool good_path(std::string_view path);
/// A name: letters, digits and . _ : / @ + - only.
bool good_name(std::string_view text);
std::optional<std::string> read_name(const Value& value);
/// The name of a secret in the vault.
std::optional<std::string> read_secret_name(const Value& value);
/// One line of text without control characters.
std::optional<std::string> read_text(const Value& value);
std::optional<std::int64_t> read_integer(const Value& value, std::int64_t least, std::int64_t most);
std::optional<bool> read_truth(const Value& value);
/// The place of the word among `words`.
std::optional<std::size_t> read_word(const Value& value, std::initializer_list<std::string_view> words);
/// "250ms", "5s", "15m", "1h"; more than nothing, at most `most`.
std::optional<std::chrono::milliseconds> read_duration(const Value& value, std::chrono::milliseconds most);
/// "50%", from 1% to 100%.
std::optional<int> read_percent(const Value& value);
/// "80%", from 1% to 200%: of a limit that may be passed.
std::optional<int> read_part(const Value& value);
/// "2000 USD"
std::optional<NanoUsd> read_amount(const Value& value);
std::optional<Url> read_url(const Value& value);
/// Splits "host:port" or "[::1]:port"; leaves the port of `url` where none is written. False if it is neither.
bool read_authority(std::string_view text, Url& url);
/// A date ("2027-01-01", midnight UTC) or an RFC 3339 instant.
std::optional<Timestamp> read_instant(const Value& value);
/// Whether it is written as a date, without a time.
bool is_day(const Value& value);
/// {requests: 600/min, tokens: 2M/min, parallel: 50}
Rate read_call_rate(const Value& value);

/// The items of a list, each as a value; `one` is the word for an item, `many` for too many of them. Of a list that is
/// too long nothing is read: what is done with its items may take the square of their number.
std::vector<Value> read_list(const Value& value, std::string_view one, std::size_t items_max = list_items_max,
                             std::string_view many = "items");
/// The entries of a mapping whose names are free, each checked by good_name.
struct Named {
    std::string name;
    Place at;
    Value value;
};
std::vector<Named> read_entries(const Value& value, std::string_view one, std::size_t most = section_entries_max,
                                std::string_view many = "entries");

}  // namespace bursar::policies
