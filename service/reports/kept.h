#pragma once

#include "service/reports/periods.h"
#include "service/store/store.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Reports that were made, in bursar.db, and until when each schedule has told.
namespace bursar::reports {

inline constexpr std::chrono::days kept_for{400};

/// A report that was made, without what it says.
struct Kept {
    std::int64_t number = 0;
    std::string name;   ///< of its schedule
    std::string team;   ///< empty: the organisation
    std::string label;  ///< "2026-11"
    Period period;
    Timestamp made;
    std::string by;                    ///< who sent it; empty: its schedule did
    std::vector<std::string> to;       ///< targets
    std::vector<std::string> formats;  ///< of the files that go with it
};
struct KeptWhole {
    Kept kept;
    std::string json;  ///< integrations::report::write_report
};

store::Schema schema();

/// Stores it and tells of it (report.due), and gives its number; 0 if a schedule has told of this period already.
Result<std::int64_t> announce(store::Transaction& transaction, const Kept& kept, std::string_view json);

struct KeptFilter {
    std::string name;                ///< empty: any
    std::vector<std::string> teams;  ///< empty: all, and the organisation's
    std::int64_t before = INT64_MAX;
    int count_max = 100;
};
/// Newest first.
Result<std::vector<Kept>> list_kept(store::Transaction& transaction, const KeptFilter& filter);
/// not_found.
Result<KeptWhole> read_kept(store::Transaction& transaction, std::int64_t number);
/// Deletes some of those that were made before; the rest the next time.
Result<void> forget_kept(store::Transaction& transaction, Timestamp before);

/// Of one schedule and team, until when it has told: what ends later is still to be told.
struct Mark {
    std::string name;
    std::string team;
    auto operator<=>(const Mark&) const = default;
};
using Marks = std::map<Mark, Timestamp>;
Result<Marks> read_marks(store::Transaction& transaction);
Result<void> set_mark(store::Transaction& transaction, const Mark& mark, Timestamp told_until);
Result<void> erase_mark(store::Transaction& transaction, const Mark& mark);

}  // namespace bursar::reports
