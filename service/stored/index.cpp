#include "service/stored/index.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::stored {

namespace {

bool is_same_place(const Origin& one, const Origin& other) {
    return one.owner == other.owner && one.provider == other.provider && one.secret == other.secret;
}

}  // namespace

std::optional<std::int64_t> Index::remember(const Name& name, const Origin& origin, std::optional<Tokens> context,
                                            Timestamp now) {
    if (const auto found = entries_.find(name); found != entries_.end()) {
        Entry& entry = found->second;
        const bool over = entry.until <= now;
        if (!over && !is_same_place(*entry.origin, origin)) return std::nullopt;
        if (!over && *entry.origin == origin) {
            if (context) entry.context = context;
            return entry.number;
        }
        remove(entry.number);
    }
    const std::int64_t number = last_number_ + 1;
    add({.name = name, .number = number, .until = now + limits_.kept_for, .context = context}, origin);
    return number;
}

std::optional<std::int64_t> Index::update(const Name& name, const Origin& origin, Tokens context, Timestamp now) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.until <= now || *found->second.origin != origin) return std::nullopt;
    found->second.context = context;
    return found->second.number;
}

void Index::restore(const Entry& entry, const Origin& origin) {
    // Of two rows of one id the later one counts; the removal of the older one did not reach the disk.
    if (const auto older = entries_.find(entry.name); older != entries_.end()) remove(older->second.number);
    add(entry, origin);
}

const Entry* Index::find(const Name& name, Timestamp now) const {
    const auto found = entries_.find(name);
    return found == entries_.end() || found->second.until <= now ? nullptr : &found->second;
}

const Entry* Index::at(std::int64_t number) const {
    const auto found = by_age_.find(number);
    return found == by_age_.end() ? nullptr : found->second;
}

void Index::forget(const Name& name) {
    if (const auto found = entries_.find(name); found != entries_.end()) remove(found->second.number);
}

void Index::expire(Timestamp now, std::size_t count_max) {
    for (; count_max > 0 && has_expired(now); --count_max) remove(by_age_.begin()->first);
}

bool Index::has_expired(Timestamp now) const { return !by_age_.empty() && by_age_.begin()->second->until <= now; }

void Index::add(Entry entry, const Origin& origin) {
    last_number_ = std::max(last_number_, entry.number);
    const auto shared = origins_.try_emplace(origin, 0).first;
    ++shared->second;
    entry.origin = &shared->first;
    Entry& kept = entries_[entry.name];
    kept = entry;
    by_age_.emplace(entry.number, &kept);
    teams_[origin.owner.team].insert(entry.number);
    make_room(origin.owner.team);
}

/// First what the team has too many of, so that none drives out others'; then the oldest of all.
void Index::make_room(const std::string& team) {
    const std::set<std::int64_t>& own = teams_[team];
    while (own.size() > std::max<std::size_t>(1, limits_.team_rows_max)) remove(*own.begin());
    while (by_age_.size() > std::max<std::size_t>(1, limits_.rows_max)) remove(by_age_.begin()->first);
}

void Index::remove(std::int64_t number) {
    const auto found = by_age_.find(number);
    ENSURE(found != by_age_.end());
    const Entry entry = *found->second;
    const auto origin = origins_.find(*entry.origin);
    const auto team = teams_.find(origin->first.owner.team);
    team->second.erase(number);
    if (team->second.empty()) teams_.erase(team);
    if (--origin->second == 0) origins_.erase(origin);
    removed_.push_back(number);
    by_age_.erase(found);
    entries_.erase(entry.name);
}

}  // namespace bursar::stored
