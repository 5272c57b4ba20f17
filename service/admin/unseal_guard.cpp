#include "service/admin/unseal_guard.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);  // RFC 4291 §2.5.5.2
constexpr std::size_t network_bytes = 8;

bool is_mapped(const auth::Address& address) {
    return std::ranges::equal(std::span(address).first(mapped.size()), mapped,
                              [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); });
}

}  // namespace

bool is_loopback(std::string_view address) {
    static const auth::Address one = *auth::parse_address("::1");
    const auto parsed = auth::parse_address(address);
    return parsed && (*parsed == one || (is_mapped(*parsed) && (*parsed)[mapped.size()] == 127));
}

auth::Address UnsealGuard::group_of(std::string_view address) {
    auth::Address group = auth::parse_address(address).value_or(auth::Address{});
    if (!is_mapped(group)) std::fill(group.begin() + network_bytes, group.end(), static_cast<unsigned char>(0));
    return group;
}

Result<void> UnsealGuard::enter(const auth::Address& from) {
    const Moment now = clock_.moment();
    const MutexLock lock(mutex_);
    const auto found = tries_.find(from);
    if (found == tries_.end()) make_room();
    Tries& tries = tries_[from];
    if (tries.running)
        return fail(Fault::locked_out,
                    "Another try to use the master key is running from this address. Wait for its end.");
    if (now < tries.next_at)
        return fail(Fault::locked_out,
                    fmt::format("A wrong master key came from this address. The next try is possible in {} seconds.",
                                std::chrono::ceil<std::chrono::seconds>(tries.next_at - now).count()));
    tries.running = true;
    return {};
}

void UnsealGuard::leave(const auth::Address& from, End end) {
    const MutexLock lock(mutex_);
    if (end == End::right) {
        tries_.erase(from);
        return;
    }
    Tries& tries = tries_[from];
    tries.running = false;
    if (end == End::neither) return;
    tries.next_at =
        clock_.moment() + std::min<Duration>(delay_max, delay_first_ * (1 << std::min(tries.wrong_in_a_row, 12)));
    ++tries.wrong_in_a_row;
}

/// Forgets who has waited longest since his turn came.
void UnsealGuard::make_room() {
    if (tries_.size() < addresses_max) return;
    const auto idle = [](const auto& a, const auto& b) {
        return std::pair(a.second.running, a.second.next_at) < std::pair(b.second.running, b.second.next_at);
    };
    tries_.erase(std::ranges::min_element(tries_, idle));
}

}  // namespace bursar::admin
