#include "auth/scim/rows.h"

namespace bursar::scim {
namespace {

#define USER_COLUMNS                                                                                                   \
    "id, subject, external_id, user_name, display_name, formatted, given_name, family_name, emails, active, version, " \
    "created_at, changed_at"
#define GROUP_COLUMNS "id, external_id, display_name, version, created_at, changed_at"

constexpr std::string_view steps[] = {
    "CREATE TABLE scim_source (name TEXT PRIMARY KEY, changes INTEGER NOT NULL, had_groups INTEGER NOT NULL) WITHOUT "
    "ROWID;",
    "CREATE TABLE scim_user (id TEXT PRIMARY KEY, source TEXT NOT NULL, subject TEXT NOT NULL, external_id TEXT NOT "
    "NULL, user_name TEXT NOT NULL, user_key TEXT NOT NULL, display_name TEXT NOT NULL, formatted TEXT NOT NULL, "
    "given_name TEXT NOT NULL, family_name TEXT NOT NULL, email_key TEXT NOT NULL, emails TEXT NOT NULL, active "
    "INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, UNIQUE "
    "(source, user_key)) WITHOUT ROWID;",
    "CREATE INDEX scim_user_external ON scim_user (source, external_id);",
    "CREATE INDEX scim_user_email ON scim_user (source, email_key);",
    "CREATE TABLE scim_group (id TEXT PRIMARY KEY, source TEXT NOT NULL, external_id TEXT NOT NULL, display_name TEXT "
    "NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;",
    "CREATE INDEX scim_group_source ON scim_group (source, id);",
    "CREATE TABLE scim_member (group_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (group_id, user_id)) WITHOUT "
    "ROWID;",
    "CREATE INDEX scim_member_user ON scim_member (user_id);",
};

std::int64_t stored(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp instant(std::int64_t at) { return Timestamp(std::chrono::nanoseconds(at)); }

std::string emails_text(const std::vector<Email>& emails) {
    JsonWriter json;
    json.open().key("emails").open_list();
    for (const Email& email : emails)
        json.open().field("value", email.value).field("type", email.type).field("primary", email.primary).close();
    return std::move(json.close_list().close()).text();
}

Result<std::vector<Email>> emails_in(std::string_view text) {
    std::vector<Email> out;
    TRY(const Json json, read_json(text));
    const Json* const emails = json.find("emails");
    if (emails == nullptr) return out;
    for (const Json& item : emails->items) {
        const Json *value = item.find("value"), *type = item.find("type"), *primary = item.find("primary");
        if (value != nullptr && type != nullptr && primary != nullptr)
            out.push_back({value->text, type->text, primary->truth});
    }
    return out;
}

Result<User> user_in(const store::Row& row) {
    User user{.id = std::string(row.text(0)),
              .subject = std::string(row.text(1)),
              .external_id = std::string(row.text(2)),
              .user_name = std::string(row.text(3)),
              .display_name = std::string(row.text(4)),
              .formatted = std::string(row.text(5)),
              .given_name = std::string(row.text(6)),
              .family_name = std::string(row.text(7)),
              .active = row.integer(9) != 0,
              .version = row.integer(10),
              .created_at = instant(row.integer(11)),
              .changed_at = instant(row.integer(12))};
    TRY(user.emails, emails_in(row.text(8)));
    return user;
}

Group group_in(const store::Row& row) {
    return {.id = std::string(row.text(0)),
            .external_id = std::string(row.text(1)),
            .display_name = std::string(row.text(2)),
            .version = row.integer(3),
            .created_at = instant(row.integer(4)),
            .changed_at = instant(row.integer(5))};
}

auto into(std::vector<User>& users) {
    return [&users](const store::Row& row) -> Result<void> {
        TRY(User user, user_in(row));
        users.push_back(std::move(user));
        return {};
    };
}

auto into(std::vector<Group>& groups) {
    return [&groups](const store::Row& row) -> Result<void> {
        groups.push_back(group_in(row));
        return {};
    };
}

std::string_view query_for(Known by) {
    switch (by) {
        case Known::user_name:
            return "SELECT " USER_COLUMNS " FROM scim_user WHERE source = ? AND user_key = ?";
        case Known::external_id:
            return "SELECT " USER_COLUMNS " FROM scim_user WHERE source = ? AND external_id = ?";
        case Known::email:
            return "SELECT " USER_COLUMNS " FROM scim_user WHERE source = ? AND email_key = ? LIMIT 200";
    }
    return "";
}

}  // namespace

store::Schema rows_schema() { return {.part = "scim", .steps = steps}; }

Result<SourceState> load_source(store::Transaction& transaction, std::string_view source) {
    SourceState out;
    TRY_VOID(transaction.each("SELECT changes, had_groups FROM scim_source WHERE name = ?", {source},
                              [&](const store::Row& row) -> Result<void> {
                                  out = {.changes = row.integer(0), .had_groups = row.integer(1) != 0};
                                  return {};
                              }));
    return out;
}

Result<void> save_source(store::Transaction& transaction, std::string_view source, const SourceState& state) {
    return transaction.run(
        "INSERT INTO scim_source (name, changes, had_groups) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET changes "
        "= excluded.changes, had_groups = excluded.had_groups",
        {source, state.changes, std::int64_t{state.had_groups}});
}

Result<void> insert_user(store::Transaction& transaction, std::string_view source, const User& user) {
    const std::string key = small(user.user_name), email = small(user.email()), emails = emails_text(user.emails);
    return transaction.run("INSERT INTO scim_user (" USER_COLUMNS
                           ", source, user_key, email_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           {user.id, user.subject, user.external_id, user.user_name, user.display_name, user.formatted,
                            user.given_name, user.family_name, emails, std::int64_t{user.active}, user.version,
                            stored(user.created_at), stored(user.changed_at), source, key, email});
}

Result<void> update_user(store::Transaction& transaction, const User& user) {
    const std::string key = small(user.user_name), email = small(user.email()), emails = emails_text(user.emails);
    return transaction.run(
        "UPDATE scim_user SET user_name = ?, user_key = ?, display_name = ?, formatted = ?, "
        "given_name = ?, family_name = ?, email_key = ?, emails = ?, active = ?, version = ?, "
        "changed_at = ? WHERE id = ?",
        {user.user_name, key, user.display_name, user.formatted, user.given_name, user.family_name, email, emails,
         std::int64_t{user.active}, user.version, stored(user.changed_at), user.id});
}

Result<void> delete_user(store::Transaction& transaction, std::string_view id) {
    TRY_VOID(transaction.run("DELETE FROM scim_member WHERE user_id = ?", {id}));
    return transaction.run("DELETE FROM scim_user WHERE id = ?", {id});
}

Result<std::optional<User>> load_user(store::Transaction& transaction, std::string_view source, std::string_view id) {
    std::vector<User> found;
    TRY_VOID(transaction.each("SELECT " USER_COLUMNS " FROM scim_user WHERE source = ? AND id = ?", {source, id},
                              into(found)));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<std::vector<User>> find_users(store::Transaction& transaction, std::string_view source, Known by,
                                     std::string_view value) {
    std::vector<User> out;
    const std::string key = by == Known::external_id ? std::string(value) : small(value);
    TRY_VOID(transaction.each(query_for(by), {source, key}, into(out)));
    return out;
}

Result<Page> list_users(store::Transaction& transaction, std::string_view source, std::int64_t skip,
                        std::int64_t count) {
    Page out;
    TRY_VOID(transaction.each("SELECT count(*) FROM scim_user WHERE source = ?", {source},
                              [&](const store::Row& row) -> Result<void> {
                                  out.total = row.integer(0);
                                  return {};
                              }));
    TRY_VOID(transaction.each("SELECT " USER_COLUMNS " FROM scim_user WHERE source = ? ORDER BY id LIMIT ? OFFSET ?",
                              {source, count, skip}, into(out.users)));
    return out;
}

Result<void> insert_group(store::Transaction& transaction, std::string_view source, const Group& group) {
    return transaction.run("INSERT INTO scim_group (" GROUP_COLUMNS ", source) VALUES (?, ?, ?, ?, ?, ?, ?)",
                           {group.id, group.external_id, group.display_name, group.version, stored(group.created_at),
                            stored(group.changed_at), source});
}

Result<void> update_group(store::Transaction& transaction, const Group& group) {
    return transaction.run(
        "UPDATE scim_group SET external_id = ?, display_name = ?, version = ?, changed_at = ? WHERE id = ?",
        {group.external_id, group.display_name, group.version, stored(group.changed_at), group.id});
}

Result<void> delete_group(store::Transaction& transaction, std::string_view id) {
    TRY_VOID(transaction.run("DELETE FROM scim_member WHERE group_id = ?", {id}));
    return transaction.run("DELETE FROM scim_group WHERE id = ?", {id});
}

Result<void> add_member(store::Transaction& transaction, std::string_view group, std::string_view user) {
    return transaction.run("INSERT OR IGNORE INTO scim_member (group_id, user_id) VALUES (?, ?)", {group, user});
}

Result<void> remove_member(store::Transaction& transaction, std::string_view group, std::string_view user) {
    return transaction.run("DELETE FROM scim_member WHERE group_id = ? AND user_id = ?", {group, user});
}

Result<std::optional<Group>> load_group(store::Transaction& transaction, std::string_view source, std::string_view id) {
    std::vector<Group> found;
    TRY_VOID(transaction.each("SELECT " GROUP_COLUMNS " FROM scim_group WHERE source = ? AND id = ?", {source, id},
                              into(found)));
    if (found.empty()) return std::nullopt;
    TRY_VOID(load_members(transaction, found.front()));
    return std::move(found.front());
}

Result<std::vector<Group>> list_groups(store::Transaction& transaction, std::string_view source) {
    std::vector<Group> out;
    TRY_VOID(
        transaction.each("SELECT " GROUP_COLUMNS " FROM scim_group WHERE source = ? ORDER BY id", {source}, into(out)));
    return out;
}

Result<void> load_members(store::Transaction& transaction, Group& group) {
    return transaction.each("SELECT user_id FROM scim_member WHERE group_id = ?", {group.id},
                            [&](const store::Row& row) -> Result<void> {
                                group.members.emplace_hint(group.members.end(), row.text(0));
                                return {};
                            });
}

Result<std::vector<Group>> groups_of(store::Transaction& transaction, std::string_view user) {
    std::vector<Group> out;
    TRY_VOID(
        transaction.each("SELECT id, external_id, display_name, version, created_at, changed_at FROM scim_member "
                         "JOIN scim_group ON id = group_id WHERE user_id = ?",
                         {user}, into(out)));
    return out;
}

}  // namespace bursar::scim
