// The tables of actions, of calls and of their sums.
#include "service/audit/audit.h"

namespace bursar::audit {
namespace {

constexpr std::string_view steps[] = {
    // Rows are only ever added. The one row of audit_head says where the chain ends.
    "CREATE TABLE audit_entry (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, address TEXT NOT "
    "NULL, "
    "action TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE TABLE audit_head (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, hash BLOB NOT NULL);"
    "INSERT INTO audit_head (id, number, hash) VALUES (1, 0, zeroblob(32));"
    // Times in nanoseconds since 1970; blobs as batch.h packs them.
    "CREATE TABLE audit_outcome (number INTEGER PRIMARY KEY, at_min INTEGER NOT NULL, at_max INTEGER NOT NULL, "
    "rows_count INTEGER NOT NULL, names BLOB NOT NULL, rows BLOB NOT NULL);"
    "CREATE INDEX audit_outcome_by_time ON audit_outcome (at_max, at_min);",
    // The chain has a key from here on. What was written without one proves nothing and stays apart.
    "ALTER TABLE audit_entry RENAME TO audit_entry_unkeyed;"
    "CREATE TABLE audit_entry (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, address TEXT NOT "
    "NULL, action TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT "
    "NULL);"
    "ALTER TABLE audit_head ADD COLUMN seal BLOB NOT NULL DEFAULT x'';"
    "UPDATE audit_head SET number = 0, hash = zeroblob(32);",
    // How a batch is packed, as batch.h says.
    "ALTER TABLE audit_outcome ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
    // Sums of outcome rows, as cubes.h says. Hours since 1970 (UTC); days since 1970-01-01 by the calendar of the time
    // zone in force when they were written. `sums` as sums.h packs them.
    "CREATE TABLE usage_combination (number INTEGER PRIMARY KEY, team TEXT NOT NULL, person TEXT NOT NULL, key TEXT "
    "NOT NULL, model TEXT NOT NULL, tier TEXT NOT NULL, channel TEXT NOT NULL, tags TEXT NOT NULL, cost_centre TEXT "
    "NOT NULL, last_day INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX usage_combination_by_texts ON usage_combination (key, model, tags, team, channel, person, "
    "tier, cost_centre);"
    "CREATE INDEX usage_combination_by_day ON usage_combination (last_day);"
    "CREATE TABLE usage_hour (cube INTEGER NOT NULL, hour INTEGER NOT NULL, combination INTEGER NOT NULL, sums BLOB "
    "NOT NULL, PRIMARY KEY (cube, hour, combination)) WITHOUT ROWID;"
    "CREATE TABLE usage_day (cube INTEGER NOT NULL, day INTEGER NOT NULL, combination INTEGER NOT NULL, sums BLOB NOT "
    "NULL, PRIMARY KEY (cube, day, combination)) WITHOUT ROWID;"
    "CREATE TABLE usage_hour_size (cube INTEGER NOT NULL, hour INTEGER NOT NULL, combinations INTEGER NOT NULL, "
    "PRIMARY KEY (cube, hour)) WITHOUT ROWID;"
    "CREATE TABLE usage_day_size (cube INTEGER NOT NULL, day INTEGER NOT NULL, combinations INTEGER NOT NULL, PRIMARY "
    "KEY (cube, day)) WITHOUT ROWID;"
    // What was stored before this step is summed up once: batches up to to_sum_up, of which those up to summed_up are.
    "CREATE TABLE usage_state (id INTEGER PRIMARY KEY CHECK (id = 1), time_zone TEXT NOT NULL, summed_up INTEGER NOT "
    "NULL, to_sum_up INTEGER NOT NULL);"
    "INSERT INTO usage_state SELECT 1, 'UTC', 0, coalesce(max(number), 0) FROM audit_outcome;",
    // Rows of calls before this instant may have been deleted: that one is missing says nothing.
    "ALTER TABLE usage_state ADD COLUMN expired_before INTEGER NOT NULL DEFAULT 0;",
    // Whoever asks what somebody did, or who did something, does not wait for the whole chain to be read.
    "CREATE INDEX audit_entry_by_actor ON audit_entry (actor);"
    "CREATE INDEX audit_entry_by_action ON audit_entry (action);"
    "CREATE INDEX audit_entry_by_time ON audit_entry (at);",
};

}  // namespace

store::Schema Audit::schema() { return {.part = "audit", .steps = steps}; }

}  // namespace bursar::audit
