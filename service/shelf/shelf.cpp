#include "service/shelf/shelf.h"

#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/shelf/rows.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace bursar::shelf {
namespace {

/// Items are found by id, and listed by owner in the order in which they came.
class Index {
  public:
    void add(Shown item) {
        const std::uint64_t number = ++last_;
        of_owner(*item)[number] = item;
        if (item->state != State::settled) open_[number] = item;
        ++(item->kind == Kind::file ? files_ : batches_);
        const std::string id = item->id;
        by_id_[id] = {number, std::move(item)};
    }
    Shown find(std::string_view id) const {
        const auto found = by_id_.find(std::string(id));
        return found == by_id_.end() ? nullptr : found->second.item;
    }
    void replace(Shown item) {
        const auto found = by_id_.find(item->id);
        if (found == by_id_.end()) return;
        const std::uint64_t number = found->second.number;
        of_owner(*item)[number] = item;
        if (item->state == State::settled)
            open_.erase(number);
        else
            open_[number] = item;
        found->second.item = std::move(item);
    }
    void remove(std::string_view id) {
        const auto found = by_id_.find(std::string(id));
        if (found == by_id_.end()) return;
        const auto [number, item] = found->second;
        const auto owner = owners_.find({item->kind, item->owner});
        owner->second.erase(number);
        if (owner->second.empty()) owners_.erase(owner);
        open_.erase(number);
        --(item->kind == Kind::file ? files_ : batches_);
        by_id_.erase(found);
    }
    std::size_t count(Kind kind, std::string_view owner) const {
        const auto found = owners_.find({kind, std::string(owner)});
        return found == owners_.end() ? 0 : found->second.size();
    }
    std::vector<Shown> list(Kind kind, std::string_view owner, std::string_view after, std::size_t count_max) const {
        std::vector<Shown> out;
        const auto found = owners_.find({kind, std::string(owner)});
        if (found == owners_.end()) return out;
        bool begun = after.empty();
        for (const auto& [number, item] : found->second | std::views::reverse) {
            if (out.size() == count_max) break;
            // What its provider has told nothing of yet is asked for by its id.
            if (begun && !item->shown.empty()) out.push_back(item);
            begun = begun || item->id == after;
        }
        return out;
    }
    /// A batch that could go where room is needed.
    Shown oldest_settled(std::string_view owner) const {
        const auto found = owners_.find({Kind::batch, std::string(owner)});
        if (found == owners_.end()) return nullptr;
        for (const auto& [number, item] : found->second)
            if (item->state == State::settled) return item;
        return nullptr;
    }
    std::vector<Shown> open() const {
        std::vector<Shown> out;
        for (const auto& [number, item] : open_) out.push_back(item);
        return out;
    }
    Shelf::Size size() const { return {.files = files_, .batches = batches_, .unsettled = open_.size()}; }

  private:
    struct Placed {
        std::uint64_t number = 0;
        Shown item;
    };
    std::map<std::uint64_t, Shown>& of_owner(const Item& item) { return owners_[{item.kind, item.owner}]; }

    std::uint64_t last_ = 0;
    std::unordered_map<std::string, Placed> by_id_;
    std::map<std::pair<Kind, std::string>, std::map<std::uint64_t, Shown>> owners_;
    std::map<std::uint64_t, Shown> open_;
    std::size_t files_ = 0;
    std::size_t batches_ = 0;
};

class StoredShelf final : public Shelf {
  public:
    StoredShelf(store::Store& store, const Limits& limits, Index index)
        : store_(store), limits_(limits), index_(std::move(index)) {}

    Result<void> room(Kind kind, std::string_view owner) const override;
    void put(Item item, std::string packed, Done done) override;
    Shown find(Kind kind, std::string_view id, std::string_view owner) const override;
    std::vector<Shown> list(Kind kind, std::string_view owner, std::string_view after,
                            std::size_t count_max) const override;
    void tell(std::string_view id, std::string shown, State state, const std::vector<std::string>& results) override;
    void remove(std::string_view id, Done done) override;
    void lines(std::string id, std::move_only_function<void(Result<std::string>)> got) override;
    std::vector<Shown> unsettled() const override;
    Result<void> settle(store::Transaction& transaction, std::string_view id) const override;
    void note_settled(std::string_view id) override;
    Size size() const override;

  private:
    using Job = std::move_only_function<Result<void>(store::Transaction&)>;
    void write_later(Job job);
    void add_results(const Item& batch, const std::vector<std::string>& results);

    store::Store& store_;
    const Limits limits_;
    mutable Mutex mutex_;
    Index index_ GUARDED_BY(mutex_);
};

Result<void> StoredShelf::room(Kind kind, std::string_view owner) const {
    const MutexLock lock(mutex_);
    const Size size = index_.size();
    if (size.files + size.batches >= limits_.items_max)
        return fail(Fault::overloaded, "Bursar remembers no more files and batches. Delete some files.",
                    fmt::format("all owners together have {} files and batches (items_max)", limits_.items_max));
    if (index_.count(kind, owner) < limits_.owner_items_max) return {};
    if (kind == Kind::batch && index_.oldest_settled(owner) != nullptr) return {};
    return fail(
        Fault::conflict,
        kind == Kind::file
            ? fmt::format("You have {} files, which is as many as there may be. Delete some.", limits_.owner_items_max)
            : fmt::format("You have {} batches that have not ended, which is as many as there may be. Wait.",
                          limits_.owner_items_max));
}

void StoredShelf::put(Item put, std::string packed, Done done) {
    const auto item = std::make_shared<const Item>(std::move(put));
    Shown removed;
    {
        const MutexLock lock(mutex_);
        if (item->kind == Kind::batch && index_.count(Kind::batch, item->owner) >= limits_.owner_items_max)
            removed = index_.oldest_settled(item->owner);
    }
    store_.submit(
        [item, removed, packed = std::move(packed)](store::Transaction& transaction) -> Result<void> {
            if (removed) TRY_VOID(remove_item(transaction, removed->id));
            TRY_VOID(insert_item(transaction, *item));
            return packed.empty() ? Result<void>{} : insert_lines(transaction, item->id, packed);
        },
        [this, item, removed, done = std::move(done)](Result<void> stored) mutable {
            if (stored) {
                const MutexLock lock(mutex_);
                if (removed) index_.remove(removed->id);
                index_.add(item);
            }
            done(std::move(stored));
        });
}

Shown StoredShelf::find(Kind kind, std::string_view id, std::string_view owner) const {
    const MutexLock lock(mutex_);
    Shown item = index_.find(id);
    return item != nullptr && item->kind == kind && item->owner == owner ? item : nullptr;
}

std::vector<Shown> StoredShelf::list(Kind kind, std::string_view owner, std::string_view after,
                                     std::size_t count_max) const {
    const MutexLock lock(mutex_);
    return index_.list(kind, owner, after, count_max);
}

void StoredShelf::write_later(Job job) {
    store_.submit(std::move(job), [](const Result<void>& stored) {
        // Whoever asks the provider again is told it again.
        if (!stored) log::warning("shelf_not_written", {{"reason", stored.error().operator_text()}});
    });
}

void StoredShelf::tell(std::string_view id, std::string shown, State state, const std::vector<std::string>& results) {
    std::shared_ptr<Item> changed;
    bool same = false;
    {
        const MutexLock lock(mutex_);
        const Shown known = index_.find(id);
        if (known == nullptr) return;
        changed = std::make_shared<Item>(*known);
        changed->shown = std::move(shown);
        changed->state = std::max(known->state, state);
        same = changed->shown == known->shown && changed->state == known->state;
        if (!same) index_.replace(changed);
    }
    if (!same) write_later([changed](store::Transaction& transaction) { return update_item(transaction, *changed); });
    add_results(*changed, results);
}

void StoredShelf::add_results(const Item& batch, const std::vector<std::string>& results) {
    for (const std::string& result : results) {
        auto file = std::make_shared<Item>(batch);
        file->kind = Kind::file;
        file->id = result;
        file->shown.clear();
        file->lines = 0;
        file->state = State::settled;
        file->booked = {};
        file->terms = {};
        {
            const MutexLock lock(mutex_);
            // Also where it is somebody else's: then it stays that.
            if (index_.find(result) != nullptr) continue;
            index_.add(file);
        }
        write_later([file](store::Transaction& transaction) { return insert_item(transaction, *file); });
    }
}

void StoredShelf::remove(std::string_view id, Done done) {
    store_.submit([name = std::string(id)](store::Transaction& transaction) { return remove_item(transaction, name); },
                  [this, name = std::string(id), done = std::move(done)](Result<void> stored) mutable {
                      if (stored) {
                          const MutexLock lock(mutex_);
                          index_.remove(name);
                      }
                      done(std::move(stored));
                  });
}

void StoredShelf::lines(std::string id, std::move_only_function<void(Result<std::string>)> got) {
    const auto packed = std::make_shared<std::string>();
    store_.submit(
        [packed, id = std::move(id)](store::Transaction& transaction) -> Result<void> {
            TRY(*packed, read_lines(transaction, id));
            return {};
        },
        [packed, got = std::move(got)](Result<void> read) mutable {
            if (!read) return got(std::unexpected(std::move(read).error()));
            got(std::move(*packed));
        });
}

std::vector<Shown> StoredShelf::unsettled() const {
    const MutexLock lock(mutex_);
    return index_.open();
}

Result<void> StoredShelf::settle(store::Transaction& transaction, std::string_view id) const {
    TRY(const State state, read_state(transaction, id));
    if (state == State::settled) return fail(Fault::conflict, "This batch was settled before.");
    return write_settled(transaction, id);
}

void StoredShelf::note_settled(std::string_view id) {
    const MutexLock lock(mutex_);
    const Shown known = index_.find(id);
    if (known == nullptr) return;
    auto changed = std::make_shared<Item>(*known);
    changed->state = State::settled;
    changed->terms = {};
    index_.replace(std::move(changed));
}

Shelf::Size StoredShelf::size() const {
    const MutexLock lock(mutex_);
    return index_.size();
}

}  // namespace

std::string owner_of(std::string_view team, std::string_view person) {
    return person.empty() ? "team:" + std::string(team) : "person:" + std::string(person);
}

Result<std::unique_ptr<Shelf>> Shelf::open(store::Store& store, Limits limits) {
    Index index;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto items, read_items(transaction));
        for (Item& item : items) index.add(std::make_shared<const Item>(std::move(item)));
        return {};
    }));
    return std::make_unique<StoredShelf>(store, limits, std::move(index));
}

}  // namespace bursar::shelf
