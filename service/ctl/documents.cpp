#include "service/ctl/documents.h"

#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>
#include <utility>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t documents_max = 200;
constexpr std::size_t document_bytes_max = 4 << 20;

bool is_yaml(const fs::path& file) { return file.extension() == ".yaml" || file.extension() == ".yml"; }

Outcome<void> add(Documents& documents, const fs::path& file) {
    const std::string name = file.filename().string();
    if (const auto other = documents.origins.find(name); other != documents.origins.end())
        return failed(fmt::format("{} and {} have one name; a policy has one document of each.", other->second.string(),
                                  file.string()));
    TRY(documents.texts[name], read_text(file, document_bytes_max));
    documents.origins[name] = file;
    if (documents.texts.size() > documents_max)
        return failed(fmt::format("A policy has at most {} documents.", documents_max));
    return {};
}

std::vector<std::string> strings(const QJsonObject& object, const char* name) {
    std::vector<std::string> texts;
    for (const QJsonValue& value : object.value(QLatin1String(name)).toArray()) texts.push_back(printable(cell(value)));
    return texts;
}

/// "DIR/teams.yaml:12:7: …", or null when the refusal is about something else than the documents.
std::string problem_lines(const Reply& reply, const Documents& documents) {
    std::string lines;
    const QJsonObject problem = QJsonDocument::fromJson(QByteArray::fromStdString(reply.body)).object();
    for (const QJsonValue& item : problem.value(QLatin1String("problems")).toArray()) {
        const QJsonObject found = item.toObject();
        const std::string name = found.value(QLatin1String("file")).toString().toStdString();
        const auto origin = documents.origins.find(name);
        const int line = found.value(QLatin1String("line")).toInt();
        lines += origin == documents.origins.end() ? name : origin->second.string();
        if (line > 0) lines += fmt::format(":{}:{}", line, found.value(QLatin1String("column")).toInt());
        lines += fmt::format(": {}\n", printable(found.value(QLatin1String("text")).toString().toStdString()));
    }
    return lines;
}

void append_section(std::string& text, std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    text += fmt::format("{}:\n", title);
    for (const std::string& line : lines) text += fmt::format("  {}\n", line);
}

}  // namespace

Outcome<Documents> read_documents(const std::vector<std::string>& paths) {
    Documents documents;
    for (const std::string& path : paths) {
        std::error_code code;
        if (!fs::is_directory(path, code)) {
            TRY_VOID(add(documents, path));
            continue;
        }
        std::vector<fs::path> files;
        for (fs::directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code))
            if (is_yaml(entry->path())) files.push_back(entry->path());
        if (code) return failed(fmt::format("The folder {} cannot be read: {}.", path, code.message()));
        std::ranges::sort(files);
        for (const fs::path& file : files) TRY_VOID(add(documents, file));
    }
    if (documents.texts.empty()) return failed("There is no .yaml or .yml file in what was named; nothing was sent.");
    return documents;
}

Outcome<InForce> documents_in_force(Api& api) {
    TRY(const Reply reply, api.get("/api/v1/policy"));
    TRY(const QJsonObject policy, object_of(reply));
    InForce in_force{.documents = {}, .revision = reply.etag};
    for (const QJsonValue& item : policy.value(QLatin1String("documents")).toArray()) {
        const QJsonObject document = item.toObject();
        in_force.documents.texts[document.value(QLatin1String("name")).toString().toStdString()] =
            document.value(QLatin1String("text")).toString().toStdString();
    }
    return in_force;
}

std::string as_json(const Documents& documents, std::string_view reason) {
    JsonWriter json;
    json.open().key("documents").open_list();
    for (const auto& [name, text] : documents.texts) json.open().field("name", name).field("text", text).close();
    json.close_list();
    if (!reason.empty()) json.field("reason", reason);
    json.close();
    return std::move(json).text();
}

Outcome<Plan> plan_of(Api& api, const Documents& documents) {
    TRY(const Reply reply,
        api.exchange({.method = "POST", .path = "/api/v1/policy/plan", .body = as_json(documents, "")}));
    if (!reply.good()) {
        const std::string lines = problem_lines(reply, documents);
        return failed(lines.empty() ? problem_text(reply)
                                    : fmt::format("the policy is wrong; nothing was changed.\n{}", lines));
    }
    TRY(const QJsonObject plan, object_of(reply));
    return Plan{.revision = cell(plan.value(QLatin1String("base_revision"))),
                .changes = strings(plan, "changes"),
                .warnings = strings(plan, "warnings"),
                .missing_secrets = strings(plan, "missing_secrets"),
                .body = reply.body};
}

std::string plan_text(const Plan& plan) {
    if (plan.changes.empty() && plan.warnings.empty() && plan.missing_secrets.empty())
        return fmt::format("Nothing changes against revision {}.\n", plan.revision);
    std::string text;
    append_section(text, fmt::format("changes against revision {}", plan.revision), plan.changes);
    append_section(text, "warnings", plan.warnings);
    append_section(text, "secrets that the vault does not have yet (bursarctl secret put NAME)", plan.missing_secrets);
    return text;
}

Outcome<Exit> confirm_and_apply(Api& api, const Documents& documents, const Plan& plan, const Decision& decision) {
    if (!decision.json)
        print(plan_text(plan));
    else if (!decision.yes)
        remark(plan_text(plan));
    if (!decision.yes) {
        TRY(const bool wanted, confirm(decision.question));
        if (!wanted) {
            remark("Nothing was changed.");
            return Exit::failed;
        }
    }
    TRY(const Reply reply, api.exchange({.method = "PUT",
                                         .path = "/api/v1/policy",
                                         .body = as_json(documents, decision.reason),
                                         .if_match = plan.revision}));
    if (reply.status == 412)
        return failed(fmt::format("The policy is no longer at revision {}: somebody else changed it. Plan again.",
                                  plan.revision));
    if (!reply.good()) return failed(problem_text(reply));
    TRY_VOID(check_done(reply));
    TRY(const QJsonObject applied, object_of(reply));
    if (decision.json) print(reply.body + "\n");
    remark(fmt::format("Revision {} is in force.", cell(applied.value(QLatin1String("revision")))));
    return Exit::ok;
}

}  // namespace bursar::ctl
