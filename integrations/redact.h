#pragma once

#include "integrations/wire.h"

#include <string>

namespace bursar::integrations {

/// What may be shown of a text that another side sent: without the target's secrets in any form that requests have them
/// in, without what is behind the host of an address, and without Slack's tokens whoever's they are. Twice is the same
/// as once.
std::string without_secrets(std::string text, const Target& target);

}  // namespace bursar::integrations
