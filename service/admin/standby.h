#pragma once

#include "service/admin/control_plane.h"
#include "service/admin/visit.h"

#include <functional>
#include <memory>
#include <string>

// What operators see of two machines of which one serves.
namespace bursar::admin {

/// All of them, or none where this machine is alone.
struct StandbyHooks {
    std::function<std::string()> status;  ///< JSON object
    /// Lets the standby take over; returns at once. conflict if nobody could.
    std::function<Result<void>()> hand_over;
    /// The operator answers for the standby's being off.
    std::function<Result<void>()> go_on_alone;
    /// Whether what is written now is in the books that go on, whichever machine that is.
    std::function<bool()> may_record;
};

/// Every plane is one of these: control_plane.cpp makes no other.
struct PairedPlane : Plane {
    StandbyHooks standby = {};
};

/// As ControlPlane::start(), for one of two machines.
Result<std::unique_ptr<ControlPlane>> start_paired(Options options, vault::Vault& vault, Hooks hooks,
                                                   StandbyHooks standby, const Clock& clock);

/// storage_unavailable while nothing may be changed here. Whoever is asked for who he is, opens the vault, or ends that
/// state is let through.
Result<void> check_may_record(const Visit& visit, const Handler& handler);

Reply standby_status(Visit& visit);
Reply standby_hand_over(Visit& visit);
Reply standby_alone(Visit& visit);

}  // namespace bursar::admin
