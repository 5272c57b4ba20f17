#pragma once

#include "service/base/crypto.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/follower.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Groups on their way from the primary to the standby: numbered, and each bound to the one before it.
namespace bursar::standby {

/// What a group belongs to. Numbers are in files and on the wire.
enum class Part : std::uint8_t {
    service_database = 0,
    secrets_database = 1,
    keyring = 2,   ///< a small file, whole
    recovery = 3,  ///< the same
};

/// A commit, or a piece of one that is too large for one message.
struct Group {
    std::uint64_t run = 0;     ///< of the primary that wrote it
    std::uint64_t number = 0;  ///< from 1 in each run, without gaps
    Part part = Part::service_database;
    bool ends = true;               ///< false: the next group goes on with the same commit
    std::uint32_t pages_after = 0;  ///< of a database: how long it is after the commit
    std::vector<std::uint32_t> numbers = {};
    std::string bytes = {};  ///< the pages, or the small file
    bool operator==(const Group&) const = default;
};

inline constexpr std::size_t pages_per_group_max = 2'048;  ///< 4 MiB
inline constexpr std::size_t small_file_bytes_max = 64 * 1024;
/// Of a sealed group: its pages, a number of each, and what is around them.
inline constexpr std::size_t sealed_bytes_max = pages_per_group_max * (store::raw_page_bytes + 5) + 256;

/// Where a chain stands: what the next group has to follow upon. Not secret: nobody makes a link without the key.
struct Link {
    std::uint64_t run = 0;
    std::uint64_t number = 0;  ///< of the last group; 0: none yet
    Digest code{};
    bool operator==(const Link&) const = default;
};

/// One end of a chain. A sealed group is
///   run, number, part (times two, and one more if it ends the commit), length in pages, count: numbers of variable
///   length page numbers, as differences | bytes | code (32 bytes)
/// and its code is an HMAC-SHA256 over the code before it and everything in front of its own, under a key that is made
/// from the pairing secret. One thread at a time.
class Chain {
  public:
    /// A new run, at either end.
    static Chain begin(const Secret& pairing, std::uint64_t run);
    /// Where it was left.
    static Chain resume(const Secret& pairing, const Link& link);

    /// The next groups for one commit.
    std::vector<std::string> seal(Part part, const store::GroupPages& pages);
    std::string seal_file(Part part, std::string_view content);
    /// The next group. not_permitted if it is anything else than just that, whole and unchanged; then the chain stays
    /// where it is.
    Result<Group> open(std::string_view sealed);

    const Link& link() const { return link_; }

  private:
    Chain(Secret key, Link link) : key_(std::move(key)), link_(link) {}
    std::string close(std::string body);
    Digest code_after(std::string_view body) const;

    Secret key_;
    Link link_;
};

}  // namespace bursar::standby
