#pragma once

#include "policies/snapshot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bursar::policies {

/// Which of the two programs goes there.
enum class Goer : std::uint8_t { service, courier };

/// A host that a policy names, by name or address, with the port.
struct Destination {
    Goer who = Goer::service;
    std::string host;  ///< a domain with several servers: "_ldap._tcp.corp.example", to be asked for by SRV records
    std::uint16_t port = 0;
    bool by_srv = false;
    auto operator<=>(const Destination&) const = default;
};

/// Where a policy lets the programs go, and nowhere else is needed: providers or their proxies, directories, providers
/// of identities, targets of alerts.
struct Egress {
    std::vector<Destination> destinations;  ///< sorted, each once
    /// Targets whose address is a secret in the vault, so that nobody can tell from the policy: the administrator adds
    /// their hosts.
    std::vector<std::string> hidden;
};
Egress egress_of(const Snapshot& rules);

}  // namespace bursar::policies
