// What waits for a second person: seen, decided, taken back.
#include "service/admin/second_person.h"
#include "service/treasury/decision.h"

#include <fmt/format.h>

namespace bursar::admin {
namespace {

Answer one_approval(const Approval& approval) {
    JsonWriter json;
    write_approval(json, approval);
    return json_answer(std::move(json).text());
}

Result<Approval> approval_of(const Visit& visit) {
    return Approvals::read(visit.parts->store, visit.parameters[0], visit.plane.clock.now());
}

Reply decline(const Visit& visit, const Approval& approval, const std::string& reason) {
    TRY_VOID(treasury::check_reason(reason, "reason"));
    TRY(const Approval declined, Approvals::decide(visit.parts->store, approval.id,
                                                   {.state = ApprovalState::declined,
                                                    .by = visit.actor,
                                                    .reason = reason,
                                                    .outcome = "Declined; nothing was done."},
                                                   visit.plane.clock.now(), recorded(visit, "approval.decide", "ok")));
    return one_approval(declined);
}

}  // namespace

Reply approval_list(Visit& visit) {
    TRY(const Query query, visit.query({"state"}));
    std::optional<ApprovalState> state;
    if (const std::string_view name = query.text("state"); !name.empty()) {
        state = approval_state_of(name);
        if (!state)
            return fail(Fault::invalid_request,
                        "\"state\" in the query is open, running, done, failed, declined, withdrawn, expired or "
                        "unknown.");
    }
    TRY(const auto all, Approvals::list(visit.parts->store, state, visit.plane.clock.now()));
    JsonWriter json;
    json.open().key("approvals").open_list();
    for (const Approval& each : all) write_approval(json, each);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply approval_read(Visit& visit) {
    TRY(const Approval approval, approval_of(visit));
    return one_approval(approval);
}

Reply approval_decide(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"decision", "reason"}));
    TRY(const std::string_view decision, fields.text("decision", 16));
    TRY(const std::string_view given, fields.text_or_empty("reason", treasury::reason_bytes_max));
    if (decision != "approve" && decision != "decline")
        return fail(Fault::invalid_request, "\"decision\" must be approve or decline.");
    const std::string reason(given);
    if (!reason.empty()) TRY_VOID(treasury::check_reason(reason, "reason"));
    TRY(const Approval approval, approval_of(visit));
    TRY_VOID(check_second_person(visit, approval));
    return decision == "approve" ? approve(visit, approval, reason) : decline(visit, approval, reason);
}

Reply approval_withdraw(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const Approval approval, approval_of(visit));
    if (visit.actor != approval.asked_by)
        return fail(Fault::not_permitted,
                    "A request is taken back by whoever made it. Others decline it: bursarctl approvals decline " +
                        approval.id);
    TRY(const Approval withdrawn,
        Approvals::decide(visit.parts->store, approval.id,
                          {.state = ApprovalState::withdrawn,
                           .by = visit.actor,
                           .reason = {},
                           .outcome = "Taken back; nothing was done."},
                          visit.plane.clock.now(), recorded(visit, "approval.withdraw", "ok")));
    return one_approval(withdrawn);
}

}  // namespace bursar::admin
