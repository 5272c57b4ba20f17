#include "service/admin/facts_json.h"
#include "service/admin/visit.h"
#include "service/backup/away.h"
#include "service/backup/backups.h"

#include <functional>
#include <map>
#include <vector>

namespace bursar::admin {
namespace {

Result<backup::Backups*> backups_of(const Visit& visit) {
    if (visit.parts->backups != nullptr) return visit.parts->backups;
    return fail(Fault::conflict,
                "No backups are made here: the configuration names no folder for them. Add [backup] folder = /path to "
                "bursard's configuration, and restart it.");
}

void write_state(JsonWriter& json, const backup::State& state) {
    json.field("running", state.running);
    if (state.running) json.field("percent", state.percent);
    if (state.begun_at) json.field("begun_at", to_text(*state.begun_at));
    if (state.made_at) json.field("made_at", to_text(*state.made_at));
    if (!state.failure.empty()) json.field("failure", state.failure);
}

void write_target(JsonWriter& json, const backup::Away& away) {
    const backup::AwayState state = away.state();
    json.key("target").open();
    json.field("place", backup::describe(away.options())).field("keep", std::int64_t{away.options().keep});
    json.field("running", state.running);
    if (state.running) json.field("percent", state.percent);
    if (state.sent_at) json.field("sent_at", to_text(*state.sent_at));
    if (!state.failure.empty()) json.field("failure", state.failure).field("tries", state.tries);
    if (state.next_try) json.field("next_try", to_text(*state.next_try));
    json.close();
}

/// One backup, wherever it is.
struct Row {
    backup::Found found;
    bool here = false, away = false;
};

/// The newest first.
std::vector<Row> rows_of(const std::vector<backup::Found>& here, const std::vector<backup::Stored>& away) {
    std::map<std::string, Row, std::greater<>> rows;
    for (const backup::Found& found : here) rows[found.name] = {.found = found, .here = true};
    for (const backup::Stored& stored : away) {
        Row& row = rows[stored.name];
        row.away = true;
        if (!row.here) row.found = {stored.name, stored.bytes, backup::made_at(stored.name).value_or(Timestamp{})};
    }
    std::vector<Row> out;
    for (auto& [name, row] : rows) out.push_back(std::move(row));
    return out;
}

}  // namespace

Reply backup_list(Visit& visit) {
    TRY(const backup::Backups* const backups, backups_of(visit));
    const backup::Away* const away = visit.parts->away;
    JsonWriter json;
    json.open();
    write_state(json, backups->state());
    const backup::Options& options = backups->options();
    json.field("folder", options.folder.string())
        .field("every_hours", std::int64_t{options.every.count()})
        .field("keep", std::int64_t{options.keep});
    json.key("backups").open_list();
    for (const Row& row : rows_of(backups->list(), away ? away->state().stored : std::vector<backup::Stored>()))
        json.open()
            .field("name", row.found.name)
            .field("bytes", row.found.bytes)
            .field("made_at", to_text(row.found.made_at))
            .field("here", row.here)
            .field("away", row.away)
            .close();
    json.close_list();
    if (away != nullptr) write_target(json, *away);
    json.close();
    return json_answer(std::move(json).text());
}

Reply backup_make(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(backup::Backups* const backups, backups_of(visit));
    TRY_VOID(do_audited(visit, "backup", [&] { return backups->begin(); }));
    JsonWriter json;
    json.open();
    write_state(json, backups->state());
    json.close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
