#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::setup {

struct Program {
    std::string file;  ///< a path, or a name that PATH knows
    std::vector<std::string> words;
    Secret input;  ///< what it reads from standard input
    std::chrono::seconds at_most{60};
};

struct Ran {
    int exit_code = -1;
    Secret output;       ///< may be a token
    std::string errors;  ///< at most 4 KiB
};

struct Server {
    std::string host;
    std::uint16_t port = 0;
};

/// The world outside of files, as an argument. Everything here blocks, and ends within a minute.
class System {
  public:
    virtual ~System() = default;
    virtual Timestamp now() const = 0;
    virtual std::string random_bytes(std::size_t count) = 0;
    /// Fails only when it cannot be started or does not end in time.
    virtual Result<Ran> run(const Program& program) = 0;
    virtual bool is_known(const std::string& host) = 0;  ///< whether the name has an address
    /// Servers of "_ldap._tcp.corp.example" by priority and weight (RFC 2782); none is a failure.
    virtual Result<std::vector<Server>> look_up_servers(const std::string& name) = 0;
    /// A TLS connection whose certificate is trusted (by `ca`, PEM, or the system if that is empty) for that host.
    virtual Result<void> connect_tls(const Server& server, const std::string& ca) = 0;
    /// What is at an https address; at most 1 MiB, no redirects.
    virtual Result<std::string> fetch(const std::string& url) = 0;
};

}  // namespace bursar::setup
