#pragma once

#include "service/vault/vault.h"

namespace bursar::daemon {

/// The passphrase of the master key: asked for on the terminal without showing it, twice if it is to make a new vault;
/// else the one line of standard input. Blocking.
Result<vault::MasterKey> read_passphrase(bool is_new);

/// The recovery key in the same way; of standard input its first line, so that a passphrase can follow. Blocking.
Result<vault::MasterKey> read_recovery_key();

/// The pairing secret, 64 hex digits, in the same way. Blocking.
Result<Secret> read_pairing_secret_text();

/// The secret of the account at a backup target, in the same way. Blocking.
Result<Secret> read_target_secret();

}  // namespace bursar::daemon
