#pragma once

#include "auth/ldap/channel.h"
#include "auth/ldap/failure.h"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace bursar::ldap {

/// A socket address as the kernel takes it.
struct Address {
    std::array<std::byte, 128> bytes{};
    unsigned size = 0;
    int family = 0;
};

/// The addresses of a host; also the answer of a mute name server comes in time, as a Failure.
Outcome<std::vector<Address>> addresses_of(const Server& server, Deadline deadline);

/// What the company's name servers say about a domain's directory servers (RFC 2782). Blocks for some seconds at most.
/// Only servers inside the domain count: a certificate proves a name, and the name came from an answer that anybody on
/// the way could have written.
Outcome<std::vector<Server>> servers_of_domain(const std::string& domain, bool active_directory, Deadline deadline);

/// The same from the bytes of one answer; ordered as it is to be tried.
Outcome<std::vector<Server>> servers_in_answer(std::string_view answer, const std::string& domain);

}  // namespace bursar::ldap
