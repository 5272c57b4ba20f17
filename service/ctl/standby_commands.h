#pragma once

#include "service/ctl/command.h"

namespace bursar::ctl {

/// Becomes bursard with its configuration and these words; returns only if that did not work.
Outcome<Exit> become_bursard(Context& context, std::vector<std::string> words);

Outcome<Exit> standby_status(Context& context);
Outcome<Exit> standby_pair(Context& context);
Outcome<Exit> standby_take_over(Context& context);
Outcome<Exit> standby_alone(Context& context);
Outcome<Exit> standby_drill(Context& context);

}  // namespace bursar::ctl
