// What operators look at: readiness checks and metrics.
#include "service/daemon/conditions.h"
#include "service/daemon/service.h"

#include <filesystem>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

void gauge(std::string& out, std::string_view name, std::string_view help, std::string_view value) {
    gateway::write_family(out, name, "gauge", help);
    out += fmt::format("{} {}\n", name, value);
}
void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
    gateway::write_family(out, name, "counter", help);
    out += fmt::format("{} {}\n", name, value);
}

void write_commits(std::string& out, const store::Health& health) {
    constexpr std::string_view name = "bursar_commit_duration_seconds";
    gateway::write_family(out, name, "histogram", "Group commits of the journal, fsync included.");
    const auto bounds = store::commit_bounds();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < health.commit_histogram.size(); ++i) {
        sum += health.commit_histogram[i];
        const std::string bound = i < bounds.size() ? fmt::format("{}", static_cast<double>(bounds[i]) / 1e6) : "+Inf";
        out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bound, sum);
    }
    out += fmt::format("{}_count {}\n", name, sum);
    gauge(out, "bursar_commit_last_seconds", "How long the last commit took.",
          fmt::format("{}", static_cast<double>(health.last_commit.count()) / 1e9));
}

void write_people_metrics(std::string& out, const admin::Parts& parts) {
    const auto sources = parts.staff.health();
    gateway::write_family(out, "bursar_identity_source_good", "gauge", "0 while a source of people does not answer.");
    for (const staff::SourceFacts& source : sources)
        out += fmt::format("bursar_identity_source_good{{kind=\"{}\",name=\"{}\"}} {}\n", source.kind, source.name,
                           source.health.good ? 1 : 0);
    gateway::write_family(out, "bursar_people", "gauge", "People known by a source who have not left.");
    for (const staff::SourceFacts& source : sources)
        out += fmt::format("bursar_people{{kind=\"{}\",name=\"{}\"}} {}\n", source.kind, source.name, source.people);
}

}  // namespace

std::vector<admin::Check> Service::checks() const {
    std::vector<admin::Check> out;
    if (pairing_) out.push_back(pairing_->check());
    // Of a machine that does not serve there is nothing else to say.
    if (pairing_ && !pairing_->serves()) return out;
    const bool unsealed = vault_->state() == vault::State::unsealed;
    out.push_back({"vault", unsealed, true,
                   unsealed ? "unsealed" : "Sealed: no provider key can be used. Unseal it: bursarctl vault unseal."});
    admin::Parts* parts = open_.load();
    if (parts == nullptr) {
        if (!unsealed) return out;
        const MutexLock lock(closed_mutex_);
        out.push_back({"database", false, true, closed_because_});
        return out;
    }
    const store::Health health = parts->store.health();
    out.push_back({"database", health.writable, true,
                   health.writable ? "writable"
                                   : fmt::format("Nothing can be written, so no call is served: {}", health.reason)});
    const auto rules = parts->rules.get();
    const bool has_models = !rules->models.empty();
    out.push_back({"policy", has_models, false,
                   has_models ? fmt::format("revision {}", rules->revision)
                              : "No models yet. Write a policy and apply it: bursarctl policy apply DIR."});
    if (unsealed) {
        std::string missing;
        for (const std::string& name : policies::secrets_of(*rules))
            if (!vault_->lend(name)) missing.append(missing.empty() ? "" : ", ").append(name);
        out.push_back({"secrets", missing.empty(), false,
                       missing.empty() ? "all there"
                                       : fmt::format("The policy names secrets that the vault does not have: {}. Add "
                                                     "them: bursarctl secret put NAME.",
                                                     missing)});
    }
    out.push_back({"time", !clock_.doubts(), false,
                   clock_.doubts()
                       ? "The system's clock leapt forward. Money is booked as if it had not, until the leap has "
                         "lasted 15 minutes: set the clock right, or wait."
                       : "steady"});
    std::error_code failed;
    const auto space = std::filesystem::space(configuration_.state_folder, failed);
    const bool enough = failed || space.available >= disk_bytes_low;
    out.push_back({"disk", enough, false,
                   enough ? "enough room"
                          : "Less than 512 MiB are free where the state is; make room before calls are refused."});
    out.push_back(providers_check());
    out.push_back(alerts_check(*rules));
    out.push_back(backup_check());
    for (const staff::SourceFacts& source : parts->staff.health())
        if (!source.health.good)
            out.push_back({source.kind == "ldap" ? "directory " + source.name : "sign-in " + source.name, false, false,
                           source.health.text});
    const ledger::Totals totals = parts->ledger.totals();
    out.push_back({"lost calls", totals.lost == 0, false,
                   totals.lost == 0 ? "none"
                                    : fmt::format("{} calls were open at the last crash and booked at their hold; "
                                                  "compare with the provider's bill (bursarctl calls).",
                                                  totals.lost)});
    return out;
}

std::string Service::metrics() const {
    std::string out;
    gateway::write_family(out, "bursar_info", "gauge", "Version of the service.");
    out += "bursar_info{version=\"" BURSAR_VERSION "\"} 1\n";
    gauge(out, "bursar_vault_unsealed", "1 while provider keys can be used.",
          vault_->state() == vault::State::unsealed ? "1" : "0");
    const edge::Counters& edge = server_->counters();
    counter(out, "bursar_connections_opened_total", "Connections accepted.", edge.connections_opened.load());
    counter(out, "bursar_connections_refused_total", "Connections beyond a cap.", edge.connections_refused.load());
    gauge(out, "bursar_connections_open", "Connections now.", std::to_string(edge.connections_now.load()));
    counter(out, "bursar_requests_total", "Requests whose head was whole.", edge.requests.load());
    counter(out, "bursar_requests_malformed_total", "Requests refused by the edge.", edge.malformed.load());
    counter(out, "bursar_requests_overloaded_total", "Requests refused early because of overload.",
            edge.overloaded.load());
    counter(out, "bursar_handshakes_failed_total", "TLS handshakes that failed.", edge.handshakes_failed.load());
    if (pairing_) pairing_->write_metrics(out);
    admin::Parts* parts = open_.load();
    if (parts == nullptr) return out;
    const ledger::Totals totals = parts->ledger.totals();
    gauge(out, "bursar_holds_open", "Holds neither settled nor released.", std::to_string(totals.holds_open));
    gauge(out, "bursar_held_usd", "Money set aside for open calls.", totals.held.text());
    counter(out, "bursar_holds_total", "Holds taken.", totals.holds_taken);
    counter(out, "bursar_holds_refused_total", "Holds refused by a limit.", totals.refused);
    counter(out, "bursar_settlements_total", "Holds settled.", totals.settled);
    counter(out, "bursar_releases_total", "Holds released: nothing reached the provider.", totals.released);
    counter(out, "bursar_lost_total", "Calls closed as lost at the last start.", totals.lost);
    gauge(out, "bursar_variance_usd", "Money settled above holds.", totals.variance.text());
    const replays::Replays::Size kept = books_.replays->size();
    gauge(out, "bursar_replays_kept", "Idempotency keys that stand for an ended call.", std::to_string(kept.entries));
    gauge(out, "bursar_replays_bytes", "What they count against their limit.", std::to_string(kept.bytes));
    gauge(out, "bursar_stored_responses", "Responses at providers whose owners are known.",
          std::to_string(books_.stored->size()));
    const store::Health health = parts->store.health();
    gauge(out, "bursar_store_writable", "0 while the journal cannot be written.", health.writable ? "1" : "0");
    counter(out, "bursar_commits_total", "Group commits.", health.commits);
    write_commits(out, health);
    out += gateway_->metrics().text();
    write_provider_metrics(out);
    write_people_metrics(out, *parts);
    write_alert_metrics(out);
    write_backup_metrics(out);
    return out;
}

}  // namespace bursar::daemon
