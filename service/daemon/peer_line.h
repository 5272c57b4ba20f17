#pragma once

#include "service/base/result.h"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::daemon {

/// Where the other machine of a pair is, and how it is known.
struct Peer {
    std::string origin;  ///< "https://b.corp.example:8443"
    /// SHA-256 of its certificate's public key (SubjectPublicKeyInfo), Base64: it may be renewed with the same key.
    std::string key;
};

/// Requests to the other machine, one after the other over one connection. One thread; blocking.
class PeerLine {
  public:
    static constexpr long connect_timeout_ms = 3'000, stall_seconds = 5, request_seconds = 60;

    /// `stopping` ends a request within a second.
    PeerLine(Peer peer, const std::atomic<bool>& stopping);
    ~PeerLine();
    PeerLine(const PeerLine&) = delete;
    PeerLine& operator=(const PeerLine&) = delete;

    /// The body of what it answers to `body` at `path`, if that is a success. provider_unavailable, with what is wrong.
    Result<std::string> ask(const std::string& path, std::string_view body);

  private:
    struct Handle;
    const Peer peer_;
    const std::atomic<bool>& stopping_;
    std::unique_ptr<Handle> handle_;
};

}  // namespace bursar::daemon
