#include "service/admin/control_plane.h"

#include "service/admin/http_server.h"
#include "service/admin/router.h"
#include "service/admin/standby.h"

namespace bursar::admin {
namespace {

class Standing final : public ControlPlane {
  public:
    Standing(const Options& options, vault::Vault& vault, Hooks hooks, StandbyHooks standby, const Clock& clock)
        : plane_{{.options = options,
                  .vault = vault,
                  .hooks = std::move(hooks),
                  .clock = clock,
                  .guard = UnsealGuard(clock, options.unseal_delay_first),
                  .console = {}},
                 std::move(standby)} {}
    ~Standing() override { stop(); }

    Result<void> open() {
        TRY(plane_.console, ConsoleFiles::read(plane_.options.console));
        TRY(router_, Router::make(plane_));
        TRY(server_, HttpServer::start(plane_.options.socket,
                                       [this](Request request) { return router_->answer(std::move(request)); }));
        return {};
    }

    void stop() override {
        if (server_) server_->stop();
    }

  private:
    PairedPlane plane_;
    std::unique_ptr<Router> router_;
    std::unique_ptr<HttpServer> server_;
};

}  // namespace

Result<std::unique_ptr<ControlPlane>> ControlPlane::start(Options options, vault::Vault& vault, Hooks hooks,
                                                          const Clock& clock) {
    return start_paired(std::move(options), vault, std::move(hooks), {}, clock);
}

Result<std::unique_ptr<ControlPlane>> start_paired(Options options, vault::Vault& vault, Hooks hooks,
                                                   StandbyHooks standby, const Clock& clock) {
    auto plane = std::make_unique<Standing>(options, vault, std::move(hooks), std::move(standby), clock);
    TRY_VOID(plane->open());
    return plane;
}

}  // namespace bursar::admin
