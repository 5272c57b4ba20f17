#include "integrations/watch.h"

#include "integrations/text.h"
#include "integrations/wire_parts.h"

#include <utility>

namespace bursar::integrations {
namespace {

constexpr std::size_t key_bytes_max = 255, incident_bytes_max = 200, status_bytes_max = 255, change_bytes_max = 64;
constexpr TextLimit key_limit{.bytes_max = key_bytes_max, .may_be_empty = false},
    status_limit{.bytes_max = status_bytes_max, .may_be_empty = false}, person_limit{.bytes_max = account_bytes_max};

std::size_t watch_bytes_most(const Watch& watch) {
    constexpr std::size_t escaped_bytes = 6, around = 256, around_each = 32;
    std::size_t bytes = watch.id.size();
    for (const Watch::Issue& each : watch.issues) bytes += each.key.size() + each.incident.size() + around_each;
    for (const std::string& each : watch.statuses) bytes += each.size() + around_each;
    return bytes * escaped_bytes + target_bytes_most(watch.target) + around;
}

Result<std::vector<std::string>> read_statuses(const Json& from) {
    TRY(const Json::List* list, read_list(from, "statuses", watched_statuses_max));
    std::vector<std::string> out;
    for (const Json& each : *list) {
        if (!each.is_text() || each.text().empty() || each.text().size() > status_bytes_max)
            return wrong_field("statuses", "must have texts in it");
        out.emplace_back(each.text());
    }
    return out;
}

Result<Move> read_move(const Json& from) {
    Move out;
    TRY(out.key, read_text(from, "key", key_limit));
    TRY(out.change, read_text(from, "change", {.bytes_max = change_bytes_max, .may_be_empty = false}));
    TRY(out.status, read_text(from, "status", status_limit));
    TRY(out.account, read_text(from, "account", person_limit));
    TRY(out.email, read_text(from, "email", person_limit));
    TRY(out.name, read_text(from, "name", person_limit));
    const auto at = parse_timestamp(from.at("at").text());
    if (!at) return wrong_field("at", "must be a time");
    out.at = *at;
    return out;
}

}  // namespace

bool is_watch(std::string_view json) { return json.starts_with(R"({"watch":)"); }
bool is_sighting(std::string_view json) { return json.starts_with(R"({"sighting":)"); }

Secret write_watch(const Watch& watch) {
    JsonWriter json(watch_bytes_most(watch));
    json.open().key("watch").open().field("id", watch.id);
    write_target(json, watch.target);
    json.key("issues").open_list();
    for (const Watch::Issue& each : watch.issues)
        json.open().field("key", each.key).field("incident", each.incident).close();
    json.close_list().key("statuses").open_list();
    for (const std::string& each : watch.statuses) json.value(each);
    json.close_list().close().close();
    return Secret(std::move(json).text());
}

Result<Watch> read_watch(std::string_view json) {
    TRY(const Json from, open_frame(json, "watch"));
    Watch out;
    TRY(out.id, read_text(from, "id", {.bytes_max = frame_id_bytes_max, .may_be_empty = false}));
    TRY(out.target, read_target(from.at("target")));
    TRY(const Json::List* issues, read_list(from, "issues", watched_issues_max));
    for (const Json& each : *issues) {
        Watch::Issue& issue = out.issues.emplace_back();
        TRY(issue.key, read_text(each, "key", key_limit));
        TRY(issue.incident, read_text(each, "incident", {.bytes_max = incident_bytes_max, .may_be_empty = false}));
    }
    TRY(out.statuses, read_statuses(from));
    return out;
}

std::string write_sighting(const Sighting& sighting) {
    JsonWriter json;
    json.open().key("sighting").open().field("id", sighting.id);
    write_outcome(json, sighting.outcome);
    json.key("moves").open_list();
    for (const Move& each : sighting.moves) {
        json.open().field("key", each.key).field("change", each.change).field("status", each.status);
        json.field("account", each.account).field("email", each.email).field("name", each.name);
        json.field("at", to_text(each.at)).close();
    }
    json.close_list();
    write_wait(json, sighting.wait);
    json.field("reason", cut_bytes(sighting.reason, receipt_text_bytes_max));
    json.field("answer", cut_bytes(sighting.answer, receipt_text_bytes_max)).close().close();
    return std::move(json).text();
}

Result<Sighting> read_sighting(std::string_view json) {
    TRY(const Json from, open_frame(json, "sighting"));
    Sighting out;
    TRY(out.id, read_text(from, "id", {.bytes_max = frame_id_bytes_max, .may_be_empty = false}));
    TRY(out.outcome, read_outcome(from));
    TRY(const Json::List* moves, read_list(from, "moves", watched_issues_max));
    for (const Json& each : *moves) {
        TRY(Move move, read_move(each));
        out.moves.push_back(std::move(move));
    }
    TRY(out.wait, read_wait(from));
    TRY(out.reason, read_text(from, "reason", {.bytes_max = receipt_text_bytes_read_max}));
    TRY(out.answer, read_text(from, "answer", {.bytes_max = receipt_text_bytes_read_max}));
    return out;
}

}  // namespace bursar::integrations
