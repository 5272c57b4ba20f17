#include "service/admin/facts_json.h"
#include "service/admin/visit.h"
#include "service/backup/backups.h"

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

}  // namespace

Reply backup_list(Visit& visit) {
    TRY(const backup::Backups* const backups, backups_of(visit));
    JsonWriter json;
    json.open();
    write_state(json, backups->state());
    const backup::Options& options = backups->options();
    json.field("folder", options.folder.string())
        .field("every_hours", std::int64_t{options.every.count()})
        .field("keep", std::int64_t{options.keep});
    json.key("backups").open_list();
    for (const backup::Found& found : backups->list())
        json.open()
            .field("name", found.name)
            .field("bytes", found.bytes)
            .field("made_at", to_text(found.made_at))
            .close();
    json.close_list().close();
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
