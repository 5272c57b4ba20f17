#pragma once

#include "service/base/result.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// To which addresses a name that somebody configured may lead. Asked with the address that a connection is made to, so
// that no second answer of DNS comes in between.
namespace bursar::backup {

/// As in IPv6; those of IPv4 as ::ffff:a.b.c.d.
using Address = std::array<unsigned char, 16>;
/// Nothing but "10.1.2.3" and "fd00::1" is an address: no octal, no short form.
Result<Address> parse_address(const std::string& text);
/// "localhost", "127.0.0.1", "::1".
bool is_loopback_name(std::string_view host);

class Reach {
  public:
    /// `ranges`: "10.1.0.0/16", "fd00:1::/32". invalid_request for one that is none.
    static Result<Reach> of(std::string_view host, const std::vector<std::string>& ranges);
    /// Public addresses; private ones of the ranges; loopback for a host that says so. Never link-local, multicast or
    /// unspecified ones: there is where machines in a cloud tell their secrets.
    bool allows(const Address& address) const;

  private:
    struct Range {
        Address address;
        std::size_t bits;
    };
    bool loopback_ = false;
    std::vector<Range> ranges_;
};

}  // namespace bursar::backup
