#pragma once

#include "service/audit/usage.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/secret.h"
#include "service/base/usage.h"
#include "service/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What was done and by whom (hash-chained), and one outcome row per call.
namespace bursar::audit {

/// One action of the control plane, or a refusal.
struct Action {
    std::string actor;    ///< "operator:ada", "key:7f3a", "anonymous", "service"
    std::string address;  ///< where from, without the port
    std::string action;   ///< "key.revoke", "policy.apply", "call.refused": the same words as in the role table
    std::string object;   ///< what it was done to: "key:7f3a", "revision:12"
    std::string outcome;  ///< "ok" or a fault's name
    std::string detail;   ///< one JSON object, never a secret, at most 4 KiB
};

struct Entry {
    std::int64_t number = 0;
    Timestamp at;
    Action action;
    std::string hash;  ///< hex HMAC-SHA256 over the previous hash and this row
};

/// Where the chain ends. Noted elsewhere, it shows later whether the chain still goes through it.
struct End {
    std::int64_t number = 0;
    std::string hash;  ///< hex; of the entry of that number
};

/// How a call ended, complete: nothing about it is written anywhere else. A call that failed over has such a row for
/// every attempt; all but the last are `superseded`, with the status that the provider gave, and count as no calls.
struct Outcome {
    CallId call;
    AttemptId attempt;  ///< all zero when nothing was held
    Timestamp at;
    std::chrono::nanoseconds duration{};
    std::chrono::nanoseconds first_byte{};  ///< from the request's end to the first byte of the answer; 0 if none
    std::chrono::nanoseconds overhead{};
    std::string key_id;
    std::string team;
    std::string person;
    std::string tags;
    std::string address;
    Dialect dialect = Dialect::openai;
    Endpoint endpoint = Endpoint::chat_completions;
    bool streamed = false;
    std::string model;    ///< as asked for
    std::string channel;  ///< "provider/model" it went to
    std::string provider_request_id;
    int status = 0;     ///< HTTP status given to the caller; 499 if the caller left first
    std::string fault;  ///< empty if it went well
    int attempts = 0;
    Usage usage;
    UsageSource usage_source = UsageSource::none;
    Served served;
    NanoUsd held;
    NanoUsd cost;    ///< what the provider is paid
    NanoUsd charge;  ///< what the accounts are charged for it
    std::uint64_t price_version = 0;
    std::string tier;         ///< of the model that served, as the policy has it
    std::string cost_centre;  ///< of the team
    /// Another attempt of the same call followed: this row is the attempt's, and another one is the call's.
    bool superseded = false;
};

struct Booked;  // booked.h
/// The fault of a row that is no call but a correction of one: superseded, with the sign of what is put right. It
/// counts as no call and no attempt; its cost and charge are summed up as they are.
inline constexpr std::string_view correction_fault = "correction";

/// In EntryFilter::outcome.
inline constexpr std::string_view not_ok = "not_ok";

/// How long what is stored here is kept. The chain of actions is kept for good.
struct Keep {
    std::chrono::days calls;
    std::chrono::days usage_hours;
    std::chrono::days usage_days;
};

class Audit : public store::Contributor {
  public:
    static store::Schema schema();
    /// Reads the end of the chain. The store must not be started yet.
    /// The chain's key is derived from `pepper`, which is not in the database, and kept: a sealed vault is audited too.
    static Result<std::unique_ptr<Audit>> open(store::Store& store, const Secret& pepper, const Clock& clock);
    /// Writes those of these rows whose attempt has none yet, and returns them: after a crash the books know of
    /// attempts whose rows had not been written. In the transaction that closes the books. Blocking.
    static Result<std::vector<Outcome>> complete(store::Transaction& transaction, std::vector<Outcome> outcomes);

    /// Appends within the caller's transaction: what is done and its record stand or fall together. Only on the writer
    /// thread.
    virtual Result<void> append(store::Transaction& transaction, const Action& action) = 0;
    /// Gathers the action; it is in the next group. Refusals beyond `refusals_per_second_max` (200) are counted and
    /// written as one row that says how many. Any thread.
    virtual void note(Action action) = 0;
    /// Gathers an outcome; written with a later group, within a second, off the path of any call. Any thread, never
    /// blocks. What a crash takes of it comes back by complete(), but for calls that never held money.
    virtual void record(Outcome outcome) = 0;

    /// Writes an outcome in the caller's transaction, for what happens once in a while and must not be parted from it.
    /// Only on the writer thread.
    virtual Result<void> write(store::Transaction& transaction, const Outcome& outcome) = 0;

    /// Walks the whole chain. The error names the first row that does not fit. Blocking.
    virtual Result<End> verify() = 0;
    struct EntryFilter {
        // Empty: any. "person:*" is everything that begins like that.
        std::string actor = {}, action = {}, object = {};
        /// A fault's name, "ok", "begun", or `not_ok`: whatever was refused or failed.
        std::string outcome = {};
        Timestamp from = Timestamp::min(), to = Timestamp::max();
        std::int64_t before = 0;  ///< only lower numbers; 0: all
        int count_max = 100;
    };
    /// What fits all of the filter, newest first. Blocking.
    virtual Result<std::vector<Entry>> entries(const EntryFilter& filter) = 0;
    Result<std::vector<Entry>> entries(std::int64_t before, int count_max) {
        EntryFilter filter;
        filter.before = before;
        filter.count_max = count_max;
        return entries(filter);
    }
    struct CallFilter {
        std::string key_id;
        std::string team;
        std::string call;
        Timestamp before = Timestamp::max();
        int count_max = 100;
    };
    virtual Result<std::vector<Outcome>> calls(const CallFilter& filter) = 0;
    /// What a provider was used for, as it bills: see read_booked().
    virtual Result<Booked> booked(std::string_view provider, Timestamp from, Timestamp to) = 0;
    /// Sums of [from, to) in whole days of the organisation's time zone, or in whole hours (UTC). invalid_request if
    /// there would be too many groups.
    virtual Result<UsageAnswer> usage(const UsageQuery& query) = 0;
    /// Days end at this zone's midnight, in what is written from now on. The first call also sums up what a version
    /// stored that had no sums; that may take minutes. Blocking.
    virtual Result<void> set_time_zone(const std::string& name) = 0;
    /// Deletes some of what is older than may be kept and gives its space back to the disk, in small portions between
    /// which others write. True if there is nothing left to do for now. Blocking, for about a second at most.
    virtual Result<bool> expire(Timestamp now, const Keep& keep) = 0;
};

}  // namespace bursar::audit
