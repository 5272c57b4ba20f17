#pragma once

#include "installer/setup/findings.h"
#include "installer/setup/system.h"

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bursar::setup {

/// A world of a test's own: whatever is not said here is not there.
class ScriptedSystem final : public System {
  public:
    Timestamp at = std::chrono::sys_days(std::chrono::year(2026) / 11 / 30);
    /// By the program's file and first word, or by its file alone.
    std::map<std::string, std::function<Ran(const Program&)>> programs;
    std::set<std::string> hosts;
    std::map<std::string, std::vector<Server>> servers;
    std::set<std::string> reachable;  ///< "host:port"
    std::map<std::string, std::string> documents;
    std::vector<std::string> runs;  ///< "file word word"

    Timestamp now() const override { return at; }
    std::string random_bytes(std::size_t count) override;
    Result<Ran> run(const Program& program) override;
    bool is_known(const std::string& host) override { return hosts.contains(host); }
    Result<std::vector<Server>> look_up_servers(const std::string& name) override;
    Result<void> connect_tls(const Server& server, const std::string& ca) override;
    Result<std::string> fetch(const std::string& url) override;

  private:
    unsigned char next_ = 0;
};

/// A folder that is gone with the test.
class OwnFolder {
  public:
    OwnFolder();
    ~OwnFolder();
    OwnFolder(const OwnFolder&) = delete;
    OwnFolder& operator=(const OwnFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::string write(const std::string& name, const std::string& text, bool is_private = true) const;

  private:
    std::filesystem::path path_;
};

std::string text_of(const std::filesystem::path& file);
/// The texts of everything that is wrong, a line each.
std::string wrongs(const std::vector<Finding>& findings);

}  // namespace bursar::setup
