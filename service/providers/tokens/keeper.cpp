#include "service/providers/tokens/keeper.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace bursar::providers::tokens {
namespace {

using std::chrono::milliseconds;

/// Before its end a token is used no more: a call may take its time on the way.
constexpr milliseconds margin_max{30'000};
/// It is renewed when a fifth of its time is left, or ten minutes: several tries before it ends.
constexpr milliseconds ahead_max{600'000};

void answer_all(std::vector<std::move_only_function<void(Result<void>)>> waiting, const Result<void>& with) {
    for (auto& each : waiting) each(with);
}

Result<void> stopping() {
    return fail(Fault::shutting_down, "Bursar is restarting. Ask again in a moment.", "no token before the stop");
}

bool same(const Wanted& a, const Wanted& b) {
    return a.credential == b.credential && a.kind == b.kind && a.target == b.target && a.base_path == b.base_path &&
           a.place.url == b.place.url && a.place.scope == b.place.scope;
}

}  // namespace

bool Keeper::has_good(const Entry& entry, const Lease& credential, Moment now) {
    return entry.token && !entry.doubted && entry.wanted.credential == credential && now < entry.good_until;
}

/// The last fetch has failed, and the next is not due.
bool Keeper::rests(const Entry& entry, const Lease& credential, Moment now) {
    return entry.wanted.credential == credential && entry.failures > 0 && !entry.under_way && now < entry.retry_at;
}

void Keeper::forget(Entry& entry) {
    entry.under_way = entry.renewed = entry.doubted = false;
    entry.token = nullptr;
    entry.failures = 0;
    entry.failure = {};
}

std::expected<Lease, NoToken> Keeper::lend(const Name& name, const Lease& credential) const {
    const Moment now = clock_.moment();
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) {
        const Entry& entry = found->second;
        if (has_good(entry, credential, now)) return entry.token;
        if (rests(entry, credential, now))
            return std::unexpected(NoToken{.coming = false,
                                           .failure = entry.failure,
                                           .retry_in = std::chrono::ceil<milliseconds>(entry.retry_at - now)});
    }
    const Failure none_yet{.why = "the token did not come in time", .refused = false};
    return std::unexpected(NoToken{.coming = !ended_, .failure = none_yet, .retry_in = first_pause});
}

void Keeper::wait(const Name& name, const Lease& credential, std::move_only_function<void(Result<void>)> answer) {
    const Moment now = clock_.moment();
    bool at_once = false, over = false;
    {
        const MutexLock lock(mutex_);
        over = ended_;
        const auto found = entries_.find(name);
        at_once = over || (found != entries_.end() &&
                           (has_good(found->second, credential, now) || rests(found->second, credential, now)));
        if (!at_once) {
            Entry& entry = entries_[name];
            entry.waiting.push_back(std::move(answer));
            if (wake_ && !entry.under_way) wake_();
        }
    }
    if (at_once) answer(over ? stopping() : Result<void>());
}

bool Keeper::refused(const Name& name, const Lease& token) {
    const Moment now = clock_.moment();
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.token != token) return true;
    Entry& entry = found->second;
    if (entry.doubted) return true;
    if (entry.renewed && now - entry.renewed_at < renewal_gap) return false;
    if (rests(entry, entry.wanted.credential, now)) return false;
    entry.doubted = entry.renewed = true;
    entry.refresh_at = entry.renewed_at = now;
    if (wake_) wake_();
    return true;
}

std::vector<Job> Keeper::follow(std::vector<Wanted> wanted) {
    const Moment now = clock_.moment();
    std::vector<Job> due;
    Answers unwanted, in_vain;
    {
        const MutexLock lock(mutex_);
        std::set<Name> names;
        for (Wanted& each : wanted) {
            names.insert(each.name);
            Entry& entry = entries_[each.name];
            if (!entry.followed || !same(entry.wanted, each)) {
                entry.wanted = std::move(each);
                entry.followed = true;
                forget(entry);
            }
            const bool fresh = entry.token && now < entry.refresh_at;
            const bool waits = entry.failures > 0 && now < entry.retry_at;
            if (!entry.under_way && !fresh && !waits) {
                entry.under_way = true;
                entry.turn = ++turns_;
                due.push_back({entry.wanted, entry.turn});
            }
            // Somebody had the credential from before, and may take the new one.
            if (!entry.under_way) std::ranges::move(std::exchange(entry.waiting, {}), std::back_inserter(in_vain));
        }
        for (auto each = entries_.begin(); each != entries_.end();) {
            if (names.contains(each->first)) {
                ++each;
                continue;
            }
            std::ranges::move(each->second.waiting, std::back_inserter(unwanted));
            each = entries_.erase(each);
        }
    }
    answer_all(std::move(in_vain), {});
    answer_all(std::move(unwanted),
               fail(Fault::provider_unavailable, "The policy has just changed. Try again.",
                    "a token was waited for that the policy, or the vault, has no credential for any more"));
    return due;
}

void Keeper::keep(Entry& entry, Token token) {
    const Moment now = clock_.moment();
    const milliseconds lasts = token.lasts;
    const milliseconds ahead = std::min(lasts / 5, ahead_max);
    const auto earlier = milliseconds(static_cast<std::int64_t>(chance_() * static_cast<double>(ahead.count()) / 2));
    entry.token = std::make_shared<const Secret>(std::move(token.value));
    entry.good_until = now + lasts - std::min(lasts / 10, margin_max);
    // Or all who began together would ask together for ever.
    entry.refresh_at = now + lasts - ahead - earlier;
    entry.failures = 0;
    entry.failure = {};
}

void Keeper::note(Entry& entry, Failure failure) {
    milliseconds pause = first_pause;
    for (int i = 0; i < entry.failures && pause < last_pause; ++i) pause *= 2;
    pause = std::min(pause, last_pause);
    const auto less = milliseconds(static_cast<std::int64_t>(chance_() * static_cast<double>(pause.count()) / 2));
    ++entry.failures;
    entry.failure = std::move(failure);
    entry.retry_at = clock_.moment() + pause - less;
}

bool Keeper::ended(const Job& job, std::expected<Token, Failure> got) {
    Answers waiting;
    {
        const MutexLock lock(mutex_);
        const auto found = entries_.find(job.wanted.name);
        if (found == entries_.end() || !found->second.under_way || found->second.turn != job.turn) return false;
        Entry& entry = found->second;
        entry.under_way = entry.doubted = false;
        if (got)
            keep(entry, *std::move(got));
        else
            note(entry, std::move(got).error());
        waiting.swap(entry.waiting);
    }
    answer_all(std::move(waiting), {});
    return true;
}

void Keeper::on_due(std::function<void()> wake) {
    const MutexLock lock(mutex_);
    wake_ = std::move(wake);
}

void Keeper::end() {
    Answers waiting;
    {
        const MutexLock lock(mutex_);
        ended_ = true;
        for (auto& [name, entry] : entries_) std::ranges::move(entry.waiting, std::back_inserter(waiting));
        entries_.clear();
    }
    answer_all(std::move(waiting), stopping());
}

}  // namespace bursar::providers::tokens
