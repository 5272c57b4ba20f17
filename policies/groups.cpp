// Groups of a directory, and what they give.
#include "policies/snapshot.h"

#include <algorithm>
#include <array>

namespace bursar::policies {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex(char c) {
    const char letter = small(c);
    if (letter >= '0' && letter <= '9') return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// Whether this begins as distinguished names do (RFC 4514 §3): an attribute's type and an equals sign.
bool is_name_of_entry(std::string_view name) {
    const std::size_t equals = name.find('=');
    if (equals == 0 || equals == std::string_view::npos) return false;
    return std::ranges::all_of(name.substr(0, equals), [](char c) {
        const char letter = small(c);
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || c == '-' || c == '.' || c == ' ';
    });
}

/// Takes one escaped character (RFC 4514 §2.4) from the front of `rest`, "\," as well as "\2C": servers differ in how
/// they write it.
void take_escaped(std::string_view& rest, std::string& out) {
    rest.remove_prefix(1);
    if (rest.size() >= 2 && hex(rest[0]) >= 0 && hex(rest[1]) >= 0) {
        const int byte = hex(rest[0]) * 16 + hex(rest[1]);
        rest.remove_prefix(2);
        constexpr std::string_view special = ",=+\"\\<>;# ";
        if (special.contains(static_cast<char>(byte))) out += '\\';
        out += small(static_cast<char>(byte));
    } else if (!rest.empty()) {
        out += '\\';
        out += small(rest.front());
        rest.remove_prefix(1);
    }
}

constexpr std::array<std::string_view, 5> roles{"operator", "finance", "auditor", "team_lead", "member"};

bool mightier(std::string_view role, std::string_view than) {
    return std::ranges::find(roles, role) < std::ranges::find(roles, than);
}

/// Whether the team or one above it is among `led`.
bool is_led(const Snapshot& rules, std::string_view team, const std::set<std::string_view>& led) {
    // No policy has more levels; a circle would have been a problem.
    constexpr int levels_max = 16;
    for (int level = 0; level <= levels_max && !team.empty(); ++level) {
        if (led.contains(team)) return true;
        const auto found = rules.teams.find(team);
        if (found == rules.teams.end()) return false;
        team = found->second->parent;
    }
    return false;
}

}  // namespace

std::string group_key(std::string_view name) {
    std::string out;
    out.reserve(name.size());
    while (name.starts_with(' ')) name.remove_prefix(1);
    const bool entry = is_name_of_entry(name);
    // What stands before is no longer changed: an escaped blank stays where it is.
    std::size_t kept = 0;
    const auto drop_blanks = [&] {
        while (out.size() > kept && out.back() == ' ') out.pop_back();
    };
    while (!name.empty()) {
        const char c = name.front();
        if (entry && c == '\\') {
            take_escaped(name, out);
            kept = out.size();
            continue;
        }
        name.remove_prefix(1);
        const bool separator = entry && (c == ',' || c == '=');
        if (separator) drop_blanks();
        out += small(c);
        if (!separator) continue;
        kept = out.size();
        while (name.starts_with(' ')) name.remove_prefix(1);
    }
    drop_blanks();
    return out;
}

GroupsGive groups_give(const Snapshot& rules, const std::vector<std::string>& groups) {
    GroupsGive out;
    std::set<std::string_view> teams, led;
    for (const std::string& group : groups) {
        const auto found = rules.groups.find(group_key(group));
        if (found == rules.groups.end()) continue;
        const GroupsGive& gives = found->second;
        teams.insert(gives.teams.begin(), gives.teams.end());
        led.insert(gives.leads.begin(), gives.leads.end());
        if (mightier(gives.role, out.role)) out.role = gives.role;
    }
    out.teams.assign(teams.begin(), teams.end());
    if (led.empty()) return out;
    for (const auto& entry : rules.teams)
        if (is_led(rules, entry.first, led)) out.leads.push_back(entry.first);
    if (mightier("team_lead", out.role)) out.role = "team_lead";
    return out;
}

}  // namespace bursar::policies
