#include "policies/alert_approvals.h"
#include "service/base/json.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t status_bytes_max = 255, account_bytes_max = 255;

std::optional<std::string> read_short(const Value& value, std::size_t bytes_max) {
    auto text = read_text(value);
    if (text && text->size() > bytes_max) return value.wrong(fmt::format("has more than {} bytes", bytes_max));
    return text;
}

std::vector<std::string> read_approvers(const Value& value) {
    std::vector<std::string> all;
    for (const Value& item : read_list(value, "account", approvers_max, "accounts")) {
        auto account = read_short(item, account_bytes_max);
        if (!account) continue;
        if (account->starts_with('*') && *account != by_leads)
            item.wrong(
                fmt::format("is no account; the only word is {}: whoever may answer the request here", by_leads));
        else if (std::ranges::find(all, *account) != all.end())
            item.wrong("stands twice; keep one of them");
        else
            all.push_back(*std::move(account));
    }
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.problems.add(value.node.at, fmt::format("{} is empty, so nobody could answer; name accounts, or write {}",
                                                      value.what, by_leads));
    return all;
}

std::string read_people(const Value& value) {
    JsonWriter json;
    json.open();
    for (const Named& named : read_entries(value, "account", approving_people_max, "accounts"))
        if (const auto person = read_name(named.value)) json.field(named.name, *person);
    json.close();
    return std::move(json).text();
}

}  // namespace

void read_ticket_approvals(const Value& value, AlertTarget& target) {
    Fields fields(value.node, value.what, value.problems);
    auto& settings = target.settings;
    if (const auto status = fields.need("approve"))
        if (auto text = read_short(*status, status_bytes_max)) settings["approve"] = *std::move(text);
    if (const auto status = fields.find("decline"))
        if (auto text = read_short(*status, status_bytes_max)) settings["decline"] = *std::move(text);
    if (settings.contains("decline") && settings["decline"] == settings["approve"])
        fields.problems().add(fields.at(),
                              fmt::format("{} has the same status for both answers; write two", value.what));
    if (const auto by = fields.need("by")) {
        JsonWriter json;
        json.open_list();
        for (const std::string& each : read_approvers(*by)) json.value(each);
        json.close_list();
        settings["approve_by"] = std::move(json).text();
    }
    if (const auto people = fields.find("people")) settings["approve_people"] = read_people(*people);
}

}  // namespace bursar::policies
