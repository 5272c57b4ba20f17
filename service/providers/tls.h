#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

// TLS to providers: OpenSSL driven directly on a non-blocking socket, so that an idle connection holds no buffers.
namespace bursar::providers {

/// What one attempt of I/O came to.
struct Io {
    enum class Kind : unsigned char { done, wants_read, wants_write, closed, failed };
    Kind kind = Kind::done;
    std::size_t bytes = 0;
    std::string why = {};  ///< failed: for the operator
};

/// The certificates that are trusted (the system's and those of one file) and the sessions that can be resumed. One
/// shard.
class TlsTrust {
  public:
    /// wrong_configuration: the file cannot be read or holds no certificate.
    static Result<std::unique_ptr<TlsTrust>> make(const std::string& ca_file);
    virtual ~TlsTrust() = default;
    /// How many sessions could be resumed.
    virtual std::size_t sessions() const = 0;
};

/// One client connection. TLS 1.2 or later; the certificate must be valid and name the host; there is no way to switch
/// that off.
class TlsStream {
  public:
    static std::unique_ptr<TlsStream> make(TlsTrust& trust, const std::string& host, std::uint16_t port, int socket);
    virtual ~TlsStream() = default;
    virtual Io handshake() = 0;
    virtual Io read(std::span<char> into) = 0;
    /// After wants_*: to be repeated with the same bytes.
    virtual Io write(std::string_view bytes) = 0;
    /// What has come, as far as it fits, without taking it.
    virtual std::size_t peek(std::span<char> into) = 0;
    /// Whether nothing but protocol chatter (session tickets) has come: a kept connection that can still be used.
    virtual bool quiet() = 0;
    virtual bool resumed() const = 0;
    /// Until when the certificate is valid that the other side showed.
    virtual std::optional<Timestamp> certificate_until() const = 0;
};

}  // namespace bursar::providers
