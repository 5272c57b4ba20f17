#pragma once

#include "policies/charge.h"
#include "policies/price.h"
#include "service/providers/batch_result.h"
#include "service/shelf/lines.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

// What a batch may cost before it is made, and what it did cost by its results. Pure and exact.
namespace bursar::gateway {

/// More than this in one batch is refused: no correction could take it back in one entry.
inline constexpr NanoUsd batch_cost_max = NanoUsd::dollars(1'000'000);

/// Neither could it take back more tokens.
inline constexpr Tokens batch_tokens_max = 500'000'000'000;

/// The most that a line can cost at the price's factor for batches, whatever its answer says.
NanoUsd line_cost_at_most(const policies::Price& price, const shelf::Line& line, Timestamp at);

/// The most that all lines can cost together.
struct BatchWorst {
    NanoUsd cost;
    Tokens input = 0;
    Tokens output = 0;
};
/// invalid_request: it would be more than batch_cost_max or batch_tokens_max.
Result<BatchWorst> batch_worst(const policies::Price& price, const std::vector<shelf::Line>& lines, Timestamp at);

/// Adds up what a batch used, by its output file and its error file.
class BatchBill {
  public:
    struct Terms {
        Endpoint endpoint = Endpoint::chat_completions;  ///< of all its lines
        const policies::Price& price;
        policies::Charge charge;
        Timestamp at;  ///< when it was made: decides the price
    };
    BatchBill(Terms terms, const std::vector<shelf::Line>& lines);

    /// One line of a result file, without its end. An answer that tells no usage is counted at the most that its call
    /// can cost, a refusal at nothing. A custom_id counts once.
    void take(std::string_view line);
    /// How many calls the provider says are completed, or may be, of which no line told. It is believed when it says
    /// how many, and that a batch has failed, which never began. Else all count that no line said were not made.
    std::int64_t untold(const providers::StoredObject& told) const;
    /// Whether the lines told of everything. If not, some may come later.
    bool whole(const providers::StoredObject& told) const;
    /// What it cost in all. Calls that are untold are counted at the most that they can cost, the dearest of them.
    Amounts finish(const providers::StoredObject& told);
    /// The tokens of it by their classes; of a call that is counted at its most, the most that it may have.
    const Usage& usage() const { return usage_; }

  private:
    void add(NanoUsd cost, const Usage& usage);
    void add_worst(const shelf::Line& line);

    Terms terms_;
    std::unordered_map<std::uint64_t, shelf::Line> waiting_;  ///< that no result has told of
    std::unordered_set<std::uint64_t> unmade_;                ///< of these, that a result says were not made
    std::int64_t answered_ = 0;
    Amounts sum_;
    Usage usage_;
};

}  // namespace bursar::gateway
