#pragma once

#include "auth/ldap/failure.h"
#include "auth/ldap/trust.h"

#include <cstddef>
#include <memory>
#include <string>

namespace bursar::ldap {

struct Server {
    std::string host;  ///< a name or an address, IPv6 without brackets
    std::uint16_t port = 0;
    bool tls_at_once = true;  ///< ldaps; else StartTLS
    std::string text() const;
    bool operator==(const Server&) const = default;
    auto operator<=>(const Server&) const = default;
};

/// A connection to a server, plain at first. Every function blocks, but never beyond the deadline that was set last:
/// libldap's own time-outs do not end a handshake with a server that has gone mute.
class Channel {
  public:
    /// Resolves the name and connects to one of its addresses.
    static Outcome<std::unique_ptr<Channel>> open(const Server& server, Deadline deadline);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    void set_deadline(Deadline deadline);
    /// From here on everything is inside TLS. The server has to prove that it is `host`.
    Outcome<void> start_tls(const Trust& trust, const std::string& host);
    bool is_tls() const;

    /// Bytes read or written, 0 at the end, -1 when `trouble` says why not.
    std::ptrdiff_t read(void* buffer, std::size_t bytes_max);
    std::ptrdiff_t write(const void* bytes, std::size_t count);
    /// Whether there is something to read without asking the socket.
    bool has_buffered() const;
    int descriptor() const;
    const std::string& trouble() const;
    bool timed_out() const;
    const Chain& chain() const;
    /// "TLSv1.3", empty before TLS.
    std::string protocol() const;

  private:
    struct Wire;
    explicit Channel(std::unique_ptr<Wire> wire);
    std::unique_ptr<Wire> wire_;
};

}  // namespace bursar::ldap
