#pragma once

#include "service/backup/archive.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/vault/vault.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bursar::backup {

struct Options {
    std::filesystem::path folder;         ///< where backups lie; must exist
    std::chrono::hours every{24};         ///< 0: only when somebody asks
    int keep = 14;                        ///< the newest so many; older ones of ours are deleted
    std::filesystem::path database;       ///< bursar.db
    std::vector<Source> configuration{};  ///< small files that belong to it: "etc/bursard.ini"
    std::string version{};
};

/// A backup that lies in the folder.
struct Found {
    std::string name;  ///< "bursar-20261130T020000Z.backup"
    std::uint64_t bytes = 0;
    Timestamp made_at;
};

/// When the backup of this name was made; nothing, if it is no name of ours.
std::optional<Timestamp> made_at(std::string_view name);

/// How the last one went, or how the present one goes.
struct State {
    bool running = false;
    int percent = 0;                      ///< of the one that runs
    std::optional<Timestamp> begun_at{};  ///< of the last one that was begun since the start
    std::optional<Timestamp> made_at{};   ///< of the newest one in the folder
    std::string failure{};                ///< why the last one failed; empty: it did not
};

/// A file of this name in the folder asks for one: whoever may write there needs no token, such as the package before
/// an upgrade. What became of it is said in the other: "made NAME", "failed SENTENCE" or "needless SENTENCE".
inline constexpr const char* wanted_name = ".wanted";
inline constexpr const char* answer_name = ".answer";

/// For a machine that opens no books: whoever asks for a backup there is told `why` it takes none.
void answer_needless(const std::filesystem::path& folder, std::string_view why);

/// Makes backups while the service serves, one at a time, on a thread of its own. Any thread but shards.
class Backups {
  public:
    /// What the head says of the organisation, asked when a backup begins.
    struct Facts {
        std::string organisation;
        std::int64_t revision = 0;
    };
    struct Parts {
        const vault::Vault& vault;
        const Clock& clock;
        std::function<Facts()> facts;
    };
    Backups(Parts parts, Options options);
    /// stop()
    ~Backups();
    Backups(const Backups&) = delete;
    Backups& operator=(const Backups&) = delete;

    /// conflict if one is under way, sealed if the vault is; shutting_down.
    Result<void> begin();
    /// begin(), if the newest one is old enough; what failed is tried again after an hour.
    void begin_if_due(Timestamp now);
    /// begin(), if a file asks for it; one that is under way is of before the wish, so that another follows it.
    void begin_if_wanted();
    State state() const;
    const Options& options() const { return options_; }
    /// The newest first. Blocking.
    std::vector<Found> list() const;
    void stop();

  private:
    void run();
    Result<std::string> make(const std::filesystem::path& staging);
    void answer(const Result<std::string>& made) const;
    void drop_old() const;
    Result<void> check_room() const;
    bool goes_on(int from_percent, int to_percent, std::uint64_t done, std::uint64_t all);

    const Parts parts_;
    const Options options_;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> percent_ = 0;
    mutable Mutex mutex_;
    std::thread thread_ GUARDED_BY(mutex_);
    State state_ GUARDED_BY(mutex_);
    bool wanted_ GUARDED_BY(mutex_) = false;  ///< somebody waits for the end of the next one
};

}  // namespace bursar::backup
