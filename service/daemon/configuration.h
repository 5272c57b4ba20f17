#pragma once

#include "service/backup/target.h"
#include "service/base/log.h"
#include "service/base/result.h"
#include "service/daemon/peer_line.h"
#include "service/edge/server.h"
#include "service/standby/fence.h"
#include "service/store/store.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace bursar::daemon {

enum class KeySource : std::uint8_t { file, credential, passphrase };

/// Of two machines; both have the same mode and times.
struct StandbyOptions {
    enum class Role : std::uint8_t { primary, standby };
    /// What this machine begins as. Afterwards its standing says what it is, whatever is written here.
    Role role = Role::primary;
    Peer peer;
    standby::Mode mode = standby::Mode::synchronous;
    standby::Times times;
    std::filesystem::path secret_file;  ///< 64 hex digits, the same on both; made by --pair
};

/// What `bursard --config FILE` reads (INI; docs/operate/configuration.md). Paths are absolute here.
struct Configuration {
    std::filesystem::path file;  ///< where all of this was read
    edge::Listen listen;
    edge::Limits limits;
    std::filesystem::path port_file;  ///< where the chosen port is written once it listens; empty: nowhere
    std::size_t shards = 0;
    std::size_t body_bytes_max = std::size_t{32} << 20;
    std::filesystem::path state_folder;
    store::Durability durability = store::Durability::power;
    KeySource key_source = KeySource::file;
    std::filesystem::path key_file;  ///< of `file` and `credential`
    std::filesystem::path policy_defaults;
    std::filesystem::path policy_initial;  ///< empty: none
    log::Level log_level = log::Level::info;
    std::string public_url;                    ///< "https://bursar.corp.example"; empty: as each request's Host says
    std::filesystem::path console_folder;      ///< the built console; empty: none is served
    std::filesystem::path metrics_token_file;  ///< empty: operator and auditor tokens only
    std::filesystem::path backup_folder;       ///< empty: none are made
    std::chrono::hours backup_every{24};       ///< 0: only when somebody asks
    int backup_keep = 14;
    std::optional<StandbyOptions> standby;               ///< none: this machine is alone
    std::optional<backup::TargetOptions> backup_target;  ///< away from the machine; none: they stay here
    std::filesystem::path courier_socket;
    /// Of [courier] user: who may connect there besides the service's own user.
    std::optional<std::uint32_t> courier_uid;
    std::optional<std::uint32_t> courier_gid;
    std::chrono::seconds issues_watched_every{30};  ///< of Jira, where the policy lets them answer requests
};

/// wrong_configuration with a sentence that names the file, the key, the value and what to write instead.
Result<Configuration> read_configuration(const std::filesystem::path& file);

}  // namespace bursar::daemon
