// Where people come from: how each source is, a test of every step, and syncs.
#include "service/admin/facts_json.h"
#include "service/admin/visit.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t user_bytes_max = 256;
constexpr std::size_t password_bytes_max = 1'024;
constexpr std::int64_t runs_default = 20;
constexpr std::int64_t runs_max = 1'000;

std::string_view name_of(auth::Step::State state) {
    switch (state) {
        case auth::Step::State::good:
            return "good";
        case auth::Step::State::bad:
            return "bad";
        case auth::Step::State::skipped:
            return "skipped";
    }
    return {};
}

void write_run(JsonWriter& json, const auth::SyncRecord& run) {
    json.open().field("number", run.number).field("source", run.source).field("at", to_text(run.at));
    json.field("state", run.state).field("stop", run.stop).field("why", run.why);
    json.field("arrivals", run.arrivals).field("changes", run.changes).field("returns", run.returns);
    json.field("missing", run.missing).field("leavers", run.leavers);
    if (!run.details.empty()) json.key("details").raw(run.details);
    json.close();
}

Answer one_run(const auth::SyncRecord& run) {
    JsonWriter json;
    write_run(json, run);
    return json_answer(std::move(json).text());
}

}  // namespace

Reply directory_list(Visit& visit) {
    TRY(const auto sources, visit.parts->staff.sources());
    JsonWriter json;
    json.open().key("directories").open_list();
    for (const staff::SourceFacts& each : sources) {
        json.open().field("name", each.name).field("title", each.title.empty() ? each.name : each.title);
        json.field("kind", each.kind).field("good", each.health.good).field("text", each.health.text);
        write_instant(json, "answered_at", each.health.answered_at);
        json.field("people", each.people).key("last_sync");
        if (each.last_sync)
            write_run(json, *each.last_sync);
        else
            json.null();
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply directory_test(Visit& visit) {
    std::string user;
    Secret password;
    if (!visit.request.body.empty()) {
        TRY(const Body body, visit.body());
        TRY_VOID(body.fields().only({"user", "password"}));
        TRY(user, body.fields().text_or_empty("user", user_bytes_max));
        TRY(const std::string_view given, body.fields().text_or_empty("password", password_bytes_max));
        password = Secret::copy_of(given);
    }
    TRY(const auto steps, visit.parts->staff.test(visit.parameters[0], user, password));
    JsonWriter json;
    json.open().key("steps").open_list();
    for (const auth::Step& step : steps)
        json.open().field("name", step.name).field("state", name_of(step.state)).field("text", step.text).close();
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply directory_sync(Visit& visit) {
    bool dry = false;
    bool confirmed = false;
    if (!visit.request.body.empty()) {
        TRY(const Body body, visit.body());
        TRY_VOID(body.fields().only({"dry_run", "confirmed"}));
        TRY(dry, body.fields().truth_or("dry_run", false));
        TRY(confirmed, body.fields().truth_or("confirmed", false));
    }
    if (dry && confirmed)
        return fail(Fault::invalid_request,
                    "\"dry_run\" changes nothing, so there is nothing to confirm. Leave one out.");
    // It takes from many at once what no limit protects any more.
    if (confirmed) TRY_VOID(visit.check_proof());
    using Mode = staff::Staff::SyncMode;
    const Mode mode = dry ? Mode::dry : confirmed ? Mode::confirmed : Mode::careful;
    TRY(const auth::SyncRecord run, visit.parts->staff.sync(visit.parameters[0], mode, visit.actor));
    return one_run(run);
}

Reply directory_syncs(Visit& visit) {
    TRY(const Query query, visit.query({"limit"}));
    TRY(const std::int64_t limit, query.integer("limit", runs_default, 1, runs_max));
    TRY(const auto runs, visit.parts->staff.syncs(visit.parameters[0], static_cast<int>(limit)));
    JsonWriter json;
    json.open().key("syncs").open_list();
    for (const auth::SyncRecord& run : runs) write_run(json, run);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply directory_sync_read(Visit& visit) {
    const std::string_view text = visit.parameters[1];
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number <= 0)
        return fail(Fault::not_found, "A sync has a number such as 12.");
    TRY(const auth::SyncRecord run, visit.parts->staff.read_sync(visit.parameters[0], number));
    return one_run(run);
}

}  // namespace bursar::admin
