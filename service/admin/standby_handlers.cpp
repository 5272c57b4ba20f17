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

Result<void> check_may_record(const Visit& visit, const Handler& handler) {
    const auto& may_record = static_cast<const PairedPlane&>(visit.plane).standby.may_record;
    const bool changes = visit.request.method != "GET" && handler.records != Records::reads;
    const bool is_way_out = handler.route.starts_with("/auth/") || handler.route.starts_with("/oauth/") ||
                            handler.access == Access::until_open || handler.route.starts_with("/api/v1/standby/");
    if (visit.parts == nullptr || !changes || is_way_out || !may_record || may_record()) return {};
    return fail(Fault::storage_unavailable,
                "Nothing can be changed now: this machine waits for its standby, or the standby has taken over. See: "
                "bursarctl standby status");
}

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
