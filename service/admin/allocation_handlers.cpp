// How pools are shared out: what the runs gave, what the next one would give, and a run on demand.
#include "service/admin/facts_json.h"
#include "service/admin/visit.h"
#include "service/treasury/allocations.h"

namespace bursar::admin {
namespace {

constexpr std::size_t reason_bytes_max = 500;

Result<treasury::Runs*> runs_of(const Visit& visit) {
    if (visit.parts->allocations != nullptr) return visit.parts->allocations;
    return fail(Fault::not_found, "This service runs no allocations.");
}

/// Null where nothing bounds it.
std::optional<Timestamp> bounded(Timestamp at) {
    return at == Timestamp::min() || at == Timestamp::max() ? std::nullopt : std::optional(at);
}

void write_line(JsonWriter& json, const policies::Line& line) {
    json.open()
        .field("account", line.account)
        .field("share_usd", line.share.text())
        .field("rolled_over_usd", line.rolled_over.text())
        .field("lent_usd", line.lent.text())
        .field("repaid_usd", line.repaid.text())
        .field("loans_usd", (line.lent + line.repaid).text())
        .field("total_usd", line.total().text())
        .field("committed_usd", line.committed.text())
        .field("heads", line.heads);
    write_instant(json, "joined_at", bounded(line.present_from));
    write_instant(json, "left_at", bounded(line.present_until));
    json.field("why", line.why).close();
}

void write_run(JsonWriter& json, const treasury::AllocationRun& run) {
    json.open().key("number");
    if (run.number > 0)
        json.value(run.number);
    else
        json.null();
    NanoUsd loans;
    for (const policies::Line& line : run.plan.lines) loans += line.lent + line.repaid;
    json.field("allocation", run.allocation)
        .field("pool", run.pool)
        .field("per", name_of(run.per))
        .field("period_start", to_text(run.period.start))
        .field("period_end", to_text(run.period.end))
        .field("step", run.step)
        .field("at", to_text(run.at))
        .field("cause", treasury::name_of(run.cause))
        .field("author", run.author)
        .field("reason", run.reason)
        .field("revision", run.revision)
        .field("pool_usd", run.plan.pool.text())
        .field("shared_usd", (run.plan.pool - run.plan.unallotted).text())
        .field("unallotted_usd", run.plan.unallotted.text())
        .field("rolled_over_usd", run.plan.raise.text())
        .field("loans_usd", loans.text())
        .field("allotted_usd", run.plan.allotted().text());
    json.key("lines").open_list();
    for (const policies::Line& line : run.plan.lines) write_line(json, line);
    json.close_list().close();
}

void write_loan(JsonWriter& json, const treasury::StoredLoan& loan) {
    json.open()
        .field("at", to_text(loan.at))
        .field("borrower", loan.loan.borrower)
        .field("lender", loan.loan.lender)
        .field("amount_usd", loan.loan.amount.text())
        .field("repaid_usd", loan.repaid.text())
        .field("written_off", loan.written_off)
        .close();
}

Answer run_answer(const treasury::AllocationRun& run) {
    JsonWriter json;
    write_run(json, run);
    return json_answer(std::move(json).text());
}

}  // namespace

Reply allocation_list(Visit& visit) {
    TRY(treasury::Runs* const runs, runs_of(visit));
    TRY(const auto all, runs->list());
    JsonWriter json;
    json.open().key("allocations").open_list();
    for (const treasury::Overview& each : all) {
        json.open().field("name", each.rules ? each.rules->name : each.newest->allocation);
        json.field("in_policy", each.rules != nullptr);
        json.field("pool", each.rules ? each.rules->pool : each.newest->pool);
        json.field("per", name_of(each.rules ? each.rules->per : each.newest->per));
        json.key("by");
        if (each.rules)
            json.value(policies::name_of(each.rules->by));
        else
            json.null();
        json.key("run");
        if (each.newest)
            write_run(json, *each.newest);
        else
            json.null();
        json.key("loans").open_list();
        for (const treasury::StoredLoan& loan : each.loans) write_loan(json, loan);
        json.close_list().close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply allocation_plan(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(treasury::Runs* const runs, runs_of(visit));
    TRY(const auto planned, runs->plan(visit.parameters[0]));
    return run_answer(planned);
}

Reply allocation_run(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"reason"}));
    TRY(const std::string_view reason, fields.text_or_empty("reason", reason_bytes_max));
    TRY(treasury::Runs* const runs, runs_of(visit));
    const audit::Action row = visit.row({});
    TRY(const auto made,
        runs->run(visit.parameters[0], {.actor = row.actor, .address = row.address, .reason = std::string(reason)}));
    return run_answer(made);
}

}  // namespace bursar::admin
