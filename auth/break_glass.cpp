#include "auth/break_glass.h"

#include "auth/columns.h"
#include "auth/network.h"
#include "auth/printable.h"
#include "auth/recent.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"

#include <algorithm>
#include <array>

#include <argon2.h>
#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t passphrase_bytes = 20;
constexpr std::size_t group_length = 4;
constexpr std::size_t typed_bytes_max = 200;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t name_characters_max = 100;
constexpr std::size_t tries_max = 5;
constexpr auto tries_window = std::chrono::minutes(15);

constexpr std::string_view steps[] = {
    // One row at most.
    "CREATE TABLE auth_break_glass (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL, salt BLOB NOT NULL, "
    "digest BLOB NOT NULL, memory_kib INTEGER NOT NULL, passes INTEGER NOT NULL, made_at INTEGER NOT NULL);",
};

struct Stored {
    std::string name;
    std::string salt;
    Digest digest{};
    BreakGlassCost cost;
    Timestamp made_at;
};

Result<Digest> stretch(const Secret& passphrase, std::string_view salt, const BreakGlassCost& cost) {
    Digest digest{};
    const int code = argon2id_hash_raw(cost.passes, cost.memory_kib, 1, passphrase.reveal().data(), passphrase.size(),
                                       salt.data(), salt.size(), digest.data(), digest.size());
    if (code != ARGON2_OK)
        return fail(Fault::internal, "The passphrase cannot be checked right now; the machine may be short of memory.",
                    fmt::format("argon2id with {} KiB: {}", cost.memory_kib, argon2_error_message(code)));
    return digest;
}

/// As it is stretched: small letters without what people put between them, and with the letters that are not in the
/// alphabet read as the digits that they look like.
Secret plain_of(std::string_view typed) {
    std::string plain;
    plain.reserve(typed_bytes_max);
    for (const char c : typed.substr(0, typed_bytes_max)) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        if (small == '-' || small == ' ' || small == '\t' || small == '\n' || small == '\r') continue;
        plain.push_back(small == 'o' ? '0' : small == 'i' || small == 'l' ? '1' : small);
    }
    return Secret(std::move(plain));
}

Secret in_groups(const Secret& plain) {
    const std::string_view letters = plain.reveal();
    std::string text;
    text.reserve(letters.size() + letters.size() / group_length);
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (i > 0 && i % group_length == 0) text.push_back('-');
        text.push_back(letters[i]);
    }
    return Secret(std::move(text));
}

bool is_loopback(std::string_view address) {
    const auto parsed = parse_address(address);
    if (!parsed) return false;
    static const Network v4 = *Network::parse("127.0.0.0/8"), v6 = *Network::parse("::1");
    return v4.contains(*parsed) || v6.contains(*parsed);
}

/// Always from the database: whoever has just sealed it has sealed it for everybody.
Result<std::optional<Stored>> load(store::Transaction& transaction) {
    std::optional<Stored> stored;
    TRY_VOID(transaction.each("SELECT name, salt, digest, memory_kib, passes, made_at FROM auth_break_glass", {},
                              [&](const store::Row& row) -> Result<void> {
                                  const auto digest = digest_in(row, 2);
                                  if (!digest)
                                      return fail(
                                          Fault::wrong_configuration,
                                          "What is stored of the local operator cannot be read. Make a new one.");
                                  stored = Stored{.name = std::string(row.text(0)),
                                                  .salt = std::string(row.text(1)),
                                                  .digest = *digest,
                                                  .cost = {.memory_kib = static_cast<std::uint32_t>(row.integer(3)),
                                                           .passes = static_cast<std::uint32_t>(row.integer(4))},
                                                  .made_at = time_in(row, 5).value_or(Timestamp{})};
                                  return {};
                              }));
    return stored;
}

class StoredBreakGlass final : public BreakGlass {
  public:
    StoredBreakGlass(store::Store& store, const Clock& clock, BreakGlassCost cost)
        : store_(store), clock_(clock), cost_(cost) {}

    Result<std::optional<State>> state() const override;
    Result<Made> make(std::string_view name, const Also& also) override;
    Result<std::string> open(std::string_view passphrase, std::string_view address, const Also& also) override;
    Result<void> seal(const Also& also) override;

  private:
    Result<void> count_try(std::string_view address) EXCLUDES(mutex_);
    Result<std::optional<Stored>> read() const;

    store::Store& store_;
    const Clock& clock_;
    const BreakGlassCost cost_;
    Mutex stretching_;  ///< guards the machine's memory: one at a time
    Mutex mutex_;
    std::array<Window<Timestamp>, 2> tries_ GUARDED_BY(mutex_);  ///< from the network, from the machine itself
};

Result<std::optional<Stored>> StoredBreakGlass::read() const {
    std::optional<Stored> stored;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(stored, load(transaction));
        return {};
    }));
    return stored;
}

Result<std::optional<BreakGlass::State>> StoredBreakGlass::state() const {
    TRY(const auto stored, read());
    if (!stored) return std::nullopt;
    return State{.name = stored->name, .made_at = stored->made_at};
}

Result<BreakGlass::Made> StoredBreakGlass::make(std::string_view name, const Also& also) {
    if (!is_printable(name, name_characters_max))
        return fail(Fault::invalid_request,
                    fmt::format("'name' has 1 to {} characters that can be printed.", name_characters_max));
    const Secret plain(to_base32(random_bytes(passphrase_bytes)));
    Stored made{.name = std::string(name),
                .salt = random_bytes(salt_bytes),
                .digest = {},
                .cost = cost_,
                .made_at = clock_.now()};
    {
        const MutexLock one_at_a_time(stretching_);
        TRY(made.digest, stretch(plain, made.salt, made.cost));
    }
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run(
            "INSERT OR REPLACE INTO auth_break_glass (one, name, salt, digest, memory_kib, passes, made_at) VALUES (1, "
            "?, ?, ?, ?, ?, ?)",
            {made.name, store::Blob{made.salt}, store::Blob{as_text(made.digest)}, std::int64_t{made.cost.memory_kib},
             std::int64_t{made.cost.passes}, time_value(made.made_at)}));
        return also ? also(transaction) : Result<void>{};
    }));
    return Made{.name = std::move(made.name), .passphrase = in_groups(plain)};
}

/// Before the work, so that many at once are no more than one after the other.
Result<void> StoredBreakGlass::count_try(std::string_view address) {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    Window<Timestamp>& tries = tries_.at(is_loopback(address) ? 1 : 0);
    tries.forget(now, tries_window);
    if (tries.size() >= tries_max) {
        const auto time = std::chrono::ceil<std::chrono::seconds>(tries.at(0) + tries_window - now);
        return fail(
            Fault::locked_out,
            fmt::format("There were too many wrong passphrases. Try again in {} seconds.", time.count()),
            fmt::format("the local operator was tried {} times in {} minutes", tries_max, tries_window.count()));
    }
    tries.add(now, tries_max);
    return {};
}

Result<std::string> StoredBreakGlass::open(std::string_view passphrase, std::string_view address, const Also& also) {
    TRY_VOID(count_try(address));
    TRY(const auto stored, read());
    const Stored none{.name = {}, .salt = std::string(salt_bytes, 's'), .digest = {}, .cost = cost_, .made_at = {}};
    const Stored& against = stored ? *stored : none;
    Digest digest{};
    {
        const MutexLock one_at_a_time(stretching_);
        TRY(digest, stretch(plain_of(passphrase), against.salt, against.cost));
    }
    const bool fits = equal_in_constant_time(as_text(digest), as_text(against.digest));
    if (!fits || !stored)
        return fail(Fault::unauthenticated,
                    "This passphrase opens nothing. Check that all of it was typed, or sign in another way.",
                    stored ? "a wrong passphrase for the local operator"
                           : "a passphrase for the local operator, who is sealed");
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        // It may have been sealed, or made anew, while this one was being stretched.
        TRY(const auto present, load(transaction));
        if (!present || present->digest != stored->digest)
            return fail(Fault::unauthenticated, "This passphrase opens nothing any more: it was just sealed.",
                        "the local operator was sealed while somebody opened it");
        return also ? also(transaction) : Result<void>{};
    }));
    const MutexLock lock(mutex_);
    for (Window<Timestamp>& tries : tries_) tries.clear();
    return stored->name;
}

Result<void> StoredBreakGlass::seal(const Also& also) {
    return store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run("DELETE FROM auth_break_glass"));
        return also ? also(transaction) : Result<void>{};
    });
}

}  // namespace

store::Schema BreakGlass::schema() { return {.part = "auth_break_glass", .steps = steps}; }

std::unique_ptr<BreakGlass> BreakGlass::in(store::Store& store, const Clock& clock, BreakGlassCost cost) {
    return std::make_unique<StoredBreakGlass>(store, clock, cost);
}

}  // namespace bursar::auth
