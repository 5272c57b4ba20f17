// The steps about people: directory, provider of identities, teams.
#include "installer/setup/steps/step.h"

#include <algorithm>

#include <QByteArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QJsonParseError>
#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr std::uint16_t ldaps_port = 636;
constexpr long budget_usd_max = 100'000'000;
constexpr std::size_t ca_bytes_max = 256 << 10;

/// "ldaps://dc1.corp.example:636" -> host and port; port 0: it is none.
Server server_of(std::string_view url) {
    constexpr std::string_view scheme = "ldaps://";
    if (!url.starts_with(scheme)) return {};
    url.remove_prefix(scheme.size());
    const std::size_t colon = url.rfind(':');
    const std::string_view host = url.substr(0, colon);
    if (host.empty() || host.find_first_of("/ :@") != std::string_view::npos) return {};
    if (colon == std::string_view::npos) return {std::string(host), ldaps_port};
    const long port = number_of(url.substr(colon + 1), 5);
    return port < 1 || port > 65535 ? Server{} : Server{std::string(host), static_cast<std::uint16_t>(port)};
}

/// The DNS knows the servers of LDAP (389); TLS from the first byte is spoken at 636.
std::vector<Server> named_by_domain(Findings& out, const std::string& domain, System& system) {
    auto found = system.look_up_servers("_ldap._tcp." + domain);
    if (!found) {
        out.wrong(fmt::format("The DNS names no server for _ldap._tcp.{}; name them as directory.servers. ({})", domain,
                              found.error().for_caller));
        return {};
    }
    for (Server& one : *found) one.port = ldaps_port;
    return *std::move(found);
}

std::vector<Server> named_by_hand(Findings& out, const Answers& answers) {
    std::vector<Server> servers;
    for (const std::string& url : list_of(answers.get("directory.servers"))) {
        servers.push_back(server_of(url));
        if (servers.back().port == 0)
            out.wrong(fmt::format("directory.servers has \"{}\"; write it like ldaps://dc1.corp.example.", url));
    }
    return servers;
}

void try_servers(Findings& out, const std::vector<Server>& servers, const Answers& answers, System& system) {
    std::string ca;
    if (answers.has("directory.ca_file")) {
        auto read = read_file(answers.get("directory.ca_file"), ca_bytes_max);
        if (!read) return out.wrong(read.error().for_caller);
        ca = *std::move(read);
    }
    std::size_t reached = 0;
    std::vector<std::string> missed;
    for (const Server& one : servers) {
        const auto connected = system.connect_tls(one, ca);
        if (connected) {
            ++reached;
            out.good(fmt::format("{}:{} answers, and its certificate is trusted.", one.host, one.port));
        } else {
            missed.push_back(fmt::format("{}:{}: {}", one.host, one.port, connected.error().for_caller));
        }
    }
    // One server that is being mended is no reason to stop; none that answers is.
    for (std::string& text : missed) reached > 0 ? out.note(std::move(text)) : out.wrong(std::move(text));
}

bool is_dn(std::string_view text) { return text.find('=') != std::string_view::npos && text.front() != '='; }

/// What OpenID Connect Discovery 1.0, 3 wants, and what this service needs of it.
void look_at_discovery(Findings& out, const std::string& text, const std::string& issuer) {
    QJsonParseError error;
    const QJsonObject said = QJsonDocument::fromJson(QByteArray::fromStdString(text), &error).object();
    if (error.error != QJsonParseError::NoError || said.isEmpty())
        return out.wrong(
            "The issuer's discovery document is no JSON; is oidc.issuer the address of the issuer itself?");
    const auto field = [&said](const char* name) { return said.value(QLatin1String(name)).toString().toStdString(); };
    if (field("issuer") != issuer)
        return out.wrong(
            fmt::format("The discovery document is of the issuer \"{}\"; write oidc.issuer exactly so, or "
                        "ask whoever runs it.",
                        field("issuer").substr(0, 200)));
    for (const char* name : {"authorization_endpoint", "token_endpoint", "jwks_uri"})
        if (!is_https(field(name)))
            out.wrong(
                fmt::format("The discovery document's {} is no https address; ask whoever runs the issuer.", name));
    const QJsonArray flows = said.value(QLatin1String("response_types_supported")).toArray();
    if (!flows.contains(QLatin1String("code")))
        out.wrong("The issuer does not offer the response type \"code\"; ask whoever runs it to allow it.");
    if (!out.is_wrong()) out.good(fmt::format("{} answers with a sound discovery document.", issuer));
}

}  // namespace

Findings check_directory(const Answers& answers, const Surroundings& around) {
    Findings out("directory");
    if (answers.is("directory.kind", "none")) {
        out.good("No directory was asked for.");
        return out;
    }
    const std::string domain = answers.get("directory.domain");
    if (!is_name(answers.get("directory.name")))
        out.wrong("directory.name is no name; write small letters, digits and dashes.");
    for (const std::string_view key : {"directory.people", "directory.bind_dn"})
        if (answers.get(key).empty() || (!is_dn(answers.get(key)) && !answers.get(key).contains('@')))
            out.wrong(
                fmt::format("{} is \"{}\"; write a DN such as OU=Staff,DC=corp,DC=example.", key, answers.get(key)));
    if (domain.empty() == !answers.has("directory.servers"))
        out.wrong("Write directory.domain or directory.servers, and not both.");
    if (const auto password = read_secret_file(answers.get("directory.password_file")); !password)
        out.wrong(answers.has("directory.password_file") ? password.error().for_caller
                                                         : "directory.password_file is missing; name a file.");
    if (out.is_wrong()) return out;
    const std::vector<Server> servers =
        domain.empty() ? named_by_hand(out, answers) : named_by_domain(out, domain, around.system);
    if (!out.is_wrong()) try_servers(out, servers, answers, around.system);
    return out;
}

Findings check_oidc(const Answers& answers, const Surroundings& around) {
    Findings out("oidc");
    const std::string issuer = answers.get("oidc.issuer");
    if (issuer.empty()) {
        out.good("No provider of identities was asked for.");
        return out;
    }
    if (!is_https(issuer)) out.wrong(fmt::format("oidc.issuer is \"{}\"; write an https address.", issuer));
    if (!is_name(answers.get("oidc.name"))) out.wrong("oidc.name is no name; write small letters, digits and dashes.");
    if (!answers.has("oidc.client_id"))
        out.wrong("oidc.client_id is missing; the issuer's page of this client has it.");
    if (const auto secret = read_secret_file(answers.get("oidc.secret_file")); !secret)
        out.wrong(answers.has("oidc.secret_file") ? secret.error().for_caller
                                                  : "oidc.secret_file is missing; name a file.");
    if (out.is_wrong()) return out;
    const std::string slash = issuer.ends_with('/') ? "" : "/";
    const auto document = around.system.fetch(issuer + slash + ".well-known/openid-configuration");
    if (!document)
        out.wrong(document.error().for_caller);
    else
        look_at_discovery(out, *document, issuer);
    return out;
}

Findings check_team(const Answers& answers, const Surroundings&) {
    Findings out("team");
    if (!answers.has("team.name")) {
        out.note("There is no team yet, so nobody can call; add one to the policy.");
        return out;
    }
    if (!is_name(answers.get("team.name"))) out.wrong("team.name is no name; write small letters, digits and dashes.");
    const long budget = number_of(answers.get("team.budget_usd"));
    if (budget < 1 || budget > budget_usd_max)
        out.wrong(fmt::format("team.budget_usd is \"{}\"; write a whole number from 1 to {}.",
                              answers.get("team.budget_usd"), budget_usd_max));
    if (!out.is_wrong())
        out.good(
            fmt::format("The team {} has {} USD per {}.", answers.get("team.name"), budget, answers.get("team.per")));
    if (answers.has("team.groups") && answers.is("directory.kind", "none") && !answers.has("oidc.issuer"))
        out.note("team.groups names groups, but there is no directory that knows them.");
    return out;
}

}  // namespace bursar::setup
