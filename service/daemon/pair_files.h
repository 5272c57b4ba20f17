#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/daemon/configuration.h"
#include "service/standby/fence.h"

#include <cstdint>
#include <filesystem>
#include <optional>

// What a pair keeps in the state folder, and what an operator on the machine does with it.
namespace bursar::daemon {

std::filesystem::path pair_folder(const std::filesystem::path& state);
std::filesystem::path standing_file(const std::filesystem::path& state);

/// The pairing secret. wrong_configuration if there is none, or others may read it.
Result<Secret> read_pairing_secret(const std::filesystem::path& file);
/// What this machine is: as it was stored, or as its role begins. As standby::read_standing().
Result<standby::Standing> standing_of(const Configuration& configuration);
/// wrong_configuration if this machine is, or was, one of two and may not open its books by itself.
Result<void> check_own_books(const Configuration& configuration);
/// A node that has taken over gets its copy into its state folder; what was there goes to before-restore-N. True if it
/// did. May be cut off anywhere. Blocking.
Result<bool> adopt_copy(const std::filesystem::path& state, const standby::Standing& standing);

/// What an operator on this machine asks the running service for.
enum class Wish : std::uint8_t { take_over, take_over_primary_is_off, alone };
Result<void> make_wish(const std::filesystem::path& state, Wish wish);
/// The wish that there is, which is gone then.
std::optional<Wish> take_wish(const std::filesystem::path& state);

/// Makes the pairing secret of a primary and prints it, or asks for it on a standby, which begins anew then. The
/// service must not run.
Result<void> pair(const Configuration& configuration);

}  // namespace bursar::daemon
