// bursarctl login --configure AGENT
#include "service/base/json.h"
#include "service/ctl/agents.h"
#include "service/ctl/command.h"
#include "service/ctl/private_file.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonObject>
#include <QSysInfo>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t settings_bytes_max = 4 << 20;
constexpr int backups_max = 99;

Outcome<const Agent*> agent_called(const std::string& name) {
    const auto agents = all_agents();
    const auto found = std::ranges::find(agents, name, &Agent::name);
    if (found != agents.end()) return &*found;
    std::vector<std::string_view> names;
    for (const Agent& each : agents) names.push_back(each.name);
    return wrong_usage(fmt::format("--configure knows {}, not '{}'.", fmt::join(names, ", "), name));
}

fs::path settings_of(const Agent& agent, const Environment& environment) {
    if (!agent.variable.empty())
        if (const auto folder = environment(agent.variable); folder && !folder->empty())
            return fs::path(*folder) / agent.file;
    const auto config = environment("XDG_CONFIG_HOME");
    constexpr std::string_view below_config = ".config/";
    if (agent.folder.starts_with(below_config) && config && !config->empty())
        return fs::path(*config) / agent.folder.substr(below_config.size()) / agent.file;
    return fs::path(environment("HOME").value_or("")) / agent.folder / agent.file;
}

Outcome<std::vector<std::string>> models_of(Api& api) {
    TRY(const Reply reply, api.get("/api/v1/me/models"));
    TRY(const QJsonObject all, object_of(reply));
    std::vector<std::string> names;
    for (const QJsonValue& model : all.value(QLatin1String("models")).toArray())
        names.push_back(model.toObject().value(QLatin1String("name")).toString().toStdString());
    return names;
}

/// The id of the key that an earlier run made; empty: none.
Outcome<std::string> key_of_before(Api& api, const std::string& name) {
    TRY(const Reply reply, api.get("/api/v1/me/keys"));
    TRY(const QJsonObject all, object_of(reply));
    for (const QJsonValue& item : all.value(QLatin1String("keys")).toArray()) {
        const QJsonObject key = item.toObject();
        if (key.value(QLatin1String("name")).toString().toStdString() == name &&
            key.value(QLatin1String("revoked_at")).isNull() && key.value(QLatin1String("expires_at")).isNull())
            return key.value(QLatin1String("id")).toString().toStdString();
    }
    return std::string();
}

/// Its next text, if this machine has had a key for that agent: else keys that nobody knows would gather.
Outcome<Reply> key_for(Context& context, const std::string& agent) {
    const std::string name = fmt::format("{} on {}", agent, QSysInfo::machineHostName().toStdString());
    TRY(const std::string id, key_of_before(context.api, name));
    if (!id.empty())
        return context.api.call(
            {.method = "POST", .path = "/api/v1/me/keys/" + url_part(id) + "/rotate", .body = "{\"grace_seconds\":0}"});
    JsonWriter json;
    json.open().field("name", name);
    if (const auto team = context.arguments.one("--team")) json.field("team", *team);
    json.close();
    return context.api.call({.method = "POST", .path = "/api/v1/me/keys", .body = std::move(json).text()});
}

/// Beside the file, under a name that nothing has yet.
Outcome<fs::path> backup(const fs::path& file, const std::string& text) {
    for (int number = 1; number <= backups_max; ++number) {
        const fs::path copy = fmt::format("{}.before-bursar-{}", file.string(), number);
        std::error_code error;
        if (fs::exists(copy, error)) continue;
        TRY_VOID(write_private(copy, text));
        return copy;
    }
    return failed(fmt::format("{} has {} backups beside it; remove some.", file.string(), backups_max));
}

}  // namespace

Outcome<void> configure_agent(Context& context, const std::string& name) {
    TRY(const Agent* agent, agent_called(name));
    const Settings& settings = context.api.settings();
    const fs::path file = settings_of(*agent, context.environment);
    const fs::path key_file = settings.folder / "keys" / name;
    std::string before;
    std::error_code error;
    if (fs::exists(file, error)) {
        TRY(before, read_text(file, settings_bytes_max));
    }
    TRY(std::vector<std::string> models, models_of(context.api));
    const AgentWishes wishes{.origin = settings.origin,
                             .key_file = key_file.string(),
                             .ca_file = settings.ca_file.empty() ? "" : fs::absolute(settings.ca_file).string(),
                             .models = std::move(models)};
    const auto merged = agent->merge(before, wishes);
    if (!merged) return failed(fmt::format("{} was not changed: {}.", file.string(), merged.error().text));
    // Beyond this line there is a key: what stands in the way of the settings was seen before.
    TRY(const Reply reply, key_for(context, name));
    TRY(const QJsonObject key, object_of(reply));
    TRY_VOID(write_private(key_file, key.value(QLatin1String("key")).toString().toStdString() + "\n"));
    if (*merged == before) {
        remark(fmt::format("{} is as it should be; its key in {} is new.", file.string(), key_file.string()));
        return {};
    }
    if (!before.empty()) {
        TRY(const fs::path copy, backup(file, before));
        remark(fmt::format("{} was kept as {}.", file.string(), copy.filename().string()));
    }
    TRY_VOID(write_private(file, *merged));
    remark(fmt::format("{} now calls {}: {} has what it needs, and its key is in {}.", name, settings.origin,
                       file.string(), key_file.string()));
    return {};
}

}  // namespace bursar::ctl
