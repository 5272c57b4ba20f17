#pragma once

#include "service/base/result.h"

#include <array>
#include <optional>
#include <string_view>

namespace bursar::auth {

/// An IP address as 128 bits; IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so that one address has one form.
using Address = std::array<unsigned char, 16>;
/// "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", with or without a zone ("fe80::1%eth0"); never a name or a port.
std::optional<Address> parse_address(std::string_view text);

/// A CIDR block (RFC 4632, RFC 4291 §2.3).
class Network {
  public:
    /// "10.0.0.0/8", "2001:db8::/32", or one address. invalid_request if bits are set behind the prefix: that is a
    /// typing error.
    static Result<Network> parse(std::string_view text);
    bool contains(const Address& address) const;

  private:
    Network(const Address& address, unsigned bits) : address_(address), bits_(bits) {}
    Address address_;
    unsigned bits_;
};

}  // namespace bursar::auth
