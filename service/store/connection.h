#pragma once

#include "service/store/store.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;
namespace SQLite {
class Database;
}

namespace bursar::store {

/// What an error of SQLite means for the store as a whole, mildest first.
enum class Trouble : std::uint8_t {
    none,
    statement,  ///< this statement only: a constraint, wrong SQL
    full,       ///< no space; what was written before stands
    broken,     ///< an I/O error or pages that are not whole: nothing may be trusted from here on
};

enum class Access : std::uint8_t { read_only, read_write };

/// One keyed SQLCipher connection with its prepared statements. One thread at a time.
class Connection final : public Transaction {
  public:
    /// wrong_configuration if the key does not fit or the first page is damaged; changes no byte of the file.
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, const Secret& key,
                                                    Access access);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Result<void> run(std::string_view sql, std::initializer_list<Value> values = {}) override;
    Result<void> each(std::string_view sql, std::initializer_list<Value> values,
                      const std::function<Result<void>(const Row&)>& row) override;

    /// Several statements at once, not kept: migrations and pragmas.
    Result<void> script(std::string_view sql);
    /// First column of every row, as text.
    Result<std::vector<std::string>> column(std::string_view sql);
    /// Ends a transaction that may be open, whatever state it is in.
    void roll_back();
    bool in_transaction() const;
    /// The worst that happened since the last call.
    Trouble take_trouble();
    Trouble worst_trouble() const { return worst_; }
    std::int64_t changes() const;
    /// Copies what the log has into the main file, as far as no reader stands in the way. Pages left in the log.
    Result<int> checkpoint(bool truncate);
    /// Takes every page of `source`, so many at a time, as its open transaction sees them. shutting_down once `goes_on`
    /// says so.
    Result<void> copy_from(Connection& source, int pages_at_once,
                           const std::function<bool(std::uint64_t done, std::uint64_t all)>& goes_on);
    /// Length of the log after the last commit of this connection.
    int log_pages() const { return log_pages_; }

  private:
    struct Kept {
        sqlite3_stmt* statement = nullptr;
        bool in_use = false;
    };
    class Use;

    explicit Connection(std::unique_ptr<SQLite::Database> database, std::filesystem::path file);
    sqlite3* handle() const;
    Result<sqlite3_stmt*> prepare(std::string_view sql, bool keep);
    std::unexpected<Error> trouble(int code, std::string_view doing);
    Result<void> bind(sqlite3_stmt* statement, std::initializer_list<Value> values, std::string_view sql);

    std::unique_ptr<SQLite::Database> database_;
    std::filesystem::path file_;
    std::map<std::string, Kept, std::less<>> kept_;
    Trouble worst_ = Trouble::none;
    int log_pages_ = 0;
};

}  // namespace bursar::store
