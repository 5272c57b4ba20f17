#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

/// A name of the policy as one segment of a path: the control plane decodes none, and only a slash would need it.
Outcome<std::string> provider_path(const std::string& name) {
    constexpr std::string_view marks = "._-:@+";
    const auto plain = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    };
    if (name.empty() || !std::ranges::all_of(name, plain))
        return wrong_usage(
            fmt::format("'{}' cannot be asked for: a provider that is tested has a name of letters, digits "
                        "or . _ - : @ + only.",
                        name));
    return "/api/v1/providers/" + name + "/test";
}

std::string word_for(const std::string& state) {
    if (state == "good") return "ok";
    return state == "bad" ? "BAD" : "?";
}

}  // namespace

Outcome<Exit> provider_catalogue(Context& context) {
    return print_list(context, "/api/v1/catalogue", "entries",
                      {{"name", {"NAME"}},
                       {"about", {"WHO"}},
                       {"dialect", {"DIALECT"}},
                       {"base_url", {"BASE URL"}},
                       {"asks", {"ASKS FOR"}},
                       {"used_by", {"USED BY"}}},
                      "The catalogue is empty.");
}

Outcome<Exit> provider_test(Context& context) {
    TRY(const std::string path, provider_path(context.word(0)));
    JsonWriter body;
    body.open();
    if (const auto model = context.arguments.one("--model")) {
        body.field("model", *model);
        remark("Two calls of up to 16 tokens are made, which the provider may bill.");
    }
    TRY(const Reply reply, context.api.call({.method = "POST", .path = path, .body = std::move(body.close()).text()}));
    TRY(const QJsonObject report, object_of(reply));
    const bool good = report.value(QLatin1String("good")).toBool();
    if (context.json()) {
        print(reply.body + "\n");
        return good ? Exit::ok : Exit::failed;
    }
    std::vector<std::vector<std::string>> rows;
    for (const QJsonValue& item : report.value(QLatin1String("findings")).toArray()) {
        const QJsonObject finding = item.toObject();
        rows.push_back({word_for(cell(finding.value(QLatin1String("state")))),
                        cell(finding.value(QLatin1String("name"))), cell(finding.value(QLatin1String("text")))});
    }
    print(table({{"STATE"}, {"WHAT"}, {"FOUND"}}, rows));
    return good ? Exit::ok : Exit::failed;
}

}  // namespace bursar::ctl
