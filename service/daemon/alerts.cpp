// The outbox in the house: where the courier comes to, and what operators see of it.
#include "service/admin/ticket_answer.h"
#include "service/base/log.h"
#include "service/daemon/service.h"

#include <unistd.h>

#include <fmt/format.h>

namespace bursar::daemon {

/// Calls are served whether or not anybody can be told of anything.
void Service::open_post_office() {
    // Nobody asks before the post office is started, when the parts are there.
    const outbox::Decide decide = [this](const outbox::Moved& moved) {
        return admin::answer_by_ticket(*parts_, moved);
    };
    auto opened = outbox::PostOffice::open({*books_.store, *books_.rules, *vault_, clock_, decide},
                                           {.socket = configuration_.courier_socket,
                                            .peers = {.own = ::getuid(), .courier = configuration_.courier_uid},
                                            .group = configuration_.courier_gid,
                                            .public_url = configuration_.public_url,
                                            .watched_every = configuration_.issues_watched_every});
    if (opened)
        post_office_ = *std::move(opened);
    else
        log::error("post_office_not_opened", {{"text", opened.error().operator_text()}});
}

admin::Check Service::alerts_check(const policies::Snapshot& rules) const {
    const auto bad = [](std::string text) { return admin::Check{"alerts", false, false, std::move(text)}; };
    if (rules.alerts.targets.empty())
        return {"alerts", true, false, "The policy names no targets, so nobody is told of anything."};
    if (!post_office_)
        return bad("The socket of the courier could not be made, so nobody is told of anything; the log says why.");
    const outbox::Facts facts = post_office_->facts();
    if (!facts.connected)
        return bad(
            fmt::format("No bursar-courier is connected; {} messages wait. Start it: systemctl start "
                        "bursar-courier.",
                        facts.waiting));
    std::string parked;
    for (const auto& [name, standing] : facts.standings)
        if (standing.parked_at && rules.alerts.targets.contains(name))
            parked += fmt::format("{}\"{}\": {}", parked.empty() ? "" : " ", name, standing.reason);
    if (!parked.empty())
        return bad(fmt::format("Targets take no messages: {} Try them again: bursarctl alerts test NAME.", parked));
    for (const auto& [name, reason] : facts.unwatched)
        return bad(fmt::format("Requests cannot be answered by the issues of \"{}\" just now: {}", name, reason));
    if (facts.dead > 0)
        return bad(fmt::format("{} messages were given up: bursarctl alerts deliveries --state dead.", facts.dead));
    return {"alerts", true, false, fmt::format("The courier is connected, {} messages wait.", facts.waiting)};
}

void Service::write_alert_metrics(std::string& out) const {
    if (!post_office_) return;
    const outbox::Facts facts = post_office_->facts();
    gateway::write_family(out, "bursar_courier_connected", "gauge", "1 while a courier is connected.");
    out += fmt::format("bursar_courier_connected {}\n", facts.connected ? 1 : 0);
    gateway::write_family(out, "bursar_alerts_waiting", "gauge", "Messages that are not delivered yet.");
    out += fmt::format("bursar_alerts_waiting {}\n", facts.waiting);
    gateway::write_family(out, "bursar_alerts_dead", "gauge", "Messages that were given up and can be sent again.");
    out += fmt::format("bursar_alerts_dead {}\n", facts.dead);
    gateway::write_family(out, "bursar_deliveries_total", "counter", "Tries to deliver a message, by how they went.");
    for (const auto& [key, count] : facts.outcomes)
        out +=
            fmt::format("bursar_deliveries_total{{target=\"{}\",outcome=\"{}\"}} {}\n", key.first, key.second, count);
    gateway::write_family(out, "bursar_target_parked", "gauge", "1 while a target takes no messages.");
    for (const auto& [name, standing] : facts.standings)
        out += fmt::format("bursar_target_parked{{target=\"{}\"}} {}\n", name, standing.parked_at ? 1 : 0);
}

}  // namespace bursar::daemon
