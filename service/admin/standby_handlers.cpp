#include "service/admin/standby.h"

namespace bursar::admin {
namespace {

Result<const StandbyHooks*> hooks_of(const Visit& visit) {
    const StandbyHooks& hooks = static_cast<const PairedPlane&>(visit.plane).standby;
    if (hooks.status) return &hooks;
    return fail(Fault::conflict,
                "This machine has no standby: its configuration has no [standby]. See docs/operate/standby.md.");
}

}  // namespace

Reply standby_status(Visit& visit) {
    TRY(const StandbyHooks* const hooks, hooks_of(visit));
    return json_answer(hooks->status());
}

Reply standby_hand_over(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const StandbyHooks* const hooks, hooks_of(visit));
    TRY_VOID(do_audited(visit, "standby", [&] { return hooks->hand_over(); }));
    return json_answer(hooks->status());
}

Reply standby_alone(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const StandbyHooks* const hooks, hooks_of(visit));
    // Not audited before the deed: no row can be written while the standby is waited for, and to end that is the deed.
    TRY_VOID(hooks->go_on_alone());
    write_done(visit, "standby");
    return json_answer(hooks->status());
}

}  // namespace bursar::admin
