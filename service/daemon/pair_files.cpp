#include "service/daemon/pair_files.h"

#include "service/backup/restore.h"
#include "service/base/log.h"
#include "service/daemon/passphrase.h"
#include "service/standby/standing_file.h"
#include "service/store/files.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

namespace fs = std::filesystem;
using standby::Post;

/// Names the folder of the whole copy, as standby::StandbyEnd has it.
constexpr const char* current_name = "current";

constexpr std::array wishes = {std::pair{Wish::take_over, "take over"},
                               std::pair{Wish::take_over_primary_is_off, "take over, the primary is off"},
                               std::pair{Wish::alone, "alone"}};

std::unexpected<Error> cannot(std::string_view doing, const fs::path& what, const std::error_code& error) {
    return fail(Fault::wrong_configuration, fmt::format("Cannot {} {}: {}.", doing, what.string(), error.message()));
}

bool serves(Post post) { return post == Post::alone || post == Post::primary; }

/// The same files under a second name: until everything is in its place the copy stays whole where it is.
Result<void> lay_out(const fs::path& copy, const fs::path& into) {
    std::error_code error;
    fs::remove_all(into, error);
    fs::create_directories(into / "vault", error);
    for (const fs::path& folder : {into, into / "vault"})
        if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return cannot("create", into, error);
    for (const auto& [name, to] :
         {std::pair{"bursar.db", into / "bursar.db"}, std::pair{"vault.db", into / "vault/vault.db"},
          std::pair{"keyring", into / "vault/keyring"}, std::pair{"recovery", into / "vault/recovery"}}) {
        const fs::path from = copy / name;
        if (!fs::exists(from, error)) continue;
        fs::create_hard_link(from, to, error);
        if (error) return cannot("link", from, error);
    }
    return {};
}

Result<void> show(const Secret& secret) {
    if (std::fputs(fmt::format("{}\n", to_hex(secret.reveal())).c_str(), stdout) >= 0 && std::fflush(stdout) == 0)
        return {};
    return fail(Fault::internal,
                "The pairing secret was made, but standard output cannot be written. It is in its file.");
}

}  // namespace

fs::path pair_folder(const fs::path& state) { return state / "standby"; }
fs::path standing_file(const fs::path& state) { return pair_folder(state) / "standing"; }

Result<Secret> read_pairing_secret(const fs::path& file) {
    const auto key = vault::MasterKey::from_file(file);
    if (key) return key->secret().duplicate();
    return fail(Fault::wrong_configuration,
                fmt::format("{} has no pairing secret that could be used ({}). Make one on the primary, and give it to "
                            "the standby: bursard --pair",
                            file.string(), key.error().for_caller),
                key.error().for_operator);
}

Result<standby::Standing> standing_of(const Configuration& configuration) {
    TRY(const auto stored, standby::read_standing(standing_file(configuration.state_folder)));
    if (stored) return *stored;
    const bool begins_as_standby =
        configuration.standby && configuration.standby->role == StandbyOptions::Role::standby;
    return standby::Standing{.post = begins_as_standby ? Post::follower : Post::alone};
}

Result<void> check_own_books(const Configuration& configuration) {
    TRY(const auto standing, standing_of(configuration));
    const bool is_pair = configuration.standby.has_value();
    if (serves(standing.post) && (is_pair || standing.post == Post::alone)) return {};
    if (is_pair)
        return fail(Fault::wrong_configuration,
                    "This machine does not serve: it is the standby, or the other one has taken over. Do this on the "
                    "machine that serves.");
    return fail(
        Fault::wrong_configuration,
        fmt::format("This machine was one of two, and the other one may be serving. Put [standby] back into the "
                    "configuration; or, if the other one is off for good, remove {}.",
                    standing_file(configuration.state_folder).string()));
}

Result<bool> adopt_copy(const fs::path& state, const standby::Standing& standing) {
    const fs::path folder = pair_folder(state);
    std::string current;
    std::getline(std::ifstream(folder / current_name), current);
    // Nobody who took over is in an earlier epoch: a standing that somebody removed is no take-over.
    const bool took_over = standing.post == Post::alone && standing.epoch > standby::take_over_adds;
    if (!took_over || current.empty()) return false;
    std::error_code error;
    // What was committed there is of an earlier try, or of a restore.
    TRY_VOID(backup::finish_restore(state));
    TRY_VOID(lay_out(folder / fs::path(current).filename(), state / backup::restoring_name));
    TRY_VOID(backup::commit_restore(state));
    TRY_VOID(backup::finish_restore(state));
    // Nothing was written through the second names yet.
    fs::remove(folder / current_name, error);
    if (error) return cannot("remove", folder / current_name, error);
    TRY_VOID(store::sync_folder(folder));
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.is_directory(error)) fs::remove_all(entry.path(), error);
    log::warning("standby_took_over", {{"epoch", standing.epoch}});
    return true;
}

Result<void> make_wish(const fs::path& state, Wish wish) {
    for (const auto& [each, words] : wishes)
        if (each == wish) return store::replace_file(pair_folder(state) / "wish", words);
    return fail(Fault::internal, "This wish has no words.");
}

std::optional<Wish> take_wish(const fs::path& state) {
    const fs::path file = pair_folder(state) / "wish";
    std::string words;
    std::getline(std::ifstream(file), words);
    if (words.empty()) return std::nullopt;
    std::error_code ignored;
    fs::remove(file, ignored);
    for (const auto& [wish, each] : wishes)
        if (words == each) return wish;
    return std::nullopt;
}

Result<void> pair(const Configuration& configuration) {
    if (!configuration.standby)
        return fail(Fault::wrong_configuration, "The configuration has no [standby]; see docs/operate/standby.md.");
    const StandbyOptions& options = *configuration.standby;
    TRY(const auto not_running, store::FileLock::take(configuration.state_folder / "bursar.db"));
    std::error_code error;
    fs::create_directories(pair_folder(configuration.state_folder), error);
    fs::permissions(pair_folder(configuration.state_folder), fs::perms::owner_all, error);
    TRY(const auto standing, standing_of(configuration));
    if (options.role == StandbyOptions::Role::primary && serves(standing.post)) {
        TRY(const auto made, vault::MasterKey::generate(options.secret_file));
        return show(made.secret());
    }
    if (serves(standing.post))
        return fail(Fault::conflict,
                    "This machine serves. Write role = primary into its [standby] if it shall have a standby.");
    TRY(const auto secret, read_pairing_secret_text());
    TRY_VOID(store::replace_file(options.secret_file, to_hex(secret.reveal()) + "\n"));
    return standby::write_standing(standing_file(configuration.state_folder), {.post = Post::follower});
}

}  // namespace bursar::daemon
