#include "auth/lockout.h"

#include "auth/network.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t address_bytes_max = 64;
/// A try that is under way does not take longer.
constexpr std::chrono::seconds under_way_for{5};
/// Of one address so many tries under way count as one failure: a whole company may come from one, and most passwords
/// are right.
constexpr std::size_t under_way_per_failure = 10;

/// One name for all ways to write it.
std::string counted_name(std::string_view user) {
    if (const auto domain = user.rfind('\\'); domain != std::string_view::npos) user.remove_prefix(domain + 1);
    user = user.substr(0, user.find('@'));
    while (user.starts_with(' ')) user.remove_prefix(1);
    while (user.ends_with(' ')) user.remove_suffix(1);
    std::string name(user.substr(0, name_bytes_max));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return name;
}

std::unexpected<Error> wait(std::chrono::nanoseconds time, std::string for_operator) {
    const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(time), std::chrono::seconds(1));
    return fail(Fault::locked_out,
                fmt::format("There were too many wrong passwords. Try again in {} seconds.", seconds.count()),
                std::move(for_operator));
}

}  // namespace

std::string counted_address(std::string_view address) {
    const auto parsed = parse_address(address);
    if (!parsed) return std::string(address.substr(0, address_bytes_max));
    constexpr std::size_t network_bytes = 8;
    // IPv4 is kept as ::ffff:a.b.c.d, whose first 64 bits are the same for all of them.
    const bool is_v4 =
        std::all_of(parsed->begin(), parsed->begin() + network_bytes, [](auto byte) { return byte == 0; });
    return to_hex(std::span(*parsed).first(is_v4 ? parsed->size() : network_bytes));
}

Result<Lockout::Permit> Lockout::may_try(const Who& who, std::string_view address, Timestamp now) {
    Permit::Keys keys{.names = {fmt::format("{}\n{}", who.directory, counted_name(who.user))},
                      .address = counted_address(address)};
    // By what was typed and by whose it is: several names of one account are one account for its directory.
    if (!who.subject.empty()) keys.names.push_back(fmt::format("{}\n\n{}", who.directory, who.subject));
    const MutexLock lock(mutex_);
    const bool known = is_known(keys, now);
    if (const auto time = wait_for_names(keys, known, now); time.count() > 0)
        return wait(time, fmt::format("too many wrong passwords for \"{}\" in {}", who.user.substr(0, name_bytes_max),
                                      who.directory));
    // Many people may come from one address; who has signed in from there is not kept waiting by the others.
    if (!known)
        if (const auto time = wait_for_address(keys, now); time.count() > 0)
            return wait(time, fmt::format("too many wrong passwords from {}", address.substr(0, address_bytes_max)));
    for (const std::string& name : keys.names) ++names_[name].under_way;
    ++addresses_[keys.address].under_way;
    return Permit(*this, std::make_shared<const Permit::Keys>(std::move(keys)));
}

bool Lockout::is_known(const Permit::Keys& keys, Timestamp now) {
    const Timestamp* const signed_in = places_.find(keys.names.back() + '\n' + keys.address);
    return signed_in != nullptr && now < *signed_in + limits_.known_for;
}

std::chrono::nanoseconds Lockout::wait_for_names(const Permit::Keys& keys, bool known, Timestamp now) {
    const std::size_t most = limits_.per_name + (known ? limits_.more_where_known : 0);
    std::chrono::nanoseconds time{};
    for (const std::string& name : keys.names) {
        Tries* const tries = names_.find(name);
        if (tries == nullptr) continue;
        tries->failures.forget(now, limits_.name_window);
        if (tries->failures.size() + tries->under_way < most) continue;
        const std::size_t failures = tries->failures.size();
        time = std::max(time, failures < most ? std::chrono::nanoseconds(under_way_for)
                                              : tries->failures.at(failures - most) + limits_.name_window - now);
    }
    return time;
}

std::chrono::nanoseconds Lockout::wait_for_address(const Permit::Keys& keys, Timestamp now) {
    Tries* const tries = addresses_.find(keys.address);
    if (tries == nullptr) return {};
    tries->failures.forget(now, limits_.address_window);
    const std::size_t count = tries->failures.size() + tries->under_way / under_way_per_failure;
    if (count < limits_.per_address) return {};
    constexpr std::size_t doublings_max = 16;
    const std::chrono::seconds delay(std::int64_t{1} << std::min(count - limits_.per_address, doublings_max));
    const Timestamp last = tries->failures.empty() ? now : tries->failures.last();
    return last + std::min(delay, limits_.delay_max) - now;
}

void Lockout::end(const Permit::Keys& keys) {
    const auto end_one = [](Tries* tries) {
        if (tries != nullptr && tries->under_way > 0) --tries->under_way;
    };
    for (const std::string& name : keys.names) end_one(names_.find(name));
    end_one(addresses_.find(keys.address));
}

void Lockout::Permit::failed(Timestamp now) && {
    Lockout& lockout = *std::exchange(lockout_, nullptr);
    const LockoutLimits& limits = lockout.limits_;
    constexpr std::size_t address_failures_beyond = 16;
    const MutexLock lock(lockout.mutex_);
    lockout.end(*keys_);
    for (const std::string& name : keys_->names)
        lockout.names_[name].failures.add(now, limits.per_name + limits.more_where_known);
    lockout.addresses_[keys_->address].failures.add(now, limits.per_address + address_failures_beyond);
}

void Lockout::Permit::succeeded(Timestamp now) && {
    Lockout& lockout = *std::exchange(lockout_, nullptr);
    const MutexLock lock(lockout.mutex_);
    lockout.end(*keys_);
    for (const std::string& name : keys_->names) {
        lockout.names_[name].failures.clear();
        lockout.places_[name + '\n' + keys_->address] = now;
    }
}

void Lockout::Permit::release() {
    if (lockout_ == nullptr) return;
    const MutexLock lock(lockout_->mutex_);
    lockout_->end(*keys_);
}

}  // namespace bursar::auth
