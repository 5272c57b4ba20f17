// What an upgrade has to know of the service that it replaces.
#include "service/admin/visit.h"
#include "service/backup/backups.h"
#include "service/base/json.h"

#include <filesystem>
#include <sys/stat.h>

namespace bursar::admin {
namespace {

namespace fs = std::filesystem;

void write_database(JsonWriter& json, std::string_view name, const Result<void>& looked) {
    json.open().field("name", name).field("sound", looked.has_value());
    if (!looked) json.field("text", looked.error().for_caller);
    json.close();
}

/// Whether both lie on one file system, whose free space is there once.
bool share_space(const fs::path& one, const fs::path& other) {
    struct stat first{}, second{};
    return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 && first.st_dev == second.st_dev;
}

void write_room(JsonWriter& json, const Visit& visit) {
    const fs::path& database = visit.plane.options.database;
    std::error_code error;
    const auto bytes = fs::file_size(database, error);
    json.field("database_bytes", error ? std::uint64_t{0} : std::uint64_t{bytes});
    const auto room = fs::space(database.parent_path(), error);
    json.field("state_bytes_free", error ? std::uint64_t{0} : std::uint64_t{room.available});
    if (visit.parts->backups == nullptr) return;
    const fs::path& folder = visit.parts->backups->options().folder;
    const auto there = fs::space(folder, error);
    json.field("backup_bytes_free", error ? std::uint64_t{0} : std::uint64_t{there.available});
    json.field("one_file_system", share_space(database, folder));
}

}  // namespace

Reply upgrade_check(Visit& visit) {
    TRY_VOID(visit.no_body());
    JsonWriter json;
    json.open().field("version", BURSAR_VERSION);
    write_room(json, visit);
    json.key("databases").open_list();
    write_database(json, "bursar.db", visit.parts->store.verify());
    const auto vault = visit.plane.vault.verify();
    if (!vault && vault.error().fault == Fault::sealed) return std::unexpected(vault.error());
    write_database(json, "vault.db", vault);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
