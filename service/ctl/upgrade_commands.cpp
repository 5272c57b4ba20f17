// bursarctl upgrade check: the service's own facts, and what dpkg says of the package and of this machine.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"
#include "service/ctl/upgrade.h"

#include <algorithm>

#include <QDateTime>
#include <QJsonArray>
#include <QJsonObject>
#include <QProcess>
#include <QStringList>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr int dpkg_ms_max = 30'000;
constexpr qsizetype dpkg_bytes_max = 4'096;

struct Ran {
    int status = -1;
    std::string output;  ///< without the end of its last line
};

/// No shell is between: a file's name is only a name.
Ran run(const char* program, const QStringList& arguments) {
    QProcess process;
    process.setStandardInputFile(QProcess::nullDevice());
    process.setStandardErrorFile(QProcess::nullDevice());
    process.start(QLatin1String(program), arguments);
    if (!process.waitForFinished(dpkg_ms_max) || process.exitStatus() != QProcess::NormalExit) return {};
    return {process.exitCode(), process.readAllStandardOutput().left(dpkg_bytes_max).trimmed().toStdString()};
}

Outcome<std::string> field_of(const std::string& file, const char* field) {
    const Ran asked = run("dpkg-deb", {"--field", QString::fromStdString(file), QLatin1String(field)});
    if (asked.status == 0) return asked.output;
    return failed(
        fmt::format("{} cannot be read as a Debian package. Name the file of one, on a machine with dpkg.", file));
}

bool compares(const std::string& one, const char* how, const std::string& other) {
    return run("dpkg",
               {"--compare-versions", QString::fromStdString(one), QLatin1String(how), QString::fromStdString(other)})
               .status == 0;
}

Outcome<Offered> read_offered(const std::string& file, const std::string& running) {
    Offered offered;
    TRY(offered.package, field_of(file, "Package"));
    TRY(offered.version, field_of(file, "Version"));
    TRY(offered.architecture, field_of(file, "Architecture"));
    offered.machine = run("dpkg", {"--print-architecture"}).output;
    // The version of the package that is installed here is more exact than what the program says of itself.
    const Ran installed = run("dpkg-query", {"--show", "--showformat=${Version}", "bursar"});
    offered.present = installed.status == 0 && !installed.output.empty() ? installed.output : running;
    if (compares(offered.version, "eq", offered.present))
        offered.age = Age::same;
    else
        offered.age = compares(offered.version, "gt", offered.present) ? Age::newer : Age::older;
    return offered;
}

std::uint64_t bytes_of(const QJsonObject& object, const char* name) {
    return static_cast<std::uint64_t>(std::max<qint64>(0, object.value(QLatin1String(name)).toInteger()));
}

std::string text_of(const QJsonObject& object, const char* name) {
    return object.value(QLatin1String(name)).toString().toStdString();
}

Room room_of(const QJsonObject& facts) {
    Room room{.database_bytes = bytes_of(facts, "database_bytes"),
              .state_bytes_free = bytes_of(facts, "state_bytes_free")};
    if (facts.contains(QLatin1String("backup_bytes_free")))
        room.backup_bytes_free = bytes_of(facts, "backup_bytes_free");
    room.one_file_system = facts.value(QLatin1String("one_file_system")).toBool();
    return room;
}

Outcome<Backup> backup_of(Api& api) {
    TRY(const Reply reply, api.exchange({.path = "/api/v1/backup"}));
    constexpr int conflict = 409;  // the configuration names no folder for them
    if (reply.status == conflict) return Backup{.configured = false};
    if (!reply.good()) return failed(problem_text(reply));
    TRY(const QJsonObject state, object_of(reply));
    Backup backup{.running = state.value(QLatin1String("running")).toBool(), .failure = text_of(state, "failure")};
    const auto made = QDateTime::fromString(state.value(QLatin1String("made_at")).toString(), Qt::ISODateWithMs);
    if (made.isValid())
        backup.age =
            std::chrono::floor<std::chrono::hours>(std::chrono::seconds(made.secsTo(QDateTime::currentDateTimeUtc())));
    return backup;
}

/// What the service itself looks at all the time, but for backups, which are judged here.
Outcome<void> add_checks(Api& api, std::vector<Point>& points) {
    TRY(const Reply reply, api.get("/api/v1/checks"));
    TRY(const QJsonObject object, object_of(reply));
    for (const QJsonValue& item : object.value(QLatin1String("checks")).toArray()) {
        const QJsonObject check = item.toObject();
        if (check.value(QLatin1String("good")).toBool() || text_of(check, "name") == "backup") continue;
        const bool blocks = check.value(QLatin1String("blocks")).toBool();
        points.push_back({blocks ? Verdict::stop : Verdict::warning, text_of(check, "name"), text_of(check, "text")});
    }
    return {};
}

Outcome<std::vector<Point>> look(Context& context) {
    TRY(const Reply reply, context.api.call({.method = "POST", .path = "/api/v1/upgrade/check", .body = "{}"}));
    TRY(const QJsonObject facts, object_of(reply));
    std::vector<Point> points;
    if (const auto file = context.arguments.one("--package")) {
        TRY(const Offered offered, read_offered(*file, text_of(facts, "version")));
        points.push_back(judge_version(offered));
    }
    points.push_back(judge_room(room_of(facts)));
    for (const QJsonValue& item : facts.value(QLatin1String("databases")).toArray()) {
        const QJsonObject one = item.toObject();
        points.push_back(
            judge_database(text_of(one, "name"), one.value(QLatin1String("sound")).toBool(), text_of(one, "text")));
    }
    TRY(const Backup backup, backup_of(context.api));
    points.push_back(judge_backup(backup));
    TRY(const Reply waiting, context.api.get("/api/v1/approvals?state=open"));
    TRY(const QJsonObject approvals, object_of(waiting));
    points.push_back(
        judge_waiting(static_cast<std::size_t>(approvals.value(QLatin1String("approvals")).toArray().size())));
    TRY_VOID(add_checks(context.api, points));
    return points;
}

std::string as_json(const std::vector<Point>& points, bool good) {
    JsonWriter json;
    json.open().field("good", good).key("findings").open_list();
    for (const Point& point : points)
        json.open()
            .field("verdict", name_of(point.verdict))
            .field("name", point.name)
            .field("text", point.text)
            .close();
    json.close_list().close();
    return std::move(json).text();
}

}  // namespace

Outcome<Exit> upgrade_check(Context& context) {
    TRY(const std::vector<Point> points, look(context));
    const bool good = std::ranges::none_of(points, [](const Point& point) { return point.verdict == Verdict::stop; });
    if (context.json()) {
        print(as_json(points, good) + "\n");
    } else {
        std::vector<std::vector<std::string>> rows;
        for (const Point& point : points)
            rows.push_back({std::string(name_of(point.verdict)), printable(point.name), printable(point.text)});
        print(table({{"STATE"}, {"WHAT"}, {"FOUND"}}, rows));
    }
    if (good) return Exit::ok;
    remark("Do not upgrade yet: see each stop above.");
    return Exit::failed;
}

}  // namespace bursar::ctl
