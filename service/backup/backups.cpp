#include "service/backup/backups.h"

#include "service/base/crypto.h"
#include "service/base/log.h"
#include "service/store/files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sys/utsname.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t salt_bytes = 16;
constexpr std::string_view prefix = "bursar-", suffix = ".backup", staging_name = ".making";
constexpr auto tried_again_after = 1h;
// The copy of the database is most of the work in pages, the archive in bytes; both pass over all of it once.
constexpr int copied_percent = 50, whole_percent = 100;

/// "20261130T020000Z", of whole seconds.
std::string stamp_of(Timestamp at) {
    std::string text = to_text(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

Result<std::string> small_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (in.bad() || bytes.empty())
        return fail(Fault::internal, fmt::format("{} cannot be read for the backup.", file.string()));
    return bytes;
}

std::string host_name() {
    utsname names{};
    return ::uname(&names) == 0 ? names.nodename : "";
}

/// Gone with everything in it when the backup is made or has failed.
class Staging {
  public:
    explicit Staging(fs::path folder) : folder_(std::move(folder)) { clear(); }
    ~Staging() { clear(); }
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    Result<void> make() const {
        std::error_code error;
        fs::create_directories(folder_ / "vault", error);
        if (!error) fs::permissions(folder_, fs::perms::owner_all, error);
        if (!error) return {};
        return fail(
            Fault::wrong_configuration,
            fmt::format("The folder of backups, {}, cannot be written: {}. It must exist and belong to the user "
                        "that the service runs as.",
                        folder_.parent_path().string(), error.message()));
    }

  private:
    void clear() const {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    fs::path folder_;
};

bool is_wanted(const fs::path& folder) {
    std::error_code error;
    return fs::exists(fs::symlink_status(folder / wanted_name, error));
}

/// A wish that cannot be taken away would be granted for ever.
bool take_wish(const fs::path& folder) {
    std::error_code error;
    const fs::path wanted = folder / wanted_name;
    if (fs::remove(wanted, error)) return true;
    log::warning("backup_wish_stays", {{"file", wanted.string()}, {"reason", error.message()}});
    return false;
}

void write_answer(const fs::path& folder, std::string_view line) {
    if (const auto written = store::replace_file(folder / answer_name, line); !written)
        log::warning("backup_answer_not_written", {{"reason", written.error().operator_text()}});
}

}  // namespace

void answer_needless(const fs::path& folder, std::string_view why) {
    if (is_wanted(folder) && take_wish(folder)) write_answer(folder, fmt::format("needless {}\n", why));
}

std::optional<Timestamp> made_at(std::string_view name) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
    const std::string_view stamp = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    if (stamp.size() != 16 || stamp[8] != 'T' || stamp[15] != 'Z') return std::nullopt;
    const auto at =
        parse_timestamp(fmt::format("{}-{}-{}T{}:{}:{}Z", stamp.substr(0, 4), stamp.substr(4, 2), stamp.substr(6, 2),
                                    stamp.substr(9, 2), stamp.substr(11, 2), stamp.substr(13, 2)));
    if (!at) return std::nullopt;
    return *at;
}

Backups::Backups(Parts parts, Options options) : parts_(std::move(parts)), options_(std::move(options)) {}

Backups::~Backups() { stop(); }

void Backups::stop() {
    stopping_ = true;
    std::thread thread;
    {
        const MutexLock lock(mutex_);
        thread = std::move(thread_);
    }
    if (thread.joinable()) thread.join();
}

Result<void> Backups::begin() {
    if (parts_.vault.state() == vault::State::sealed)
        return fail(Fault::sealed, "The vault is sealed, so no backup can be made: bursarctl vault unseal");
    const MutexLock lock(mutex_);
    if (stopping_) return fail(Fault::shutting_down, "The service is stopping.");
    if (state_.running) return fail(Fault::conflict, "A backup is being made already. See: bursarctl backup list");
    if (thread_.joinable()) thread_.join();  // it has ended, but for its last line
    percent_ = 0;
    state_.running = true;
    state_.begun_at = parts_.clock.now();
    thread_ = std::thread([this] { run(); });
    return {};
}

void Backups::begin_if_due(Timestamp now) {
    if (options_.every == 0h) return;
    const std::vector<Found> found = list();
    if (!found.empty() && now - found.front().made_at < options_.every) return;
    {
        const MutexLock lock(mutex_);
        if (state_.running || (state_.begun_at && now - *state_.begun_at < tried_again_after)) return;
    }
    // What stands in the way is in the state, if anything does.
    if (auto begun = begin(); !begun) log::warning("backup_not_begun", {{"reason", begun.error().operator_text()}});
}

void Backups::begin_if_wanted() {
    if (!is_wanted(options_.folder)) return;
    {
        const MutexLock lock(mutex_);
        if (state_.running) return;
    }
    if (!take_wish(options_.folder)) return;
    {
        const MutexLock lock(mutex_);
        wanted_ = true;
    }
    const auto begun = begin();
    // Whoever else began one did so after the wish: that one's answer will do.
    if (begun || begun.error().fault == Fault::conflict) return;
    {
        const MutexLock lock(mutex_);
        wanted_ = false;
    }
    answer(std::unexpected(begun.error()));
}

void Backups::answer(const Result<std::string>& made) const {
    write_answer(options_.folder,
                 made ? fmt::format("made {}\n", *made) : fmt::format("failed {}\n", made.error().for_caller));
}

State Backups::state() const {
    const std::vector<Found> found = list();
    const MutexLock lock(mutex_);
    State state = state_;
    state.percent = percent_;
    if (!found.empty()) state.made_at = found.front().made_at;
    return state;
}

std::vector<Found> Backups::list() const {
    std::vector<Found> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(options_.folder, error)) {
        std::string name = entry.path().filename().string();
        const auto at = made_at(name);
        std::error_code ignored;
        if (at && entry.is_regular_file(ignored))
            found.push_back({.name = std::move(name), .bytes = entry.file_size(ignored), .made_at = *at});
    }
    std::ranges::sort(found, std::greater{}, &Found::made_at);
    return found;
}

void Backups::run() {
    const Result<std::string> made = [&]() -> Result<std::string> {
        const Staging staging(options_.folder / staging_name);
        TRY_VOID(staging.make());
        TRY(std::string name, make(options_.folder / staging_name));
        drop_old();
        return name;
    }();
    if (!made && made.error().fault != Fault::shutting_down)
        log::error("backup_failed", {{"reason", made.error().operator_text()}});
    bool wanted = false;
    {
        const MutexLock lock(mutex_);
        state_.running = false;
        state_.failure = made ? std::string() : std::string(made.error().for_caller);
        wanted = std::exchange(wanted_, false);
    }
    if (wanted) answer(made);
}

bool Backups::goes_on(int from_percent, int to_percent, std::uint64_t done, std::uint64_t all) {
    const std::uint64_t part = all == 0 ? 0 : done * static_cast<std::uint64_t>(to_percent - from_percent) / all;
    percent_ = from_percent + static_cast<int>(part);
    return !stopping_;
}

Result<void> Backups::check_room() const {
    std::error_code error;
    const auto bytes = fs::file_size(options_.database, error);
    const auto room = fs::space(options_.folder, error);
    // Once as a copy, once in the archive.
    if (error || room.available >= 2 * bytes + (std::uintmax_t{64} << 20)) return {};
    return fail(Fault::storage_unavailable,
                fmt::format("The folder of backups, {}, has {} MiB left; a backup needs {} MiB while it is made. Make "
                            "room, or keep fewer backups.",
                            options_.folder.string(), room.available >> 20, (2 * bytes >> 20) + 64));
}

Result<std::string> Backups::make(const fs::path& staging) {
    TRY_VOID(check_room());
    const Facts facts = parts_.facts();
    const Timestamp now = parts_.clock.now();
    TRY_VOID(parts_.vault.copy_to(staging / "vault"));
    TRY(const Secret database_key, parts_.vault.database_key());
    TRY_VOID(store::copy_database(
        options_.database, database_key, staging / "bursar.db",
        [&](std::uint64_t done, std::uint64_t all) { return goes_on(0, copied_percent, done, all); }));

    Manifest manifest{.made_at = std::chrono::floor<std::chrono::seconds>(now),
                      .version = options_.version,
                      .organisation = facts.organisation,
                      .host = host_name(),
                      .revision = facts.revision,
                      .salt = random_bytes(salt_bytes),
                      .keyring = {},
                      .recovery = {},
                      .parts = {}};
    TRY(manifest.keyring, small_file(staging / "vault" / "keyring"));
    std::error_code ignored;
    if (fs::exists(staging / "vault" / "recovery", ignored)) {
        TRY(manifest.recovery, small_file(staging / "vault" / "recovery"));
    }
    std::vector<Source> sources{{"bursar.db", staging / "bursar.db"},
                                {"vault/vault.db", staging / "vault" / "vault.db"}};
    std::ranges::copy(options_.configuration, std::back_inserter(sources));

    TRY(const Secret key, parts_.vault.key_for(key_info(manifest)));
    TRY_VOID(write_archive(staging / "archive", manifest, sources, key, [&](std::uint64_t done, std::uint64_t all) {
        return goes_on(copied_percent, whole_percent, done, all);
    }));
    const fs::path name = options_.folder / fmt::format("{}{}{}", prefix, stamp_of(now), suffix);
    fs::rename(staging / "archive", name, ignored);
    if (ignored)
        return fail(Fault::internal, fmt::format("Cannot name the backup {}: {}.", name.string(), ignored.message()));
    TRY_VOID(store::sync_folder(options_.folder));
    log::info("backup_made", {{"file", name.string()}, {"bytes", fs::file_size(name, ignored)}});
    return name.filename().string();
}

void Backups::drop_old() const {
    const std::vector<Found> found = list();
    for (std::size_t i = static_cast<std::size_t>(options_.keep); i < found.size(); ++i) {
        std::error_code error;
        fs::remove(options_.folder / found[i].name, error);
        log::info("backup_dropped", {{"file", found[i].name}});
    }
}

}  // namespace bursar::backup
