#include "auth/ldap/servers.h"

#include "auth/ldap/options.h"
#include "service/base/log.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr auto cool_down = std::chrono::seconds(60);
constexpr auto discovery_valid = std::chrono::minutes(10);

}  // namespace

Servers::Servers(const Options& options, const Clock& clock, Discover discover)
    : domain_(options.domain), clock_(clock), discover_(std::move(discover)) {
    for (const std::string& text : options.servers)
        if (auto server = server_of(text)) servers_.push_back(*std::move(server));
}

Outcome<std::vector<Server>> Servers::known(Deadline deadline) {
    {
        const MutexLock lock(mutex_);
        if (domain_.empty() || (asked_at_ && clock_.moment() < *asked_at_ + discovery_valid)) return servers_;
    }
    auto found = discover_(domain_, deadline);
    const MutexLock lock(mutex_);
    // What DNS said before still holds while DNS is silent.
    if (!found && servers_.empty()) return found;
    if (found) servers_ = *std::move(found);
    asked_at_ = clock_.moment();
    return servers_;
}

Outcome<std::vector<Server>> Servers::in_order(Deadline deadline) {
    TRY(std::vector<Server> servers, known(deadline));
    const MutexLock lock(mutex_);
    const Moment now = clock_.moment();
    std::vector<Server> good, bad;
    for (Server& server : servers) {
        const auto trouble = troubles_.find(server);
        (trouble != troubles_.end() && now < trouble->second.until ? bad : good).push_back(std::move(server));
    }
    std::ranges::move(bad, std::back_inserter(good));
    return good;
}

void Servers::answered(const Server& server) {
    const MutexLock lock(mutex_);
    troubles_.erase(server);
    last_good_ = server;
    answered_at_ = clock_.now();
    all_bad_.clear();
}

void Servers::failed_at(const Server& server, const std::string& why) {
    log::warning("directory_server_failed", {{"server", server.text()}, {"why", why}});
    const MutexLock lock(mutex_);
    const auto [trouble, fresh] = troubles_.try_emplace(server, Trouble{why, clock_.now(), {}});
    trouble->second.why = why;
    trouble->second.until = clock_.moment() + cool_down;
}

void Servers::none_answered(const std::string& why) {
    const MutexLock lock(mutex_);
    all_bad_ = why;
}

auth::DirectoryHealth Servers::health() const {
    const MutexLock lock(mutex_);
    auth::DirectoryHealth health;
    health.answered_at = answered_at_;
    // One that is down while another answers is worth a line, not an alarm.
    health.good = all_bad_.empty();
    if (!all_bad_.empty())
        health.text = all_bad_;
    else if (last_good_)
        health.text = fmt::format("{} answers", last_good_->text());
    else
        health.text = "nothing was asked of it yet";
    for (const auto& [server, trouble] : troubles_)
        health.text +=
            fmt::format("; {} has not answered since {}: {}", server.text(), to_text(trouble.since), trouble.why);
    return health;
}

}  // namespace bursar::ldap
