#include "service/ctl/agents.h"

#include "service/base/json.h"

#include <array>

#include <QByteArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

QString text(std::string_view from) { return QString::fromUtf8(from.data(), static_cast<qsizetype>(from.size())); }

std::string trimmed(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return std::string(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
}

/// For sh: whatever is in it, it is one word.
std::string quoted_for_shell(std::string_view word) {
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

Outcome<QJsonObject> object_in(std::string_view before) {
    if (trimmed(before).empty()) return QJsonObject();
    QJsonParseError error;
    const auto document =
        QJsonDocument::fromJson(QByteArray(before.data(), static_cast<qsizetype>(before.size())), &error);
    if (document.isObject()) return document.object();
    return failed(fmt::format("it is not a plain JSON object (byte {}); comments in it would be lost", error.offset));
}

std::string written(const QJsonObject& object) { return QJsonDocument(object).toJson().toStdString(); }

/// https://code.claude.com/docs/en/settings: apiKeyHelper is a command for sh that prints the key.
Outcome<std::string> claude(std::string_view before, const AgentWishes& wishes) {
    TRY(QJsonObject settings, object_in(before));
    QJsonObject environment = settings.value(QLatin1String("env")).toObject();
    for (const char* other : {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"})
        if (environment.contains(QLatin1String(other)))
            return failed(fmt::format("it sets env.{}, which goes before any other key. Remove that first", other));
    environment.insert(QStringLiteral("ANTHROPIC_BASE_URL"), text(wishes.origin));
    if (!wishes.ca_file.empty()) environment.insert(QStringLiteral("NODE_EXTRA_CA_CERTS"), text(wishes.ca_file));
    settings.insert(QStringLiteral("env"), environment);
    settings.insert(QStringLiteral("apiKeyHelper"), text("cat " + quoted_for_shell(wishes.key_file)));
    return written(settings);
}

/// https://opencode.ai/docs/config: {file:PATH} stands for what is in the file.
Outcome<std::string> opencode(std::string_view before, const AgentWishes& wishes) {
    TRY(QJsonObject settings, object_in(before));
    if (settings.isEmpty())
        settings.insert(QStringLiteral("$schema"), QStringLiteral("https://opencode.ai/config.json"));
    QJsonObject models;
    for (const std::string& model : wishes.models) models.insert(text(model), QJsonObject{{"name", text(model)}});
    QJsonObject providers = settings.value(QLatin1String("provider")).toObject();
    providers.insert(QStringLiteral("bursar"),
                     QJsonObject{{"npm", "@ai-sdk/openai-compatible"},
                                 {"name", "Bursar"},
                                 {"options", QJsonObject{{"baseURL", text(wishes.origin + "/v1")},
                                                         {"apiKey", text("{file:" + wishes.key_file + "}")}}},
                                 {"models", models}});
    settings.insert(QStringLiteral("provider"), providers);
    return written(settings);
}

std::string toml(std::string_view value) {
    std::string out;
    append_json_string(out, value);  // a basic string of TOML has the same escapes
    return out;
}

std::size_t count_of(std::string_view line, std::string_view mark) {
    std::size_t count = 0;
    for (std::size_t at = line.find(mark); at != std::string_view::npos; at = line.find(mark, at + mark.size()))
        ++count;
    return count;
}

/// One line of a TOML file, and where it stands.
struct TomlLine {
    std::string_view text;
    std::string code;       ///< trimmed; empty within a text of several lines
    std::string table;      ///< "model_providers.bursar", without quotation marks and blanks
    bool is_table = false;  ///< begins one
};

std::string table_named(std::string_view header) {
    std::string name;
    for (const char c : header.substr(0, header.find(']')))
        if (c != '[' && c != ' ' && c != '\t' && c != '"' && c != '\'') name += c;
    return name;
}

std::vector<TomlLine> lines_of(std::string_view before) {
    std::vector<TomlLine> lines;
    std::string table;
    bool is_within = false;
    while (!before.empty()) {
        const std::size_t end = std::min(before.find('\n'), before.size() - 1) + 1;
        TomlLine line{.text = before.substr(0, end), .code = {}, .table = {}};
        before.remove_prefix(end);
        const std::string code = trimmed(line.text.substr(0, line.text.find('\n')));
        line.is_table = !is_within && code.starts_with('[');
        if (line.is_table) table = table_named(code);
        if (!is_within) line.code = code;
        line.table = table;
        const std::size_t marks = count_of(code, "\"\"\"") + count_of(code, "'''");
        is_within = is_within != (marks % 2 == 1);
        lines.push_back(std::move(line));
    }
    return lines;
}

bool sets(const TomlLine& line, std::string_view name) {
    if (!line.table.empty() || !line.code.starts_with(name)) return false;
    const auto next = line.code.find_first_not_of(" \t", name.size());
    return next != std::string::npos && (line.code[next] == '=' || line.code[next] == '.');
}

/// https://developers.openai.com/codex/config-reference: auth.command prints the key.
Outcome<std::string> codex(std::string_view before, const AgentWishes& wishes) {
    constexpr std::string_view ours = "model_providers.bursar";
    std::string kept;
    for (const TomlLine& line : lines_of(before)) {
        if (sets(line, "model_providers"))
            return failed(
                "it has model_providers at the top, to which no table can be added. Write it as "
                "[model_providers.NAME]");
        const bool is_ours = line.table == ours || line.table.starts_with("model_providers.bursar.");
        if (!is_ours && !sets(line, "model_provider")) kept += line.text;
    }
    if (!kept.empty() && !kept.ends_with('\n')) kept += '\n';
    // Ours is set apart by one empty line, however often this is done.
    while (kept == "\n" || kept.ends_with("\n\n")) kept.pop_back();
    // Keys of the top stand before the first table.
    std::string out = "model_provider = \"bursar\"\n" + kept;
    out += fmt::format(
        "\n[model_providers.bursar]\nname = \"Bursar\"\nbase_url = {}\nwire_api = \"responses\"\n\n"
        "[model_providers.bursar.auth]\ncommand = \"cat\"\nargs = [{}]\n",
        toml(wishes.origin + "/v1"), toml(wishes.key_file));
    return out;
}

/// It takes a key from its environment only, where one that a sign-in renews would be old within the hour.
Outcome<std::string> gemini(std::string_view, const AgentWishes&) {
    return failed(
        "Gemini CLI cannot ask for a key whenever it needs one. Give it a virtual key: GEMINI_API_KEY, and Bursar's "
        "address as GOOGLE_GEMINI_BASE_URL");
}

constexpr std::array agents = {
    Agent{"codex", "CODEX_HOME", ".codex", "config.toml", codex},
    Agent{"claude", "CLAUDE_CONFIG_DIR", ".claude", "settings.json", claude},
    Agent{"opencode", "", ".config/opencode", "opencode.json", opencode},
    Agent{"gemini", "", ".gemini", "settings.json", gemini},
};

}  // namespace

std::span<const Agent> all_agents() { return agents; }

}  // namespace bursar::ctl
