#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace bursar::setup {

/// Where things lie. `root` is / on a machine; elsewhere owners stay who they are.
struct Paths {
    std::filesystem::path root = "/";

    bool is_machine() const { return root == "/"; }
    std::filesystem::path at(std::string_view absolute) const { return root / absolute.substr(1); }
    std::filesystem::path etc() const { return at("/etc/bursar"); }
    std::filesystem::path configuration() const { return etc() / "bursard.ini"; }
    std::filesystem::path state() const { return at("/var/lib/bursar"); }
    std::filesystem::path credential() const { return at("/etc/credstore.encrypted/bursar-master-key"); }
    /// The certificate that a CA gives by ACME, and the accounts there.
    std::filesystem::path acme() const { return at("/var/lib/bursar-certificate"); }
    std::filesystem::path answers() const { return etc() / "setup.answers"; }
    /// Secrets that were typed, until the vault has them: in memory, and gone when the machine goes off.
    std::filesystem::path typed() const { return at("/run/bursar-setup"); }
};

/// Who may read it. On a machine: root; root and the group bursar; the user bursar; everybody, of root's.
enum class Owner : std::uint8_t { root, group, service, everybody };

/// What becomes of the contents that a file had before.
enum class Former : std::uint8_t { kept, dropped };

struct File {
    std::filesystem::path path;
    Secret contents;
    Owner owner = Owner::group;
    Former former = Former::kept;
};

struct Folder {
    std::filesystem::path path;
    Owner owner = Owner::group;
};

/// At most `bytes_max` of a regular file; the sentence names it and says what is wrong.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t bytes_max);
/// The same of a file with one line, which others may not read.
Result<Secret> read_secret_file(const std::filesystem::path& file);

/// Whole or not at all: written beside, synced, renamed. What was there before with other contents is kept beside it
/// under `now`, unless it is to be dropped; true: there was such a thing.
Result<bool> write_file(const File& file, const Paths& paths, Timestamp now);
/// Keeps a secret that a person typed in answer to `key`; gives its file.
Result<std::filesystem::path> keep_typed(std::string_view key, Secret secret, const Paths& paths, Timestamp now);
/// Removes it, and nothing else: false for every file of somebody's own.
bool forget_typed(const std::filesystem::path& file, const Paths& paths);
/// With its parents; a folder that is there keeps its owner and mode.
Result<void> make_folder(const Folder& folder, const Paths& paths);

}  // namespace bursar::setup
