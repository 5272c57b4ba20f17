#pragma once

#include "service/store/store.h"
#include "service/treasury/reconcile/compare.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

// Comparisons that were made, and the corrections that were entered from them: each export at most once per attempt.
namespace bursar::treasury::reconcile {

struct Reconciliation {
    std::int64_t number = 0;
    Timestamp at;
    std::string author;
    std::string provider;
    Format format = Format::plain_csv;
    std::string digest;  ///< of the export
    Day from;
    Day until;
    std::int64_t corrections = 0;  ///< how many are proposed
    NanoUsd corrections_cost;      ///< their sum
    std::optional<Timestamp> applied_at;
    std::string applied_by;
    std::string reason;
    std::string comparison;  ///< JSON; empty in lists
};

store::Schema schema();

/// What was corrected by reconciliations of a provider, and how far: later ones make a comparison stale.
struct Known {
    Earlier earlier;
    std::int64_t until = 0;
};
Result<Known> read_known(store::Transaction& transaction, std::string_view provider);

/// Stores a comparison as the next number, with what it proposes. `known_until` is of what it was made with.
Result<Reconciliation> keep(store::Transaction& transaction, Reconciliation of, const Comparison& comparison,
                            std::int64_t known_until);
/// Newest first.
Result<std::vector<Reconciliation>> list(store::Transaction& transaction, int count_max);
/// not_found if there is none of that number.
Result<Reconciliation> read(store::Transaction& transaction, std::int64_t number);

/// Enters one correction into the books and into the accounts' sums. `also` must run in the transaction that makes it
/// last; if it fails, nothing is entered. Blocking.
using AlsoCorrected = std::move_only_function<Result<void>(store::Transaction&)>;
using Correct =
    std::function<Result<void>(const Correction& correction, const std::string& reason, AlsoCorrected also)>;

struct Applied {
    std::int64_t entered = 0;
    std::int64_t entered_earlier = 0;  ///< by an earlier run, or by another reconciliation of the same export
    NanoUsd cost;                      ///< of what was entered now
};
/// Enters what the reconciliation proposes. An attempt that was corrected from the same export already is passed over,
/// so that applying again, also after a crash halfway, changes nothing twice. conflict if one of its attempts was
/// corrected from another export since it was made: its differences are no longer true. Blocking.
Result<Applied> apply(store::Store& store, std::int64_t number, const std::string& author, const std::string& reason,
                      Timestamp now, const Correct& correct);

}  // namespace bursar::treasury::reconcile
