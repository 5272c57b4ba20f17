// What is told to whom: incidents, messages, silences and targets.
#include "service/admin/visit.h"
#include "service/base/json.h"
#include "service/outbox/post_office.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::int64_t number_max = INT64_MAX;
constexpr std::int64_t rows_default = 100, rows_max = 1'000;
constexpr std::size_t word_bytes_max = 200;
constexpr std::chrono::days silence_max{90};

using State = outbox::Delivery::State;

Result<outbox::PostOffice*> office_of(const Visit& visit) {
    if (visit.parts->post_office == nullptr)
        return fail(Fault::conflict,
                    "The socket of the courier could not be made when the service started, so nothing is sent. The "
                    "service's log says why.");
    return visit.parts->post_office;
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& at) {
    if (at)
        json.field(name, to_text(*at));
    else
        json.key(name).null();
}

std::string_view state_of(const outbox::Incident& incident) {
    if (!incident.lasts) return "news";
    return incident.ended ? "over" : "firing";
}

void write_incident(JsonWriter& json, const outbox::IncidentRow& row) {
    const outbox::Incident& incident = row.incident;
    json.open().field("number", incident.number).field("name", incident.name).field("kind", incident.latest.kind);
    json.field("severity", name_of(incident.latest.severity.value_or(Severity::warning)));
    json.field("state", state_of(incident)).field("subject", incident.latest.subject);
    json.field("team", incident.latest.team).field("text", incident.latest.text);
    json.field("begun", to_text(incident.begun));
    write_time(json, "ended", incident.lasts ? incident.ended : std::nullopt);
    json.key("told").open_list();
    for (const outbox::Thread& thread : row.threads) {
        json.open().field("target", thread.target).field("route", thread.route);
        write_time(json, "last_message", thread.made);
        write_time(json, "next_message", thread.due);
        json.key("thread").open();
        for (const auto& [name, value] : thread.ref) json.field(name, value);
        json.close().close();
    }
    json.close_list().close();
}

void write_delivery(JsonWriter& json, const outbox::Delivery& delivery) {
    json.open().field("number", delivery.number).field("id", delivery.id).field("target", delivery.target);
    json.field("state", outbox::name_of(delivery.state)).field("kind", delivery.message.kind);
    json.field("severity", name_of(delivery.message.severity)).field("title", delivery.message.title);
    json.field("incident", delivery.message.incident).field("made", to_text(delivery.made));
    json.field("due", to_text(delivery.due)).field("tries", delivery.tries);
    json.field("perhaps_sent", delivery.perhaps_sent);
    write_time(json, "ended", delivery.ended);
    json.field("reason", delivery.reason).field("answer", delivery.answer).close();
}

void write_silence(JsonWriter& json, const outbox::Silence& silence) {
    json.open().field("number", silence.number).field("events", silence.events).field("team", silence.team);
    json.field("incident", silence.incident).field("author", silence.author).field("reason", silence.reason);
    json.field("made", to_text(silence.made)).field("until", to_text(silence.until)).close();
}

Result<std::vector<State>> states_of(std::string_view word) {
    if (word.empty() || word == "waiting") return std::vector{State::waiting, State::under_way, State::folded};
    if (word == "sent") return std::vector{State::sent};
    if (word == "dead") return std::vector{State::dead};
    return fail(Fault::invalid_request, "The state is not one of: waiting, sent, dead.");
}

outbox::Clerk::Also audited(const Visit& visit, std::string object, std::string detail) {
    return [&audit = visit.parts->audit, row = visit.row(std::move(object), "ok", std::move(detail))](
               store::Transaction& transaction) { return audit.append(transaction, row); };
}

std::string_view outcome_word(integrations::Outcome outcome) {
    switch (outcome) {
        case integrations::Outcome::sent:
            return "sent";
        case integrations::Outcome::later:
            return "later";
        case integrations::Outcome::refused:
            return "refused";
        case integrations::Outcome::closed:
            return "closed";
    }
    return "";
}

std::string_view state_of(const outbox::Standing* standing) {
    if (standing == nullptr || !standing->answered_at)
        return standing != nullptr && standing->parked_at ? "parked" : "unknown";
    if (standing->parked_at) return "parked";
    return standing->failures > 0 ? "troubled" : "good";
}

}  // namespace

Reply incident_list(Visit& visit) {
    TRY(const Query query, visit.query({"state", "limit"}));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    const std::string_view state = query.text("state");
    if (!state.empty() && state != "firing" && state != "all")
        return fail(Fault::invalid_request, "The state is not one of: firing, all.");
    std::vector<outbox::IncidentRow> rows;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(rows, outbox::list_incidents(transaction, state == "firing", static_cast<int>(limit)));
        return {};
    }));
    JsonWriter json;
    json.open().key("incidents").open_list();
    for (const outbox::IncidentRow& row : rows) write_incident(json, row);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply delivery_list(Visit& visit) {
    TRY(const Query query, visit.query({"state", "before", "limit"}));
    TRY(const auto states, states_of(query.text("state")));
    TRY(const std::int64_t before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    std::vector<outbox::Delivery> deliveries;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(deliveries, outbox::list_deliveries(transaction, states, before, static_cast<int>(limit)));
        return {};
    }));
    JsonWriter json;
    json.open().key("deliveries").open_list();
    for (const outbox::Delivery& delivery : deliveries) write_delivery(json, delivery);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply delivery_resend(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(outbox::PostOffice * office, office_of(visit));
    const std::string id(visit.parameters.front());
    TRY_VOID(office->resend(id, audited(visit, "delivery:" + id.substr(0, word_bytes_max), "{}")));
    JsonWriter json;
    json.open().field("id", id).field("state", "waiting").close();
    return json_answer(std::move(json).text());
}

Reply silence_list(Visit& visit) {
    std::vector<outbox::Silence> silences;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(silences, outbox::list_silences(transaction, visit.plane.clock.now()));
        return {};
    }));
    JsonWriter json;
    json.open().key("silences").open_list();
    for (const outbox::Silence& silence : silences) write_silence(json, silence);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply silence_add(Visit& visit) {
    TRY(outbox::PostOffice * office, office_of(visit));
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"events", "team", "incident", "reason", "until", "in_seconds"}));
    outbox::Silence silence{.author = visit.actor, .made = visit.plane.clock.now()};
    TRY(silence.events, fields.text_or_empty("events", word_bytes_max));
    TRY(silence.team, fields.text_or_empty("team", word_bytes_max));
    TRY(silence.incident, fields.text_or_empty("incident", word_bytes_max));
    TRY(silence.reason, fields.label("reason", treasury::reason_bytes_max));
    if (fields.has("until") == fields.has("in_seconds"))
        return fail(Fault::invalid_request, "Give either until or in_seconds: a silence has to end.");
    if (fields.has("until")) {
        TRY(silence.until, fields.instant("until"));
    } else {
        constexpr std::int64_t most = std::chrono::seconds(silence_max).count();
        TRY(const std::int64_t in_seconds, fields.integer("in_seconds", 1, most));
        silence.until = silence.made + std::chrono::seconds(in_seconds);
    }
    if (silence.until <= silence.made || silence.until - silence.made > silence_max)
        return fail(Fault::invalid_request, "until is not within the next 90 days; a silence has to end.");
    if (silence.events.empty() && silence.team.empty() && silence.incident.empty())
        return fail(Fault::invalid_request,
                    "A silence is about something: give events (\"channel\"), a team or an incident's name.");
    if (!silence.team.empty() && !visit.parts->rules.get()->teams.contains(silence.team))
        return fail(Fault::not_found, "The policy has no team of that name. See: bursarctl teams");
    JsonWriter detail;
    detail.open().field("events", silence.events).field("team", silence.team).field("incident", silence.incident);
    detail.field("reason", silence.reason).field("until", to_text(silence.until)).close();
    TRY(const outbox::Silence made, office->silence(silence, audited(visit, "silence", std::move(detail).text())));
    JsonWriter json;
    write_silence(json, made);
    return json_answer(std::move(json).text(), 201);
}

Reply silence_end(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(outbox::PostOffice * office, office_of(visit));
    const std::string_view text = visit.parameters.front();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        return fail(Fault::not_found, "There is no silence of that number that lasts. See: bursarctl alerts silences");
    TRY_VOID(office->end_silence(number, audited(visit, fmt::format("silence:{}", number), "{}")));
    return no_content();
}

Reply target_list(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    const outbox::Facts facts =
        visit.parts->post_office == nullptr ? outbox::Facts{} : visit.parts->post_office->facts();
    JsonWriter json;
    json.open().key("targets").open_list();
    for (const auto& [name, target] : rules->alerts.targets) {
        const auto found = facts.standings.find(name);
        const outbox::Standing* standing = found == facts.standings.end() ? nullptr : &found->second;
        json.open().field("name", name).field("kind", target.kind).field("per_minute", target.per_minute);
        json.field("state", state_of(standing));
        json.field("reason", standing == nullptr ? std::string() : standing->reason);
        json.field("answer", standing == nullptr ? std::string() : standing->answer);
        write_time(json, "answered_at", standing == nullptr ? std::nullopt : standing->answered_at);
        const bool waits = standing != nullptr && (standing->parked_at || standing->failures > 0);
        write_time(json, "retry_at", waits ? std::optional(standing->not_before) : std::nullopt);
        json.close();
    }
    json.close_list().key("courier").open().field("connected", facts.connected);
    json.field("version", facts.courier_version).close();
    json.field("waiting", facts.waiting).field("dead", facts.dead).close();
    return json_answer(std::move(json).text());
}

Reply target_test(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(outbox::PostOffice * office, office_of(visit));
    const std::string name(visit.parameters.front());
    if (!visit.parts->rules.get()->alerts.targets.contains(name))
        return fail(Fault::not_found, "The policy in force has no target of that name. See: bursarctl alerts targets");
    outbox::Tried tried;
    TRY_VOID(do_audited(visit, "target:" + name, [&]() -> Result<void> {
        TRY(tried, office->test(name, visit.actor));
        return {};
    }));
    JsonWriter json;
    json.open().field("target", name).field("outcome", outcome_word(tried.outcome));
    json.field("reason", tried.reason).field("answer", tried.answer).close();
    return json_answer(std::move(json).text());
}

Reply alert_preview(Visit& visit) {
    TRY(outbox::PostOffice * office, office_of(visit));
    const auto rules = visit.parts->rules.get();
    TRY(const integrations::Message message, outbox::preview_of(visit.parameters.front(), office->context(*rules)));
    return json_answer(integrations::write_message(message));
}

}  // namespace bursar::admin
