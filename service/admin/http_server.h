#pragma once

#include "service/admin/message.h"
#include "service/base/result.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace bursar::admin {

/// POCO's HTTP server on a Unix-domain socket of mode 0600, with a few threads. It trusts the shape of what it reads,
/// because only the edge's relay speaks to it.
class HttpServer {
  public:
    using Answering = std::function<Answer(Request)>;
    static constexpr int threads = 12;
    static constexpr int waiting_max = 64;  ///< connections beyond are closed; the relay answers 503 for them

    /// wrong_configuration if the socket cannot be made there. `answering` is called on the server's threads.
    static Result<std::unique_ptr<HttpServer>> start(const std::filesystem::path& socket, Answering answering);
    virtual ~HttpServer() = default;
    /// Closes the socket and waits for the answers under way.
    virtual void stop() = 0;
};

}  // namespace bursar::admin
