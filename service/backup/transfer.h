#pragma once

#include "service/backup/reach.h"
#include "service/backup/target.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// One exchange with a target, by libcurl: to addresses that may be reached, with limits for everything, without
// redirects, and without a proxy or files of somebody's environment. Blocking.
namespace bursar::backup {

/// Of an answer that is no backup: lists and errors.
inline constexpr std::size_t small_answer_bytes_max = std::size_t{2} << 20;

enum class Method : std::uint8_t { get, head, put, remove };

/// How an account signs in at an SSH server: a password, or a private key as PEM.
struct SshAccount {
    std::string user, host_key;
    const Secret* secret = nullptr;
};

struct Exchange {
    std::string url;
    Method method = Method::get;
    std::vector<std::string> headers{};
    std::optional<std::filesystem::path> upload{};  ///< for put
    std::optional<std::filesystem::path> into{};    ///< for get: a new file, if the status is 200 (SSH: always)
    std::vector<std::string> commands{};            ///< SSH: afterwards
    std::optional<SshAccount> ssh{};
};
struct Answer {
    int status = 0;
    std::string body;
    std::uint64_t bytes = 0;  ///< head: as the answer says
};

/// storage_unavailable with a sentence for people.
Result<Answer> carry(const TargetOptions& options, const Exchange& exchange, const store::GoesOn& goes_on);

}  // namespace bursar::backup
