#include "policies/snapshot.h"

#include "policies/documents.h"

#include <fmt/format.h>

namespace bursar::policies {

std::string Url::text() const {
    const bool address = host.contains(':');
    const bool usual_port = port == (tls ? 443 : 80);
    return fmt::format("{}://{}{}{}{}{}", tls ? "https" : "http", address ? "[" : "", host, address ? "]" : "",
                       usual_port ? std::string() : fmt::format(":{}", port), path);
}

std::string_view name_of(AuthScheme auth) {
    switch (auth) {
        case AuthScheme::bearer:
            return "bearer";
        case AuthScheme::x_api_key:
            return "x-api-key";
        case AuthScheme::api_key:
            return "api-key";
        case AuthScheme::x_goog_api_key:
            return "x-goog-api-key";
        case AuthScheme::aws:
            return "aws";
    }
    return "";
}

std::string_view name_of(TokenSource source) {
    switch (source) {
        case TokenSource::none:
            return "none";
        case TokenSource::entra:
            return "entra";
        case TokenSource::google:
            return "google";
    }
    return "";
}

// learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, and
// developers.google.com/identity/protocols/oauth2/service-account (November 2026).
Url token_url(const TokenAsk& ask) {
    if (ask.url) return *ask.url;
    if (ask.source == TokenSource::google) return {.host = "oauth2.googleapis.com", .path = "/token"};
    return {.host = "login.microsoftonline.com", .path = ""};
}

std::string token_scope(const TokenAsk& ask) {
    if (!ask.scope.empty()) return ask.scope;
    return ask.source == TokenSource::google ? "https://www.googleapis.com/auth/cloud-platform"
                                             : "https://cognitiveservices.azure.com/.default";
}

std::string_view name_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::openai:
            return "openai";
        case Dialect::anthropic:
            return "anthropic";
        case Dialect::gemini:
            return "gemini";
        case Dialect::bedrock:
            return "bedrock";
        case Dialect::cohere:
            return "cohere";
    }
    return "";
}

std::string_view name_of(Strategy strategy) {
    switch (strategy) {
        case Strategy::priority:
            return "priority";
        case Strategy::weighted:
            return "weighted";
        case Strategy::cheapest:
            return "cheapest";
        case Strategy::fastest:
            return "fastest";
        case Strategy::least_busy:
            return "least_busy";
        case Strategy::sticky:
            return "sticky";
    }
    return "";
}

std::string_view name_of(Language language) {
    switch (language) {
        case Language::en:
            return "en";
        case Language::de:
            return "de";
        case Language::fr:
            return "fr";
    }
    return "";
}

std::string_view name_of(ReportSchedule::Every every) {
    switch (every) {
        case ReportSchedule::Every::day:
            return "day";
        case ReportSchedule::Every::week:
            return "week";
        case ReportSchedule::Every::month:
            return "month";
    }
    return "";
}

std::vector<std::string> targets_of(const Snapshot& rules, const ReportSchedule& schedule, std::string_view team) {
    std::vector<std::string> out = schedule.to;
    if (team.empty()) team = whole_organisation;
    for (std::size_t level = 0; level <= rules.teams.size() && !team.empty(); ++level) {
        if (const auto own = schedule.to_of.find(team); own != schedule.to_of.end()) {
            out.insert(out.end(), own->second.begin(), own->second.end());
            break;
        }
        const auto found = rules.teams.find(team);
        team = found == rules.teams.end() ? std::string_view() : std::string_view(found->second->parent);
    }
    return out;
}

std::vector<std::string> secrets_of(const Snapshot& rules) {
    std::set<std::string> names;
    for (const auto& entry : rules.providers)
        for (const ProviderKey& key : entry.second->keys) names.insert(key.secret);
    for (const auto& entry : rules.identity.directories) names.insert(entry.second.bind_secret);
    for (const auto& entry : rules.identity.oidc) names.insert(entry.second.secret);
    for (const auto& target : rules.alerts.targets)
        for (const auto& secret : target.second.secrets) names.insert(secret.second);
    names.erase("");  // of a directory without a service account, a public client
    return {names.begin(), names.end()};
}

}  // namespace bursar::policies
