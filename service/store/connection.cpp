#include "service/store/connection.h"

#include "service/base/crypto.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <cerrno>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <sqlcipher/sqlite3.h>

namespace bursar::store {
namespace {

constexpr std::size_t statements_kept_max = 256;
constexpr std::size_t key_bytes = 32;
constexpr const char* not_now = "The database of the service cannot be used right now; try again in a minute.";

Trouble weigh(int code, int system_error) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return Trouble::full;
        case SQLITE_IOERR:
            // After a failed fsync nobody knows which pages are on the disk, whatever the reason was.
            if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) return Trouble::broken;
            return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG ? Trouble::full
                                                                                             : Trouble::broken;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CANTOPEN:
            return Trouble::broken;
        default:
            return Trouble::statement;
    }
}

class StatementRow final : public Row {
  public:
    explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
    std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
    std::string_view text(int column) const override {
        // For text SQLite gives the same bytes as for a blob; the length must be asked for after the pointer.
        const void* bytes = sqlite3_column_blob(statement_, column);
        const int count = sqlite3_column_bytes(statement_, column);
        return bytes == nullptr ? std::string_view()
                                : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
    }
    bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

  private:
    sqlite3_stmt* statement_;
};

}  // namespace

/// A prepared statement while it runs; reset when dropped, so that no view into the caller's memory stays bound.
class Connection::Use {
  public:
    Use(Connection& connection, std::string_view sql) {
        const auto found = connection.kept_.find(sql);
        const bool known = found != connection.kept_.end();
        if (known && !found->second.in_use) {
            kept_ = &found->second;
            statement_ = kept_->statement;
            kept_->in_use = true;
            return;
        }
        const bool keep = !known && connection.kept_.size() < statements_kept_max;
        auto prepared = connection.prepare(sql, keep);
        if (!prepared) {
            error_ = std::move(prepared).error();
            return;
        }
        statement_ = *prepared;
        if (keep) kept_ = &connection.kept_.emplace(sql, Kept{.statement = statement_, .in_use = true}).first->second;
    }
    ~Use() {
        if (kept_ == nullptr) {
            sqlite3_finalize(statement_);
            return;
        }
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
        kept_->in_use = false;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    sqlite3_stmt* statement() const { return statement_; }
    Error& error() { return error_; }

  private:
    Kept* kept_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
    Error error_;
};

Connection::Connection(std::unique_ptr<SQLite::Database> database, std::filesystem::path file)
    : database_(std::move(database)), file_(std::move(file)) {}

Connection::~Connection() {
    for (auto& [text, kept] : kept_) sqlite3_finalize(kept.statement);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, const Secret& key,
                                                     Access access) {
    ENSURE(key.size() == key_bytes);
    std::unique_ptr<Connection> connection;
    try {
        const int mode = access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
        connection.reset(
            new Connection(std::make_unique<SQLite::Database>(file.string(), mode | SQLITE_OPEN_NOMUTEX), file));
    } catch (const SQLite::Exception& exception) {
        return fail(Fault::wrong_configuration, fmt::format("Cannot open {}: {}.", file.string(), exception.what()));
    }
    sqlite3* const handle = connection->handle();
    sqlite3_extended_result_codes(handle, 1);
    // In the place of SQLite's own checkpoint inside a commit: the store decides when.
    const auto note_length = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(handle, note_length, connection.get());
    // The last reader of a file must not move the log into it: a look with the wrong key leaves every byte in its
    // place.
    if (access == Access::read_only) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);

    // SQLCipher writes to standard error by itself; what it finds comes back as an error too.
    TRY_VOID(connection->script("PRAGMA cipher_log_level = NONE"));
    // Bytes between x'' are taken as the key itself, without a derivation (SQLCipher, "Raw Key Data").
    std::string hex = to_hex(key.reveal());
    const Secret literal(fmt::format("x'{}'", hex));
    wipe(hex.data(), hex.size());
    if (sqlite3_key_v2(handle, nullptr, literal.reveal().data(), static_cast<int>(literal.size())) != SQLITE_OK)
        return fail(Fault::internal, "The database cannot be opened.",
                    fmt::format("sqlite3_key_v2 failed for {}", file.string()));
    // Part of the file's format, to be said before the first page is read. With SHA-256, which processors have in
    // hardware, and small pages a group of one row costs a third less than with SQLCipher's defaults (SHA-512, 4 KiB).
    TRY_VOID(connection->script("PRAGMA cipher_page_size = 2048; PRAGMA cipher_hmac_algorithm = HMAC_SHA256"));
    // A program that runs on plain SQLite by a mistake of linking would write everything in the open.
    TRY(const auto version, connection->column("PRAGMA cipher_version"));
    if (version.empty())
        return fail(Fault::internal, "This build has no SQLCipher.", "PRAGMA cipher_version gave nothing");
    TRY_VOID(
        connection->script("PRAGMA cipher_memory_security = OFF; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; "
                           "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"));
    const auto tables = connection->column("SELECT count(*) FROM sqlite_master");
    connection->take_trouble();
    if (!tables)
        return fail(
            Fault::wrong_configuration,
            fmt::format(
                "{} cannot be read: the key does not fit, or the file was cut or edited. Nothing was changed in it. "
                "Check the master key, or restore the file from a backup.",
                file.string()),
            std::string(tables.error().operator_text()));
    return connection;
}

sqlite3* Connection::handle() const { return database_->getHandle(); }

std::unexpected<Error> Connection::trouble(int code, std::string_view doing) {
    const Trouble weight = weigh(code, sqlite3_system_errno(handle()));
    worst_ = std::max(worst_, weight);
    std::string text = fmt::format("{}: {} (SQLite {}, errno {}) in: {}", file_.string(), sqlite3_errmsg(handle()),
                                   code, sqlite3_system_errno(handle()), doing);
    if (weight == Trouble::statement) {
        if ((code & 0xff) == SQLITE_CONSTRAINT)
            return fail(Fault::conflict, "The state has changed since you looked, or this exists already. Look again.",
                        std::move(text));
        if ((code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_RANGE || (code & 0xff) == SQLITE_READONLY)
            return fail(Fault::internal, "The service made a mistake with its database. Please report it.",
                        std::move(text));
    }
    return fail(Fault::storage_unavailable, not_now, std::move(text));
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, bool keep) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                        keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
    if (code != SQLITE_OK) return trouble(code, sql);
    if (statement == nullptr)
        return fail(Fault::internal, "The service made a mistake with its database.", "an empty statement");
    return statement;
}

Result<void> Connection::bind(sqlite3_stmt* statement, std::initializer_list<Value> values, std::string_view sql) {
    // SQLite leaves what is not bound as NULL; that would hide a mistake of ours.
    ENSURE(sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
    int index = 0;
    for (const Value& value : values) {
        ++index;
        int code = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&value))
            code = sqlite3_bind_int64(statement, index, *number);
        else if (const auto* text = std::get_if<std::string_view>(&value))
            // A null pointer would bind NULL; an empty text is not that.
            code = sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC,
                                       SQLITE_UTF8);
        else if (const auto* blob = std::get_if<Blob>(&value))
            code = sqlite3_bind_blob64(statement, index, blob->bytes.empty() ? "" : blob->bytes.data(),
                                       blob->bytes.size(), SQLITE_STATIC);
        if (code != SQLITE_OK) return trouble(code, sql);
    }
    return {};
}

Result<void> Connection::run(std::string_view sql, std::initializer_list<Value> values) {
    Use use(*this, sql);
    if (use.statement() == nullptr) return std::unexpected(std::move(use.error()));
    TRY_VOID(bind(use.statement(), values, sql));
    const int code = sqlite3_step(use.statement());
    if (code != SQLITE_DONE && code != SQLITE_ROW) return trouble(code, sql);
    return {};
}

Result<void> Connection::each(std::string_view sql, std::initializer_list<Value> values,
                              const std::function<Result<void>(const Row&)>& row) {
    Use use(*this, sql);
    if (use.statement() == nullptr) return std::unexpected(std::move(use.error()));
    TRY_VOID(bind(use.statement(), values, sql));
    for (;;) {
        const int code = sqlite3_step(use.statement());
        if (code == SQLITE_DONE) return {};
        if (code != SQLITE_ROW) return trouble(code, sql);
        TRY_VOID(row(StatementRow(use.statement())));
    }
}

Result<void> Connection::script(std::string_view sql) {
    const int code = sqlite3_exec(handle(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return trouble(code, sql);
    return {};
}

Result<std::vector<std::string>> Connection::column(std::string_view sql) {
    std::vector<std::string> values;
    TRY_VOID(each(sql, {}, [&](const Row& row) -> Result<void> {
        values.emplace_back(row.text(0));
        return {};
    }));
    return values;
}

void Connection::roll_back() {
    // SQLite has ended the transaction by itself after some errors; a failed ROLLBACK leaves nothing more to do.
    if (in_transaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

Trouble Connection::take_trouble() { return std::exchange(worst_, Trouble::none); }

Result<void> Connection::copy_from(Connection& source, int pages_at_once,
                                   const std::function<bool(std::uint64_t done, std::uint64_t all)>& goes_on) {
    sqlite3_backup* const backup = sqlite3_backup_init(handle(), "main", source.handle(), "main");
    if (backup == nullptr) return trouble(sqlite3_extended_errcode(handle()), "copy");
    int code = SQLITE_OK;
    bool stopped = false;
    while (code == SQLITE_OK && !stopped) {
        code = sqlite3_backup_step(backup, pages_at_once);
        const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup));
        stopped = !goes_on(all - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup)), all);
    }
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) return {};
    if (code == SQLITE_OK) return fail(Fault::shutting_down, "The copy was ended before it was whole.");
    return trouble(code, "copy");
}

std::int64_t Connection::changes() const { return sqlite3_total_changes64(handle()); }

Result<int> Connection::checkpoint(bool truncate) {
    int frames = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(
        handle(), nullptr, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    // BUSY: a reader or another checkpoint stands in the way; the log is kept and the next one gets further.
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) return trouble(code, "wal_checkpoint");
    return frames - copied;
}

}  // namespace bursar::store
