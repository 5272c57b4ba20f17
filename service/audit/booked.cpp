#include "service/audit/booked.h"

#include "service/audit/batch.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace bursar::audit {
namespace {

using Key = std::tuple<std::chrono::sys_days, std::string, UsageSource>;

class Sums {
  public:
    Sums(std::string_view provider, Timestamp from, Timestamp to)
        : prefix_(fmt::format("{}/", provider)), from_(from), to_(to) {}

    Result<void> add(BatchReader& batch) {
        // Whose channel a row names is found out once per batch.
        std::vector<bool> ours;
        for (const std::string_view name : batch.names()) ours.push_back(name.starts_with(prefix_));
        Packed row;
        for (;;) {
            TRY(const bool more, batch.next(row));
            if (!more) return {};
            const bool remembered = row.rest.endpoint == Endpoint::batch_create &&
                                    batch.names()[row.name(Name::service_tier)] == remembered_batch;
            // Corrections of other calls are told by whoever made them.
            const bool told = row.rest.usage_source != UsageSource::none || remembered;
            if (row.rest.at < from_ || row.rest.at >= to_ || !told) continue;
            const std::uint32_t channel = row.name(Name::channel);
            const Kind kind = batch.names()[row.name(Name::fault)] == correction_fault ? Kind::correction
                              : remembered                                             ? Kind::batch
                                                                                       : Kind::call;
            if (ours[channel])
                TRY_VOID(add_row(row, batch.names()[channel].substr(prefix_.size()), kind));
            else if (batch.names()[channel].empty() && row.rest.usage_source != UsageSource::provider)
                add_unplaced(row.rest);
        }
    }

    Booked take() {
        for (auto& [key, sum] : sums_) booked_.sums.push_back(std::move(sum));
        std::erase_if(booked_.unsure, [&](const BookedUnsure& each) { return settled_.contains(each.call); });
        for (auto& [call, batch] : batches_)
            if (!settled_.contains(call)) booked_.open.push_back(std::move(batch));
        std::ranges::sort(booked_.unsure, {}, [](const BookedUnsure& each) { return std::tie(each.at, each.attempt); });
        return std::move(booked_);
    }

  private:
    enum class Kind : std::uint8_t { call, batch, correction };

    Result<void> add_row(const Packed& row, std::string_view model, Kind kind) {
        const auto day = std::chrono::floor<std::chrono::days>(row.rest.at);
        BookedSum& sum = sums_[Key(day, model, row.rest.usage_source)];
        sum.day = day;
        sum.model = model;
        sum.source = row.rest.usage_source;
        sum.calls += kind == Kind::correction ? 0 : 1;
        for (const auto field : usage_fields) sum.usage.*field += row.rest.usage.*field;
        sum.cost += row.rest.cost;
        sum.charge += row.rest.charge;
        if (kind == Kind::batch) batches_[row.rest.call] = {.day = day, .model = std::string(model)};
        if (kind == Kind::correction && row.rest.usage_source == UsageSource::provider) settled_.insert(row.rest.call);
        if (row.rest.usage_source == UsageSource::provider || kind != Kind::call) return {};
        if (booked_.unsure.size() == booked_unsure_max)
            return fail(Fault::too_large,
                        fmt::format("More than {} lost or estimated calls in that time. Take a shorter one.",
                                    booked_unsure_max));
        booked_.unsure.push_back({.call = row.rest.call,
                                  .attempt = row.rest.attempt,
                                  .at = row.rest.at,
                                  .model = std::string(model),
                                  .source = row.rest.usage_source,
                                  .usage = row.rest.usage,
                                  .cost = row.rest.cost,
                                  .charge = row.rest.charge});
        return {};
    }
    void add_unplaced(const Outcome& row) {
        ++booked_.unplaced_calls;
        booked_.unplaced_cost += row.cost;
    }

    std::string prefix_;
    Timestamp from_, to_;
    std::map<Key, BookedSum> sums_;
    std::map<CallId, BookedBatch> batches_;
    std::set<CallId> settled_;  ///< calls whose results have told what they cost
    Booked booked_;
};

}  // namespace

Result<Booked> read_booked(store::Transaction& transaction, std::string_view provider, Timestamp from, Timestamp to) {
    Sums sums(provider, from, to);
    TRY_VOID(transaction.each(
        "SELECT at_min, names, rows, version FROM audit_outcome WHERE at_max >= ? AND at_min < ? ORDER BY at_max",
        {static_cast<std::int64_t>(from.time_since_epoch().count()),
         static_cast<std::int64_t>(to.time_since_epoch().count())},
        [&](const store::Row& row) -> Result<void> {
            TRY(auto batch,
                BatchReader::open(row.text(1), Timestamp(std::chrono::nanoseconds(row.integer(0))), row.integer(3)));
            batch.read(row.text(2));
            return sums.add(batch);
        }));
    return sums.take();
}

}  // namespace bursar::audit
