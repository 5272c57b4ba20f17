#include "service/admin/facts_json.h"
#include "service/admin/second_person.h"
#include "service/admin/visit.h"
#include "service/base/log.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t documents_max = 200;
constexpr std::size_t document_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t document_name_bytes_max = 200;
constexpr std::size_t reason_bytes_max = 500;
constexpr int revisions_shown_max = 1'000;
/// How much of the changes goes into the audit row, whose detail is at most 4 KiB.
constexpr std::size_t audited_detail_bytes_max = 3'500;

using policies::Document;
using policies::Snapshot;

void write_documents(JsonWriter& json, const std::vector<Document>& documents) {
    json.key("documents").open_list();
    for (const Document& document : documents)
        json.open().field("name", document.name).field("text", document.text).close();
    json.close_list();
}

Answer revision_answer(const Revision& revision) {
    JsonWriter json;
    json.open()
        .field("revision", revision.number)
        .field("at", to_text(revision.at))
        .field("author", revision.author)
        .field("reason", revision.reason);
    write_documents(json, revision.documents);
    json.close();
    Answer answer = json_answer(std::move(json).text());
    answer.headers.emplace_back("ETag", fmt::format("\"{}\"", revision.number));
    return answer;
}

/// Names become files at the operator's: relative, and nowhere else than below the folder.
bool is_file_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_. ").contains(c);
    };
    return !name.empty() && !name.contains("..") && std::ranges::all_of(name, fits);
}

Result<std::vector<Document>> documents_of(const Fields& fields) {
    if (!fields.has("documents"))
        return fail(Fault::invalid_request, "\"documents\" is missing: the whole policy, as a list of {name, text}.");
    TRY(const auto objects, fields.objects("documents", documents_max));
    std::vector<Document> documents;
    std::set<std::string_view> names;
    for (const Fields& each : objects) {
        TRY_VOID(each.only({"name", "text"}));
        TRY(const std::string_view name, each.label("name", document_name_bytes_max));
        TRY(const std::string_view text, each.text("text", document_bytes_max));
        if (!is_file_name(name))
            return fail(Fault::invalid_request, fmt::format("\"{}\" is not the name of a document: letters, digits, "
                                                            "spaces and -_. as a file in one folder.",
                                                            name));
        if (!names.insert(name).second)
            return fail(Fault::invalid_request, fmt::format("There are two documents \"{}\".", name));
        documents.push_back({.name = std::string(name), .text = std::string(text)});
    }
    return documents;
}

Problem unprocessable(std::vector<policies::Problem> problems) {
    Problem problem(Error{Fault::wrong_configuration,
                          fmt::format("The policy is wrong in {} place{}; nothing was changed. First: {}",
                                      problems.size(), problems.size() == 1 ? "" : "s", problems.front().message()),
                          {}},
                    422);
    problem.problems = std::move(problems);
    return problem;
}

/// The policy that the documents make, with what they would change. The whole of it is checked before anything is
/// stored.
struct Planned {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::string> changes;
    std::vector<std::string> warnings;
};

std::expected<Planned, Problem> plan(const Visit& visit, const std::vector<Document>& documents, std::int64_t number) {
    policies::Parsed parsed = policies::parse(visit.plane.options.policy_defaults, documents, number);
    if (!parsed.snapshot) return std::unexpected(unprocessable(std::move(parsed.problems)));
    for (std::string& problem : visit.parts->staff.check(parsed.snapshot->identity))
        parsed.problems.push_back({.file = "identity", .line = 0, .column = 0, .text = std::move(problem)});
    if (!parsed.problems.empty()) return std::unexpected(unprocessable(std::move(parsed.problems)));
    const auto current = visit.parts->rules.get();
    Planned planned{.snapshot = parsed.snapshot,
                    .changes = policies::compare(current ? *current : Snapshot{}, *parsed.snapshot),
                    .warnings = std::move(parsed.warnings)};

    const policies::Identity& identity = planned.snapshot->identity;
    if (!identity.roles.empty() && identity.directories.size() + identity.oidc.size() + identity.scim.size() > 1)
        planned.warnings.push_back(
            "Roles are given by the names of groups, and people come from several sources: whoever may name groups in "
            "any "
            "of them gives roles. Write groups by their ids (SID, GUID) where you can.");
    std::set<std::string> missing_teams;
    for (const auth::KeyFacts& key : visit.parts->keys.list())
        if (!key.revoked_at && !planned.snapshot->teams.contains(key.team)) missing_teams.insert(key.team);
    for (const std::string& team : missing_teams)
        planned.warnings.push_back(
            fmt::format("Keys belong to team {}, which this policy does not have: their calls will be refused.", team));
    std::ranges::move(rule_warnings(visit, planned.snapshot), std::back_inserter(planned.warnings));
    return planned;
}

/// Names of the policy that the vault does not have; none while it is sealed and cannot tell.
Result<std::vector<std::string>> missing_secrets(const Visit& visit, const Snapshot& rules) {
    std::vector<std::string> missing;
    if (visit.plane.vault.state() == vault::State::sealed) return missing;
    TRY(const auto known, visit.plane.vault.list());
    for (std::string& name : policies::secrets_of(rules))
        if (std::ranges::find(known, name, &vault::SecretFacts::name) == known.end())
            missing.push_back(std::move(name));
    return missing;
}

/// If-Match: "12" (RFC 9110 §13.1.1): the revision that the change was made on.
std::expected<std::int64_t, Problem> base_revision(const Visit& visit) {
    std::string_view text = visit.request.if_match;
    if (text.empty())
        return std::unexpected(
            Problem(Error{Fault::invalid_request,
                          "Say which revision you changed: If-Match with the ETag of GET /api/v1/policy.",
                          {}},
                    428));
    std::int64_t number = 0;
    if (text.size() >= 3 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
    }
    return std::unexpected(
        Problem(Error{Fault::invalid_request,
                      "If-Match must be the ETag of GET /api/v1/policy, such as \"12\" with its quotes.",
                      {}}));
}

Problem stale(std::int64_t base, std::int64_t newest) {
    return {Error{Fault::conflict,
                  fmt::format("Your change was made on revision {}, but the policy is at revision {} by now. Read it "
                              "again and repeat your change on it.",
                              base, newest),
                  {}},
            412};
}

std::string applied_detail(std::string_view reason, const std::vector<std::string>& changes) {
    JsonWriter json;
    json.open().field("reason", reason).key("changes").open_list();
    std::int64_t left_out = 0;
    for (const std::string& change : changes) {
        if (json.text().size() + change.size() * 2 > audited_detail_bytes_max)
            ++left_out;
        else
            json.value(change);
    }
    json.close_list().field("changes_left_out", left_out).close();
    return std::move(json).text();
}

/// What a request would put in force, and on which revision.
struct Change {
    std::int64_t base = 0;
    std::vector<Document> documents;
    std::string reason;
};

/// Stores the documents as the revision after its base and puts them in force at once: the next call sees them.
Reply apply(const Visit& visit, Change change) {
    const std::int64_t base = change.base;
    const std::string reason = std::move(change.reason);
    auto planned = plan(visit, change.documents, base + 1);
    if (!planned) return std::unexpected(std::move(planned).error());
    const Revision revision{.number = base + 1,
                            .at = visit.plane.clock.now(),
                            .author = visit.author(),
                            .reason = reason,
                            .documents = std::move(change.documents)};
    const audit::Action row =
        visit.row(fmt::format("revision:{}", revision.number), "ok", applied_detail(reason, planned->changes));
    audit::Audit& audit = visit.parts->audit;
    auto stored = visit.parts->store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(Revisions::append(transaction, revision));
        TRY_VOID(audit.append(transaction, row));
        return tell_of_rule(visit, transaction, planned->snapshot->identity, revision.number);
    });
    if (!stored) return std::unexpected(Problem(stored.error(), stored.error().fault == Fault::conflict ? 412 : 0));
    visit.parts->rules.put(planned->snapshot);
    // Whoever loses a role or a team by it has lost it when this is answered.
    visit.parts->staff.follow_policy();
    // The policy is in force already; days that end at the former midnight are no reason to say that it is not.
    if (auto set = audit.set_time_zone(planned->snapshot->organisation.time_zone); !set)
        log::error("time_zone_not_set", {{"reason", set.error().operator_text()}});
    log::info("policy_applied",
              {{"revision", revision.number}, {"author", revision.author}, {"changes", planned->changes.size()}});

    JsonWriter json;
    json.open().field("revision", revision.number);
    write_texts(json, "changes", planned->changes);
    write_texts(json, "warnings", planned->warnings);
    json.close();
    Answer answer = json_answer(std::move(json).text());
    answer.headers.emplace_back("ETag", fmt::format("\"{}\"", revision.number));
    return answer;
}

/// The base of If-Match, if it is still the newest revision.
std::expected<Revision, Problem> current_base(const Visit& visit) {
    const auto base = base_revision(visit);
    if (!base) return std::unexpected(base.error());
    auto newest = Revisions::newest(visit.parts->store);
    if (!newest) return std::unexpected(Problem(std::move(newest).error()));
    if (newest->number != *base) return std::unexpected(stale(*base, newest->number));
    return std::move(*newest);
}

std::expected<Change, Problem> change_to_apply(const Visit& visit, const Fields& fields) {
    TRY_VOID(fields.only({"documents", "reason"}));
    TRY(auto documents, documents_of(fields));
    TRY(const std::string_view reason, fields.text_or_empty("reason", reason_bytes_max));
    const auto base = current_base(visit);
    if (!base) return std::unexpected(base.error());
    return Change{.base = base->number, .documents = std::move(documents), .reason = std::string(reason)};
}

std::expected<Change, Problem> change_to_roll_back(const Visit& visit, const Fields& fields) {
    TRY_VOID(fields.only({"to", "reason"}));
    TRY(const std::int64_t to, fields.integer("to", 1, std::numeric_limits<std::int64_t>::max()));
    TRY(const std::string_view given, fields.text_or_empty("reason", reason_bytes_max));
    const auto base = current_base(visit);
    if (!base) return std::unexpected(base.error());
    TRY(Revision old, Revisions::read(visit.parts->store, to));
    return Change{.base = base->number,
                  .documents = std::move(old.documents),
                  .reason = given.empty() ? fmt::format("back to revision {}", to)
                                          : fmt::format("back to revision {}: {}", to, given)};
}

Proposed propose(const Visit& visit, std::expected<Change, Problem> change, std::string_view verb) {
    if (!change) return std::unexpected(std::move(change).error());
    auto planned = plan(visit, change->documents, change->base + 1);
    if (!planned) return std::unexpected(std::move(planned).error());
    std::string what = fmt::format("{} on revision {}, with {} change{}", verb, change->base, planned->changes.size(),
                                   planned->changes.size() == 1 ? "" : "s");
    if (!change->reason.empty()) what += ": " + change->reason;
    return Proposal{.covered = covers(visit, *visit.parts->rules.get(), *planned->snapshot),
                    .what = std::move(what),
                    .changes = std::move(planned->changes),
                    .warnings = std::move(planned->warnings)};
}

}  // namespace

Reply policy_read(Visit& visit) {
    TRY(const Revision revision, Revisions::newest(visit.parts->store));
    return revision_answer(revision);
}

Reply policy_plan(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY_VOID(body.fields().only({"documents"}));
    TRY(const auto documents, documents_of(body.fields()));
    TRY(const Revision newest, Revisions::newest(visit.parts->store));
    auto planned = plan(visit, documents, newest.number + 1);
    if (!planned) return std::unexpected(planned.error());
    TRY(const auto missing, missing_secrets(visit, *planned->snapshot));
    if (visit.plane.vault.state() == vault::State::sealed)
        planned->warnings.emplace_back("The vault is sealed: which secrets are missing cannot be told.");
    if (covers(visit, *visit.parts->rules.get(), *planned->snapshot))
        planned->warnings.emplace_back("This comes into force only once a second operator has approved it.");
    JsonWriter json;
    json.open().field("base_revision", newest.number);
    write_texts(json, "changes", planned->changes);
    write_texts(json, "warnings", planned->warnings);
    write_texts(json, "missing_secrets", missing);
    json.close();
    return json_answer(std::move(json).text());
}

Reply policy_apply(Visit& visit) {
    TRY(const Body body, visit.body());
    auto change = change_to_apply(visit, body.fields());
    if (!change) return std::unexpected(std::move(change).error());
    return apply(visit, *std::move(change));
}

Proposed propose_policy_apply(Visit& visit) {
    TRY(const Body body, visit.copy_of_body());
    return propose(visit, change_to_apply(visit, body.fields()), "Apply a policy");
}

Reply policy_history(Visit& visit) {
    TRY(const auto revisions, Revisions::list(visit.parts->store, revisions_shown_max));
    JsonWriter json;
    json.open().key("revisions").open_list();
    for (const Revision& each : revisions)
        json.open()
            .field("number", each.number)
            .field("at", to_text(each.at))
            .field("author", each.author)
            .field("reason", each.reason)
            .close();
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply policy_revision(Visit& visit) {
    const std::string_view text = visit.parameters[0];
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1)
        return fail(Fault::not_found, "Policy revisions are numbered 1, 2, 3, … See: bursarctl policy history.");
    TRY(const Revision revision, Revisions::read(visit.parts->store, number));
    return revision_answer(revision);
}

Reply policy_rollback(Visit& visit) {
    TRY(const Body body, visit.body());
    auto change = change_to_roll_back(visit, body.fields());
    if (!change) return std::unexpected(std::move(change).error());
    return apply(visit, *std::move(change));
}

Proposed propose_policy_rollback(Visit& visit) {
    TRY(const Body body, visit.copy_of_body());
    return propose(visit, change_to_roll_back(visit, body.fields()), "Roll the policy back");
}

Reply price_import(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"litellm", "source"}));
    TRY(const std::string_view litellm, fields.text("litellm", body_bytes_max));
    TRY(const std::string_view source, fields.label("source", document_name_bytes_max));
    TRY(const policies::Imported imported, policies::import_litellm(litellm, source, visit.plane.clock.now()));

    // What would change, were the document put in the place of the former import.
    TRY(Revision newest, Revisions::newest(visit.parts->store));
    std::erase_if(newest.documents, [&](const Document& each) { return each.name == imported.document.name; });
    newest.documents.push_back(imported.document);
    const auto planned = plan(visit, newest.documents, newest.number + 1);
    if (!planned) return std::unexpected(planned.error());

    JsonWriter json;
    json.open()
        .key("document")
        .open()
        .field("name", imported.document.name)
        .field("text", imported.document.text)
        .close();
    write_texts(json, "skipped", imported.skipped);
    json.field("models", static_cast<std::uint64_t>(imported.models));
    write_texts(json, "changes", planned->changes);
    json.close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
