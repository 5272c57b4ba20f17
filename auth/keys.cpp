#include "auth/keys.h"

#include "auth/credential.h"
#include "auth/index.h"
#include "auth/key_entry.h"
#include "auth/last_uses.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::int64_t keys_max = 100'000;

constexpr std::string_view steps[] = {
    "CREATE TABLE auth_keys (id TEXT PRIMARY KEY, version INTEGER NOT NULL, digest BLOB NOT NULL, old_digest BLOB, "
    "name TEXT NOT NULL, "
    "team TEXT NOT NULL, person TEXT NOT NULL, models TEXT NOT NULL, networks TEXT NOT NULL, budgets TEXT NOT NULL, "
    "created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, old_secret_until INTEGER, last_used_at "
    "INTEGER) WITHOUT ROWID;",
};

std::unexpected<Error> unknown(std::string for_operator) {
    return fail(Fault::unauthenticated,
                "This is not a valid Bursar key. Check that all of it was copied (it begins with \"bsr_\"), or ask "
                "your operator for a new one.",
                std::move(for_operator));
}

class StoredKeys final : public Keys {
  public:
    StoredKeys(store::Store& store, Secret pepper, const Clock& clock, std::vector<KeyEntry> entries)
        : store_(store),
          pepper_(std::move(pepper)),
          clock_(clock),
          count_(static_cast<std::int64_t>(entries.size())),
          uses_(store, "UPDATE auth_keys SET last_used_at = ? WHERE id = ?", "key_use_not_stored") {
        for (KeyEntry& entry : entries) index_.publish(std::make_shared<const KeyEntry>(std::move(entry)));
    }

    Result<std::shared_ptr<const Caller>> identify(std::string_view presented, std::string_view address,
                                                   Timestamp now) const override;
    Result<Issued> issue(const NewKey& key,
                         const std::function<Result<void>(store::Transaction&, const KeyFacts&)>& also) override;
    Result<KeyFacts> expire(std::string_view id, Timestamp at, const Also& also) override;
    Result<Issued> rotate(std::string_view id, std::chrono::seconds grace, const Also& also) override;
    Result<void> revoke(std::string_view id, const Also& also) override;
    std::vector<KeyFacts> list() const override;

  private:
    Result<void> check_secret(const KeyEntry* entry, std::string_view presented, Timestamp now) const;
    void note_use(const std::shared_ptr<const KeyEntry>& entry, Timestamp now) const;
    void publish(KeyEntry entry);

    store::Store& store_;
    const Secret pepper_;
    const Clock& clock_;
    Index<KeyEntry> index_;
    std::atomic<std::int64_t> count_;
    const LastUses uses_;
};

Result<std::shared_ptr<const Caller>> StoredKeys::identify(std::string_view presented, std::string_view address,
                                                           Timestamp now) const {
    if (presented.empty())
        return fail(Fault::unauthenticated,
                    "No Bursar key came with this request. Send it as \"Authorization: Bearer bsr_…\"; the headers "
                    "x-api-key, api-key and "
                    "x-goog-api-key are read too.");
    const auto id = credential_id(key_prefix, presented);
    if (!id) return unknown("a credential that is not of the form of a key, or whose checksum does not fit");
    const auto entry = index_.find(*id);
    TRY_VOID(check_secret(entry.get(), presented, now));
    const KeyFacts& facts = entry->facts;
    // Beyond this line the caller has the secret and may be told what is wrong with the key.

    if (facts.revoked_at)
        return fail(
            Fault::unauthenticated,
            fmt::format("This key was revoked ({}). Ask your operator for a new one.", to_text(*facts.revoked_at)),
            fmt::format("key {} is revoked", facts.id));
    if (facts.expires_at && now >= *facts.expires_at)
        return fail(Fault::unauthenticated,
                    fmt::format("This key expired ({}). Ask your operator for a new one.", to_text(*facts.expires_at)),
                    fmt::format("key {} has expired", facts.id));
    if (!entry->networks.empty()) {
        const auto from = parse_address(address);
        const auto contains = [&](const Network& network) { return network.contains(*from); };
        if (!from || std::ranges::none_of(entry->networks, contains))
            return fail(
                Fault::not_permitted,
                fmt::format("This key may not be used from the address {}. Ask your operator to allow its network.",
                            address.substr(0, 64)),
                fmt::format("key {} came from {}, which is in none of its networks", facts.id, address.substr(0, 64)));
    }
    note_use(entry, now);
    return entry->caller;
}

/// Takes as long without an entry as with one.
Result<void> StoredKeys::check_secret(const KeyEntry* entry, std::string_view presented, Timestamp now) const {
    const Digest digest = credential_digest(pepper_, presented);
    const bool current = equal_in_constant_time(as_text(digest), as_text(entry != nullptr ? entry->digest : no_digest));
    const bool former = equal_in_constant_time(
        as_text(digest), as_text(entry != nullptr ? entry->old_digest.value_or(no_digest) : no_digest));
    if (entry == nullptr) return unknown("no key of that id");
    if (current) return {};
    if (!former) return unknown(fmt::format("a wrong secret for key {}", entry->id()));
    const auto& until = entry->facts.old_secret_until;
    if (until && now < *until) return {};
    return fail(
        Fault::unauthenticated,
        "This key was rotated and its former secret no longer works. Use the new one, or ask your operator for it.",
        fmt::format("the former secret of key {} after its grace", entry->id()));
}

void StoredKeys::note_use(const std::shared_ptr<const KeyEntry>& entry, Timestamp now) const {
    const std::int64_t minute = minute_of(now);
    if (entry->used->minute.load(std::memory_order_relaxed) >= minute || entry->used->minute.exchange(minute) >= minute)
        return;
    uses_.note(entry->id(), minute, now);  // once a minute and key
}

void StoredKeys::publish(KeyEntry entry) {
    // Uses since the row was written are in the object that all versions share.
    if (const auto former = index_.find(entry.id())) entry.used = former->used;
    index_.publish(std::make_shared<const KeyEntry>(std::move(entry)));
}

Result<Issued> StoredKeys::issue(const NewKey& key,
                                 const std::function<Result<void>(store::Transaction&, const KeyFacts&)>& also) {
    const Timestamp now = clock_.now();
    TRY_VOID(check_new_key(key, now));
    Credential credential = make_credential(key_prefix);
    KeyEntry entry{.facts = {.id = std::move(credential.id),
                             .name = key.name,
                             .team = key.team,
                             .person = key.person,
                             .models = key.models,
                             .networks = key.networks,
                             .budgets = key.budgets,
                             .created_at = now,
                             .expires_at = key.expires_at},
                   .digest = credential_digest(pepper_, credential.text),
                   .used = std::make_shared<LastUse>()};
    TRY_VOID(complete(entry));
    if (count_.fetch_add(1) >= keys_max) {
        count_.fetch_sub(1);
        return fail(Fault::invalid_request,
                    fmt::format("There are {} keys already, which is the most that are kept.", keys_max));
    }
    auto written = store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(insert_key(transaction, entry));
        return also ? also(transaction, entry.facts) : Result<void>{};
    });
    if (!written) {
        count_.fetch_sub(1);
        return std::unexpected(std::move(written).error());
    }
    Issued issued{.facts = entry.facts, .text = std::move(credential.text)};
    publish(std::move(entry));
    return issued;
}

Result<KeyFacts> StoredKeys::expire(std::string_view id, Timestamp at, const Also& also) {
    if (at <= clock_.now())
        return fail(Fault::invalid_request,
                    fmt::format("{} has passed. Give a time to come; to end a key now, revoke it.", to_text(at)));
    KeyEntry entry;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(entry, load_key(transaction, id));
        if (entry.facts.revoked_at)
            return fail(Fault::conflict,
                        fmt::format("The key {} is revoked, which is for good. Issue a new one instead.", entry.id()));
        entry.facts.expires_at = at;
        ++entry.version;
        TRY_VOID(update_key(transaction, entry));
        return also ? also(transaction) : Result<void>{};
    }));
    KeyFacts facts = entry.facts;
    publish(std::move(entry));
    return facts;
}

Result<Issued> StoredKeys::rotate(std::string_view id, std::chrono::seconds grace, const Also& also) {
    if (grace < std::chrono::seconds(0) || grace > rotation_grace_max)
        return fail(Fault::invalid_request, fmt::format("A grace of {} seconds is not possible; give 0 to {}.",
                                                        grace.count(), rotation_grace_max.count()));
    const Timestamp now = clock_.now();
    Secret text = make_credential_text(key_prefix, id);
    KeyEntry entry;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(entry, load_key(transaction, id));
        if (entry.facts.revoked_at || (entry.facts.expires_at && now >= *entry.facts.expires_at))
            return fail(Fault::conflict,
                        fmt::format("The key {} is revoked or has expired. Issue a new one instead.", entry.id()));
        entry.old_digest.reset();
        entry.facts.old_secret_until.reset();
        if (grace > std::chrono::seconds(0)) {
            entry.old_digest = entry.digest;
            entry.facts.old_secret_until = now + grace;
        }
        entry.digest = credential_digest(pepper_, text);
        ++entry.version;
        TRY_VOID(update_key(transaction, entry));
        return also ? also(transaction) : Result<void>{};
    }));
    Issued issued{.facts = entry.facts, .text = std::move(text)};
    publish(std::move(entry));
    return issued;
}

Result<void> StoredKeys::revoke(std::string_view id, const Also& also) {
    KeyEntry entry;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(entry, load_key(transaction, id));
        // Once more does no harm: whoever revokes in a hurry may repeat it.
        if (!entry.facts.revoked_at) {
            entry.facts.revoked_at = clock_.now();
            ++entry.version;
            TRY_VOID(update_key(transaction, entry));
        }
        return also ? also(transaction) : Result<void>{};
    }));
    publish(std::move(entry));
    return {};
}

std::vector<KeyFacts> StoredKeys::list() const {
    std::vector<KeyFacts> facts;
    for (const auto& entry : index_.all()) {
        facts.push_back(entry->facts);
        const std::int64_t minute = entry->used->minute.load();
        if (minute > 0) facts.back().last_used_at = Timestamp(std::chrono::minutes(minute));
    }
    std::ranges::sort(facts, [](const KeyFacts& a, const KeyFacts& b) {
        return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
    });
    return facts;
}

}  // namespace

store::Schema Keys::schema() { return {.part = "auth_keys", .steps = steps}; }

Result<std::unique_ptr<Keys>> Keys::open(store::Store& store, Secret pepper, const Clock& clock) {
    ENSURE(pepper.size() >= 32);
    std::vector<KeyEntry> entries;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(entries, load_keys(transaction));
        return {};
    }));
    return std::make_unique<StoredKeys>(store, std::move(pepper), clock, std::move(entries));
}

std::string_view credential_of(const Presented& presented) {
    constexpr std::string_view scheme = "bearer ";
    std::string_view bearer = presented.authorization;
    const bool is_bearer =
        bearer.size() >= scheme.size() && std::equal(scheme.begin(), scheme.end(), bearer.begin(), [](char a, char b) {
            return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + ('a' - 'A')) : b);
        });
    const auto is_ours = [](std::string_view text) {
        return text.starts_with(key_prefix) || text.starts_with(access_prefix);
    };
    // Some clients leave out the scheme; another scheme is none of ours.
    if (is_bearer)
        bearer.remove_prefix(scheme.size());
    else if (!is_ours(bearer) && !bearer.starts_with(jwt_prefix))
        bearer = {};
    std::string_view first;
    for (std::string_view text :
         {bearer, presented.x_api_key, presented.api_key, presented.x_goog_api_key, presented.key_parameter}) {
        while (text.starts_with(' ')) text.remove_prefix(1);
        while (text.ends_with(' ')) text.remove_suffix(1);
        if (is_ours(text)) return text;
        if (first.empty()) first = text;
    }
    return first;
}

std::vector<Caller> callers_of(const std::vector<KeyFacts>& keys) {
    std::vector<Caller> callers;
    callers.reserve(keys.size());
    for (const KeyFacts& key : keys)
        if (!key.revoked_at)
            callers.push_back({.key_id = key.id,
                               .name = key.name,
                               .team = key.team,
                               .person = key.person,
                               .models = key.models,
                               .budgets = key.budgets});
    return callers;
}

}  // namespace bursar::auth
