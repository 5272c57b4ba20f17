#include "installer/setup/plan.h"

#include "service/base/json.h"

#include <fmt/format.h>

namespace bursar::setup {
namespace {

/// Double quotes of YAML take what those of JSON do.
std::string yaml_text(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string yaml_list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const std::string& item : items) out += (out.size() > 1 ? ", " : "") + yaml_text(item);
    return out + "]";
}

std::string in_brackets(const std::string& host) { return host.contains(':') ? "[" + host + "]" : host; }

std::string provider_text(const Answers& answers) {
    const std::string name = yaml_text(answers.get("provider.name"));
    std::string out = fmt::format("providers:\n  {}:\n    dialect: {}\n    base_url: {}\n", name,
                                  answers.get("provider.dialect"), yaml_text(answers.get("provider.base_url")));
    if (answers.has("provider.key_file")) out += fmt::format("    keys: [{{secret: {}}}]\n", name);
    out += "models:\n";
    for (const std::string& model : list_of(answers.get("provider.models")))
        out += fmt::format("  {}: {{channels: [{{provider: {}}}]}}\n", yaml_text(model), name);
    return out;
}

std::string team_text(const Answers& answers) {
    std::string out = fmt::format(
        "teams:\n  {}:\n    models: [\"*\"]\n    budgets: [{{limit: {} USD, per: {}, warn: [50%, 80%, 100%]}}]\n",
        yaml_text(answers.get("team.name")), answers.get("team.budget_usd"), answers.get("team.per"));
    if (answers.has("team.groups"))
        out += fmt::format("    groups: {}\n", yaml_list(list_of(answers.get("team.groups"), ';')));
    return out;
}

std::string directory_text(const Answers& answers, const std::string& ca) {
    const std::string name = answers.get("directory.name");
    std::string out =
        fmt::format("  directories:\n    {}:\n      kind: {}\n", yaml_text(name), answers.get("directory.kind"));
    if (answers.has("directory.domain"))
        out += fmt::format("      domain: {}\n", yaml_text(answers.get("directory.domain")));
    else
        out += fmt::format("      servers: {}\n", yaml_list(list_of(answers.get("directory.servers"))));
    if (!ca.empty()) out += fmt::format("      ca: {}\n", yaml_text(ca));
    out += fmt::format("      bind: {{dn: {}, secret: {}}}\n", yaml_text(answers.get("directory.bind_dn")),
                       yaml_text("ldap-" + name));
    return out + fmt::format("      people: {{base: {}}}\n", yaml_text(answers.get("directory.people")));
}

std::string oidc_text(const Answers& answers) {
    const std::string name = answers.get("oidc.name");
    return fmt::format("  oidc:\n    {}: {{issuer: {}, client_id: {}, secret: {}}}\n", yaml_text(name),
                       yaml_text(answers.get("oidc.issuer")), yaml_text(answers.get("oidc.client_id")),
                       yaml_text("oidc-" + name));
}

std::string alerts_text(const Answers& answers) {
    std::string out = "alerts:\n  targets:\n";
    if (answers.has("alerts.slack_webhook_file")) out += "    slack: {slack: {webhook: slack}}\n";
    if (answers.has("alerts.jira_url"))
        out += fmt::format("    jira: {{jira: {{url: {}, user: {}, token: jira, project: {}}}}}\n",
                           yaml_text(answers.get("alerts.jira_url")), yaml_text(answers.get("alerts.jira_user")),
                           yaml_text(answers.get("alerts.jira_project")));
    return out;
}

std::string master_key_text(const Answers& answers) {
    const std::string source = answers.get("master_key.source");
    return fmt::format("\n[master_key]\nsource = {}\n{}", source, source == "file" ? "file = master.key\n" : "");
}

}  // namespace

std::string public_url(const Answers& answers) {
    const std::string host = in_brackets(answers.get("host.name")), port = answers.get("host.port");
    return port == "443" ? "https://" + host : fmt::format("https://{}:{}", host, port);
}

std::string configuration_text(const Answers& answers, const Paths& paths) {
    const bool by_acme = answers.is("certificate.source", "acme");
    std::string out = fmt::format(
        "; Written by bursar-setup; yours from now on. /usr/share/doc/bursar/operate/configuration.md says what else "
        "there is.\n"
        "[listen]\n; While systemd opens the port, bursar.socket says where.\naddress = {}\nport = {}\n"
        "certificate = {}\nprivate_key = {}\npublic_url = {}\n\n"
        "[state]\nfolder = {}\n",
        answers.get("host.address"), answers.get("host.port"),
        by_acme ? (paths.acme() / "server.pem").string() : "tls/server.pem",
        by_acme ? "tls/acme.key" : "tls/server.key", public_url(answers), paths.state().string());
    out += master_key_text(answers);
    out +=
        "\n[policy]\n; The first revision of the policy; later ones come by bursarctl policy apply.\ninitial = "
        "policy\n";
    if (!answers.is("backup.folder", "none"))
        out += fmt::format("\n[backup]\nfolder = {}\nevery_hours = {}\nkeep = {}\n",
                           paths.at(answers.get("backup.folder")).string(), answers.get("backup.every_hours"),
                           answers.get("backup.keep"));
    if (paths.is_machine()) out += "\n[courier]\nsocket = /run/bursar/courier.sock\nuser = bursar-courier\n";
    return out + "\n[log]\nlevel = info\n";
}

std::string policy_text(const Answers& answers, const std::string& directory_ca) {
    std::string out = fmt::format(
        "# Written by bursar-setup; yours from now on: bursarctl policy apply puts changes in force.\n"
        "organisation: {{name: {}, currency: USD, time_zone: {}}}\n",
        yaml_text(answers.get("host.organisation")), yaml_text(answers.get("host.time_zone")));
    if (answers.has("provider.name")) out += provider_text(answers);
    if (answers.has("team.name")) out += team_text(answers);
    const bool directory = !answers.is("directory.kind", "none"), oidc = answers.has("oidc.issuer");
    if (directory || oidc) out += "identity:\n";
    if (directory) out += directory_text(answers, directory_ca);
    if (oidc) out += oidc_text(answers);
    if (answers.has("alerts.slack_webhook_file") || answers.has("alerts.jira_url")) out += alerts_text(answers);
    return out;
}

std::string socket_text(const Answers& answers) {
    const std::string address = answers.get("host.address"), port = answers.get("host.port");
    if (address == "::" && port == "443") return {};
    const std::string where = address == "::" ? port : fmt::format("{}:{}", in_brackets(address), port);
    return fmt::format("# Written by bursar-setup.\n[Socket]\nListenStream=\nListenStream={}\n", where);
}

std::string service_text(const Answers& answers) {
    const std::string folder = answers.get("backup.folder");
    if (folder == "none" || folder == question_of("backup.folder")->fallback) return {};
    return fmt::format("# Written by bursar-setup.\n[Service]\nReadWritePaths=\"{}\"\n", folder);
}

std::vector<WantedSecret> wanted_secrets(const Answers& answers) {
    std::vector<WantedSecret> out;
    const auto want = [&](std::string name, std::string_view key) {
        if (answers.has(key)) out.push_back({std::move(name), answers.get(key)});
    };
    if (!answers.is("directory.kind", "none")) want("ldap-" + answers.get("directory.name"), "directory.password_file");
    if (answers.has("oidc.issuer")) want("oidc-" + answers.get("oidc.name"), "oidc.secret_file");
    if (answers.has("provider.name")) want(answers.get("provider.name"), "provider.key_file");
    want("slack", "alerts.slack_webhook_file");
    if (answers.has("alerts.jira_url")) want("jira", "alerts.jira_token_file");
    return out;
}

}  // namespace bursar::setup
