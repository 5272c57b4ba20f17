#pragma once

#include "service/admin/http_server.h"
#include "service/daemon/control_relay.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::daemon {

/// How the two machines of a pair ask each other.
inline constexpr const char* pull_path = "/pair/v1/pull";
inline constexpr const char* base_path = "/pair/v1/base";

/// Where the other machine knocks: threads of its own, because those of the control plane may all be waiting for what
/// only its next pull brings. Who asks proves itself by what it asks: only the two can make it.
class PairDoor {
  public:
    using Asked = std::function<Result<std::string>(std::string_view body)>;
    /// wrong_configuration if the socket cannot be made.
    static Result<std::unique_ptr<PairDoor>> open(const std::filesystem::path& socket, Asked pull, Asked base);
    static bool is_for(std::string_view path) { return path.starts_with("/pair/v1/"); }

    Task<void> serve(edge::Exchange& exchange) { return relay_.serve(exchange); }
    void stop() { server_->stop(); }

  private:
    explicit PairDoor(const std::filesystem::path& socket) : relay_(socket, ControlRelay::body_bytes_max_anonymous) {}

    ControlRelay relay_;
    std::unique_ptr<admin::HttpServer> server_;
};

}  // namespace bursar::daemon
