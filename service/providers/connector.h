#pragma once

#include "service/providers/connection.h"
#include "service/providers/resolver.h"
#include "service/providers/ticker.h"
#include "service/providers/tls.h"
#include "service/providers/upstream.h"

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bursar::providers {

/// Memory that every connection of a shard uses in turn, between two waits.
class Buffers {
  public:
    static constexpr std::size_t read_bytes = 64 * 1024;
    static constexpr std::size_t record_bytes = 16 * 1024;  // the largest TLS record

    explicit Buffers(std::size_t head_bytes_max)
        : bytes_(std::make_unique_for_overwrite<char[]>(head_bytes_max + 2 * read_bytes)),
          size_(head_bytes_max + 2 * read_bytes),
          record_(std::make_unique_for_overwrite<char[]>(record_bytes)) {}
    /// Room for what was left over by the parser and a full read behind it.
    std::span<char> bytes() { return {bytes_.get(), size_}; }
    std::span<char> record() { return {record_.get(), record_bytes}; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
    std::unique_ptr<char[]> record_;
};

/// Tells whether a file was replaced or written to.
struct FileVersion {
    std::int64_t changed_ns = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    bool operator==(const FileVersion&) const = default;
    static FileVersion of(const std::string& file);
};

/// A failure of the provider's side: `step` is what was being done, `detail` what happened.
Error unavailable(const Target& target, std::string_view step, std::string_view detail);
/// A wait that ended because of its deadline or because the caller left.
Error ended(const Target& target, std::string_view step, Woken why);

/// Makes connections: name, address, proxy, TLS. One shard.
class Connector {
  public:
    Connector(asio::io_context& shard, Ticker& ticker, Buffers& buffers)
        : shard_(shard), ticker_(ticker), buffers_(buffers), resolver_(shard, ticker) {}

    /// A connection that is ready for a request. Addresses are tried in turn, each with a share of the time that is
    /// left.
    Task<std::expected<std::unique_ptr<Connection>, Error>> open(const Target& target, Moment deadline,
                                                                 Operation& operation);

    /// Before the shard goes: nothing reaches it from other threads after this.
    void stop() { resolver_.stop(); }

  private:
    Task<std::expected<std::unique_ptr<Connection>, Error>> reach(const Target& target, Moment deadline,
                                                                  Operation& operation);
    Task<std::expected<void, Error>> tunnel(const Target& target, Connection& connection, Moment deadline);
    Task<std::expected<void, Error>> secure(const Target& target, Connection& connection, Moment deadline);

    asio::io_context& shard_;
    Ticker& ticker_;
    Buffers& buffers_;
    Resolver resolver_;
    Result<std::shared_ptr<TlsTrust>> trust_in(const std::string& ca_file);

    /// Made from a CA file as it was then.
    struct Trust {
        FileVersion version;
        std::shared_ptr<TlsTrust> trust;
    };
    std::map<std::string, Trust> trusts_;  ///< by CA file
};

}  // namespace bursar::providers
