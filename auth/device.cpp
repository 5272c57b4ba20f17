#include "auth/device.h"

#include "auth/credential.h"
#include "auth/lockout.h"
#include "auth/printable.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

/// Letters that are hard to mistake and make no words (RFC 8628, 6.1): 20 to the eighth are 34 bits.
constexpr std::string_view user_code_letters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t user_code_length = 8;
constexpr std::size_t device_code_bytes = 32;
constexpr std::size_t text_characters_max = 200;
constexpr std::size_t addresses_max = 10'000;
/// Programs go on asking after the end; so long they are told what happened.
constexpr auto expired_for = std::chrono::minutes(10);
/// A program that waits as told may still be a little early.
constexpr auto early_by = std::chrono::milliseconds(500);
constexpr std::chrono::seconds slower_by{5};

std::string make_user_code() {
    // Bytes from 240 on would make some letters more frequent than others.
    constexpr unsigned fair_below = 256 - 256 % user_code_letters.size();
    std::string code;
    while (code.size() < user_code_length) {
        std::array<unsigned char, 1> byte{};
        fill_random(byte);
        if (byte[0] < fair_below) code.push_back(user_code_letters[byte[0] % user_code_letters.size()]);
    }
    return code;
}

std::string shown(std::string_view code) { return fmt::format("{}-{}", code.substr(0, 4), code.substr(4)); }

/// Empty if it cannot be a code.
std::string plain_of(std::string_view typed) {
    std::string code;
    for (const char c : typed) {
        if (c == '-' || c == ' ') continue;
        const char large = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
        if (!user_code_letters.contains(large) || code.size() == user_code_length) return {};
        code.push_back(large);
    }
    return code.size() == user_code_length ? code : std::string{};
}

}  // namespace

DeviceGrants::DeviceGrants(const Clock& clock, DeviceLimits limits)
    : clock_(clock), limits_(limits), key_(random_bytes(32)), wrong_codes_(addresses_max) {}

std::string DeviceGrants::digest_of(std::string_view code) const {
    return std::string(as_text(credential_digest(key_, code)));
}

void DeviceGrants::forget_old(Timestamp now) {
    for (auto at = grants_.begin(); at != grants_.end();) {
        Grant& grant = at->second;
        const bool is_over = now >= grant.began_at + limits_.life;
        if (is_over && !grant.user_code.empty()) {
            by_user_code_.erase(grant.user_code);
            grant.user_code.clear();  // another grant may have this code from now on
        }
        at = now >= grant.began_at + limits_.life + expired_for ? grants_.erase(at) : std::next(at);
    }
}

Result<DeviceGrants::Begun> DeviceGrants::begin(std::string_view client, std::string_view address) {
    const Timestamp now = clock_.now();
    const std::string from = counted_address(address);
    const MutexLock lock(mutex_);
    forget_old(now);
    const auto is_from = [&](const auto& each) { return counted_address(each.second.address) == from; };
    // What has expired counts as well: it takes as much memory.
    if (grants_.size() >= limits_.open_max ||
        static_cast<std::size_t>(std::ranges::count_if(grants_, is_from)) >= limits_.open_per_address)
        return fail(Fault::overloaded, "Too many sign-ins are under way. Try again in some minutes.",
                    fmt::format("{} device grants are open; one was asked for from {}", grants_.size(),
                                address.substr(0, text_characters_max)));
    std::string code = make_user_code();
    while (by_user_code_.contains(digest_of(code))) code = make_user_code();
    std::string device_code = to_base32(random_bytes(device_code_bytes));
    const std::string key = digest_of(device_code);
    by_user_code_.emplace(digest_of(code), key);
    grants_.emplace(key, Grant{.user_code = digest_of(code),
                               .client = printable(client, text_characters_max),
                               .address = printable(address, text_characters_max),
                               .began_at = now,
                               .interval = limits_.interval,
                               .polled_at = {},
                               .approval = {}});
    return Begun{.device_code = Secret(std::move(device_code)),
                 .user_code = shown(code),
                 .expires_in = limits_.life,
                 .interval = limits_.interval};
}

Result<DeviceGrants::Grant*> DeviceGrants::find(std::string_view user_code, std::string_view address, Timestamp now) {
    forget_old(now);
    Window<Timestamp>& wrong = wrong_codes_[counted_address(address)];
    wrong.forget(now, limits_.wrong_codes_window);
    if (wrong.size() >= limits_.wrong_codes_max) {
        const auto time = std::chrono::ceil<std::chrono::seconds>(wrong.at(0) + limits_.wrong_codes_window - now);
        return fail(Fault::locked_out,
                    fmt::format("There were too many wrong codes. Try again in {} seconds.", time.count()),
                    fmt::format("too many wrong user codes from {}", address.substr(0, text_characters_max)));
    }
    const std::string code = plain_of(user_code);
    const auto found = code.empty() ? by_user_code_.end() : by_user_code_.find(digest_of(code));
    if (found == by_user_code_.end()) {
        wrong.add(now, limits_.wrong_codes_max);
        return fail(Fault::not_found,
                    "There is no such code, or its time is over. Compare it with the one that your program shows, or "
                    "start the sign-in there again.");
    }
    return &grants_.at(found->second);
}

Result<DeviceGrants::Grant*> DeviceGrants::undecided(std::string_view user_code, std::string_view address,
                                                     Timestamp now) {
    TRY(Grant* const grant, find(user_code, address, now));
    if (grant->denied || grant->approval)
        return fail(Fault::conflict, "This code was approved or denied already. Start the sign-in again.");
    return grant;
}

Result<DeviceGrants::Shown> DeviceGrants::look(std::string_view user_code, std::string_view address) {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    TRY(const Grant* const grant, undecided(user_code, address, now));
    return Shown{.user_code = shown(plain_of(user_code)),
                 .client = grant->client,
                 .address = grant->address,
                 .began_at = grant->began_at};
}

Result<void> DeviceGrants::approve(std::string_view user_code, std::string_view address, Approval approval) {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    TRY(Grant* const grant, undecided(user_code, address, now));
    grant->approval = std::move(approval);
    return {};
}

Result<void> DeviceGrants::deny(std::string_view user_code, std::string_view address) {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    TRY(Grant* const grant, undecided(user_code, address, now));
    grant->denied = true;
    return {};
}

DeviceGrants::Answer DeviceGrants::poll(std::string_view device_code) {
    using State = Answer::State;
    const Timestamp now = clock_.now();
    const std::string key = digest_of(device_code);
    const MutexLock lock(mutex_);
    forget_old(now);
    const auto found = grants_.find(key);
    if (found == grants_.end()) return {.state = State::unknown, .client = {}, .address = {}, .approval = {}};
    Grant& grant = found->second;
    const auto answer = [](State state) { return Answer{.state = state, .client = {}, .address = {}, .approval = {}}; };
    if (now >= grant.began_at + limits_.life) return answer(State::expired);
    if (grant.denied) return answer(State::denied);
    if (grant.approval) {
        Answer approved{.state = State::approved,
                        .client = std::move(grant.client),
                        .address = std::move(grant.address),
                        .approval = std::move(grant.approval)};
        by_user_code_.erase(grant.user_code);
        grants_.erase(found);
        return approved;
    }
    const bool too_soon = grant.polled_at && now + early_by < *grant.polled_at + grant.interval;
    grant.polled_at = now;
    if (!too_soon) return answer(State::pending);
    grant.interval += slower_by;
    return answer(State::slow_down);
}

}  // namespace bursar::auth
