#include "service/admin/facts_json.h"
#include "service/admin/visit.h"
#include "service/audit/booked.h"
#include "service/treasury/reconcile/reconciliations.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

namespace reconcile = treasury::reconcile;

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t reason_bytes_max = 1'000;
constexpr int shown_max = 200;

Result<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1)
        return fail(Fault::not_found, "A reconciliation is known by its number. See: bursarctl reconcile list");
    return number;
}

void write_facts(JsonWriter& json, const reconcile::Reconciliation& of) {
    json.open()
        .field("number", of.number)
        .field("at", to_text(of.at))
        .field("author", of.author)
        .field("provider", of.provider)
        .field("format", reconcile::name_of(of.format))
        .field("from", reconcile::to_text(of.from))
        .field("until", reconcile::to_text(of.until))
        .field("corrections_count", of.corrections)
        .field("corrections_cost_usd", of.corrections_cost.text());
    write_instant(json, "applied_at", of.applied_at);
    json.field("applied_by", of.applied_by).field("reason", of.reason);
}

Answer answer_with(const reconcile::Reconciliation& of, int status) {
    JsonWriter json;
    write_facts(json, of);
    json.key("comparison").raw(of.comparison).close();
    return json_answer(std::move(json).text(), status);
}

Result<std::optional<reconcile::Format>> format_in(const Fields& fields) {
    TRY(const std::string_view name, fields.text_or_empty("format", name_bytes_max));
    if (name.empty()) return std::optional<reconcile::Format>{};
    const auto format = reconcile::format_of(name);
    if (!format)
        return fail(Fault::invalid_request, fmt::format("There is no format \"{}\". Formats: {}.", name.substr(0, 40),
                                                        reconcile::format_names()));
    return format;
}

}  // namespace

Reply reconciliation_make(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"provider", "format", "text"}));
    TRY(const std::string_view provider, fields.label("provider", name_bytes_max));
    if (!visit.parts->rules.get()->providers.contains(provider))
        return fail(Fault::invalid_request,
                    fmt::format("The policy has no provider \"{}\". See: bursarctl providers", provider));
    TRY(const auto format, format_in(fields));
    TRY(const std::string_view text, fields.text("text", reconcile::export_bytes_max));
    TRY(const reconcile::Export theirs, reconcile::read_export(text, format));

    store::Store& store = visit.parts->store;
    audit::Audit& audit = visit.parts->audit;
    // In this order: what is corrected after the first line makes the comparison stale, and apply says so.
    reconcile::Known known;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(known, reconcile::read_known(transaction, provider));
        return {};
    }));
    TRY(const audit::Booked booked, audit.booked(provider, Timestamp(theirs.from), Timestamp(theirs.until)));
    const Timestamp now = visit.plane.clock.now();
    const reconcile::Comparison comparison = reconcile::compare(theirs, booked, known.earlier, now);
    reconcile::Reconciliation kept;
    TRY_VOID(store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(kept, reconcile::keep(transaction,
                                  {.at = now,
                                   .author = visit.who.name,
                                   .provider = std::string(provider),
                                   .format = theirs.format,
                                   .digest = theirs.digest,
                                   .from = theirs.from,
                                   .until = theirs.until},
                                  comparison, known.until));
        JsonWriter detail;
        detail.open().field("provider", kept.provider).field("sha256", kept.digest).close();
        return audit.append(transaction,
                            visit.row(fmt::format("reconciliation:{}", kept.number), "ok", std::move(detail).text()));
    }));
    return answer_with(kept, 201);
}

Reply reconciliation_list(Visit& visit) {
    std::vector<reconcile::Reconciliation> all;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(all, reconcile::list(transaction, shown_max));
        return {};
    }));
    JsonWriter json;
    json.open().key("reconciliations").open_list();
    for (const reconcile::Reconciliation& each : all) {
        write_facts(json, each);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply reconciliation_read(Visit& visit) {
    TRY(const std::int64_t number, number_in(visit.parameters[0]));
    reconcile::Reconciliation of;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(of, reconcile::read(transaction, number));
        return {};
    }));
    return answer_with(of, 200);
}

Reply reconciliation_apply(Visit& visit) {
    TRY(const std::int64_t number, number_in(visit.parameters[0]));
    TRY(const Body body, visit.body());
    TRY_VOID(body.fields().only({"reason"}));
    TRY(const std::string_view reason, body.fields().label("reason", reason_bytes_max));
    if (!visit.plane.hooks.correct) return fail(Fault::internal, "Corrections cannot be entered by this service.");
    reconcile::Applied applied;
    // Each correction is a transaction of the ledger's own, so the rows of the audit stand before and behind them all.
    TRY_VOID(do_audited(visit, fmt::format("reconciliation:{}", number), [&]() -> Result<void> {
        TRY(applied, reconcile::apply(visit.parts->store, number, visit.who.name, std::string(reason),
                                      visit.plane.clock.now(), visit.plane.hooks.correct));
        return {};
    }));
    JsonWriter json;
    json.open()
        .field("number", number)
        .field("entered", applied.entered)
        .field("entered_earlier", applied.entered_earlier)
        .field("cost_usd", applied.cost.text())
        .close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
