// What is entered into the books beside calls, and the events that people hear of.
#include "service/admin/facts_json.h"
#include "service/admin/limited.h"
#include "service/admin/visit.h"
#include "service/treasury/accounts.h"
#include "service/treasury/events.h"

#include <limits>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t text_bytes_max = 256;
constexpr std::int64_t rows_default = 100;
constexpr std::int64_t rows_max = 1'000;
constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();

void write_credit(JsonWriter& json, const treasury::Credit& credit) {
    json.open().field("number", credit.number).field("account", credit.account);
    json.field("amount_usd", credit.amount.usd().text()).field("reason", credit.reason).field("by", credit.by);
    json.field("at", to_text(credit.at)).close();
}

void write_correction(JsonWriter& json, const treasury::Correction& correction) {
    json.open().field("number", correction.number).field("account", correction.account);
    json.field("call", correction.call).field("amount_usd", correction.amounts.charge.text());
    json.field("cost_usd", correction.amounts.cost.text()).field("tokens", correction.amounts.tokens);
    write_texts(json, "accounts", correction.accounts);
    json.field("reason", correction.reason).field("by", correction.by).field("at", to_text(correction.at));
    json.field("booked_at", to_text(correction.booked_at)).close();
}

}  // namespace

Reply credit_list(Visit& visit) {
    TRY(const Query query, visit.query({"account", "before", "limit"}));
    treasury::Credits::Filter filter{.account = std::string(query.text("account"))};
    TRY(filter.before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    TRY(const auto credits, visit.parts->treasury.credits->list(filter));
    JsonWriter json;
    json.open().key("credits").open_list();
    for (const treasury::Credit& credit : credits) write_credit(json, credit);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply credit_enter(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"account", "amount", "reason"}));
    treasury::Credits::Entry entry{.account = {}, .amount = {}, .reason = {}, .by = visit.actor, .limits = {}};
    TRY(entry.account, fields.label("account", text_bytes_max));
    TRY(entry.amount, fields.label("amount", text_bytes_max));
    TRY(entry.reason, fields.label("reason", treasury::reason_bytes_max));
    TRY(entry.limits, treasury::limits_of_account(*visit.parts->rules.get(), callers_now(*visit.parts), entry.account));
    const auto recorded = [&](store::Transaction& transaction, const treasury::Credit& credit) {
        JsonWriter detail;
        detail.open().field("account", credit.account).field("amount_usd", credit.amount.usd().text());
        detail.field("reason", credit.reason).close();
        return visit.parts->audit.append(
            transaction, visit.row(fmt::format("credit:{}", credit.number), "ok", std::move(detail).text()));
    };
    TRY(const treasury::Credit credit, visit.parts->treasury.credits->enter(entry, recorded));
    JsonWriter json;
    write_credit(json, credit);
    return json_answer(std::move(json).text(), 201);
}

Reply correction_list(Visit& visit) {
    TRY(const Query query, visit.query({"call", "account", "before", "limit"}));
    treasury::Corrections::Filter filter{.call = std::string(query.text("call")),
                                         .account = std::string(query.text("account"))};
    TRY(filter.before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    TRY(const auto corrections, visit.parts->treasury.corrections->list(filter));
    JsonWriter json;
    json.open().key("corrections").open_list();
    for (const treasury::Correction& correction : corrections) write_correction(json, correction);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply correction_enter(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"account", "call", "amount", "cost", "tokens", "reason"}));
    treasury::Corrections::Entry entry;
    entry.by = visit.actor;
    TRY(entry.call, fields.text_or_empty("call", text_bytes_max));
    TRY(entry.account, fields.text_or_empty("account", text_bytes_max));
    TRY(entry.amount, fields.label("amount", text_bytes_max));
    TRY(entry.reason, fields.label("reason", treasury::reason_bytes_max));
    if (fields.has("cost")) {
        TRY(entry.cost, fields.label("cost", text_bytes_max));
    }
    if (fields.has("tokens")) {
        TRY(entry.tokens,
            fields.integer("tokens", -treasury::Corrections::tokens_max, treasury::Corrections::tokens_max));
    }
    if (!entry.account.empty()) {
        TRY(entry.accounts, treasury::path_of(*visit.parts->rules.get(), callers_now(*visit.parts), entry.account));
    }
    const auto recorded = [&](store::Transaction& transaction, const treasury::Correction& correction) {
        JsonWriter detail;
        detail.open().field("account", correction.account).field("call", correction.call);
        detail.field("amount_usd", correction.amounts.charge.text());
        detail.field("cost_usd", correction.amounts.cost.text()).field("tokens", correction.amounts.tokens);
        detail.field("reason", correction.reason).close();
        return visit.parts->audit.append(
            transaction, visit.row(fmt::format("correction:{}", correction.number), "ok", std::move(detail).text()));
    };
    TRY(const treasury::Correction correction, visit.parts->treasury.corrections->enter(entry, recorded));
    JsonWriter json;
    write_correction(json, correction);
    return json_answer(std::move(json).text(), 201);
}

Reply alert_list(Visit& visit) {
    TRY(const Query query, visit.query({"kind", "before", "limit"}));
    TRY(const std::int64_t before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    std::vector<treasury::Event> events;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(events, treasury::read_events(transaction, before, static_cast<int>(limit), query.text("kind")));
        return {};
    }));
    JsonWriter json;
    json.open().key("alerts").open_list();
    for (const treasury::Event& event : events)
        json.open()
            .field("number", event.number)
            .field("at", to_text(event.at))
            .field("kind", event.kind)
            .field("subject", event.subject)
            .field("text", event.text)
            .key("detail")
            .raw(event.detail)
            .close();
    json.close_list().close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
