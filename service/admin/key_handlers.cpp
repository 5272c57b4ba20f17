#include "service/admin/budget_fields.h"
#include "service/admin/facts_json.h"
#include "service/admin/keys_json.h"
#include "service/admin/visit.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t models_max = 200;
constexpr std::size_t networks_max = 100;
constexpr std::int64_t grace_seconds_default = 3'600;
constexpr std::int64_t expires_seconds_max = 3660 * std::int64_t{86'400};

/// {"reason","until"} of a key that is paused now, else null.
void write_pause(JsonWriter& json, const Visit& visit, const std::string& id) {
    const auto rules = visit.parts->rules.get();
    const auto paused = rules->in_force->paused.find(id);
    json.key("paused");
    if (paused == rules->in_force->paused.end() || paused->second.until <= visit.plane.clock.now()) {
        json.null();
        return;
    }
    json.open().field("reason", paused->second.reason);
    const bool ends = paused->second.until != Timestamp::max();
    write_instant(json, "until", ends ? std::optional(paused->second.until) : std::nullopt);
    json.close();
}

}  // namespace

void write_key_facts(JsonWriter& json, const Visit& visit, const auth::KeyFacts& key) {
    json.field("id", key.id).field("name", key.name).field("team", key.team).field("person", key.person);
    write_texts(json, "models", key.models);
    write_texts(json, "networks", key.networks);
    write_budgets(json, "budgets", key.budgets);
    json.field("created_at", to_text(key.created_at));
    write_instant(json, "expires_at", key.expires_at);
    write_instant(json, "revoked_at", key.revoked_at);
    write_instant(json, "old_secret_until", key.old_secret_until);
    write_instant(json, "last_used_at", key.last_used_at);
    write_pause(json, visit, key.id);
}

Answer key_shown_once(const Visit& visit, const auth::Issued& issued, int status) {
    JsonWriter json;
    json.open();
    write_key_facts(json, visit, issued.facts);
    json.field("key", issued.text.reveal()).close();
    return json_answer(std::move(json).text(), status);
}

Result<void> check_key_models(const policies::Snapshot& rules, const std::vector<std::string>& models) {
    constexpr std::string_view tier_prefix = "tier:";
    for (const std::string& name : models) {
        const auto in_tier = [&](const auto& entry) { return entry.second->tier == name.substr(tier_prefix.size()); };
        const bool known =
            name.starts_with(tier_prefix) ? std::ranges::any_of(rules.models, in_tier) : rules.models.contains(name);
        if (!known)
            return fail(
                Fault::invalid_request,
                fmt::format(
                    "The policy has no model or tier \"{}\". A key is limited to names of the policy or tier:NAME.",
                    name));
    }
    return {};
}

namespace {

Result<auth::NewKey> new_key_of(const Fields& fields, const policies::Snapshot& rules, Timestamp now) {
    TRY_VOID(fields.only({"name", "team", "person", "models", "networks", "budgets", "expires_at"}));
    auth::NewKey key;
    TRY(key.name, fields.label("name", name_bytes_max));
    TRY(key.team, fields.label("team", name_bytes_max));
    if (!rules.teams.contains(key.team))
        return fail(Fault::invalid_request,
                    fmt::format("The policy has no team \"{}\". See: GET /api/v1/teams.", key.team));
    if (fields.has("person")) {
        TRY(key.person, fields.label("person", name_bytes_max));
    }
    TRY(key.models, fields.texts("models", models_max, name_bytes_max));
    TRY_VOID(check_key_models(rules, key.models));
    TRY(key.networks, fields.texts("networks", networks_max, 64));
    TRY(key.budgets, budgets_of(fields, rules));
    if (fields.has("expires_at")) {
        TRY(key.expires_at, fields.instant("expires_at"));
        if (*key.expires_at <= now)
            return fail(Fault::invalid_request, "\"expires_at\" has passed. Give a time to come.");
    }
    return key;
}

Result<auth::KeyFacts> find_key(const auth::Keys& keys, std::string_view id) {
    auto all = keys.list();
    const auto found = std::ranges::find(all, id, &auth::KeyFacts::id);
    if (found == all.end()) return fail(Fault::not_found, "There is no key of that id. See: bursarctl key list.");
    return std::move(*found);
}

std::string detail_of(const auth::KeyFacts& key) {
    JsonWriter json;
    json.open().field("name", key.name).field("team", key.team).field("person", key.person);
    write_instant(json, "expires_at", key.expires_at);
    json.close();
    return std::move(json).text();
}

}  // namespace

Reply key_list(Visit& visit) {
    JsonWriter json;
    json.open().key("keys").open_list();
    for (const auth::KeyFacts& key : visit.parts->keys.list()) {
        json.open();
        write_key_facts(json, visit, key);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply key_read(Visit& visit) {
    TRY(const auth::KeyFacts key, find_key(visit.parts->keys, visit.parameters[0]));
    JsonWriter json;
    json.open();
    write_key_facts(json, visit, key);
    json.close();
    return json_answer(std::move(json).text());
}

Reply key_issue(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY(const auth::NewKey key, new_key_of(body.fields(), *visit.parts->rules.get(), visit.plane.clock.now()));
    audit::Audit& audit = visit.parts->audit;
    TRY(const auth::Issued issued,
        visit.parts->keys.issue(key, [&](store::Transaction& transaction, const auth::KeyFacts& facts) {
            return audit.append(transaction, visit.row("key:" + facts.id, "ok", detail_of(facts)));
        }));
    return key_shown_once(visit, issued, 201);
}

Reply key_expire(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"expires_at", "in_seconds"}));
    if (fields.has("expires_at") == fields.has("in_seconds"))
        return fail(Fault::invalid_request, "Give either \"expires_at\" or \"in_seconds\".");
    Timestamp at;
    if (fields.has("expires_at")) {
        TRY(at, fields.instant("expires_at"));
    } else {
        TRY(const std::int64_t seconds, fields.integer("in_seconds", 1, expires_seconds_max));
        at = visit.plane.clock.now() + std::chrono::seconds(seconds);
    }
    TRY(const auth::KeyFacts before, find_key(visit.parts->keys, visit.parameters[0]));
    JsonWriter detail;
    detail.open().field("name", before.name);
    write_instant(detail, "before", before.expires_at);
    detail.field("expires_at", to_text(at)).close();
    const audit::Action row = visit.row("key:" + before.id, "ok", std::move(detail).text());
    audit::Audit& audit = visit.parts->audit;
    TRY(const auth::KeyFacts key, visit.parts->keys.expire(before.id, at, [&](store::Transaction& transaction) {
        return audit.append(transaction, row);
    }));
    JsonWriter json;
    json.open();
    write_key_facts(json, visit, key);
    json.close();
    return json_answer(std::move(json).text());
}

Reply key_rotate(Visit& visit) {
    std::int64_t grace_seconds = grace_seconds_default;
    if (!visit.request.body.empty()) {
        TRY(const Body body, visit.body());
        TRY_VOID(body.fields().only({"grace_seconds"}));
        if (body.fields().has("grace_seconds")) {
            TRY(grace_seconds, body.fields().integer("grace_seconds", 0, auth::rotation_grace_max.count()));
        }
    }
    TRY(const auth::KeyFacts key, find_key(visit.parts->keys, visit.parameters[0]));
    const audit::Action row = visit.row("key:" + key.id, "ok", fmt::format("{{\"grace_seconds\":{}}}", grace_seconds));
    audit::Audit& audit = visit.parts->audit;
    TRY(const auth::Issued issued,
        visit.parts->keys.rotate(key.id, std::chrono::seconds(grace_seconds),
                                 [&](store::Transaction& transaction) { return audit.append(transaction, row); }));
    return key_shown_once(visit, issued, 200);
}

Reply key_revoke(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::KeyFacts key, find_key(visit.parts->keys, visit.parameters[0]));
    const audit::Action row = visit.row("key:" + key.id, "ok", detail_of(key));
    audit::Audit& audit = visit.parts->audit;
    TRY_VOID(visit.parts->keys.revoke(key.id,
                                      [&](store::Transaction& transaction) { return audit.append(transaction, row); }));
    return no_content();
}

Reply key_pause(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"reason", "until"}));
    TRY(const auth::KeyFacts key, find_key(visit.parts->keys, visit.parameters[0]));
    if (key.revoked_at) return fail(Fault::conflict, "This key is revoked: no call of it is let through anyway.");
    treasury::Pause pause{.key_id = key.id, .reason = {}, .by = visit.actor, .at = {}};
    TRY(pause.reason, fields.label("reason", treasury::reason_bytes_max));
    if (fields.has("until")) {
        TRY(pause.until, fields.instant("until"));
    }
    JsonWriter detail;
    detail.open().field("name", key.name).field("reason", pause.reason);
    const bool ends = pause.until != Timestamp::max();
    write_instant(detail, "until", ends ? std::optional(pause.until) : std::nullopt);
    detail.close();
    const audit::Action row = visit.row("key:" + key.id, "ok", std::move(detail).text());
    audit::Audit& audit = visit.parts->audit;
    TRY_VOID(visit.parts->treasury.pauses->pause(
        pause, [&](store::Transaction& transaction) { return audit.append(transaction, row); }));
    JsonWriter json;
    json.open();
    write_key_facts(json, visit, key);
    json.close();
    return json_answer(std::move(json).text());
}

Reply key_resume(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::KeyFacts key, find_key(visit.parts->keys, visit.parameters[0]));
    const audit::Action row = visit.row("key:" + key.id, "ok", detail_of(key));
    audit::Audit& audit = visit.parts->audit;
    TRY_VOID(visit.parts->treasury.pauses->resume(
        key.id, visit.actor, [&](store::Transaction& transaction) { return audit.append(transaction, row); }));
    JsonWriter json;
    json.open();
    write_key_facts(json, visit, key);
    json.close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
