// Where messages go: the part "targets" of the section "alerts".
#include "policies/alert_approvals.h"
#include "policies/alert_fields.h"
#include "policies/identity_fields.h"
#include "service/base/json.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

constexpr std::size_t addresses_max = 20;
constexpr std::size_t labels_max = 20;
constexpr std::int64_t per_minute_max = 600;
constexpr std::array<std::string_view, 5> kinds{"slack", "jira", "webhook", "mail", "teams"};

using Settings = std::map<std::string, std::string>;

/// What is read into the settings under its own name.
template <typename Read>
void take_setting(Fields& fields, AlertTarget& out, const char* name, Read read) {
    if (const auto value = fields.find(name))
        if (auto text = read(*value)) out.settings[name] = *std::move(text);
}
template <typename Read>
void need_setting(Fields& fields, AlertTarget& out, const char* name, Read read) {
    if (const auto value = fields.need(name))
        if (auto text = read(*value)) out.settings[name] = *std::move(text);
}
void take_secret(Fields& fields, AlertTarget& out, const char* name) {
    if (const auto value = fields.find(name))
        if (auto secret = read_alert_secret(*value)) out.secrets[name] = *std::move(secret);
}
void need_secret(Fields& fields, AlertTarget& out, const char* name) {
    if (const auto value = fields.need(name))
        if (auto secret = read_alert_secret(*value)) out.secrets[name] = *std::move(secret);
}

std::optional<std::string> read_proxy(const Value& value) {
    const auto url = read_url(value);
    if (!url) return {};
    if (!url->path.empty()) return value.wrong("must end behind the port; write it like http://proxy.example:3128");
    return value.node.text;
}

/// One word without what would end it in a list.
std::optional<std::string> read_label(const Value& value) {
    auto text = read_text(value);
    if (text && text->find_first_of(" ,\"") != std::string::npos)
        return value.wrong("must be one word, without blanks, commas or quotes");
    return text;
}
std::optional<std::string> read_component(const Value& value) {
    auto text = read_text(value);
    if (text && text->contains(',')) return value.wrong("must have no comma in it");
    return text;
}

/// An address as mail servers take it, without a name beside it (RFC 5321 §4.1.2, the plain form).
std::optional<std::string> read_address(const Value& value) {
    constexpr std::size_t address_bytes_max = 254;
    const auto text = single(value);
    if (!text) return {};
    const auto wrong = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
               std::string_view("<>()[],;:\\\"").contains(c);
    };
    const std::size_t at = text->find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == text->size() || text->find('@', at + 1) != text->npos ||
        text->size() > address_bytes_max || std::ranges::any_of(*text, wrong))
        return value.wrong("is not an address; write it like finance@example.com");
    return std::string(*text);
}

/// Several, behind commas.
template <typename Read>
std::optional<std::string> read_joined(const Value& value, std::string_view one, std::size_t most, Read read) {
    std::string out;
    std::vector<std::string> all;
    for (const Value& item : read_list(value, one, most)) {
        auto text = read(item);
        if (!text) continue;
        if (std::ranges::find(all, *text) != all.end())
            item.wrong("stands twice; keep one of them");
        else
            all.push_back(*std::move(text));
    }
    if (all.empty()) return {};
    return fmt::format("{}", fmt::join(all, ","));
}

void read_slack(Fields& fields, AlertTargetDraft& out) {
    take_secret(fields, out.target, "webhook");
    take_secret(fields, out.target, "token");
    take_setting(fields, out.target, "channel", read_label);
    take_setting(fields, out.target, "api", read_endpoint);
    const bool webhook = fields.find("webhook").has_value(), token = fields.find("token").has_value();
    if (webhook == token)
        fields.problems().add(fields.at(), fmt::format("target \"{}\" slack needs one of webhook and token; write the "
                                                       "name of its secret in the vault",
                                                       out.target.name));
    if (token != fields.find("channel").has_value())
        fields.problems().add(fields.at(),
                              fmt::format("target \"{}\" slack has {}; with a token write the channel, too, and a "
                                          "webhook knows its own",
                                          out.target.name, token ? "no channel" : "a channel without a token"));
    if (!token && fields.find("api").has_value())
        fields.problems().add(fields.at(),
                              fmt::format("target \"{}\" slack has an api without a token; a webhook knows "
                                          "its own address",
                                          out.target.name));
}

std::optional<std::string> read_project(const Value& value) {
    auto text = read_text(value);
    constexpr std::size_t project_bytes_max = 64;
    const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    if (text && (text->size() > project_bytes_max || !std::ranges::all_of(*text, allowed)))
        return value.wrong("is not the key of a project; write it like OPS");
    return text;
}

/// The category of a status, whose names are translated and renamed, or a transition's own number.
std::optional<std::string> read_status(const Value& value) {
    auto text = read_text(value);
    constexpr std::array<std::string_view, 3> categories{"new", "indeterminate", "done"};
    constexpr std::size_t digits_max = 9;
    if (text && std::ranges::find(categories, *text) == categories.end() &&
        (text->size() > digits_max || text->find_first_not_of("0123456789") != std::string::npos))
        return value.wrong("must be new, indeterminate or done (the category of a status), or a transition's number");
    return text;
}

std::optional<std::string> read_assignees(const Value& value, AlertTargetDraft& out) {
    JsonWriter json;
    json.open();
    for (const Named& named : read_entries(value, "team", assignees_max, "teams"))
        if (const auto account = read_text(named.value)) {
            out.teams.emplace(named.name, named.at);
            json.field(named.name, *account);
        }
    json.close();
    return std::move(json).text();
}

void read_jira(Fields& fields, AlertTargetDraft& out) {
    AlertTarget& target = out.target;
    need_setting(fields, target, "url", read_endpoint);
    target.settings["flavour"] = "cloud";
    if (const auto value = fields.find("flavour"))
        if (const auto word = read_word(*value, {"cloud", "data_center"}); word == 1)
            target.settings["flavour"] = "data_center";
    const bool cloud = target.settings["flavour"] == "cloud";
    take_setting(fields, target, "user", read_text);
    if (cloud != fields.find("user").has_value())
        fields.problems().add(
            fields.at(), fmt::format("target \"{}\" jira {}", target.name,
                                     cloud ? "has no \"user\"; add the e-mail address whose token it is"
                                           : "has a user, which a token of a data center does without; take it out"));
    need_secret(fields, target, "token");
    need_setting(fields, target, "project", read_project);
    target.settings["issue_type"] = "Task";
    take_setting(fields, target, "issue_type", read_text);
    take_setting(fields, target, "labels",
                 [](const Value& value) { return read_joined(value, "label", labels_max, read_label); });
    take_setting(fields, target, "components",
                 [](const Value& value) { return read_joined(value, "component", labels_max, read_component); });
    take_setting(fields, target, "assignees", [&](const Value& value) { return read_assignees(value, out); });
    take_setting(fields, target, "fields", read_as_json);
    target.settings["done"] = "done";
    take_setting(fields, target, "done", read_status);
    target.settings["reopen"] = "new";
    take_setting(fields, target, "reopen", read_status);
    if (const auto value = fields.find("approvals")) read_ticket_approvals(*value, target);
}

void read_webhook(Fields& fields, AlertTargetDraft& out) {
    need_setting(fields, out.target, "url", read_endpoint);
    need_secret(fields, out.target, "key");
    take_secret(fields, out.target, "authorization");
}

std::optional<std::string> read_mail_server(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    Url url;
    std::string_view rest = *text;
    for (const std::string_view scheme : {"smtps://", "smtp://"}) {
        if (!rest.starts_with(scheme)) continue;
        rest.remove_prefix(scheme.size());
        if (read_authority(rest, url)) return std::string(*text);
    }
    return value.wrong("is not a mail server; write it like smtps://mail.example.com or smtp://mail.example.com:587");
}

void read_mail(Fields& fields, AlertTargetDraft& out) {
    need_setting(fields, out.target, "server", read_mail_server);
    need_setting(fields, out.target, "from", read_address);
    need_setting(fields, out.target, "to",
                 [](const Value& value) { return read_joined(value, "address", addresses_max, read_address); });
    take_setting(fields, out.target, "user", read_text);
    take_secret(fields, out.target, "password");
    if (fields.find("user").has_value() != fields.find("password").has_value())
        fields.problems().add(fields.at(),
                              fmt::format("target \"{}\" mail needs user and password, or neither", out.target.name));
}

void read_kind(const Value& value, AlertTargetDraft& out) {
    Fields fields(value.node, value.what, value.problems);
    if (out.target.kind == "slack") read_slack(fields, out);
    if (out.target.kind == "jira") read_jira(fields, out);
    if (out.target.kind == "webhook") read_webhook(fields, out);
    if (out.target.kind == "mail") read_mail(fields, out);
    if (out.target.kind == "teams") need_secret(fields, out.target, "webhook");
    take_setting(fields, out.target, "ca", read_certificates);
    take_setting(fields, out.target, "proxy", read_proxy);
}

}  // namespace

std::optional<std::string> read_alert_secret(const Value& value) {
    constexpr std::size_t name_like_max = 64;
    const auto text = single(value);
    if (!text) return {};
    const bool pasted = std::ranges::any_of(std::array<std::string_view, 5>{"sk-", "xox", "xapp-", "ATATT", "http"},
                                            [&](std::string_view begin) { return text->starts_with(begin); });
    if (!pasted && good_name(*text) && text->size() <= name_like_max &&
        text->find_first_of(":/@+") == std::string_view::npos)
        return std::string(*text);
    value.problems.add(value.node.at,
                       fmt::format("{} must be the name of a secret in the vault, of letters, digits or . _ -; put the "
                                   "secret itself there: bursarctl secret put NAME",
                                   value.what));
    return {};
}

AlertTargetDraft read_alert_target(const Named& named) {
    AlertTargetDraft out;
    out.target.name = named.name;
    Fields fields(named.value.node, fmt::format("target \"{}\"", named.name), named.value.problems);
    std::size_t found = 0;
    for (const std::string_view kind : kinds) {
        const auto value = fields.find(kind);
        if (!value) continue;
        if (++found > 1) continue;
        out.target.kind = kind;
        read_kind(*value, out);
    }
    if (found != 1 && named.value.node.kind == YamlNode::Kind::map)
        named.value.problems.add(named.at, fmt::format("target \"{}\" must be one of {}; it is {}", named.name,
                                                       fmt::join(kinds, ", "), found == 0 ? "none" : "several"));
    if (const auto rate = fields.find("per_minute"))
        if (const auto number = read_integer(*rate, 1, per_minute_max))
            out.target.per_minute = static_cast<int>(*number);
    return out;
}

}  // namespace bursar::policies
