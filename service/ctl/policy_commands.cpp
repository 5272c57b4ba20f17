#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/documents.h"
#include "service/ctl/terminal.h"

#include <filesystem>

#include <QJsonArray>
#include <QJsonObject>
#include <QSaveFile>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t price_file_bytes_max = 14 << 20;  // a request has at most 16 MiB, and quoting costs some

Outcome<Reply> policy_of(Context& context) {
    const auto number = context.arguments.one("--revision");
    return context.api.get(number ? "/api/v1/policy/revisions/" + url_part(*number) : "/api/v1/policy");
}

Outcome<void> write_file(const fs::path& file, const std::string& text) {
    QSaveFile target(QString::fromStdString(file.string()));
    if (target.open(QIODevice::WriteOnly) &&
        target.write(QByteArray::fromStdString(text)) == static_cast<qint64>(text.size()) && target.commit())
        return {};
    return failed(fmt::format("{} cannot be written: {}.", file.string(), target.errorString().toStdString()));
}

/// A name from the service becomes a file only if it is nothing but a name.
bool is_file_name(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

}  // namespace

Outcome<Exit> policy_plan(Context& context) {
    TRY(const Documents documents, read_documents(context.arguments.words));
    TRY(const Plan plan, plan_of(context.api, documents));
    print(context.json() ? plan.body + "\n" : plan_text(plan));
    return Exit::ok;
}

Outcome<Exit> policy_apply(Context& context) {
    TRY(const Documents documents, read_documents(context.arguments.words));
    TRY(const Plan plan, plan_of(context.api, documents));
    return confirm_and_apply(context.api, documents, plan,
                             {.yes = context.arguments.has("--yes"),
                              .reason = context.arguments.one("--reason").value_or("bursarctl policy apply"),
                              .question = "Put this in force?",
                              .json = context.json()});
}

Outcome<Exit> policy_show(Context& context) {
    TRY(const Reply reply, policy_of(context));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject policy, object_of(reply));
    const auto folder = context.arguments.one("--to");
    for (const QJsonValue& item : policy.value(QLatin1String("documents")).toArray()) {
        const QJsonObject document = item.toObject();
        const std::string name = document.value(QLatin1String("name")).toString().toStdString();
        const std::string text = document.value(QLatin1String("text")).toString().toStdString();
        if (!folder) {
            print(fmt::format("# {}\n{}{}", printable(name), text, text.ends_with('\n') ? "" : "\n"));
            continue;
        }
        if (!is_file_name(name))
            return failed(fmt::format("The document '{}' has a name that no file should have.", printable(name)));
        std::error_code code;
        fs::create_directories(*folder, code);
        TRY_VOID(write_file(fs::path(*folder) / name, text));
        remark(fmt::format("{} written.", (fs::path(*folder) / name).string()));
    }
    return Exit::ok;
}

Outcome<Exit> policy_history(Context& context) {
    return print_list(
        context, "/api/v1/policy/revisions", "revisions",
        {{"number", {"REVISION", Align::right}}, {"at", {"AT"}}, {"author", {"AUTHOR"}}, {"reason", {"REASON"}}},
        "There is no policy yet. Apply one: bursarctl policy apply DIR");
}

Outcome<Exit> policy_rollback(Context& context) {
    const std::string& number = context.word(0);
    if (number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos)
        return wrong_usage(fmt::format("'{}' is not the number of a revision. See: bursarctl policy history", number));
    TRY(const InForce in_force, documents_in_force(context.api));
    if (!context.arguments.has("--yes")) {
        TRY(const bool wanted,
            confirm(fmt::format("Put revision {} in force again, in place of {}?", number, in_force.revision)));
        if (!wanted) {
            remark("Nothing was changed.");
            return Exit::failed;
        }
    }
    JsonWriter json;
    json.open().key("to").raw(number).field("reason",
                                            context.arguments.one("--reason").value_or("bursarctl policy rollback"));
    json.close();
    TRY(const Reply reply, context.api.call({.method = "POST",
                                             .path = "/api/v1/policy/rollback",
                                             .body = std::move(json).text(),
                                             .if_match = in_force.revision}));
    return print_object(context, reply);
}

Outcome<Exit> prices_import(Context& context) {
    const fs::path file = context.word(0);
    TRY(const std::string text, read_text(file, price_file_bytes_max));
    JsonWriter json;
    json.open()
        .field("litellm", text)
        .field("source", context.arguments.one("--source").value_or(file.filename().string()))
        .close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/prices/import", .body = std::move(json).text()}));
    TRY(const QJsonObject imported, object_of(reply));
    for (const QJsonValue& line : imported.value(QLatin1String("skipped")).toArray())
        remark("left out: " + printable(cell(line)));
    const QJsonObject document = imported.value(QLatin1String("document")).toObject();
    const std::string name = document.value(QLatin1String("name")).toString().toStdString();
    TRY(InForce in_force, documents_in_force(context.api));
    in_force.documents.texts[name] = document.value(QLatin1String("text")).toString().toStdString();
    TRY(const Plan plan, plan_of(context.api, in_force.documents));
    // The other documents are those of the revision that was read: what came after it would be undone without a word.
    if (plan.revision != in_force.revision)
        return failed(fmt::format("Somebody else changed the policy meanwhile (revision {} -> {}). Import again.",
                                  in_force.revision, plan.revision));
    remark(fmt::format("{} models with a price, in the document {}.", cell(imported.value(QLatin1String("models"))),
                       printable(name)));
    return confirm_and_apply(context.api, in_force.documents, plan,
                             {.yes = context.arguments.has("--yes"),
                              .reason = fmt::format("prices imported from {}", file.filename().string()),
                              .question = "Put these prices in force?",
                              .json = context.json()});
}

}  // namespace bursar::ctl
