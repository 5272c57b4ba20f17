#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Whether an upgrade would go well, from what is known. Pure.
namespace bursar::ctl {

enum class Verdict : std::uint8_t { ok, warning, stop };
std::string_view name_of(Verdict verdict);

/// One thing that was looked at; the text says what is, and what to do about it.
struct Point {
    Verdict verdict = Verdict::ok;
    std::string name;
    std::string text;
};

enum class Age : std::uint8_t { newer, same, older };
/// The package that is to be installed, beside what runs.
struct Offered {
    std::string package;       ///< "bursar"
    std::string version;       ///< "1.2.0"
    std::string architecture;  ///< "amd64"
    std::string machine;       ///< this machine's architecture
    std::string present;       ///< the version that it would replace
    Age age = Age::newer;
};
Point judge_version(const Offered& offered);

struct Room {
    std::uint64_t database_bytes = 0;
    std::uint64_t state_bytes_free = 0;
    std::optional<std::uint64_t> backup_bytes_free{};  ///< none: no backups are made
    bool one_file_system = false;
};
/// A backup is a copy and an archive while it is made; a roll-back lays the books out beside those that are there.
Point judge_room(const Room& room);

struct Backup {
    bool configured = true;
    bool running = false;
    std::string failure{};  ///< why the last one failed
    std::optional<std::chrono::hours> age{};
};
Point judge_backup(const Backup& backup);

/// `sound`, or what is wrong with it.
Point judge_database(std::string_view name, bool sound, std::string_view text);
/// What waits for a second person: it is asked for by an interface of today's version.
Point judge_waiting(std::size_t approvals);

}  // namespace bursar::ctl
