#pragma once

#include "auth/operators.h"
#include "policies/snapshot.h"
#include "service/backup/away.h"
#include "service/backup/backups.h"
#include "service/edge/tls.h"
#include "service/providers/health.h"
#include "service/store/store.h"
#include "service/treasury/conditions.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What people are told of the service itself, from what is looked at. Pure.
namespace bursar::daemon {

/// Below this the operator should act; settlements still fit (the store keeps a ballast).
inline constexpr std::uintmax_t disk_bytes_low = std::uintmax_t{512} << 20;

/// What is looked at every two seconds, and every minute.
std::span<const treasury::Course> fast_courses();
std::span<const treasury::Course> slow_courses();

/// How channels and keys are, and whether the policy has them. After a restart nobody knows before a call shows it.
class ProviderView {
  public:
    ProviderView(const policies::Snapshot& rules, const providers::Health& health, Timestamp now);

    std::vector<treasury::Condition> holding() const;
    /// As treasury::Conditions::End; none for what is not a channel or key, or not known to be well.
    std::optional<std::string> end(std::string_view begins, const std::string& subject) const;

    /// What was out must be well for so long: one that comes and goes is not told of with every turn.
    static constexpr std::chrono::seconds settled{30};

  private:
    std::optional<std::string> channel_end(std::string_view name) const;
    std::optional<std::string> key_end(std::string_view name) const;

    std::set<std::string, std::less<>> named_;  ///< subjects that the policy has
    std::vector<providers::ChannelFacts> channels_;
    std::vector<providers::KeyFacts> keys_;
    Timestamp now_;
};

/// Channels whose price is not known at this instant.
std::vector<treasury::Condition> prices_missing(const policies::Snapshot& rules, Timestamp now);
/// Not before a certificate that renews itself in time would have been renewed, however short its life is.
std::optional<treasury::Condition> certificate_expiring(const std::optional<edge::CertificateLife>& life,
                                                        const std::string& time_zone, Timestamp now);
/// `available`: none if it could not be found out.
std::optional<treasury::Condition> backup_failed(const backup::State& state);
/// `place`: where it should be.
std::optional<treasury::Condition> backup_not_away(const std::string& place, const backup::AwayState& state);
/// `failure`: why files that somebody put in place are not in use; empty: they are.
std::optional<treasury::Condition> certificate_refused(const std::string& failure);
std::optional<treasury::Condition> disk_low(std::optional<std::uintmax_t> available);
/// The words for the end of what slow_courses() begin.
std::optional<std::string> slow_end(std::string_view begins, const std::string& subject, bool disk_known);

/// One event for each token that ends soon.
std::vector<treasury::Event> tokens_expiring(const std::vector<auth::Operator>& operators, const std::string& time_zone,
                                             Timestamp now);

/// Notices that nothing could be written, and tells of it when something can.
class StoreWatch {
  public:
    /// An event once it works again, at every look until told().
    std::optional<treasury::Event> look(const store::Health& health, const std::string& time_zone, Timestamp now);
    /// The event is written.
    void told() { since_.reset(); }

  private:
    std::optional<Timestamp> since_;
    std::string reason_;
};

/// `program`: where /proc/self/exe leads to.
std::optional<treasury::Event> update_available(std::string_view program, Timestamp started, Timestamp now);

}  // namespace bursar::daemon
