#pragma once

#include "service/base/budget.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/endpoint.h"
#include "service/base/ids.h"
#include "service/base/result.h"
#include "service/store/store.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What callers have stored at providers, and whose it is: files and batches (docs/decisions/0035-batches.md). Providers
// know one customer, the company; this knows who of it may see what. Knows neither HTTP nor prices.
namespace bursar::shelf {

enum class Kind : std::uint8_t { file, batch };

enum class State : std::uint8_t {
    open,    ///< a batch that may still change at its provider
    ended,   ///< a batch that will not; what is booked is still the most that it could cost
    settled  ///< a batch whose cost is booked as its results tell it; any file
};

/// By what a batch was booked: it is corrected by the same, whatever the policy says by then.
struct Terms {
    std::vector<AccountName> accounts;  ///< the books that its hold took
    std::string price;                  ///< its canonical text
    // What accounts are charged: the cost by this factor, and besides for each call.
    std::int64_t factor_numerator = 1;
    std::int64_t factor_denominator = 1;
    NanoUsd per_call;
    bool operator==(const Terms&) const = default;
};

struct Item {
    Kind kind = Kind::file;
    std::string id;      ///< the provider's
    std::string owner;   ///< see owner_of()
    std::string secret;  ///< the key of the provider by which it was stored: another one may not see it
    std::string provider;
    std::string model;                               ///< of all its lines, as the policy names it
    std::string model_there;                         ///< as the provider does
    Endpoint endpoint = Endpoint::chat_completions;  ///< of all its lines
    Timestamp at;
    std::int64_t lines = 0;
    std::string shown;  ///< JSON, as the provider last told it; empty: not known yet
    // Of a batch.
    State state = State::settled;
    CallId call;  ///< that it was made by, on whose accounts it is booked
    std::string team;
    Amounts booked;  ///< at first: the most that it could cost
    Terms terms;     ///< until it is settled
};
using Shown = std::shared_ptr<const Item>;

struct Limits {
    std::size_t owner_items_max = 2'000;  ///< of each kind
    std::size_t items_max = 200'000;
};

/// "person:alice", or "team:research" for keys that are nobody's: what a service has stored outlives its key.
std::string owner_of(std::string_view team, std::string_view person);

/// All functions but open(): any thread; microseconds of one mutex, never held across I/O. `done` runs on the writer
/// thread once what was changed is as durable as configured, or could not be written.
class Shelf {
  public:
    using Done = std::move_only_function<void(Result<void>)>;

    static store::Schema schema();
    /// The batches of such calls: "call_…". Also before open().
    static Result<std::vector<Item>> made_by(store::Transaction& transaction, const std::vector<std::string>& calls);
    /// Reads what is known. Before the store is started. Blocking.
    static Result<std::unique_ptr<Shelf>> open(store::Store& store, Limits limits = {});
    virtual ~Shelf() = default;

    /// Whether one more fits: conflict if the owner has too many, overloaded if all together have.
    virtual Result<void> room(Kind kind, std::string_view owner) const = 0;
    /// Known once it is stored. `packed` are the lines of a file, or of a batch: those of its input file, which may be
    /// gone by now. conflict: something has its id.
    virtual void put(Item item, std::string packed, Done done) = 0;
    /// Null if there is none of that owner: whose else it may be, nobody is told.
    virtual Shown find(Kind kind, std::string_view id, std::string_view owner) const = 0;
    /// Newest first, behind the one with id `after` (empty: from the newest); at most `count_max`.
    virtual std::vector<Shown> list(Kind kind, std::string_view owner, std::string_view after,
                                    std::size_t count_max) const = 0;
    /// What the provider told of it just now. An ended batch stays ended. `results` are files that it has made: its
    /// owner's from here on.
    virtual void tell(std::string_view id, std::string shown, State state,
                      const std::vector<std::string>& results = {}) = 0;
    virtual void remove(std::string_view id, Done done) = 0;

    /// The packed lines of a file or batch, from the disk; `got` runs on the writer thread. not_found.
    virtual void lines(std::string id, std::move_only_function<void(Result<std::string>)> got) = 0;

    /// Batches that are not settled, oldest first.
    virtual std::vector<Shown> unsettled() const = 0;
    /// In the transaction that corrects what is booked. conflict: it was settled before, so nothing may be corrected
    /// again.
    virtual Result<void> settle(store::Transaction& transaction, std::string_view id) const = 0;
    /// After that transaction is stored.
    virtual void note_settled(std::string_view id) = 0;

    struct Size {
        std::size_t files = 0;
        std::size_t batches = 0;
        std::size_t unsettled = 0;
    };
    virtual Size size() const = 0;
};

}  // namespace bursar::shelf
