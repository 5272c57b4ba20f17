#pragma once

#include "service/standby/chain.h"
#include "service/standby/fence.h"
#include "service/store/files.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::standby {

/// One copy on the standby's disk. Its folder has
///   bursar.db, vault.db, keyring, recovery   what the groups up to `state` make of the base
///   groups-N                                  sealed groups behind those, as they came
///   state                                     where the groups in the files end, and which groups-N goes on from there
/// A group counts once it is in groups-N and that is on stable storage. One thread at a time; everything blocks.
class KeptCopy {
  public:
    /// A new copy of a run in a new folder. What `former` has is taken as the beginning of its base, so that only pages
    /// that differ have to come.
    static Result<std::unique_ptr<KeptCopy>> begin(const std::filesystem::path& folder, const Secret& pairing,
                                                   std::uint64_t run, const std::filesystem::path& former);
    /// One that is there. Of groups-N everything up to the first group that is not whole, or does not follow, is kept:
    /// behind it is what a crash cut off, and was never confirmed.
    static Result<std::unique_ptr<KeptCopy>> open(const std::filesystem::path& folder, const Secret& pairing);
    KeptCopy(const KeptCopy&) = delete;
    KeptCopy& operator=(const KeptCopy&) = delete;

    /// Sealed groups, in order. When it returns they are on stable storage. not_permitted if one does not follow upon
    /// what is here; those before it count.
    Result<void> take(std::span<const std::string> sealed);
    /// Pages of the base from page `first` on. Only while the base is not complete.
    Result<void> put_base(Part part, std::uint32_t first, std::string_view pages);
    /// The codes of `count` pages from `first` on, raw_code_bytes each; fewer where the file ends.
    Result<std::string> base_codes(Part part, std::uint32_t first, std::uint32_t count) const;
    /// All of the base has come, and every group up to the end of its reading: now the copy is whole.
    Result<void> complete_base();
    /// Moves groups into the files, if there are more than so many bytes of them. Not before the base is complete: a
    /// page of it that comes later may be older than a group.
    Result<void> fold(std::uint64_t above_bytes);
    /// As fold(0), for one who takes over: what has no end is dropped. From then on the files are everything.
    Result<void> finish();

    Held held() const { return {.run = chain_.link().run, .group = last_end_, .whole = whole_}; }
    /// What the next group has to follow upon.
    const Link& link() const { return chain_.link(); }
    std::uint64_t waiting_bytes() const { return log_bytes_; }
    std::filesystem::path file_of(Part part) const;
    /// What the newest group with a keyring says, or the file; empty: none has come yet.
    const std::string& keyring() const { return newest_keyring_; }

  private:
    KeptCopy(std::filesystem::path folder, Chain chain, Secret pairing)
        : folder_(std::move(folder)), chain_(std::move(chain)), pairing_(std::move(pairing)) {}
    Result<void> read_log();
    void drop_other_logs() const;
    Result<void> start_log();
    Result<void> write_state() const;
    Result<void> check_usable() const;
    Result<void> append(std::string_view sealed);
    void note(const Group& group);
    Result<void> apply_commits();
    Result<void> apply(const Group& group);

    /// A group in groups-N.
    struct Place {
        std::uint64_t offset;
        std::uint64_t bytes;
        bool ends;
    };
    std::filesystem::path log_file() const;

    const std::filesystem::path folder_;
    Chain chain_;  ///< behind everything that was taken
    Link applied_;
    bool whole_ = false;
    bool broken_ = false;
    std::uint64_t last_end_ = 0;  ///< number of the last group that ends a commit
    store::Descriptor log_;
    std::uint64_t log_bytes_ = 0;
    std::vector<Place> waiting_;
    std::string newest_keyring_;
    Secret pairing_;
};

/// Of groups that wait for the base to be complete, and so the size of a copy's log at most.
inline constexpr std::uint64_t waiting_bytes_max = std::uint64_t{8} << 30;

}  // namespace bursar::standby
