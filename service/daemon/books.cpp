// The database and what is read from it before anything is served.
#include "auth/break_glass.h"
#include "auth/scim/scim.h"
#include "auth/sync_history.h"
#include "service/admin/approvals.h"
#include "service/audit/booked.h"
#include "service/audit/outcomes.h"
#include "service/base/log.h"
#include "service/daemon/service.h"
#include "service/outbox/tables.h"
#include "service/treasury/accounts.h"
#include "service/treasury/allocations.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

Error first_problem(const std::vector<policies::Problem>& problems, std::string_view where) {
    std::string all;
    for (const policies::Problem& problem : problems) all.append(all.empty() ? "" : "\n").append(problem.message());
    return {Fault::wrong_configuration, fmt::format("The policy {} is wrong:\n{}", where, all), {}};
}

Result<std::shared_ptr<const policies::Snapshot>> read_rules(const Configuration& configuration,
                                                             const std::vector<policies::Document>& defaults,
                                                             store::Store& store, audit::Audit& audit,
                                                             const Clock& clock) {
    TRY(admin::Revision revision, admin::Revisions::newest(store));
    if (revision.number == 0 && !configuration.policy_initial.empty()) {
        TRY(revision.documents, policies::read_folder(configuration.policy_initial));
        const policies::Parsed checked = policies::parse(defaults, revision.documents, 1);
        if (!checked.problems.empty())
            return std::unexpected(first_problem(checked.problems, "in " + configuration.policy_initial.string()));
        revision.number = 1;
        revision.at = clock.now();
        revision.author = "service";
        revision.reason = "first policy, from the configuration";
        TRY_VOID(store.write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(admin::Revisions::append(transaction, revision));
            return audit.append(transaction, {"service", "", "policy.apply", "revision:1", "ok", "{}"});
        }));
    }
    policies::Parsed parsed = policies::parse(defaults, revision.documents, revision.number);
    if (!parsed.problems.empty())
        return std::unexpected(first_problem(
            parsed.problems, fmt::format("of revision {}, with the defaults of this version,", revision.number)));
    for (const std::string& warning : parsed.warnings) log::warning("policy_warning", {{"text", warning}});
    return std::move(parsed.snapshot);
}

audit::Outcome outcome_of(const ledger::Charge& charge) {
    audit::Outcome outcome;
    outcome.call = charge.call;
    outcome.attempt = charge.attempt;
    outcome.at = charge.at;
    outcome.channel = charge.channel;
    for (const AccountName& account : charge.accounts) {
        // Books of some calls only name no one new.
        if (account.contains('|')) continue;
        if (account.starts_with("key:")) outcome.key_id = account.substr(4);
        if (account.starts_with("team:")) outcome.team = account.substr(5);
        if (account.starts_with("person:")) outcome.person = account.substr(7);
    }
    outcome.cost = charge.amount.cost;
    outcome.charge = charge.amount.charge;
    return outcome;
}

/// After a stop every call that the journal still knows has its row; to make rows of so many only to drop them would be
/// most of a start.
Result<bool> all_recorded(store::Transaction& transaction, const ledger::Found& found) {
    const std::vector<ledger::Charge>& settled = found.settled;
    if (settled.empty() || !found.lost.empty()) return settled.empty();
    const Timestamp oldest = std::ranges::min_element(settled, {}, &ledger::Charge::at)->at;
    TRY(const audit::Recorded known, audit::read_recorded(transaction, oldest));
    return std::ranges::all_of(settled, [&](const ledger::Charge& charge) {
        return std::ranges::binary_search(known.attempts, charge.attempt);
    });
}

/// Of a call that made a batch the shelf knows more than the journal: its results will correct it, and nothing else.
Result<void> tell_batches(store::Transaction& transaction, std::vector<audit::Outcome>& outcomes) {
    std::vector<std::string> calls;
    for (const audit::Outcome& outcome : outcomes) calls.push_back(outcome.call.text());
    TRY(const auto batches, shelf::Shelf::made_by(transaction, calls));
    for (const shelf::Item& batch : batches)
        for (audit::Outcome& outcome : outcomes) {
            if (outcome.call != batch.call) continue;
            outcome.endpoint = Endpoint::batch_create;
            outcome.model = batch.model;
            outcome.channel = batch.provider + "/" + batch.model_there;
            outcome.served.service_tier = audit::remembered_batch;
        }
    return {};
}

/// Every attempt that the journal knows gets its outcome row, in the transaction that closes the books: no later crash
/// can part the two.
Result<void> complete_rows(store::Transaction& transaction, const ledger::Found& found) {
    std::vector<audit::Outcome> outcomes;
    for (const ledger::Lost& lost : found.lost) {
        audit::Outcome& outcome = outcomes.emplace_back(outcome_of(lost));
        outcome.fault = "lost";
        outcome.usage_source = UsageSource::lost;
        outcome.held = lost.amount.cost;
    }
    TRY(const bool recorded, all_recorded(transaction, found));
    const std::span<const ledger::Charge> owed(found.settled.data(), recorded ? 0 : found.settled.size());
    for (const ledger::Charge& settled : owed) {
        audit::Outcome& outcome = outcomes.emplace_back(outcome_of(settled));
        // The cost is the one that was settled; whose count it was, nobody knows any more.
        outcome.fault = "record_lost";
        outcome.usage_source = UsageSource::estimated;
    }
    TRY_VOID(tell_batches(transaction, outcomes));
    TRY(const auto written, audit::Audit::complete(transaction, std::move(outcomes)));
    for (const audit::Outcome& outcome : written)
        log::warning("call_completed_at_start", {{"call", outcome.call.text()},
                                                 {"attempt", outcome.attempt.text()},
                                                 {"fault", outcome.fault},
                                                 {"cost_usd", outcome.cost.text()}});
    return {};
}

/// Who may call: everybody whom a directory tells of, in each of their teams, and whoever else has a key.
std::vector<treasury::Belonging> people_of(const auth::Keys& keys, const auth::People& known) {
    std::vector<treasury::Belonging> people;
    for (const auto& person : known.all())
        if (person->let_in())
            for (const std::string& team : person->standing.teams) people.push_back({person->name, team});
    for (auth::KeyFacts& key : keys.list())
        if (!key.revoked_at && !key.person.empty() && known.find(key.person) == nullptr)
            people.push_back({std::move(key.person), std::move(key.team)});
    return people;
}

}  // namespace

Result<vault::MasterKey> key_of(const Configuration& configuration) {
    if (configuration.key_source == KeySource::passphrase)
        return fail(Fault::wrong_configuration,
                    "The master key is a passphrase: start bursard and use bursarctl vault unseal.");
    Result<vault::MasterKey> key = vault::MasterKey::from_file(configuration.key_file);
    if (!key) return fail(Fault::wrong_configuration, key.error().for_caller, key.error().for_operator);
    return key;
}

Result<Books> open_books(const Configuration& configuration, const std::vector<policies::Document>& defaults,
                         vault::Vault& vault, const Clock& clock) {
    Books books;
    TRY(Secret database_key, vault.database_key());
    store::Options options{.file = configuration.state_folder / "bursar.db",
                           .key = std::move(database_key),
                           .durability = configuration.durability,
                           .schemas = {ledger::Ledger::schema(), audit::Audit::schema(), auth::Keys::schema(),
                                       auth::Operators::schema(), auth::People::schema(), auth::Sessions::schema(),
                                       scim::Scim::schema(), admin::Revisions::schema(), admin::Approvals::schema(),
                                       replays::Replays::schema(), stored::Stored::schema(), shelf::Shelf::schema()}};
    std::ranges::move(treasury::Treasury::schemas(), std::back_inserter(options.schemas));
    options.schemas.push_back(reports::schema());
    options.schemas.push_back(outbox::schema());
    std::ranges::move(staff::Staff::schemas(), std::back_inserter(options.schemas));
    TRY(books.store, store::Store::open(std::move(options)));
    TRY(books.ledger, ledger::Ledger::recover(*books.store, clock, complete_rows));
    TRY(const Secret audit_pepper, vault.pepper());
    TRY(books.audit, audit::Audit::open(*books.store, audit_pepper, clock));
    TRY(books.replays, replays::Replays::open(*books.store, clock));
    TRY(books.stored, stored::Stored::open(*books.store, clock));
    TRY(books.shelf, shelf::Shelf::open(*books.store));
    TRY(Secret keys_pepper, vault.pepper());
    TRY(books.keys, auth::Keys::open(*books.store, std::move(keys_pepper), clock));
    TRY(Secret operators_pepper, vault.pepper());
    TRY(books.operators, auth::Operators::open(*books.store, std::move(operators_pepper), clock));
    TRY(books.people, auth::People::open(*books.store, clock, {}));
    TRY(Secret sessions_pepper, vault.pepper());
    TRY(books.sessions, auth::Sessions::open(*books.store, std::move(sessions_pepper), *books.people, clock));
    TRY(auto rules, read_rules(configuration, defaults, *books.store, *books.audit, clock));
    TRY_VOID(admin::Approvals::close_cut_off(*books.store, *books.audit, clock.now()));
    TRY_VOID(books.audit->set_time_zone(rules->organisation.time_zone));
    books.rules = std::make_unique<policies::Rules>(std::move(rules));
    books.staff =
        staff::Staff::open({*books.store, *books.audit, *books.rules, *books.people, *books.sessions, vault, clock});
    books.callers = std::make_unique<auth::Authenticator>(
        *books.keys, *books.people, *books.sessions,
        [staff = books.staff.get()](std::string_view compact, Timestamp now) { return staff->workload(compact, now); });
    TRY(books.treasury, treasury::Treasury::open(*books.store, *books.ledger, *books.audit, *books.rules, clock));
    books.treasury->desk.team_of = [&keys = *books.keys](std::string_view account) {
        return treasury::team_of(auth::callers_of(keys.list()), account);
    };
    TRY(books.allocations,
        treasury::Runs::open(*books.store, *books.ledger, *books.audit, *books.rules, clock,
                             [&keys = *books.keys, &people = *books.people] { return people_of(keys, people); }));
    TRY_VOID(books.allocations->load());
    books.reports = std::make_unique<reports::Schedules>(reports::Schedules::Parts{
        .store = *books.store,
        .rules = *books.rules,
        .gatherer = reports::Gatherer({*books.audit, *books.ledger, configuration.public_url})});
    return books;
}

}  // namespace bursar::daemon
