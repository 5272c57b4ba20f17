#include "service/base/json.h"
#include "service/ctl/budget_cells.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QJsonValue>
#include <QString>
#include <QStringList>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

QJsonValue at_path(const QJsonValue& row, std::string_view path) {
    QJsonValue value = row;
    for (const QString& name :
         QString::fromUtf8(path.data(), static_cast<qsizetype>(path.size())).split(QLatin1Char('.')))
        value = value.toObject().value(name);
    return value;
}

std::string object_text(const QJsonObject& object) {
    if (object.contains(QLatin1String("kind"))) return budget_text(object);
    std::string text;
    for (auto field = object.begin(); field != object.end(); ++field) {
        const std::string value = cell(field.value());
        if (!value.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", field.key().toStdString(), value);
    }
    return text;
}

}  // namespace

Outcome<QJsonObject> object_of(const Reply& reply) {
    const auto document = QJsonDocument::fromJson(QByteArray::fromStdString(reply.body));
    if (!document.isObject())
        return failed("The answer is not what bursard answers; is this the address of bursard's API?");
    return document.object();
}

std::string cell(const QJsonValue& value) {
    switch (value.type()) {
        case QJsonValue::Bool:
            return value.toBool() ? "yes" : "no";
        case QJsonValue::Double:
            return fmt::format("{}", value.toInteger());
        case QJsonValue::String:
            return value.toString().toStdString();
        case QJsonValue::Object:
            return object_text(value.toObject());
        case QJsonValue::Array: {
            std::string text;
            for (const QJsonValue& item : value.toArray()) text += (text.empty() ? "" : ", ") + cell(item);
            return text;
        }
        case QJsonValue::Null:
        case QJsonValue::Undefined:
            return {};
    }
    return {};
}

Outcome<Exit> print_list(Context& context, const std::string& path, std::string_view list,
                         const std::vector<Field>& fields, std::string_view empty) {
    TRY(const Reply reply, context.api.get(path));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject object, object_of(reply));
    const QJsonValue rows = object.value(QString::fromUtf8(list.data(), static_cast<qsizetype>(list.size())));
    if (rows.toArray().isEmpty())
        remark(empty);
    else
        print(rows_as_table(rows, fields));
    return Exit::ok;
}

std::string rows_as_table(const QJsonValue& list, const std::vector<Field>& fields) {
    std::vector<Column> columns;
    for (const Field& field : fields) columns.push_back(field.column);
    std::vector<std::vector<std::string>> rows;
    for (const QJsonValue& row : list.toArray()) {
        auto& cells = rows.emplace_back();
        for (const Field& field : fields) cells.push_back(cell(at_path(row, field.path)));
    }
    return table(columns, rows);
}

void print_fields(const QJsonObject& object) {
    for (auto field = object.begin(); field != object.end(); ++field)
        print(fmt::format("{:<18} {}\n", field.key().toStdString() + ":", printable(cell(field.value()))));
}

Outcome<Exit> print_object(Context& context, const Reply& reply) {
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject object, object_of(reply));
    print_fields(object);
    return Exit::ok;
}

Outcome<Exit> show_once(Context& context, const Reply& reply, const char* field, std::string_view what) {
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject object, object_of(reply));
    const auto text = [&object](const char* name) {
        return object.value(QLatin1String(name)).toString().toStdString();
    };
    remark(fmt::format("{} {} ({}), shown this once:", what, printable(text("name")), printable(text("id"))));
    print(text(field) + "\n");
    return Exit::ok;
}

Outcome<Exit> end_one(Context& context, const std::string& path, std::string_view field, std::string_view done) {
    TRY_VOID(context.api.call({.method = "DELETE", .path = path + url_part(context.word(0))}));
    if (context.json()) {
        JsonWriter json;
        json.open().field(field, context.word(0)).field("ended", true).close();
        print(std::move(json).text() + "\n");
    }
    remark(done);
    return Exit::ok;
}

std::string query_from(const Arguments& arguments,
                       std::initializer_list<std::pair<std::string_view, std::string_view>> names) {
    std::string query;
    for (const auto& [option, name] : names)
        if (const auto value = arguments.one(option))
            query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, url_part(*value));
    return query;
}

}  // namespace bursar::ctl
