#pragma once

#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/money.h"
#include "service/base/result.h"
#include "service/store/store.h"

#include <chrono>
#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Whose the responses are that providers keep, and where (docs/decisions/0032-stored-responses.md). Knows nothing of
// what is in them.
namespace bursar::stored {

struct Limits {
    std::size_t team_rows_max = 100'000;
    std::size_t rows_max = 500'000;  ///< of all teams; the oldest go
    /// As long as OpenAI keeps them (data controls guide, November 2026).
    std::chrono::nanoseconds kept_for = std::chrono::hours(24 * 30);
};

/// Who may ask for a response again: the person whose key made it or, where a key has none, that key alone.
struct Owner {
    std::string team;
    std::string person;
    std::string key;  ///< empty where there is a person
    auto operator<=>(const Owner&) const = default;
};
Owner owner_of(const Caller& caller);

/// By whom and where a response was made.
struct Origin {
    Owner owner;
    std::string asked;     ///< the name by which the caller asked for the model
    std::string model;     ///< of the policy, that answered
    std::string provider;  ///< with `there`, the channel
    std::string there;     ///< the provider's name for the model
    std::string secret;    ///< the name of the key that it was made with; empty: the provider takes none
    auto operator<=>(const Origin&) const = default;
};

struct Response {
    Origin origin;
    std::optional<Tokens> context;  ///< input and output, as the provider told; nothing: it did not
};

/// Whether an id is one that is remembered: 1 to 1,024 letters, digits and a few marks, as providers make them.
bool is_id(std::string_view id);

/// All functions: any thread; microseconds of one mutex, never held across I/O.
class Stored : public store::Contributor {
  public:
    static store::Schema schema();
    /// Reads which are known. Before the store is started. Attach it behind whoever writes what shows that a call has
    /// ended: then whoever sees that finds the response after a crash. Blocking.
    static Result<std::unique_ptr<Stored>> open(store::Store& store, const Clock& clock, Limits limits = {});

    /// It is written with the store's next group. An id that is known already stays whose it is: a response of somebody
    /// else, or of another place, is not remembered, and the log says so once.
    virtual void remember(std::string_view id, const Origin& origin, std::optional<Tokens> context) = 0;
    /// How long it is, once that is told; nothing where it was forgotten meanwhile.
    virtual void update(std::string_view id, const Origin& origin, Tokens context) = 0;
    /// Nothing if it is not known, or is somebody else's. From memory.
    virtual std::optional<Response> find(std::string_view id, const Owner& owner) const = 0;
    /// It is deleted at its provider.
    virtual void forget(std::string_view id) = 0;
    virtual std::size_t size() const = 0;
};

}  // namespace bursar::stored
