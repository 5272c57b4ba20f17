#include "auth/operators.h"

#include "auth/credential.h"
#include "auth/index.h"
#include "auth/printable.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <atomic>
#include <tuple>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::int64_t tokens_max = 1'000;
constexpr std::size_t name_characters_max = 100;

constexpr std::string_view steps[] = {
    "CREATE TABLE auth_operators (id TEXT PRIMARY KEY, digest BLOB NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, "
    "created_at INTEGER NOT NULL, expires_at INTEGER) WITHOUT ROWID;",
    "ALTER TABLE auth_operators ADD COLUMN team TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE auth_operators ADD COLUMN source TEXT NOT NULL DEFAULT '';",
};

struct TokenEntry {
    Operator facts;
    Digest digest{};
    std::int64_t version = 1;
    const std::string& id() const { return facts.id; }
};

Result<TokenEntry> entry_of(const store::Row& row) {
    TokenEntry entry{.facts = {.id = std::string(row.text(0)), .name = std::string(row.text(2))}};
    const std::string_view digest = row.text(1);
    const auto role = role_of(row.text(3));
    if (digest.size() != entry.digest.size() || !role)
        return fail(
            Fault::wrong_configuration,
            fmt::format("What is stored of the operator token {} cannot be read. Restore a backup.", entry.id()));
    std::ranges::transform(digest, entry.digest.begin(), [](char c) { return static_cast<unsigned char>(c); });
    entry.facts.role = *role;
    entry.facts.created_at = Timestamp(std::chrono::nanoseconds(row.integer(4)));
    if (!row.is_null(5)) entry.facts.expires_at = Timestamp(std::chrono::nanoseconds(row.integer(5)));
    entry.facts.team = row.text(6);
    entry.facts.source = row.text(7);
    return entry;
}

Result<void> check_new_token(const NewToken& token, Timestamp now) {
    if (!is_printable(token.name, name_characters_max))
        return fail(Fault::invalid_request,
                    fmt::format("'name' has 1 to {} characters that can be printed.", name_characters_max));
    if (token.role == Role::team_lead && !is_printable(token.team, name_characters_max))
        return fail(Fault::invalid_request, "A team lead's token needs 'team': whose budgets it decides about.");
    if (token.role != Role::team_lead && !token.team.empty())
        return fail(Fault::invalid_request,
                    fmt::format("'team' is for the role team_lead; a token of the role {} is of no team. Leave it out.",
                                name_of(token.role)));
    if (token.role == Role::scim && !is_printable(token.source, name_characters_max))
        return fail(Fault::invalid_request,
                    "A token of the role scim needs 'source': whose people it tells of (identity.scim in the policy).");
    if (token.role != Role::scim && !token.source.empty())
        return fail(Fault::invalid_request,
                    fmt::format("'source' is for the role scim; a token of the role {} has none. Leave it out.",
                                name_of(token.role)));
    if (token.expires_at && *token.expires_at <= now)
        return fail(Fault::invalid_request,
                    fmt::format("'expires_at' ({}) is in the past. Give a later time, or leave it out.",
                                to_text(*token.expires_at)));
    return {};
}

/// In the transaction that takes the token away: of two that go at once, the second one must see the first gone.
Result<void> keep_one_in_charge(store::Transaction& transaction, std::string_view leaving, Timestamp now) {
    bool leaves = false, stays = false;
    TRY_VOID(transaction.each("SELECT id FROM auth_operators WHERE role = ? AND (expires_at IS NULL OR expires_at > ?)",
                              {name_of(Role::operator_), now.time_since_epoch().count()},
                              [&](const store::Row& row) -> Result<void> {
                                  (row.text(0) == leaving ? leaves : stays) = true;
                                  return {};
                              }));
    if (!leaves || stays) return {};
    return fail(Fault::conflict,
                "This is the last operator token; nobody could change anything afterwards. Issue another one first.");
}

class StoredOperators final : public Operators {
  public:
    StoredOperators(store::Store& store, Secret pepper, const Clock& clock, std::vector<TokenEntry> entries)
        : store_(store), pepper_(std::move(pepper)), clock_(clock), count_(static_cast<std::int64_t>(entries.size())) {
        for (TokenEntry& entry : entries) index_.publish(std::make_shared<const TokenEntry>(std::move(entry)));
    }

    Result<Operator> identify(std::string_view presented, Timestamp now) const override;
    using Operators::issue;
    Result<IssuedToken> issue(const NewToken& token, const AlsoIssued& also) override;
    Result<void> revoke(std::string_view id, const Also& also) override;
    std::vector<Operator> list() const override;

  private:
    Result<void> insert(const TokenEntry& entry, const AlsoIssued& also);

    store::Store& store_;
    const Secret pepper_;
    const Clock& clock_;
    Index<TokenEntry> index_;
    std::atomic<std::int64_t> count_;
};

Result<Operator> StoredOperators::identify(std::string_view presented, Timestamp now) const {
    if (presented.empty())
        return fail(Fault::unauthenticated,
                    "No operator token came with this request. Send it as \"Authorization: Bearer bso_…\".");
    const auto wrong = [](std::string for_operator) {
        return fail(Fault::unauthenticated,
                    "This is not a valid operator token. Check that all of it was copied (it begins with \"bso_\"); a "
                    "key that begins with "
                    "\"bsr_\" is for calls to models only. A new token: bursard --issue-operator NAME",
                    std::move(for_operator));
    };
    const auto id = credential_id(token_prefix, presented);
    if (!id) return wrong("a credential that is not of the form of a token, or whose checksum does not fit");
    const auto entry = index_.find(*id);
    const Digest digest = credential_digest(pepper_, presented);
    const Digest stored = entry == nullptr ? no_digest : entry->digest;
    const bool right = equal_in_constant_time(as_text(digest), as_text(stored));
    if (entry == nullptr) return wrong("no operator token of that id");
    if (!right) return wrong(fmt::format("a wrong secret for the operator token {}", entry->id()));
    const auto& expires_at = entry->facts.expires_at;
    if (expires_at && now >= *expires_at)
        return fail(
            Fault::unauthenticated,
            fmt::format("This operator token expired ({}). Ask another operator for a new one.", to_text(*expires_at)),
            fmt::format("the operator token {} has expired", entry->id()));
    return entry->facts;
}

Result<IssuedToken> StoredOperators::issue(const NewToken& token, const AlsoIssued& also) {
    const Timestamp now = clock_.now();
    TRY_VOID(check_new_token(token, now));
    if (count_.fetch_add(1) >= tokens_max) {
        count_.fetch_sub(1);
        return fail(Fault::invalid_request,
                    fmt::format("There are {} operator tokens already, which is the most that are kept. Revoke some.",
                                tokens_max));
    }
    Credential credential = make_credential(token_prefix);
    TokenEntry entry{.facts = {.id = std::move(credential.id),
                               .name = token.name,
                               .role = token.role,
                               .created_at = now,
                               .expires_at = token.expires_at,
                               .team = token.team,
                               .source = token.source},
                     .digest = credential_digest(pepper_, credential.text)};
    if (auto written = insert(entry, also); !written) {
        count_.fetch_sub(1);
        return std::unexpected(std::move(written).error());
    }
    IssuedToken issued{.facts = entry.facts, .text = std::move(credential.text)};
    index_.publish(std::make_shared<const TokenEntry>(std::move(entry)));
    return issued;
}

Result<void> StoredOperators::insert(const TokenEntry& entry, const AlsoIssued& also) {
    return store_.write([&](store::Transaction& transaction) -> Result<void> {
        const auto& facts = entry.facts;
        store::Value expires_at = nullptr;
        if (facts.expires_at) expires_at = facts.expires_at->time_since_epoch().count();
        TRY_VOID(
            transaction.run("INSERT INTO auth_operators (id, digest, name, role, created_at, expires_at, team, source) "
                            "VALUES (?, ?, ?, "
                            "?, ?, ?, ?, ?)",
                            {facts.id, store::Blob{as_text(entry.digest)}, facts.name, name_of(facts.role),
                             facts.created_at.time_since_epoch().count(), expires_at, facts.team, facts.source}));
        return also ? also(transaction, facts) : Result<void>{};
    });
}

Result<void> StoredOperators::revoke(std::string_view id, const Also& also) {
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        bool found = false;
        TRY_VOID(
            transaction.each("SELECT 1 FROM auth_operators WHERE id = ?", {id}, [&](const store::Row&) -> Result<void> {
                found = true;
                return {};
            }));
        if (!found)
            return fail(Fault::not_found,
                        fmt::format("There is no operator token with the id '{}'. All of them: bursarctl operator list",
                                    id.substr(0, 32)));
        TRY_VOID(keep_one_in_charge(transaction, id, clock_.now()));
        TRY_VOID(transaction.run("DELETE FROM auth_operators WHERE id = ?", {id}));
        return also ? also(transaction) : Result<void>{};
    }));
    index_.erase(id);
    count_.fetch_sub(1);
    return {};
}

std::vector<Operator> StoredOperators::list() const {
    std::vector<Operator> operators;
    for (const auto& entry : index_.all()) operators.push_back(entry->facts);
    std::ranges::sort(operators, [](const Operator& a, const Operator& b) {
        return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
    });
    return operators;
}

}  // namespace

store::Schema Operators::schema() { return {.part = "auth_operators", .steps = steps}; }

Result<std::unique_ptr<Operators>> Operators::open(store::Store& store, Secret pepper, const Clock& clock) {
    ENSURE(pepper.size() >= 32);
    std::vector<TokenEntry> entries;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        return transaction.each(
            "SELECT id, digest, name, role, created_at, expires_at, team, source FROM auth_operators", {},
            [&](const store::Row& row) -> Result<void> {
                TRY(auto entry, entry_of(row));
                entries.push_back(std::move(entry));
                return {};
            });
    }));
    return std::make_unique<StoredOperators>(store, std::move(pepper), clock, std::move(entries));
}

}  // namespace bursar::auth
