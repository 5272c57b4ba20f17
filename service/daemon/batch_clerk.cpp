#include "service/daemon/batch_clerk.h"

#include "policies/canonical.h"
#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/daemon/batch_fetch.h"
#include "service/daemon/batch_turn.h"
#include "service/daemon/token_sources.h"
#include "service/gateway/batch_cost.h"
#include "service/gateway/errand.h"
#include "service/providers/batch_result.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_every = 500ms;
/// After something that is a defect.
constexpr std::chrono::milliseconds rest_last = 10min;
/// To tell how a batch stands.
constexpr std::chrono::milliseconds ask_max = 1min;
/// A provider whose batches took so long in a round waits for the next one, in which they come before those that had
/// their turn.
constexpr std::chrono::nanoseconds share_of_round = 1min;
constexpr std::size_t told_bytes_max = std::size_t{1} << 20;
constexpr std::size_t line_bytes_max = std::size_t{32} << 20;

/// Cuts what comes into lines. A longer line than may be is left out, as if it were not there.
class LineCutter {
  public:
    explicit LineCutter(gateway::BatchBill& bill) : bill_(bill) {}
    void take(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            const std::string_view part = bytes.substr(0, end);
            if (line_.size() + part.size() > line_bytes_max)
                too_long_ = true;
            else
                line_.append(part);
            if (end == std::string_view::npos) return;
            bytes.remove_prefix(end + 1);
            end_line();
        }
    }
    void end_line() {
        if (!too_long_ && !line_.empty()) bill_.take(line_);
        line_.clear();
        too_long_ = false;
    }

  private:
    gateway::BatchBill& bill_;
    std::string line_;
    bool too_long_ = false;
};

std::string words_of(const shelf::Item& batch, std::string_view status, const Amounts& total) {
    return fmt::format("batch {} has ended ({}): {} of {} calls were billed", batch.id, status, total.calls,
                       batch.lines);
}

}  // namespace

class BatchClerk::Work {
  public:
    explicit Work(const Parts& parts) : parts_(parts), thread_([this] { run(); }) {}
    ~Work() {
        {
            const MutexLock lock(mutex_);
            stopping_.store(true);
        }
        woken_.notify_one();
        thread_.join();
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

  private:
    void run();
    bool pause(std::chrono::milliseconds rest);
    void look();
    /// Those that are to be looked at now, the longest due first.
    std::vector<shelf::Shown> due_now();
    void take_turn(const shelf::Item& batch, BatchTurn& turn);
    /// Whether it is settled now.
    Result<bool> attend(const shelf::Item& batch, BatchTurn& turn);
    Result<void> forget(const shelf::Item& batch, BatchTurn& turn);
    Result<std::optional<providers::StoredObject>> ask(const policies::Provider& provider, const shelf::Item& batch);
    struct Bill {
        Amounts total;
        Usage usage;
    };
    Result<Bill> bill_of(const policies::Provider& provider, const shelf::Item& batch,
                         const providers::StoredObject& told, BatchTurn& turn);
    Result<void> read_results(const policies::Provider& provider, const shelf::Item& batch, const std::string& file,
                              std::chrono::milliseconds total, gateway::BatchBill& bill);
    Result<int> get(const policies::Provider& provider, const shelf::Item& batch, std::string target,
                    std::chrono::milliseconds total, std::function<void(std::string_view)> take);
    Result<std::vector<shelf::Line>> lines_of(const shelf::Item& batch);
    Result<void> settle(const shelf::Item& batch, std::string_view status, const Bill& bill);

    const Parts parts_;
    std::map<std::string, BatchTurn> turns_;  ///< the thread's
    Mutex mutex_;
    Condition woken_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

void BatchClerk::Work::run() {
    std::chrono::milliseconds rest = look_every;
    while (pause(rest)) {
        try {
            look();
            rest = look_every;
        } catch (const std::exception& exception) {
            log::error("batches_not_looked_after", {{"reason", exception.what()}});
            rest = std::min(rest * 2, rest_last);
        }
    }
}

bool BatchClerk::Work::pause(std::chrono::milliseconds rest) {
    const MutexLock lock(mutex_);
    const Moment end = parts_.clock.moment() + rest;
    while (!stopping_.load() && woken_.wait_until(mutex_, end)) {
    }
    return !stopping_.load();
}

std::vector<shelf::Shown> BatchClerk::Work::due_now() {
    const Moment now = parts_.clock.moment();
    std::map<std::string, BatchTurn> turns;
    std::vector<shelf::Shown> due;
    for (const shelf::Shown& batch : parts_.shelf.unsettled()) {
        const auto known = turns_.find(batch->id);
        BatchTurn turn = known == turns_.end() ? BatchTurn(now) : known->second;
        turn.note_state(batch->state == shelf::State::ended, now);
        if (turn.due() <= now) due.push_back(batch);
        turns.emplace(batch->id, turn);
    }
    turns_ = std::move(turns);
    std::ranges::sort(due, {}, [&](const shelf::Shown& batch) { return turns_.at(batch->id).due(); });
    return due;
}

void BatchClerk::Work::look() {
    std::map<std::string, std::chrono::nanoseconds> taken;
    for (const shelf::Shown& batch : due_now()) {
        if (stopping_.load()) return;
        auto& of_provider = taken[batch->provider];
        if (of_provider >= share_of_round) continue;
        const Moment began = parts_.clock.moment();
        take_turn(*batch, turns_.at(batch->id));
        of_provider += parts_.clock.moment() - began;
    }
}

void BatchClerk::Work::take_turn(const shelf::Item& batch, BatchTurn& turn) {
    const Moment began = parts_.clock.moment();
    Result<bool> settled = false;
    try {
        settled = attend(batch, turn);
    } catch (const std::exception& exception) {
        settled = fail(Fault::internal, "Looking after the batch broke off.", exception.what());
    }
    const Moment now = parts_.clock.moment();
    if (settled) return turn.note_open(now);
    log::warning("batch_not_settled",
                 {{"batch", batch.id}, {"call", batch.call.text()}, {"reason", settled.error().operator_text()}});
    turn.note_failed(now, now - began);
}

Result<bool> BatchClerk::Work::attend(const shelf::Item& batch, BatchTurn& turn) {
    const auto rules = parts_.rules.get();
    TRY(const gateway::Lying lying, gateway::where_lies(*rules, batch));
    const policies::Provider& provider = *lying.channel.provider;
    TRY(const auto told, ask(provider, batch));
    if (!told) {
        TRY_VOID(forget(batch, turn));
        return true;
    }
    turn.note_known();
    if (!providers::has_ended(told->status)) {
        const auto age = parts_.clock.now() - batch.at;
        if (turn.says_late(parts_.clock.moment(), age))
            log::warning("batch_still_open", {{"batch", batch.id},
                                              {"call", batch.call.text()},
                                              {"status", told->status},
                                              {"hours", std::chrono::floor<std::chrono::hours>(age).count()},
                                              {"effect", "it stays booked at the most that it may cost"}});
        return false;
    }
    TRY(const Bill bill, bill_of(provider, batch, *told, turn));
    TRY_VOID(settle(batch, told->status, bill));
    return true;
}

Result<void> BatchClerk::Work::forget(const shelf::Item& batch, BatchTurn& turn) {
    if (!turn.unknown_believed(parts_.clock.moment(), parts_.clock.now() - batch.at))
        return fail(Fault::not_found, "The provider does not know the batch.");
    log::warning("batch_forgotten",
                 {{"batch", batch.id}, {"effect", "its cost stays booked at the most that it could be"}});
    return settle(batch, "forgotten", {.total = batch.booked, .usage = {}});
}

Result<int> BatchClerk::Work::get(const policies::Provider& provider, const shelf::Item& batch, std::string target,
                                  std::chrono::milliseconds total, std::function<void(std::string_view)> take) {
    vault::Lease key;
    if (!batch.secret.empty()) {
        TRY(key, lend_for(provider, batch.secret, parts_.vault, parts_.tokens));
    }
    return fetch_for_batch({.provider = provider,
                            .key = std::move(key),
                            .target = std::move(target),
                            .total = total,
                            .clock = parts_.clock,
                            .stopping = [this] { return stopping_.load(); },
                            .take = std::move(take)});
}

/// How it stands; nothing: the provider has none of that id.
Result<std::optional<providers::StoredObject>> BatchClerk::Work::ask(const policies::Provider& provider,
                                                                     const shelf::Item& batch) {
    std::string body;
    TRY(const int status, get(provider, batch, gateway::shelf_target(provider, Endpoint::batch_list, "/" + batch.id),
                              ask_max, [&](std::string_view bytes) {
                                  if (body.size() <= told_bytes_max) body.append(bytes);
                              }));
    if (status == 404) return std::nullopt;
    if (status < 200 || status > 299 || body.size() > told_bytes_max)
        return fail(Fault::provider_unavailable, "The provider did not tell how the batch stands.",
                    fmt::format("provider {} answered {} for a batch", provider.name, status));
    TRY(providers::StoredObject told, providers::read_stored(body));
    if (told.id != batch.id)
        return fail(Fault::provider_unavailable, "The provider told of another batch than it was asked for.");
    std::vector<std::string> results;
    for (const std::string& result : {told.output_file, told.error_file})
        if (!result.empty()) results.push_back(result);
    const bool ended = providers::has_ended(told.status);
    parts_.shelf.tell(batch.id, gateway::shown_of(body), ended ? shelf::State::ended : shelf::State::open, results);
    return told;
}

Result<std::vector<shelf::Line>> BatchClerk::Work::lines_of(const shelf::Item& batch) {
    std::promise<Result<std::string>> promise;
    auto got = promise.get_future();
    parts_.shelf.lines(batch.id, [&promise](Result<std::string> packed) { promise.set_value(std::move(packed)); });
    TRY(const std::string packed, got.get());
    return shelf::unpack(packed);
}

Result<void> BatchClerk::Work::read_results(const policies::Provider& provider, const shelf::Item& batch,
                                            const std::string& file, std::chrono::milliseconds total,
                                            gateway::BatchBill& bill) {
    LineCutter cutter(bill);
    TRY(const int status,
        get(provider, batch, gateway::shelf_target(provider, Endpoint::file_list, "/" + file + "/content"), total,
            [&](std::string_view bytes) { cutter.take(bytes); }));
    cutter.end_line();
    if (status >= 200 && status <= 299) return {};
    return fail(Fault::provider_unavailable, "The provider does not give the results of the batch.",
                fmt::format("provider {} answered {} for the result file {}", provider.name, status, file));
}

/// Priced and charged as it was booked, whatever the policy says now.
Result<BatchClerk::Work::Bill> BatchClerk::Work::bill_of(const policies::Provider& provider, const shelf::Item& batch,
                                                         const providers::StoredObject& told, BatchTurn& turn) {
    const shelf::Terms& terms = batch.terms;
    TRY(const policies::Price price, policies::price_from(terms.price));
    TRY(const auto lines, lines_of(batch));
    gateway::BatchBill bill(
        {.endpoint = batch.endpoint,
         .price = price,
         .charge = {.factor = {.numerator = terms.factor_numerator, .denominator = terms.factor_denominator},
                    .per_call = terms.per_call},
         .at = batch.at},
        lines);
    for (const std::string& file : {told.output_file, told.error_file})
        if (!file.empty()) TRY_VOID(read_results(provider, batch, file, turn.reading_max(), bill));
    // What is settled stays so, and some providers say that a batch has ended before its results are there.
    if (!bill.whole(told) && !turn.incomplete_believed(parts_.clock.moment()))
        return fail(Fault::provider_unavailable, "The results of the batch do not tell of all its calls yet.",
                    fmt::format("provider {} says that the batch is {}, and its results lack {} calls", provider.name,
                                told.status, bill.untold(told)));
    const Amounts total = bill.finish(told);
    return Bill{.total = total, .usage = bill.usage()};
}

/// The correction and the mark that it was made are stored together, so a crash between them is none.
Result<void> BatchClerk::Work::settle(const shelf::Item& batch, std::string_view status, const Bill& bill) {
    const Amounts more = bill.total - batch.booked;
    const treasury::Corrections::Entry entry{.call = batch.call.text(),
                                             .account = {},
                                             .accounts = batch.terms.accounts,
                                             .amount = more.charge.text() + " USD",
                                             .cost = more.cost.text() + " USD",
                                             .tokens = more.tokens,
                                             .calls = more.calls,
                                             .reason = words_of(batch, status, bill.total),
                                             .by = "batches",
                                             .from_first = true,
                                             .usage = bill.usage};
    TRY_VOID(parts_.corrections.enter(entry, [&](store::Transaction& transaction, const treasury::Correction&) {
        return parts_.shelf.settle(transaction, batch.id);
    }));
    parts_.shelf.note_settled(batch.id);
    log::info("batch_settled", {{"batch", batch.id},
                                {"call", batch.call.text()},
                                {"status", status},
                                {"booked_usd", batch.booked.cost.text()},
                                {"cost_usd", bill.total.cost.text()}});
    return {};
}

BatchClerk::BatchClerk(const Parts& parts) : work_(std::make_unique<Work>(parts)) {}

BatchClerk::~BatchClerk() = default;

}  // namespace bursar::daemon
