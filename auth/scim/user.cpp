#include "auth/scim/operations.h"
#include "auth/scim/resources.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

/// A part of a user that is one line of text.
struct TextAttribute {
    std::string_view name, sub;
    std::string User::* place;
};
constexpr std::array text_attributes{
    TextAttribute{"displayname", "", &User::display_name},
    TextAttribute{"name", "formatted", &User::formatted},
    TextAttribute{"name", "givenname", &User::given_name},
    TextAttribute{"name", "familyname", &User::family_name},
};

bool fits(const Email& email, const std::vector<Term>& filter) {
    return std::ranges::all_of(filter, [&](const Term& term) {
        if (term.attribute == "type") return small(email.type) == small(term.value);
        if (term.attribute == "value") return small(email.value) == small(term.value);
        return term.attribute == "primary" && email.primary == (term.value == "true");
    });
}

Outcome<Email> email_of(const Json& value) {
    Email out;
    if (value.kind == Json::Kind::text) {
        TRY(out.value, text_of(value, "emails"));
        return out;
    }
    if (value.kind != Json::Kind::object)
        return refuse("invalidValue", "Each of emails must be an object such as {\"value\": \"alice@corp.example\"}.");
    if (const Json* const address = value.find("value")) {
        TRY(out.value, text_of(*address, "emails.value"));
    }
    if (const Json* const type = value.find("type")) {
        TRY(out.type, text_of(*type, "emails.type"));
    }
    if (const Json* const primary = value.find("primary")) {
        TRY(out.primary, truth_of(*primary, "emails.primary"));
    }
    return out;
}

Outcome<std::vector<Email>> emails_of(const Json& value) {
    std::vector<Email> out;
    if (value.kind == Json::Kind::null) return out;
    if (value.kind != Json::Kind::list) {
        TRY(Email one, email_of(value));
        out.push_back(std::move(one));
        return out;
    }
    for (const Json& item : value.items) {
        TRY(Email one, email_of(item));
        out.push_back(std::move(one));
        if (out.size() > emails_max) break;
    }
    return out;
}

/// `emails[type eq "work"].value`: of the addresses that fit, or of a new one where none does, as Entra expects.
Outcome<void> change_some_emails(std::vector<Email>& emails, const Operation& operation) {
    const std::vector<Term>& filter = operation.path.filter;
    const auto chosen = [&](const Email& email) { return fits(email, filter); };
    if (operation.does == Does::remove) {
        std::erase_if(emails, chosen);
        return {};
    }
    Email fresh;
    for (const Term& term : filter) {
        if (term.attribute == "type") fresh.type = term.value;
        if (term.attribute == "value") fresh.value = term.value;
    }
    if (std::ranges::none_of(emails, chosen)) emails.push_back(fresh);
    for (Email& email : emails) {
        if (!chosen(email) && email != fresh) continue;
        if (!operation.path.sub) {
            TRY(email, email_of(*operation.value));
            if (email.type.empty()) email.type = fresh.type;
        } else if (*operation.path.sub == "value") {
            TRY(email.value, text_of(*operation.value, "emails.value"));
        } else if (*operation.path.sub == "primary") {
            TRY(email.primary, truth_of(*operation.value, "emails.primary"));
        }
        // What two addresses fit is the first one's.
        break;
    }
    return {};
}

Outcome<void> change_emails(std::vector<Email>& emails, const Operation& operation) {
    if (!operation.path.filter.empty()) {
        TRY_VOID(change_some_emails(emails, operation));
    } else if (operation.does == Does::remove) {
        emails.clear();
    } else if (operation.path.sub && *operation.path.sub == "value") {
        TRY(std::string address, text_of(*operation.value, "emails.value"));
        if (emails.empty()) emails.emplace_back();
        emails.front().value = std::move(address);
    } else if (!operation.path.sub) {
        TRY(std::vector<Email> given, emails_of(*operation.value));
        if (operation.does == Does::replace) emails.clear();
        for (Email& email : given)
            if (std::ranges::find(emails, email.value, &Email::value) == emails.end())
                emails.push_back(std::move(email));
    }
    std::erase_if(emails, [](const Email& email) { return email.value.empty(); });
    if (emails.size() > emails_max)
        return refuse("invalidValue", fmt::format("A user has at most {} emails.", emails_max));
    return {};
}

Outcome<void> change_name(User& user, const Operation& operation) {
    for (const TextAttribute& part : text_attributes) {
        if (part.name != "name") continue;
        if (operation.path.sub && *operation.path.sub != part.sub) continue;
        if (operation.does == Does::remove) {
            (user.*part.place).clear();
            continue;
        }
        const Json* const value = operation.path.sub ? operation.value : operation.value->find(part.sub);
        if (value != nullptr) {
            TRY(user.*part.place, text_of(*value, fmt::format("name.{}", part.sub)));
        }
    }
    return {};
}

/// What an external id is for: whose keys and spend these are.
Outcome<void> change_external_id(User& user, const Operation& operation) {
    std::string text;
    if (operation.value != nullptr && operation.does != Does::remove) {
        TRY(text, text_of(*operation.value, "externalId"));
    }
    if (!user.id.empty() && text != user.external_id)
        return refuse("mutability",
                      "externalId says who this is and does not change. Delete the user, and create the "
                      "one with the other externalId.");
    user.external_id = std::move(text);
    return {};
}

Outcome<void> change(User& user, const Operation& operation) {
    const Path& path = operation.path;
    if (path.foreign) return {};
    const bool removes = operation.does == Does::remove;
    if (path.attribute == "emails") return change_emails(user.emails, operation);
    if (path.attribute == "name") return change_name(user, operation);
    if (path.attribute == "externalid") return change_external_id(user, operation);
    if (path.attribute == "displayname") {
        user.display_name.clear();
        if (!removes) {
            TRY(user.display_name, text_of(*operation.value, "displayName"));
        }
    } else if (path.attribute == "username") {
        if (removes) return refuse("mutability", "userName cannot be removed.");
        TRY(user.user_name, text_of(*operation.value, "userName"));
    } else if (path.attribute == "active") {
        if (removes) return refuse("invalidValue", "active cannot be removed; replace it by true or false.");
        TRY(user.active, truth_of(*operation.value, "active"));
    }
    // Everything else is taken and not kept: id, meta and groups are ours, and passwords are not for us.
    return {};
}

Outcome<User> complete(User user) {
    if (user.user_name.empty()) return refuse("invalidValue", "userName is missing; it is what people sign in with.");
    return user;
}

}  // namespace

std::string User::shown_name() const {
    if (!display_name.empty()) return display_name;
    if (!formatted.empty()) return formatted;
    if (given_name.empty() && family_name.empty()) return user_name;
    return given_name + (given_name.empty() || family_name.empty() ? "" : " ") + family_name;
}

std::string User::email() const {
    const auto primary = std::ranges::find(emails, true, &Email::primary);
    if (primary != emails.end()) return primary->value;
    const auto work = std::ranges::find_if(emails, [](const Email& each) { return small(each.type) == "work"; });
    if (work != emails.end()) return work->value;
    return emails.empty() ? std::string() : emails.front().value;
}

Outcome<User> put(User user, const Json& body) {
    User next{.id = user.id,
              .subject = user.subject,
              .external_id = user.external_id,
              .active = user.active,
              .version = user.version,
              .created_at = user.created_at,
              .changed_at = user.changed_at};
    for (const JsonMember& member : body.members) {
        const std::string name = small(member.name);
        if (name == "schemas" || name == "meta" || member.value.kind == Json::Kind::null) continue;
        TRY(Path path, parse_path(member.name));
        TRY_VOID(change(next, {Does::replace, std::move(path), &member.value}));
    }
    return complete(std::move(next));
}

Outcome<User> patch(User user, const Json& body) {
    TRY(const std::vector<Operation> operations, read_operations(body));
    for (const Operation& operation : operations) TRY_VOID(change(user, operation));
    return complete(std::move(user));
}

Outcome<bool> fits(const User& user, const std::vector<Comparison>& filter) {
    for (const auto& [path, value] : filter) {
        bool holds = false;
        if (path.attribute == "username")
            holds = small(user.user_name) == small(value);
        else if (path.attribute == "externalid")
            holds = user.external_id == value;
        else if (path.attribute == "id")
            holds = user.id == value;
        else if (path.attribute == "active")
            holds = user.active == (small(value) == "true");
        else if (path.attribute == "displayname")
            holds = user.display_name == value;
        else if (path.attribute == "emails")
            holds = std::ranges::any_of(user.emails, [&](const Email& email) {
                return fits(email, path.filter) && small(email.value) == small(value);
            });
        else
            return refuse("invalidFilter",
                          "Users are found by userName, externalId, id, emails, displayName or active.");
        if (!holds) return false;
    }
    return true;
}

void write(JsonWriter& json, const User& user, std::string_view base_url) {
    const auto optional = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) json.field(name, text);
    };
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:schemas:core:2.0:User").close_list();
    json.field("id", user.id);
    optional("externalId", user.external_id);
    json.field("userName", user.user_name);
    optional("displayName", user.display_name);
    if (!user.formatted.empty() || !user.given_name.empty() || !user.family_name.empty()) {
        json.key("name").open();
        optional("formatted", user.formatted);
        optional("givenName", user.given_name);
        optional("familyName", user.family_name);
        json.close();
    }
    json.key("emails").open_list();
    for (const Email& email : user.emails) {
        json.open().field("value", email.value);
        optional("type", email.type);
        json.field("primary", email.primary).close();
    }
    json.close_list();
    json.field("active", user.active);
    json.key("meta").open().field("resourceType", "User").field("created", to_text(user.created_at));
    json.field("lastModified", to_text(user.changed_at)).field("version", etag_of(user.version));
    json.field("location", fmt::format("{}/Users/{}", base_url, user.id)).close().close();
}

std::string etag_of(std::int64_t version) { return fmt::format("W/\"{}\"", version); }

}  // namespace bursar::scim
