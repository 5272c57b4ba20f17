#pragma once

#include "service/base/mutex.h"
#include "service/base/snapshot.h"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bursar::auth {

/// Immutable entries by id, in memory: readers take a snapshot of one bucket, a change copies one bucket. An entry has
/// `id()` and `version`. Any thread.
template <typename Entry>
class Index {
  public:
    std::shared_ptr<const Entry> find(std::string_view id) const {
        const auto bucket = buckets_[slot(id)].get();
        const auto found = bucket->find(id);
        return found == bucket->end() ? nullptr : found->second;
    }
    /// Changes are published after their commit, by threads that may overtake each other: an older version never
    /// replaces a newer.
    void publish(std::shared_ptr<const Entry> entry) {
        const MutexLock lock(changing_);
        auto& cell = buckets_[slot(entry->id())];
        auto next = std::make_shared<Bucket>(*cell.get());
        auto& place = (*next)[entry->id()];
        if (place != nullptr && place->version >= entry->version) return;
        place = std::move(entry);
        cell.set(std::move(next));
    }
    /// Many at once, whatever is there: each bucket is copied once. The caller keeps the order of versions.
    void replace(const std::vector<std::shared_ptr<const Entry>>& entries) {
        const MutexLock lock(changing_);
        std::unordered_map<std::size_t, std::shared_ptr<Bucket>> changed;
        for (const auto& entry : entries) {
            const std::size_t at = slot(entry->id());
            auto& next = changed[at];
            if (next == nullptr) next = std::make_shared<Bucket>(*buckets_[at].get());
            (*next)[entry->id()] = entry;
        }
        for (auto& [at, bucket] : changed) buckets_[at].set(std::move(bucket));
    }
    void erase(std::string_view id) {
        const MutexLock lock(changing_);
        auto& cell = buckets_[slot(id)];
        auto next = std::make_shared<Bucket>(*cell.get());
        if (const auto found = next->find(id); found != next->end()) next->erase(found);
        cell.set(std::move(next));
    }
    std::vector<std::shared_ptr<const Entry>> all() const {
        std::vector<std::shared_ptr<const Entry>> entries;
        for (const auto& cell : buckets_)
            for (const auto& [id, entry] : *cell.get()) entries.push_back(entry);
        return entries;
    }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
    };
    using Bucket = std::unordered_map<std::string, std::shared_ptr<const Entry>, Hash, std::equal_to<>>;
    struct Cell : SnapshotCell<Bucket> {
        Cell() : SnapshotCell<Bucket>(std::make_shared<const Bucket>()) {}
    };
    static constexpr std::size_t bucket_count = 512;
    static std::size_t slot(std::string_view id) { return Hash{}(id) % bucket_count; }

    Mutex changing_;
    std::array<Cell, bucket_count> buckets_;
};

}  // namespace bursar::auth
