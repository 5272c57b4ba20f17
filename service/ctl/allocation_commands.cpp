#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::string_view allocations_path = "/api/v1/allocations";

/// A name of the policy as one segment of a path: the control plane decodes none, and only a slash would need it.
Outcome<std::string> path_of(const std::string& name, std::string_view action) {
    constexpr std::string_view marks = "._-:@+";
    const auto plain = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    };
    if (name.empty() || !std::ranges::all_of(name, plain))
        return wrong_usage(
            fmt::format("'{}' cannot be asked for: an allocation that is planned or run by name has one of "
                        "letters, digits or . _ - : @ + only.",
                        name));
    return fmt::format("{}/{}/{}", allocations_path, name, action);
}

std::string text_of(const QJsonObject& object, const char* name) { return cell(object.value(QLatin1String(name))); }

std::string lines_as_table(const QJsonObject& run) {
    const std::vector<Column> columns = {{"MEMBER"},
                                         {"SHARE", Align::right},
                                         {"ROLL-OVER", Align::right},
                                         {"LOANS", Align::right},
                                         {"TOTAL", Align::right},
                                         {"WHY"}};
    std::vector<std::vector<std::string>> rows;
    for (const QJsonValue& each : run.value(QLatin1String("lines")).toArray()) {
        const QJsonObject line = each.toObject();
        rows.push_back({text_of(line, "account"), text_of(line, "share_usd"), text_of(line, "rolled_over_usd"),
                        text_of(line, "loans_usd"), text_of(line, "total_usd"), text_of(line, "why")});
    }
    rows.push_back({"TOTAL", text_of(run, "shared_usd"), text_of(run, "rolled_over_usd"), text_of(run, "loans_usd"),
                    text_of(run, "allotted_usd"),
                    fmt::format("{} of the pool's {} USD are left unallotted", text_of(run, "unallotted_usd"),
                                text_of(run, "pool_usd"))});
    return table(columns, rows);
}

void print_run(const QJsonObject& run, bool planned) {
    print(printable(fmt::format("{}: {} USD of {} per {}, from {} until {}", text_of(run, "allocation"),
                                text_of(run, "pool_usd"), text_of(run, "pool"), text_of(run, "per"),
                                text_of(run, "period_start"), text_of(run, "period_end"))) +
          "\n");
    if (planned) {
        print(fmt::format("not run; its cause would be: {}\n", printable(text_of(run, "cause"))));
    } else {
        const std::string reason = text_of(run, "reason");
        print(fmt::format("run {} at {} by {}, because of: {}{}\n", text_of(run, "number"), text_of(run, "at"),
                          printable(text_of(run, "author")), printable(text_of(run, "cause")),
                          reason.empty() ? "" : fmt::format(" ({})", printable(reason))));
    }
    print("\n" + lines_as_table(run));
}

void print_loans(const QJsonValue& loans) {
    if (loans.toArray().isEmpty()) return;
    print("\nloans:\n" + rows_as_table(loans, {{"at", {"AT"}},
                                               {"borrower", {"BORROWER"}},
                                               {"lender", {"LENDER"}},
                                               {"amount_usd", {"USD", Align::right}},
                                               {"repaid_usd", {"PAID BACK", Align::right}},
                                               {"written_off", {"WRITTEN OFF"}}}));
}

Outcome<Exit> print_answer(const Context& context, const Reply& reply, bool planned) {
    TRY(const QJsonObject run, object_of(reply));
    if (context.json())
        print(reply.body + "\n");
    else
        print_run(run, planned);
    return Exit::ok;
}

}  // namespace

Outcome<Exit> allocate_list(Context& context) {
    return print_list(context, std::string(allocations_path), "allocations",
                      {{"name", {"NAME"}},
                       {"pool", {"POOL"}},
                       {"per", {"PER"}},
                       {"by", {"BY"}},
                       {"run.pool_usd", {"POOL USD", Align::right}},
                       {"run.allotted_usd", {"ALLOTTED", Align::right}},
                       {"run.unallotted_usd", {"UNALLOTTED", Align::right}},
                       {"run.period_end", {"UNTIL"}},
                       {"run.at", {"LAST RUN"}},
                       {"run.cause", {"CAUSE"}},
                       {"in_policy", {"IN POLICY"}}},
                      "The policy has no allocations.");
}

Outcome<Exit> allocate_show(Context& context) {
    TRY(const Reply reply, context.api.get(std::string(allocations_path)));
    TRY(const QJsonObject answer, object_of(reply));
    for (const QJsonValue& each : answer.value(QLatin1String("allocations")).toArray()) {
        const QJsonObject allocation = each.toObject();
        if (text_of(allocation, "name") != context.word(0)) continue;
        if (context.json()) {
            print(QJsonDocument(allocation).toJson(QJsonDocument::Compact).toStdString() + "\n");
            return Exit::ok;
        }
        if (allocation.value(QLatin1String("run")).isNull()) {
            remark("It has not run yet. See: bursarctl allocate plan " + printable(context.word(0)));
            return Exit::ok;
        }
        print_run(allocation.value(QLatin1String("run")).toObject(), false);
        print_loans(allocation.value(QLatin1String("loans")));
        return Exit::ok;
    }
    return failed(
        fmt::format("There is no allocation '{}'. See: bursarctl allocate list.", printable(context.word(0))));
}

Outcome<Exit> allocate_plan(Context& context) {
    TRY(const std::string path, path_of(context.word(0), "plan"));
    TRY(const Reply reply, context.api.call({.method = "POST", .path = path, .body = "{}"}));
    return print_answer(context, reply, true);
}

Outcome<Exit> allocate_run(Context& context) {
    TRY(const std::string path, path_of(context.word(0), "run"));
    JsonWriter body;
    body.open();
    if (const auto reason = context.arguments.one("--reason")) body.field("reason", *reason);
    TRY(const Reply reply, context.api.call({.method = "POST", .path = path, .body = std::move(body.close()).text()}));
    return print_answer(context, reply, false);
}

}  // namespace bursar::ctl
