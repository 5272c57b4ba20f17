#pragma once

#include "policies/snapshot.h"
#include "service/base/time_zone.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The lines of a plan while they are gathered.
namespace bursar::policies {

class Comparison {
  public:
    explicit Comparison(const std::string& time_zone);

    std::vector<std::string> take() && { return std::move(lines_); }

    /// "team research: parent a -> b", if they differ.
    void value(std::string_view thing, std::string_view what, std::string_view before, std::string_view after);
    void budgets(std::string_view thing, std::string_view what, const std::vector<Budget>& before,
                 const std::vector<Budget>& after, Measure money = Measure::money);
    void line(std::string text) { lines_.push_back(std::move(text)); }

    /// Says of two mappings what came and went; `details(thing, old, now)` says the rest, of a new entry compared with
    /// an empty one.
    template <typename Map, typename Details>
    void section(std::string_view kind, const Map& before, const Map& after, Details details) {
        for (const auto& entry : before)
            if (!after.contains(entry.first)) came_or_went(kind, entry.first, "gone");
        for (const auto& [name, now] : after) {
            const auto old = before.find(name);
            if (old == before.end()) came_or_went(kind, name, "new");
            details(std::string(kind) + " " + name, old == before.end() ? typename Map::mapped_type{} : old->second,
                    now);
        }
    }

  private:
    void came_or_went(std::string_view kind, std::string_view name, std::string_view which);

    std::optional<TimeZone> zone_;
    std::vector<std::string> lines_;
};

/// "a, b"
std::string joined(const std::vector<std::string>& names);

}  // namespace bursar::policies
