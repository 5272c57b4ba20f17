#include "integrations/jira/issue.h"

#include "integrations/address.h"
#include "integrations/jira/adf.h"
#include "integrations/jira/wiki.h"
#include "integrations/text.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::integrations::jira {
namespace {

constexpr std::size_t list_items_max = 50, field_json_bytes_max = 64 << 10;

std::string setting(const Target& target, const std::string& name) {
    const auto found = target.settings.find(name);
    return found == target.settings.end() ? std::string() : found->second;
}

/// "a, b" → {"a", "b"}
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty() && out.size() < list_items_max) {
        const std::size_t end = std::min(text.find(','), text.size());
        std::string_view word = text.substr(0, end);
        while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
        if (!word.empty()) out.emplace_back(word);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Result<Json> read_object(const Target& target, const std::string& name) {
    const std::string text = setting(target, name);
    if (text.empty()) return Json(Json::Object());
    auto read = Json::parse(text, field_json_bytes_max);
    if (!read || !read->is_object())
        return fail(Fault::wrong_configuration, fmt::format("The setting \"{}\" is no JSON object.", name));
    return *std::move(read);
}

/// Labels are words: Jira refuses one with a blank in it.
std::string label_of(std::string_view text) {
    std::string out = cut(one_line(text), 255, "");
    std::ranges::replace(out, ' ', '-');
    return out;
}

void write_assignee(JsonWriter& json, const Project& project, std::string_view team) {
    const Json* who = &project.assignees.at(team);
    if (who->text().empty()) who = &project.assignees.at("");
    if (who->text().empty()) return;
    const std::string_view name = project.flavour == Flavour::cloud ? "accountId" : "name";
    json.key("assignee").open().field(name, who->text()).close();
}

void write_description(JsonWriter& json, std::string_view name, const Project& project, const Message& message) {
    json.key(name);
    if (project.flavour == Flavour::cloud)
        json.raw(adf(message));
    else
        json.value(wiki(message));
}

void write_property(JsonWriter& json, std::string_view delivery_id) {
    json.key("properties").open_list().open().field("key", "bursar.delivery").key("value").open();
    json.field("id", delivery_id).close().close().close_list();
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Of a transition whose screen asks for one.
std::string resolution_of(const Json& transition) {
    const Json& field = transition.at("fields").at("resolution");
    const Json::List& offered = field.at("allowedValues").list();
    return field.at("required").is_true() && !offered.empty() ? std::string(offered.front().at("id").text())
                                                              : std::string();
}

/// Cloud and Data Center name the same list differently.
const Json::List& list_of(const Json& from, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (from.at(name).is_list()) return from.at(name).list();
    return from.list();
}

constexpr std::array<std::string_view, 7> set_by_us = {"project", "issuetype",  "summary", "description",
                                                       "labels",  "components", "reporter"};

}  // namespace

Result<Project> Project::read(const Target& target) {
    Project out{.url = setting(target, "url"),
                .key = setting(target, "project"),
                .issue_type = setting(target, "issue_type"),
                .user = setting(target, "user"),
                .labels = words_of(setting(target, "labels")),
                .components = words_of(setting(target, "components"))};
    while (out.url.ends_with('/')) out.url.pop_back();
    if (!is_askable(out.url) || out.url.contains('?'))
        return fail(Fault::wrong_configuration, "The setting \"url\" is no https address of Jira.");
    if (out.key.empty()) return fail(Fault::wrong_configuration, "The setting \"project\" is missing.");
    if (out.issue_type.empty()) out.issue_type = "Task";
    const std::string flavour = setting(target, "flavour");
    if (flavour == "data_center") out.flavour = Flavour::data_center;
    if (!flavour.empty() && flavour != "cloud" && flavour != "data_center")
        return fail(Fault::wrong_configuration, "The setting \"flavour\" is neither cloud nor data_center.");
    if (out.flavour == Flavour::cloud && out.user.empty())
        return fail(Fault::wrong_configuration, "The setting \"user\" is missing: Jira Cloud wants the token's owner.");
    if (const std::string done = setting(target, "done"); !done.empty()) out.done = done;
    if (const std::string reopen = setting(target, "reopen"); !reopen.empty()) out.reopen = reopen;
    TRY(out.fields, read_object(target, "fields"));
    TRY(out.assignees, read_object(target, "assignees"));
    return out;
}

std::string incident_label(std::string_view incident) {
    return "bursar-" + to_hex(as_text(sha256(incident)).substr(0, 16));
}

std::string jql_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "\"";
}

std::string search_path(const Project& project) {
    return std::string(project.api()) + (project.flavour == Flavour::cloud ? "/search/jql" : "/search");
}

std::string search_body(const Project& project, std::string_view label) {
    JsonWriter json;
    json.open().field("jql", fmt::format("project = {} AND labels = {} ORDER BY created DESC", jql_quoted(project.key),
                                         jql_quoted(label)));
    json.key("fields").open_list().value("status").close_list().field("maxResults", 1).close();
    return std::move(json).text();
}

std::string create_body(const Project& project, const Message& message, std::string_view issue_type_id,
                        std::string_view delivery_id) {
    JsonWriter json;
    json.open().key("fields").open().key("project").open().field("key", project.key).close().key("issuetype").open();
    if (issue_type_id.empty())
        json.field("name", project.issue_type);
    else
        json.field("id", issue_type_id);
    json.close().field("summary", cut(headline(message, Copy::first), summary_units_max, "…"));
    write_description(json, "description", project, message);
    json.key("labels").open_list().value(incident_label(message.incident));
    for (const std::string& each : project.labels) json.value(label_of(each));
    json.close_list();
    if (!project.components.empty()) {
        json.key("components").open_list();
        for (const std::string& each : project.components) json.open().field("name", each).close();
        json.close_list();
    }
    if (project.fields.at("assignee").is_null()) write_assignee(json, project, message.whom);
    for (const auto& [name, value] : project.fields.object()) {
        if (std::ranges::find(set_by_us, name) != set_by_us.end() && name != "reporter") continue;
        json.key(name);
        value.write(json);
    }
    json.close();
    write_property(json, delivery_id);
    json.close();
    return std::move(json).text();
}

std::string comment_body(const Project& project, const Message& message, std::string_view delivery_id) {
    JsonWriter json;
    json.open();
    write_description(json, "body", project, message);
    write_property(json, delivery_id);
    json.close();
    return std::move(json).text();
}

std::string transition_body(const Transition& transition) {
    JsonWriter json;
    json.open().key("transition").open().field("id", transition.id).close();
    if (!transition.resolution.empty())
        json.key("fields").open().key("resolution").open().field("id", transition.resolution).close().close();
    json.close();
    return std::move(json).text();
}

std::string category_of(const Json& issue) {
    return std::string(issue.at("fields").at("status").at("statusCategory").at("key").text());
}

std::optional<Issue> first_issue(const Json& found) {
    const Json::List& issues = found.at("issues").list();
    if (issues.empty() || issues.front().at("key").text().empty()) return std::nullopt;
    return Issue{.key = std::string(issues.front().at("key").text()), .category = category_of(issues.front())};
}

std::string issue_type_id(const Json& types, std::string_view name) {
    for (const Json& each : list_of(types, {"issueTypes", "values"}))
        if (each.at("name").text() == name || each.at("id").text() == name) return std::string(each.at("id").text());
    return {};
}

std::vector<std::string> missing_fields(const Json& fields, const Project& project) {
    std::vector<std::string> out;
    bool has_labels = false;
    const Json::List& list = list_of(fields, {"fields", "values"});
    for (const Json& each : list) {
        const std::string_view id =
            each.at("fieldId").text().empty() ? each.at("key").text() : each.at("fieldId").text();
        has_labels = has_labels || id == "labels";
        const bool ours =
            std::ranges::find(set_by_us, id) != set_by_us.end() && (id != "components" || !project.components.empty());
        if (!each.at("required").is_true() || each.at("hasDefaultValue").is_true() || ours) continue;
        if (!project.fields.at(id).is_null() || (id == "assignee" && !project.assignees.object().empty())) continue;
        out.push_back(fmt::format("{} ({})", one_line(each.at("name").text()), one_line(id)));
    }
    const bool is_whole = fields.at("total").whole().value_or(0) <= static_cast<std::int64_t>(list.size());
    if (!list.empty() && is_whole && !has_labels)
        out.emplace_back("Labels (labels), which are not on the screen for new issues");
    return out;
}

Transition transition_to(const Json& transitions, std::string_view wanted) {
    // What was reopened may wait or be worked on: both are open.
    const std::string_view also = wanted == "new" ? "indeterminate" : wanted == "indeterminate" ? "new" : "";
    Transition second;
    for (const Json& each : transitions.at("transitions").list()) {
        const std::string_view id = each.at("id").text(), to = each.at("to").at("statusCategory").at("key").text();
        if (!is_number(id)) continue;
        Transition found{.id = std::string(id), .resolution = resolution_of(each)};
        if (is_number(wanted) ? id == wanted : to == wanted) return found;
        if (!also.empty() && to == also && second.id.empty()) second = std::move(found);
    }
    return second;
}

std::string boundary_for(std::string_view delivery_id, std::string_view bytes) {
    std::string out = "bursar-" + to_hex(as_text(sha256(delivery_id)).substr(0, 16));
    while (bytes.contains(out)) out = "bursar-" + to_hex(as_text(sha256(out)).substr(0, 16));
    return out;
}

std::string attachment_body(const Attachment& attachment, std::string_view boundary) {
    std::string name = one_line(attachment.name);
    std::ranges::replace_if(name, [](char c) { return c == '"' || c == '\\' || c == '/'; }, '_');
    std::string type = one_line(attachment.type);
    if (type.empty()) type = "application/octet-stream";
    return fmt::format(
        "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{1}\"\r\nContent-Type: "
        "{2}\r\n\r\n{3}\r\n--{0}--\r\n",
        boundary, name, type, attachment.bytes);
}

}  // namespace bursar::integrations::jira
