#include "service/admin/facts_json.h"
#include "service/admin/second_person.h"
#include "service/admin/visit.h"
#include "service/base/aws_key.h"
#include "service/base/log.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t passphrase_bytes_max = 1024;
constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr std::size_t secret_name_bytes_max = 128;

/// {"passphrase":"…"} or {"master_key":"64 hex digits"}
Result<vault::MasterKey> master_key_of(const Fields& fields) {
    TRY_VOID(fields.only({"passphrase", "master_key"}));
    if (fields.has("passphrase") == fields.has("master_key"))
        return fail(Fault::invalid_request, "Give either \"passphrase\" or \"master_key\" (64 hexadecimal digits).");
    if (fields.has("master_key")) {
        TRY(const std::string_view digits, fields.text("master_key", 64));
        return vault::MasterKey::from_hex(Secret::copy_of(digits));
    }
    TRY(const std::string_view passphrase, fields.text("passphrase", passphrase_bytes_max));
    if (passphrase.empty()) return fail(Fault::invalid_request, "\"passphrase\" is empty.");
    return vault::MasterKey::from_passphrase(Secret::copy_of(passphrase));
}

/// A passphrase that is to protect a vault from now on.
Result<void> check_new(const vault::MasterKey& key) {
    if (!key.is_passphrase() || key.secret().size() >= vault::passphrase_bytes_min) return {};
    return fail(Fault::invalid_request,
                fmt::format("A new passphrase needs at least {} bytes; several random words are best.",
                            vault::passphrase_bytes_min));
}

/// Whoever makes the vault chooses its master key, and nobody has a credential yet: it must not be the first stranger.
Result<void> check_maker(const Options& options, std::string_view address) {
    if (options.new_vault_from_loopback && is_loopback(address)) return {};
    return fail(
        Fault::not_permitted,
        "This vault is new and has no master key yet, and nobody can choose it over the network. Make the vault "
        "on its own machine, with the service stopped: bursard --config FILE --issue-operator NAME");
}

std::string status_of(const vault::Vault& vault) {
    JsonWriter json;
    json.open().field("state", vault.state() == vault::State::sealed ? "sealed" : "unsealed");
    json.field("new", vault.is_new()).field("wants_passphrase", vault.wants_passphrase()).close();
    return std::move(json).text();
}

Result<std::optional<vault::SecretFacts>> find_secret(const vault::Vault& vault, std::string_view name) {
    TRY(auto all, vault.list());
    const auto found = std::ranges::find(all, name, &vault::SecretFacts::name);
    if (found == all.end()) return std::nullopt;
    return *found;
}

struct Rotation {
    vault::MasterKey current, next;
};

Result<Rotation> rotation_of(const Fields& fields) {
    TRY_VOID(fields.only({"current", "next"}));
    TRY(const Fields current_fields, fields.object("current"));
    TRY(const Fields next_fields, fields.object("next"));
    TRY(vault::MasterKey current, master_key_of(current_fields));
    TRY(vault::MasterKey next, master_key_of(next_fields));
    TRY_VOID(check_new(next));
    return Rotation{.current = std::move(current), .next = std::move(next)};
}

struct NewSecret {
    std::string_view name;
    Secret value;
};

Result<NewSecret> secret_of(const Visit& visit, const Fields& fields) {
    TRY_VOID(fields.only({"value"}));
    TRY(const std::string_view value, fields.text("value", secret_bytes_max));
    const std::string_view name = visit.parameters[0];
    if (name.size() > secret_name_bytes_max)
        return fail(Fault::invalid_request,
                    fmt::format("The name of a secret has at most {} characters.", secret_name_bytes_max));
    // Half of one would be found out at the first call only.
    Secret secret = Secret::copy_of(value);
    if (aws::looks_like_access_key(secret)) TRY_VOID(aws::parse_key(secret));
    const auto& tidy = visit.plane.hooks.tidy_secret;
    if (!tidy) return NewSecret{.name = name, .value = std::move(secret)};
    TRY(Secret tidied, tidy(std::move(secret)));
    return NewSecret{.name = name, .value = std::move(tidied)};
}

Result<void> check_known(const Visit& visit, std::string_view name) {
    TRY(const auto known, find_secret(visit.plane.vault, name));
    if (known) return {};
    return fail(Fault::not_found, fmt::format("There is no secret \"{}\". See: bursarctl secret list.", name));
}

bool covers_secrets(const Visit& visit) { return rule_has(visit.parts->rules.get()->identity, "secrets"); }

}  // namespace

Reply vault_status(Visit& visit) { return json_answer(status_of(visit.plane.vault)); }

Reply vault_seal(Visit& visit) {
    TRY_VOID(visit.no_body());
    vault::Vault& vault = visit.plane.vault;
    TRY_VOID(do_audited(visit, "vault", [&]() -> Result<void> {
        vault.seal();
        return {};
    }));
    log::warning("vault_sealed", {{"actor", visit.actor}, {"address", visit.request.address}});
    return json_answer(status_of(vault));
}

Reply vault_unseal(Visit& visit) {
    Plane& plane = visit.plane;
    TRY(const Body body, visit.body());
    TRY(const vault::MasterKey key, master_key_of(body.fields()));
    if (plane.vault.state() == vault::State::unsealed && visit.parts != nullptr)
        return fail(Fault::conflict, "The vault is unsealed already.");
    if (plane.vault.is_new()) {
        TRY_VOID(check_maker(plane.options, visit.request.address));
        TRY_VOID(check_new(key));
    }

    const auto unseal = [&] { return plane.hooks.unseal(key); };
    // Before the first unseal there is no database to write a row to; what fails until then is in the log only.
    const auto unsealed = plane.guard.attempt(
        visit.request.address, [&] { return visit.parts == nullptr ? unseal() : do_audited(visit, "vault", unseal); });
    const std::string_view outcome = unsealed ? std::string_view("ok") : facts(unsealed.error().fault).name;
    log::warning("vault_unseal", {{"address", visit.request.address}, {"actor", visit.actor}, {"outcome", outcome}});
    if (!unsealed) return std::unexpected(unsealed.error());
    if (visit.parts == nullptr) {
        visit.parts = plane.hooks.parts();
        visit.actor = "master-key";
        write_done(visit, "vault");
    }
    return json_answer(status_of(plane.vault));
}

Reply vault_rotate(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY(const Rotation keys, rotation_of(body.fields()));
    vault::Vault& vault = visit.plane.vault;
    TRY_VOID(visit.plane.guard.attempt(visit.request.address, [&] {
        return do_audited(visit, "vault", [&] { return vault.rotate(keys.current, keys.next); });
    }));
    return json_answer(status_of(vault));
}

Proposed propose_vault_rotate(Visit& visit) {
    TRY(const Body body, visit.copy_of_body());
    TRY_VOID(rotation_of(body.fields()));
    return Proposal{.covered = covers_secrets(visit), .what = "Give the vault another master key."};
}

Reply secret_list(Visit& visit) {
    TRY(const auto secrets, visit.plane.vault.list());
    JsonWriter json;
    json.open().key("secrets").open_list();
    for (const vault::SecretFacts& secret : secrets) {
        json.open()
            .field("name", secret.name)
            .field("created_at", to_text(secret.created_at))
            .field("changed_at", to_text(secret.changed_at));
        json.field("bytes", static_cast<std::uint64_t>(secret.bytes)).field("fingerprint", secret.fingerprint).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply secret_put(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY(NewSecret secret, secret_of(visit, body.fields()));
    vault::Vault& vault = visit.plane.vault;
    TRY_VOID(do_audited(visit, fmt::format("secret:{}", secret.name),
                        [&] { return vault.put(secret.name, std::move(secret.value)); }));
    TRY(const auto facts, find_secret(vault, secret.name));
    JsonWriter json;
    json.open().field("name", secret.name).field("fingerprint", facts ? facts->fingerprint : "").close();
    return json_answer(std::move(json).text());
}

Proposed propose_secret_put(Visit& visit) {
    TRY(const Body body, visit.copy_of_body());
    TRY(const NewSecret secret, secret_of(visit, body.fields()));
    TRY_VOID(vault::check_secret(secret.name, secret.value));
    TRY(const auto known, find_secret(visit.plane.vault, secret.name));
    const std::string_view verb = known ? "Give another value to the secret" : "Put into the vault the new secret";
    return Proposal{.covered = covers_secrets(visit), .what = fmt::format("{} \"{}\".", verb, secret.name)};
}

Reply secret_delete(Visit& visit) {
    TRY_VOID(visit.no_body());
    const std::string_view name = visit.parameters[0];
    vault::Vault& vault = visit.plane.vault;
    TRY_VOID(check_known(visit, name));
    TRY_VOID(do_audited(visit, fmt::format("secret:{}", name), [&] { return vault.remove(name); }));
    return no_content();
}

Proposed propose_secret_delete(Visit& visit) {
    TRY_VOID(visit.no_body());
    const std::string_view name = visit.parameters[0];
    TRY_VOID(check_known(visit, name));
    return Proposal{.covered = covers_secrets(visit), .what = fmt::format("Delete the secret \"{}\".", name)};
}

}  // namespace bursar::admin
