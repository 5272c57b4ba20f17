#include "policies/fields.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

/// A value in a message is cut to what a person reads.
std::string shown(std::string_view text) {
    constexpr std::size_t shown_max = 80;
    std::string out;
    for (const char c : text.substr(0, shown_max)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return text.size() > shown_max ? out + "…" : out;
}

/// Levenshtein's distance, for words that are short.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string_view name_of(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::nothing:
            return "nothing";
        case YamlNode::Kind::text:
            return "a single value";
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::map:
            return "a mapping";
    }
    return "";
}

}  // namespace

std::nullopt_t Value::wrong(std::string_view rest) const {
    if (node.kind == YamlNode::Kind::text)
        problems.add(node.at, fmt::format("{} \"{}\" {}", what, shown(node.text), rest));
    else
        problems.add(node.at, fmt::format("{} {}", what, rest));
    return std::nullopt;
}

Fields::Fields(const YamlNode& node, std::string_view what, Problems& problems)
    : node_(node), what_(what), problems_(problems) {
    if (node.kind != YamlNode::Kind::map)
        problems_.add(node.at,
                      fmt::format("{} must be a mapping such as {{name: value}}, not {}", what_, name_of(node.kind)));
}

Fields::~Fields() {
    for (const Entry& entry : node_.entries) {
        if (std::ranges::find(known_, entry.key.text) != known_.end()) continue;
        const std::string hint = did_you_mean(entry.key.text, known_, problems_);
        problems_.add(entry.key.at,
                      fmt::format("{} has no setting \"{}\"{}", what_, shown(entry.key.text),
                                  hint.empty() ? fmt::format("; it may have: {}", fmt::join(known_, ", ")) : hint));
    }
}

std::optional<Value> Fields::find(std::string_view name) {
    if (std::ranges::find(known_, name) == known_.end()) known_.emplace_back(name);
    const auto found =
        std::ranges::find(node_.entries, name, [](const Entry& entry) -> std::string_view { return entry.key.text; });
    if (found == node_.entries.end() || found->value.kind == YamlNode::Kind::nothing) return {};
    return Value{found->value, fmt::format("{} {}", what_, name), problems_};
}

std::optional<Value> Fields::need(std::string_view name) {
    auto value = find(name);
    if (!value && node_.kind == YamlNode::Kind::map)
        problems_.add(node_.at, fmt::format("{} has no \"{}\"; add it", what_, name));
    return value;
}

Nearest::Nearest(std::string_view word)
    : word_(word), best_distance_(std::min(std::max<std::size_t>(1, word.size() / 3) + 1, word.size())) {}

void Nearest::consider(std::string_view known) {
    if (word_.size() > bytes_max || known.size() > bytes_max || compared_ == compared_max) return;
    // Words are at least as far apart as their lengths.
    const std::size_t longer = std::max(word_.size(), known.size()) - std::min(word_.size(), known.size());
    if (longer >= best_distance_) return;
    ++compared_;
    const std::size_t apart = distance(word_, known);
    if (apart >= best_distance_) return;
    best_distance_ = apart;
    best_ = known;
}

std::string Nearest::hint() const {
    return best_.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", best_);
}

std::vector<Value> read_list(const Value& value, std::string_view one, std::size_t items_max, std::string_view many) {
    std::vector<Value> out;
    if (value.node.kind != YamlNode::Kind::list) {
        value.wrong("must be a list such as [a, b]");
        return out;
    }
    if (value.node.items.size() > items_max) {
        value.wrong(fmt::format("has more than {} {}", items_max, many));
        return out;
    }
    for (const YamlNode& item : value.node.items) out.push_back({item, std::string(one), value.problems});
    return out;
}

std::vector<Named> read_entries(const Value& value, std::string_view one, std::size_t most, std::string_view many) {
    std::vector<Named> out;
    if (value.node.kind != YamlNode::Kind::map) {
        value.wrong("must be a mapping such as {name: …}");
        return out;
    }
    if (value.node.entries.size() > most) {
        value.wrong(fmt::format("has more than {} {}", most, many));
        return out;
    }
    for (const Entry& entry : value.node.entries) {
        if (!good_name(entry.key.text)) {
            value.problems.add(entry.key.at,
                               fmt::format("{} name \"{}\" must be 1 to {} letters, digits or . _ : / @ + -", one,
                                           shown(entry.key.text), name_bytes_max));
            continue;
        }
        out.push_back({entry.key.text, entry.key.at,
                       Value{entry.value, fmt::format("{} \"{}\"", one, entry.key.text), value.problems}});
    }
    return out;
}

}  // namespace bursar::policies
