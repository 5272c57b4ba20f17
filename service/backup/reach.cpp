#include "service/backup/reach.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

struct Block {
    const char* address;
    std::size_t bits;  ///< of those that count; an IPv4 block counts from its own beginning
};
// IANA special-purpose registries, RFC 6890; what leads to the machine, its link or to many.
constexpr Block never[] = {{"0.0.0.0", 8}, {"169.254.0.0", 16}, {"224.0.0.0", 3}, {"::", 128},
                           {"fe80::", 10}, {"ff00::", 8},       {"2002::", 16}};
constexpr Block loopbacks[] = {{"127.0.0.0", 8}, {"::1", 128}};
// 64:ff9b::/96 and 64:ff9b:1::/48 are IPv4 by another name (RFC 6052, RFC 8215).
constexpr Block named_only[] = {{"10.0.0.0", 8},    {"172.16.0.0", 12}, {"192.168.0.0", 16}, {"100.64.0.0", 10},
                                {"198.18.0.0", 15}, {"fc00::", 7},      {"64:ff9b::", 96},   {"64:ff9b:1::", 48}};

constexpr std::size_t mapped_bits = 96;

bool begins_alike(const Address& a, const Address& b, std::size_t bits) {
    const std::size_t whole = bits / 8, rest = bits % 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

bool is_ipv4(std::string_view text) { return !text.contains(':'); }

template <std::size_t Count>
bool is_in(const Address& address, const Block (&blocks)[Count]) {
    return std::ranges::any_of(blocks, [&](const Block& block) {
        const auto begin = parse_address(block.address);
        return begin && begins_alike(address, *begin, block.bits + (is_ipv4(block.address) ? mapped_bits : 0));
    });
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
    Address out{};
    if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (::inet_pton(AF_INET, text.c_str(), out.data() + 12) == 1) return out;
    return fail(Fault::invalid_request, fmt::format("\"{}\" is no address", text));
}

bool is_loopback_name(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

Result<Reach> Reach::of(std::string_view host, const std::vector<std::string>& ranges) {
    Reach out;
    out.loopback_ = is_loopback_name(host);
    for (const std::string& each : ranges) {
        const auto slash = std::min(each.find('/'), each.size());
        const std::string begin = each.substr(0, slash);
        TRY(const Address address, parse_address(begin));
        const std::size_t most = is_ipv4(begin) ? 32 : 128;
        std::size_t bits = most;
        if (slash < each.size()) {
            const auto [end, error] = std::from_chars(each.data() + slash + 1, each.data() + each.size(), bits);
            if (error != std::errc{} || end != each.data() + each.size() || bits > most)
                return fail(Fault::invalid_request, fmt::format("\"{}\" is no range like 10.1.0.0/16", each));
        }
        out.ranges_.push_back({address, bits + (is_ipv4(begin) ? mapped_bits : 0)});
    }
    return out;
}

bool Reach::allows(const Address& address) const {
    if (is_in(address, loopbacks)) return loopback_;
    if (is_in(address, never)) return false;
    if (!is_in(address, named_only)) return true;
    return std::ranges::any_of(ranges_,
                               [&](const Range& range) { return begins_alike(address, range.address, range.bits); });
}

}  // namespace bursar::backup
