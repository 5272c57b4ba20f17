// Who is let in, by which way, and what is written of it.
#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/staff/house.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::staff {
namespace {

constexpr std::string_view oidc_prefix = "oidc:";
constexpr std::string_view ldap_prefix = "ldap:";
constexpr std::size_t browser_secret_bytes = 20;
constexpr std::chrono::minutes seen_for{5};
/// No refusal of a directory is told sooner. Directories refuse a name that they do not have faster than a wrong
/// password (Active Directory by some 200 ms: it writes the failure down), which would tell strangers who exists.
constexpr std::chrono::milliseconds refusal_takes{500};

std::unexpected<Error> busy() {
    return fail(Fault::overloaded, "Many people are signing in at the moment. Try again in a few seconds.",
                fmt::format("{} requests wait for directories and providers already", Gate::most));
}

}  // namespace

Result<std::shared_ptr<auth::Directory>> House::directory(std::string_view name) const {
    const auto connections = connections_.get();
    const auto found = connections->directories.find(name);
    if (found != connections->directories.end()) return found->second;
    return fail(Fault::not_found, fmt::format("There is no directory \"{}\" to sign in by.", name));
}

Result<std::shared_ptr<oidc::Client>> House::provider(std::string_view name) const {
    const auto connections = connections_.get();
    const auto found = connections->providers.find(name);
    if (found != connections->providers.end()) return found->second;
    return fail(Fault::not_found, fmt::format("There is no provider \"{}\" to sign in by.", name));
}

void House::note(const Visitor& visitor, std::string_view way, const Error& error) {
    JsonWriter detail;
    detail.open().field("way", way).field("why", error.operator_text().substr(0, 500)).close();
    parts_.audit.note({.actor = "anonymous",
                       .address = visitor.address,
                       .action = "sign_in",
                       .object = std::string(way),
                       .outcome = std::string(facts(error.fault).name),
                       .detail = std::move(detail).text()});
    log::info("sign_in_refused", {{"way", way},
                                  {"address", visitor.address},
                                  {"fault", facts(error.fault).name},
                                  {"reason", error.operator_text()}});
}

auth::People::AlsoPerson House::recorded(std::string action, std::string actor, std::string address) {
    return [this, action = std::move(action), actor = std::move(actor), address = std::move(address)](
               store::Transaction& transaction, const auth::Person& person) {
        JsonWriter detail;
        detail.open().field("source", person.facts.origin.source).field("state", auth::name_of(person.state));
        detail.field("why", person.why).close();
        return parts_.audit.append(transaction, {.actor = actor.empty() ? "person:" + person.name : actor,
                                                 .address = address,
                                                 .action = action,
                                                 .object = "person:" + person.name,
                                                 .outcome = "ok",
                                                 .detail = std::move(detail).text()});
    };
}

Result<std::shared_ptr<const auth::Person>> House::known(const auth::Origin& origin) {
    auto person = parts_.people.find(origin);
    if (!person)
        return fail(Fault::not_permitted, "Your account is not known here yet. Whoever runs Bursar can see why.",
                    fmt::format("{} {} is not among the people of that source", origin.source, origin.subject));
    if (person->let_in()) return person;
    return fail(Fault::not_permitted, "Your account may not sign in here. Whoever runs Bursar can see why.",
                fmt::format("{} is {}: {}", person->name, auth::name_of(person->state), person->why));
}

Result<std::shared_ptr<const auth::Person>> House::welcome(const auth::PersonFacts& facts, const Visitor& visitor,
                                                           std::string_view way) {
    TRY_VOID(parts_.people.see(facts, recorded("person.seen", fmt::format("directory:{}", way), visitor.address)));
    TRY(auto person, known(facts.origin));
    TRY_VOID(parts_.people.note_sign_in(person->name, {}));
    return person;
}

Result<Proven> House::by_password(std::string_view name, std::string_view user, const Secret& password,
                                  const Visitor& visitor) {
    TRY(const std::shared_ptr<auth::Directory> asked, directory(name));
    const std::string way = std::string(ldap_prefix) + std::string(name);
    const auto refused = [&](Error error) {
        note(visitor, way, error);
        return std::unexpected(std::move(error));
    };
    const auto meant = parts_.people.meant_by(way, user);
    auto permit = lockout_.may_try(
        {.directory = name, .user = user, .subject = meant ? meant->facts.origin.subject : std::string_view{}},
        visitor.address, parts_.clock.now());
    if (!permit) return refused(std::move(permit).error());
    const Gate::Pass pass = gate_.enter();
    if (!pass) return busy();
    const auto told_at = std::chrono::steady_clock::now() + refusal_takes;
    auto facts = asked->sign_in(user, password);
    if (!facts) {
        // Only the directory's own no counts: nobody is locked out because it was down.
        if (facts.error().fault == Fault::unauthenticated) {
            std::move(*permit).failed(parts_.clock.now());
            wait_until(told_at);
        }
        return refused(std::move(facts).error());
    }
    std::move(*permit).succeeded(parts_.clock.now());
    auto person = welcome(*facts, visitor, way);
    if (!person) return refused(std::move(person).error());
    return Proven{
        .person = std::move(*person), .way = way, .provider_session = {}, .provider_subject = {}, .id_token = {}};
}

Result<Redirect> House::begin(std::string_view name, std::string_view callback, Purpose purpose,
                              const Visitor& visitor) {
    TRY(const std::shared_ptr<oidc::Client> client, provider(name));
    const Gate::Pass pass = gate_.enter();
    if (!pass) return busy();
    const bool again = !purpose.step_up_session.empty();
    auto begun = client->begin(callback, {}, again ? oidc::Login::fresh : oidc::Login::any);
    if (!begun) {
        note(visitor, std::string(oidc_prefix) + std::string(name), begun.error());
        return std::unexpected(std::move(begun).error());
    }
    Redirect redirect{.url = std::move(begun->url), .browser = Secret(to_base32(random_bytes(browser_secret_bytes)))};
    Away::Trip trip{.pending = std::move(begun->pending),
                    .purpose = std::move(purpose),
                    .browser = sha256(redirect.browser.reveal()),
                    .address = auth::counted_address(visitor.address),
                    .began_at = {}};
    TRY_VOID(away_.leave(begun->state, std::move(trip), parts_.clock.now()));
    return redirect;
}

Result<Returned> House::finish(std::string_view name, const Answered& answered, std::string_view browser,
                               const Visitor& visitor) {
    const std::string way = std::string(oidc_prefix) + std::string(name);
    const auto refused = [&](Error error) {
        note(visitor, way, error);
        return std::unexpected(std::move(error));
    };
    TRY(const std::shared_ptr<oidc::Client> client, provider(name));
    auto trip = away_.come_back(name, answered.state, browser, parts_.clock.now());
    if (!trip) return refused(std::move(trip).error());
    const Gate::Pass pass = gate_.enter();
    if (!pass) return busy();
    auto identity = client->finish(trip->pending, {.code = answered.code,
                                                   .state = answered.state,
                                                   .issuer = answered.issuer,
                                                   .error = answered.error,
                                                   .error_description = {}});
    if (!identity) return refused(std::move(identity).error());
    const auth::Origin& origin = identity->facts.origin;
    auto person = origin.source == way ? welcome(identity->facts, visitor, way) : known(origin);
    if (!person) return refused(std::move(person).error());
    return Returned{.proven = {.person = std::move(*person),
                               .way = way,
                               .provider_session = std::move(identity->session),
                               .provider_subject = std::move(identity->subject),
                               .id_token = std::move(identity->id_token)},
                    .purpose = std::move(trip->purpose)};
}

Result<int> House::logout_notice(std::string_view name, std::string_view token, const Visitor& visitor) {
    const std::string way = std::string(oidc_prefix) + std::string(name);
    TRY(const std::shared_ptr<oidc::Client> client, provider(name));
    const Gate::Pass pass = gate_.enter();
    if (!pass) return busy();
    auto notice = client->read_logout(token);
    if (!notice) {
        note(visitor, way, notice.error());
        return std::unexpected(std::move(notice).error());
    }
    std::string person;
    if (!notice->subject.empty()) {
        const oidc::Options& options = client->options();
        const auto found = options.subject_claim == "sub"
                               ? parts_.people.find(auth::Origin{options.source, notice->subject})
                               : nullptr;
        // Where another claim says who somebody is, only a session knows their `sub`.
        person = found ? found->name : parts_.sessions.person_by_provider(way, notice->subject);
    }
    if (person.empty() && notice->session.empty()) {
        log::warning("logout_of_nobody", {{"way", way}, {"reason", "no person and no session of ours is meant by it"}});
        return 0;
    }
    return parts_.sessions.end_by_provider(way, person, notice->session, [&](store::Transaction& transaction) {
        JsonWriter detail;
        detail.open().field("person", person).close();
        return parts_.audit.append(transaction, {.actor = way,
                                                 .address = visitor.address,
                                                 .action = "session.ended_by_provider",
                                                 .object = person.empty() ? way : "person:" + person,
                                                 .outcome = "ok",
                                                 .detail = std::move(detail).text()});
    });
}

std::string House::logout_url(std::string_view way, std::string_view id_token, std::string_view back_to) {
    if (!way.starts_with(oidc_prefix)) return {};
    const auto client = provider(way.substr(oidc_prefix.size()));
    const Gate::Pass pass = gate_.enter();
    if (!pass) return {};
    return client ? (*client)->logout_url(id_token, back_to) : std::string{};
}

Result<auth::NewSession> House::by_break_glass(const Secret& passphrase, const Visitor& visitor) {
    const Timestamp now = parts_.clock.now();
    auto opened =
        break_glass_->open(passphrase.reveal(), visitor.address, [&](store::Transaction& transaction) -> Result<void> {
            const std::string text = fmt::format("The break-glass account was used from {}.", visitor.address);
            TRY_VOID(treasury::raise(transaction, {.at = now,
                                                   .name = "break_glass:" + to_text(now),
                                                   .kind = "break_glass.used",
                                                   .subject = "break-glass",
                                                   .text = text,
                                                   .detail = "{}"}));
            return parts_.audit.append(transaction, {.actor = "break-glass",
                                                     .address = visitor.address,
                                                     .action = "break_glass.open",
                                                     .object = "break-glass",
                                                     .outcome = "ok",
                                                     .detail = "{}"});
        });
    if (!opened) {
        note(visitor, auth::break_glass_way, opened.error());
        return std::unexpected(std::move(opened).error());
    }
    log::warning("break_glass_used", {{"name", *opened}, {"address", visitor.address}});
    return auth::NewSession{.person = {},
                            .kind = auth::SessionKind::console,
                            .client = visitor.client,
                            .address = visitor.address,
                            .way = std::string(auth::break_glass_way),
                            .provider_session = {}};
}

Result<void> House::still_there(std::string_view name) {
    const auto person = parts_.people.find(name);
    if (!person || !person->let_in())
        return fail(Fault::unauthenticated, "Your account may not sign in here any more.",
                    fmt::format("{} is not let in", name));
    const std::string& source = person->facts.origin.source;
    if (!source.starts_with(ldap_prefix)) return {};
    const std::string_view name_of_directory = std::string_view(source).substr(ldap_prefix.size());
    const auto asked = directory(name_of_directory);
    // One that the policy has, but that could not be made of it, takes nothing away.
    if (!asked && connections_.get()->identity.directories.contains(name_of_directory))
        return fail(Fault::directory_unavailable, "Your directory cannot be asked at the moment. Try again later.",
                    fmt::format("{} could not be made from the policy; the log says why", source));
    if (!asked)
        return fail(Fault::unauthenticated, "Your directory is not connected here any more. Sign in again.",
                    fmt::format("the policy has no directory for {}", source));
    const Gate::Pass pass = gate_.enter();
    if (!pass) return busy();
    TRY(const std::optional<auth::PersonFacts> facts, (*asked)->look_up(person->facts.origin));
    // Whoever is not found is refused now; whether they have left is for the next whole list to say.
    if (!facts)
        return fail(Fault::unauthenticated, "Your account may not sign in here any more.",
                    fmt::format("{} does not have {} any more", source, person->facts.origin.subject));
    TRY_VOID(parts_.people.see(*facts, recorded("person.seen", "directory:" + source)));
    TRY_VOID(known(person->facts.origin));
    return {};
}

Result<std::shared_ptr<const Caller>> House::workload(std::string_view compact, Timestamp now) const {
    const auto refused = [](std::string why) {
        return fail(Fault::unauthenticated,
                    "This token is not accepted. Bursar takes its own keys (bsr_…), and tokens of issuers that its "
                    "policy names.",
                    std::move(why));
    };
    const auto connections = connections_.get();
    const Digest token = sha256(compact);
    for (const auto& [name, program] : connections->workloads)
        if (auto caller = program.seen->find(token, now)) return caller;
    const std::string issuer = oidc::issuer_of(compact);
    std::string last = "no workload of the policy has the issuer \"" + issuer.substr(0, 200) + "\"";
    for (const auto& [name, program] : connections->workloads) {
        if (program.policy.issuer != issuer) continue;
        const auto claims = program.keys->verify(compact, now);
        if (claims)
            // Not for longer than this: keys that an issuer takes back must not live on in what was verified by them.
            return program.seen->keep(token, std::min(claims->expires_at, now + seen_for),
                                      {.key_id = "jwt." + name,
                                       .name = claims->subject,
                                       .team = program.policy.team,
                                       .person = {},
                                       .models = program.policy.models,
                                       .budgets = {}});
        last = fmt::format("workload {}: {}", name, claims.error().operator_text());
    }
    return refused(std::move(last));
}

}  // namespace bursar::staff
