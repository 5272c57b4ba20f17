#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/follower.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// One SQLCipher file, one writer thread. Whatever must be written gathers there and is committed in groups.
namespace bursar::store {

/// When a commit counts: on stable storage (fsync), or as soon as the operating system has it (survives kill -9).
enum class Durability : std::uint8_t { power, process };

/// What becomes of a page that holds nothing any more. Either way it is encrypted, and deleted rows in a page that
/// stays are overwritten.
enum class FreePages : std::uint8_t { stay, overwritten };

/// A value bound to a `?`; views live until the call returns.
struct Blob {
    std::string_view bytes;
};
using Value = std::variant<std::nullptr_t, std::int64_t, std::string_view, Blob>;

/// One row of an answer; valid inside the callback only. Columns count from 0.
class Row {
  public:
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string_view text(int column) const = 0;  ///< also of a blob
    virtual bool is_null(int column) const = 0;

  protected:
    ~Row() = default;
};

/// The connection inside a transaction. A parameter, never opened behind another's back.
class Transaction {
  public:
    /// One statement without an answer. Prepared statements are kept per connection.
    virtual Result<void> run(std::string_view sql, std::initializer_list<Value> values = {}) = 0;
    /// One statement with rows; stops at the first error the callback returns.
    virtual Result<void> each(std::string_view sql, std::initializer_list<Value> values,
                              const std::function<Result<void>(const Row&)>& row) = 0;

  protected:
    ~Transaction() = default;
};

/// Tables of one library: step i takes version i to i + 1. Steps are never changed once released.
struct Schema {
    std::string_view part;
    std::span<const std::string_view> steps;
};

/// Something that gathers records in memory and writes them with the next group: the ledger's journal, outcome rows.
/// All functions are called on the writer thread.
class Contributor {
  public:
    virtual ~Contributor() = default;
    /// Writes what has gathered. An error fails the whole group.
    virtual Result<void> contribute(Transaction& transaction) = 0;
    /// What the last contribute() wrote is as durable as configured.
    virtual void committed() = 0;
    /// What the last contribute() wrote is not stored.
    virtual void failed(const Error& error) = 0;
    /// Asked a few times a second while nothing wakes the writer: whether something has gathered that must not wait
    /// longer.
    virtual bool is_due() { return false; }
    /// The store stops: the next contribute() is the last one, so nothing may be kept back.
    virtual void closing() {}
};

struct Options {
    std::filesystem::path file;
    Secret key;  ///< 32 raw bytes
    Durability durability = Durability::power;
    FreePages free_pages = FreePages::stay;
    std::vector<Schema> schemas;
    std::uint64_t ballast_bytes = 8U << 20U;  ///< set aside beside the file, freed when the disk is full; 0: none
    int readers = 3;                          ///< connections for read()
};

struct Health {
    bool writable = true;
    std::string reason;  ///< why not, for the operator
    std::uint64_t commits = 0;
    std::chrono::nanoseconds last_commit{};       ///< how long the last COMMIT took, fsync included
    std::vector<std::uint64_t> commit_histogram;  ///< counts per bucket of commit_bounds()
};
/// Upper bounds of Health::commit_histogram, in microseconds; one more bucket counts the rest.
std::span<const std::int64_t> commit_bounds();

class Store {
  public:
    /// Opens or creates the file, proves that the key fits and that the pages are whole, and migrates. A wrong key, a
    /// truncated or edited file is refused with wrong_configuration and the file is left as it was. Blocking.
    static Result<std::unique_ptr<Store>> open(Options options);
    virtual ~Store() = default;

    /// Before start(); called in this order in every group. The contributor stays until stop().
    virtual void attach(Contributor& contributor) = 0;
    /// Before start(): from then on nobody hears of a group before the follower has. It stays until stop().
    virtual void follow_with(Follower& follower) = 0;
    virtual void start() = 0;
    /// Commits what has gathered and ends the writer thread.
    virtual void stop() = 0;

    /// A contributor has something. Cheap and lock-light; any thread.
    virtual void wake() = 0;
    /// A contributor has something that nobody waits for: it goes with the next group, or with one of its own within
    /// about two milliseconds. Under load this saves a commit per call. Any thread.
    virtual void wake_soon() { wake(); }
    /// Runs `job` in the next group (in a savepoint of its own: its error undoes only itself), then `done` once that
    /// group is durable or has failed. Both on the writer thread. Any thread.
    virtual void submit(std::move_only_function<Result<void>(Transaction&)> job,
                        std::move_only_function<void(Result<void>)> done) = 0;
    /// submit() and wait. Never from a shard or the writer thread. Before start(): runs at once on the caller's thread.
    virtual Result<void> write(std::move_only_function<Result<void>(Transaction&)> job) = 0;
    /// A consistent view on a connection of its own. Blocking; never from a shard.
    virtual Result<void> read(const std::function<Result<void>(Transaction&)>& job) = 0;

    virtual Health health() const = 0;
    /// Health::writable alone, without a lock: for the path of a call.
    virtual bool writable() const = 0;
    /// Called once, on the writer thread, when a commit failed in a way after which nothing may be served (a failed
    /// fsync, a broken file). The service stops with an error.
    virtual void on_broken(std::move_only_function<void(const Error&)> stop) = 0;
    /// PRAGMA quick_check and the cipher's page check. Blocking.
    virtual Result<void> verify() = 0;
};

}  // namespace bursar::store
