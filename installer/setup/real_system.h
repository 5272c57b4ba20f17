#pragma once

#include "installer/setup/system.h"

namespace bursar::setup {

/// This machine and its network, by Qt. Needs a QCoreApplication; one thread.
class RealSystem final : public System {
  public:
    Timestamp now() const override { return clock_.now(); }
    std::string random_bytes(std::size_t count) override;
    Result<Ran> run(const Program& program) override;
    bool is_known(const std::string& host) override;
    Result<std::vector<Server>> look_up_servers(const std::string& name) override;
    Result<void> connect_tls(const Server& server, const std::string& ca) override;
    Result<std::string> fetch(const std::string& url) override;

  private:
    SystemClock clock_;
};

}  // namespace bursar::setup
