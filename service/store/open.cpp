#include "service/store/open.h"

#include "service/base/log.h"
#include "service/store/files.h"
#include "service/store/page_codes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

#include <fmt/format.h>

namespace bursar::store {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& file, std::string_view suffix) {
    fs::path other = file;
    other += suffix;
    return other;
}

bool has_content(const fs::path& file) {
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    return !error && bytes > 0;
}

std::unexpected<Error> damaged(const fs::path& file, std::string_view finding) {
    return fail(
        Fault::wrong_configuration,
        fmt::format(
            "{} is damaged: it was cut or edited, or its disk is failing. Nothing was changed in it. Restore the "
            "file from a backup.",
            file.string()),
        fmt::format("{} is damaged: {}", file.string(), finding));
}

Result<std::int64_t> version_of(Connection& connection, std::string_view part) {
    std::int64_t version = 0;
    TRY_VOID(connection.each("SELECT version FROM store_version WHERE part = ?", {part},
                             [&](const Row& row) -> Result<void> {
                                 version = row.integer(0);
                                 return {};
                             }));
    return version;
}

Result<void> check_versions(Connection& connection, const Options& options) {
    for (const Schema& schema : options.schemas) {
        TRY(const auto version, version_of(connection, schema.part));
        if (version > static_cast<std::int64_t>(schema.steps.size()))
            return fail(
                Fault::wrong_configuration,
                fmt::format(
                    "{} was written by a newer version of Bursar (its {} has version {}, this program knows {}). "
                    "Install the newer version again, or restore the backup from before the upgrade.",
                    options.file.string(), schema.part, version, schema.steps.size()));
    }
    return {};
}

Result<void> migrate_part(Connection& connection, const Schema& schema) {
    TRY(const auto version, version_of(connection, schema.part));
    for (auto step = static_cast<std::size_t>(version); step < schema.steps.size(); ++step) {
        TRY_VOID(connection.script("BEGIN IMMEDIATE"));
        auto done = connection.script(schema.steps[step]);
        if (done)
            done = connection.run("INSERT OR REPLACE INTO store_version (part, version) VALUES (?, ?)",
                                  {schema.part, static_cast<std::int64_t>(step + 1)});
        if (done) done = connection.script("COMMIT");
        if (!done) {
            connection.roll_back();
            return done;
        }
    }
    return {};
}

Result<void> migrate(Connection& connection, const Options& options) {
    for (const Schema& schema : options.schemas) TRY_VOID(migrate_part(connection, schema));
    return {};
}

/// A file is created under another name and takes its own once it is complete, so that an empty file is always damage.
Result<void> create(const Options& options) {
    const fs::path fresh = beside(options.file, ".new");
    std::error_code ignored;
    for (const auto* suffix : {"", "-wal", "-shm"}) fs::remove(beside(fresh, suffix), ignored);
    {
        // SQLite would take the mode from the umask; log and index take theirs from this file.
        const Descriptor descriptor(
            ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
        if (!descriptor.is_open())
            return fail(Fault::wrong_configuration,
                        fmt::format("Cannot create {}: {}.", fresh.string(), errno_text(errno)));
    }
    {
        TRY(const auto connection, Connection::open(fresh, options.key, Access::read_write));
        TRY_VOID(connection->script(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE store_version (part TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;"));
        TRY_VOID(migrate(*connection, options));
        TRY(const auto left, connection->checkpoint(true));
        if (left != 0)
            return fail(Fault::internal, "The database could not be created.",
                        "pages were left in the log of a new file");
    }
    fs::rename(fresh, options.file, ignored);
    if (ignored)
        return fail(Fault::wrong_configuration,
                    fmt::format("Cannot create {}: {}.", options.file.string(), ignored.message()));
    return sync_folder(options.file.parent_path());
}

/// A file of a version that never gave space back is written anew once, so that from then on it can. That needs as much
/// free space as the file has; without it the file stays as it is, works as before, and the next start tries again.
Result<void> let_it_shrink(Connection& connection, const fs::path& file) {
    TRY(const auto mode, connection.column("PRAGMA auto_vacuum"));
    if (mode.empty() || mode.front() != "0") return {};
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    const auto space = fs::space(file.parent_path(), error);
    // Once in the log, once in the file.
    if (error || space.available < 2 * bytes) {
        log::warning("database_cannot_shrink", {{"bytes", bytes}, {"free", space.available}});
        return {};
    }
    log::info("database_is_written_anew", {{"bytes", bytes}});
    TRY_VOID(connection.script("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;"));
    TRY_VOID(connection.checkpoint(true));
    log::info("database_can_shrink", {{"bytes", static_cast<std::int64_t>(fs::file_size(file, error))}});
    return {};
}

/// Looks at an existing file without changing a byte of it.
Result<void> probe(const Options& options) {
    // SQLite makes an empty log when it opens the file, so this must be known before.
    const bool log_is_hot = has_content(beside(options.file, "-wal"));
    TRY(const auto look, Connection::open(options.file, options.key, Access::read_only));
    // After a crash the main file may rightly hold half of what the log has whole; then only the view through the log
    // counts.
    if (log_is_hot) TRY_VOID(check_trees(*look, options.file));
    // Every start looks at every page, so the way that takes long is gone for its words only.
    if (!log_is_hot && !pages_carry_their_codes(options.file, options.key)) TRY_VOID(check_pages(*look, options.file));
    return check_versions(*look, options);
}

}  // namespace

Result<void> check_pages(Connection& connection, const fs::path& file) {
    auto findings = connection.column("PRAGMA cipher_integrity_check");
    if (!findings) return damaged(file, findings.error().operator_text());
    if (!findings->empty()) return damaged(file, findings->front());
    return {};
}

Result<void> check_trees(Connection& connection, const fs::path& file) {
    auto findings = connection.column("PRAGMA quick_check(1)");
    if (!findings) return damaged(file, findings.error().operator_text());
    if (findings->size() != 1 || findings->front() != "ok")
        return damaged(file, findings->empty() ? "no answer" : findings->front());
    return {};
}

Result<std::unique_ptr<Connection>> open_checked(const Options& options) {
    std::error_code error;
    if (!fs::is_directory(options.file.parent_path(), error))
        return fail(Fault::wrong_configuration,
                    fmt::format("The folder {} does not exist. Create it, owned by the user that the service runs as.",
                                options.file.parent_path().string()));
    if (fs::exists(options.file, error)) {
        if (!has_content(options.file)) return damaged(options.file, "it is empty");
        TRY_VOID(probe(options));
    } else {
        if (has_content(beside(options.file, "-wal")))
            return damaged(options.file, "the file is missing, but its log (-wal) is there");
        TRY_VOID(create(options));
    }
    fs::permissions(options.file, fs::perms::owner_read | fs::perms::owner_write, error);
    TRY(auto connection, Connection::open(options.file, options.key, Access::read_write));
    TRY_VOID(connection->script(options.durability == Durability::power ? "PRAGMA synchronous = FULL"
                                                                        : "PRAGMA synchronous = NORMAL"));
    // The log keeps its size between checkpoints up to here; beyond it is cut when it starts over.
    TRY_VOID(connection->script("PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -4096;"));
    // SQLCipher as Debian builds it writes zeros over every page that becomes free, unless it is told otherwise: the
    // ledger's journal would be written twice (docs/decisions/0015-retention.md).
    TRY_VOID(connection->script(options.free_pages == FreePages::stay ? "PRAGMA secure_delete = FAST"
                                                                      : "PRAGMA secure_delete = ON"));
    TRY_VOID(migrate(*connection, options));
    TRY_VOID(let_it_shrink(*connection, options.file));
    return connection;
}

}  // namespace bursar::store
