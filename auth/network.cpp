#include "auth/network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <string>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t text_bytes_max = 64;
constexpr unsigned mapped_bits = 96;

bool first_bits_equal(const Address& a, const Address& b, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
    if (bits % 8 == 0) return true;
    const unsigned mask = 0xffU << (8 - bits % 8) & 0xffU;
    return ((a[whole] ^ b[whole]) & mask) == 0;
}

bool is_zero_behind(const Address& address, unsigned bits) {
    for (unsigned bit = bits; bit < 128; ++bit)
        if ((address[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    // inet_pton() would stop reading at a NUL.
    if (text.size() > text_bytes_max || text.contains('\0')) return std::nullopt;
    const std::string plain(text.substr(0, text.find('%')));
    Address address{};
    if (inet_pton(AF_INET6, plain.c_str(), address.data()) == 1) return address;
    address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, plain.c_str(), address.data() + mapped_bits / 8) == 1 && plain.size() == text.size())
        return address;
    return std::nullopt;
}

Result<Network> Network::parse(std::string_view text) {
    const auto wrong = [&](std::string_view why) {
        return fail(Fault::invalid_request,
                    fmt::format("'{}' is not a network: {}. Write it like 10.1.0.0/16 or 2001:db8::/32.",
                                text.substr(0, text_bytes_max), why));
    };
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto address = parse_address(host);
    if (!address || host.contains('%')) return wrong("it does not begin with an IP address");
    const bool four = !host.contains(':');
    const unsigned bits_max = four ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
        if (error != std::errc{} || end != length.data() + length.size() || bits > bits_max)
            return wrong(fmt::format("behind the slash stands a number from 0 to {}", bits_max));
    }
    if (four) bits += mapped_bits;
    if (!is_zero_behind(*address, bits)) return wrong("bits are set behind its prefix");
    return Network(*address, bits);
}

bool Network::contains(const Address& address) const { return first_bits_equal(address_, address, bits_); }

}  // namespace bursar::auth
