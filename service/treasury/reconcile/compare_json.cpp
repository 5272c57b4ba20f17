// The comparison as the API answers it.
#include "service/base/json.h"
#include "service/treasury/reconcile/compare.h"

namespace bursar::treasury::reconcile {
namespace {

void write_side(JsonWriter& json, std::string_view name, const Side& side, const Comparison& has, bool all) {
    json.key(name).open();
    if (all || has.has_calls) json.field("calls", side.calls);
    if (all || has.has_tokens) {
        json.field("input_tokens", side.usage.input)
            .field("cache_read_tokens", side.usage.cache_read)
            .field("cache_write_tokens", side.usage.cache_write_5m + side.usage.cache_write_1h)
            .field("output_tokens", side.usage.output + side.usage.reasoning)
            .field("other_tokens",
                   side.usage.audio_input + side.usage.audio_output + side.usage.image_input + side.usage.image_output)
            .field("tokens", side.tokens);
    }
    if (all || has.has_cost) json.field("cost_usd", side.cost.text());
    json.close();
}

void write_unproven(JsonWriter& json, std::string_view name, const Unproven& unproven) {
    json.key(name).open().field("calls", unproven.calls).field("cost_usd", unproven.cost.text()).close();
}

void write_row(JsonWriter& json, const ComparedRow& row, const Comparison& has) {
    json.open().field("day", to_text(row.day)).field("model", row.model);
    write_side(json, "ours", row.ours, has, true);
    write_side(json, "theirs", row.theirs, has, false);
    json.key("difference").open();
    if (has.has_calls) json.field("calls", row.theirs.calls - row.ours.calls);
    if (has.has_tokens) json.field("tokens", row.theirs.tokens - row.ours.tokens);
    if (has.has_cost) json.field("cost_usd", (row.theirs.cost - row.ours.cost).text());
    json.close();
    write_unproven(json, "lost", row.lost);
    write_unproven(json, "estimated", row.estimated);
    json.field("note", row.note).close();
}

}  // namespace

std::string to_json(const Comparison& comparison) {
    JsonWriter json;
    json.open().key("rows").open_list();
    for (const ComparedRow& row : comparison.rows) write_row(json, row, comparison);
    json.close_list().key("corrections").open_list();
    for (const Correction& each : comparison.corrections)
        json.open()
            .field("call", each.call.text())
            .field("attempt", each.attempt.text())
            .field("day", to_text(each.day))
            .field("model", each.model)
            .field("source", each.source == UsageSource::lost ? "lost" : "estimated")
            .field("cost_usd", each.amounts.cost.text())
            .field("charge_usd", each.amounts.charge.text())
            .field("tokens", each.amounts.tokens)
            .close();
    json.close_list();
    json.field("unplaced_calls", comparison.unplaced_calls)
        .field("unplaced_cost_usd", comparison.unplaced_cost.text())
        .close();
    return std::move(json).text();
}

}  // namespace bursar::treasury::reconcile
