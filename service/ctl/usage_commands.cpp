#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

std::string title_of(std::string name) {
    for (char& c : name) c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

std::vector<std::string> names_of(const std::string& list) {
    std::vector<std::string> names;
    for (std::size_t start = 0; start <= list.size();) {
        const auto end = std::min(list.find(',', start), list.size());
        names.push_back(list.substr(start, end - start));
        start = end + 1;
    }
    return names;
}

std::string query_of(const Arguments& arguments, const std::string& groups) {
    std::string query = "?group_by=" + url_part(groups);
    const std::string rest = query_from(arguments, {{"--from", "from"},
                                                    {"--to", "to"},
                                                    {"--as-model", "as_model"},
                                                    {"--limit", "limit"},
                                                    {"--team", "team"},
                                                    {"--person", "person"},
                                                    {"--key", "key"},
                                                    {"--model", "model"},
                                                    {"--tier", "tier"},
                                                    {"--provider", "provider"},
                                                    {"--channel", "channel"},
                                                    {"--tag", "tag"},
                                                    {"--cost-centre", "cost_centre"}});
    if (!rest.empty()) query += "&" + rest.substr(1);
    if (arguments.has("--csv")) query += "&format=csv";
    return query;
}

/// The rows and, below them, the total under the word "total".
void print_usage(const QJsonObject& answer, const std::vector<std::string>& groups, bool as_model) {
    // The fields are views: what they show must outlive the table.
    std::vector<std::string> paths, titles;
    for (const std::string& name : groups) {
        paths.push_back("group." + name);
        titles.push_back(title_of(name));
    }
    std::vector<Field> fields;
    for (std::size_t i = 0; i < groups.size(); ++i) fields.push_back({paths[i], {titles[i]}});
    for (const Field& field :
         {Field{"calls", {"CALLS", Align::right}}, Field{"refused", {"REFUSED", Align::right}},
          Field{"errors", {"ERRORS", Align::right}}, Field{"input_tokens", {"INPUT", Align::right}},
          Field{"cache_read_tokens", {"CACHE READ", Align::right}}, Field{"output_tokens", {"OUTPUT", Align::right}},
          Field{"cost_usd", {"COST USD", Align::right}}, Field{"charge_usd", {"CHARGE USD", Align::right}},
          Field{"retry_cost_usd", {"RETRIES USD", Align::right}}, Field{"duration_ms_p95", {"P95 MS", Align::right}}})
        fields.push_back(field);
    if (as_model) fields.push_back({"as_model_cost_usd", {"AS MODEL USD", Align::right}});
    QJsonArray rows = answer.value(QLatin1String("rows")).toArray();
    QJsonObject total = answer.value(QLatin1String("total")).toObject();
    total.insert(QLatin1String("group"), QJsonObject{{QString::fromStdString(groups.front()), "total"}});
    rows.append(total);
    print(rows_as_table(rows, fields));
    const std::string left_out = cell(answer.value(QLatin1String("rows_left_out")));
    if (left_out != "0")
        remark(fmt::format("{} more rows, which cost less, are in the total only; see --limit.", left_out));
}

}  // namespace

Outcome<Exit> usage(Context& context) {
    const std::string groups = context.arguments.one("--by").value_or("team");
    const bool csv = context.arguments.has("--csv");
    if (csv && context.json()) return wrong_usage("Choose one of --csv and --json.");
    TRY(const Reply reply, context.api.get("/api/v1/usage" + query_of(context.arguments, groups)));
    if (csv || context.json()) {
        print(csv ? reply.body : reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject answer, object_of(reply));
    if (answer.value(QLatin1String("rows")).toArray().isEmpty()) {
        remark("No calls in that time.");
        return Exit::ok;
    }
    print_usage(answer, names_of(groups), context.arguments.has("--as-model"));
    return Exit::ok;
}

}  // namespace bursar::ctl
