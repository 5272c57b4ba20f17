#include "auth/scim/discovery.h"

#include "auth/scim/json.h"
#include "auth/scim/query.h"
#include "service/base/json.h"

#include <array>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

constexpr std::string_view user_schema = "urn:ietf:params:scim:schemas:core:2.0:User";
constexpr std::string_view group_schema = "urn:ietf:params:scim:schemas:core:2.0:Group";

enum class Type : std::uint8_t { text, truth, complex, reference };

/// An attribute that is kept. `above`: the complex one that it is part of.
struct Attribute {
    std::string_view schema, name, above;
    Type type = Type::text;
    bool many = false;
    bool required = false;
    bool exact_case = false;
    bool unique = false;
    bool immutable = false;
};

constexpr std::array attributes{
    Attribute{.schema = user_schema, .name = "userName", .above = "", .required = true, .unique = true},
    Attribute{.schema = user_schema, .name = "displayName", .above = ""},
    Attribute{.schema = user_schema, .name = "active", .above = "", .type = Type::truth},
    Attribute{.schema = user_schema, .name = "name", .above = "", .type = Type::complex},
    Attribute{.schema = user_schema, .name = "formatted", .above = "name"},
    Attribute{.schema = user_schema, .name = "givenName", .above = "name"},
    Attribute{.schema = user_schema, .name = "familyName", .above = "name"},
    Attribute{.schema = user_schema, .name = "emails", .above = "", .type = Type::complex, .many = true},
    Attribute{.schema = user_schema, .name = "value", .above = "emails"},
    Attribute{.schema = user_schema, .name = "type", .above = "emails"},
    Attribute{.schema = user_schema, .name = "primary", .above = "emails", .type = Type::truth},
    Attribute{.schema = group_schema, .name = "displayName", .above = "", .required = true},
    Attribute{.schema = group_schema, .name = "members", .above = "", .type = Type::complex, .many = true},
    Attribute{.schema = group_schema, .name = "value", .above = "members", .exact_case = true, .immutable = true},
    Attribute{.schema = group_schema,
              .name = "$ref",
              .above = "members",
              .type = Type::reference,
              .exact_case = true,
              .immutable = true},
};

std::string_view name_of(Type type) {
    switch (type) {
        case Type::text:
            return "string";
        case Type::truth:
            return "boolean";
        case Type::complex:
            return "complex";
        case Type::reference:
            return "reference";
    }
    return "";
}

void write_attributes(JsonWriter& json, std::string_view schema, std::string_view above, std::string_view list) {
    json.key(list).open_list();
    for (const Attribute& each : attributes) {
        if (each.schema != schema || each.above != above) continue;
        json.open().field("name", each.name).field("type", name_of(each.type)).field("multiValued", each.many);
        json.field("required", each.required).field("caseExact", each.exact_case);
        json.field("mutability", each.immutable ? "immutable" : "readWrite").field("returned", "default");
        json.field("uniqueness", each.unique ? "server" : "none");
        if (each.type == Type::reference) json.key("referenceTypes").open_list().value("User").close_list();
        // Attributes within attributes within attributes there are none.
        if (each.type == Type::complex && above.empty()) write_attributes(json, schema, each.name, "subAttributes");
        json.close();
    }
    json.close_list();
}

void write_meta(JsonWriter& json, std::string_view type, const std::string& location) {
    json.key("meta").open().field("resourceType", type).field("location", location).close();
}

std::string schema_json(std::string_view schema, std::string_view base_url) {
    JsonWriter json;
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:schemas:core:2.0:Schema").close_list();
    json.field("id", schema).field("name", schema.substr(schema.rfind(':') + 1));
    write_attributes(json, schema, "", "attributes");
    write_meta(json, "Schema", fmt::format("{}/Schemas/{}", base_url, schema));
    return std::move(json.close()).text();
}

std::string type_json(std::string_view name, std::string_view schema, std::string_view base_url) {
    JsonWriter json;
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:schemas:core:2.0:ResourceType").close_list();
    json.field("id", name).field("name", name).field("endpoint", fmt::format("/{}s", name)).field("schema", schema);
    write_meta(json, "ResourceType", fmt::format("{}/ResourceTypes/{}", base_url, name));
    return std::move(json.close()).text();
}

std::string configuration_json(std::string_view base_url) {
    JsonWriter json;
    const auto can = [&](std::string_view what, bool supported) -> JsonWriter& {
        return json.key(what).open().field("supported", supported);
    };
    json.open();
    json.key("schemas").open_list().value("urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig").close_list();
    can("patch", true).close();
    can("bulk", false).field("maxOperations", 0).field("maxPayloadSize", 0).close();
    can("filter", true).field("maxResults", page_max).close();
    can("changePassword", false).close();
    can("sort", false).close();
    can("etag", true).close();
    json.key("authenticationSchemes").open_list().open();
    json.field("type", "oauthbearertoken").field("name", "Bearer token");
    json.field("description", "A token of the role scim, issued by an operator of Bursar.").close().close_list();
    write_meta(json, "ServiceProviderConfig", fmt::format("{}/ServiceProviderConfig", base_url));
    return std::move(json.close()).text();
}

std::string list_of(const std::array<std::string, 2>& resources) {
    JsonWriter json;
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:api:messages:2.0:ListResponse").close_list();
    json.field("totalResults", 2).field("startIndex", 1).field("itemsPerPage", 2).key("Resources").open_list();
    for (const std::string& each : resources) json.raw(each);
    return std::move(json.close_list().close()).text();
}

}  // namespace

Outcome<std::string> discover(std::string_view path, std::string_view base_url) {
    if (path == "/ServiceProviderConfig") return configuration_json(base_url);
    const std::string user_type = type_json("User", user_schema, base_url);
    const std::string group_type = type_json("Group", group_schema, base_url);
    if (path == "/ResourceTypes") return list_of({user_type, group_type});
    if (path == "/ResourceTypes/User") return user_type;
    if (path == "/ResourceTypes/Group") return group_type;
    if (path == "/Schemas") return list_of({schema_json(user_schema, base_url), schema_json(group_schema, base_url)});
    for (const std::string_view schema : {user_schema, group_schema})
        if (path == fmt::format("/Schemas/{}", schema)) return schema_json(schema, base_url);
    return refuse("",
                  "There is no such resource. There are Users, Groups, ServiceProviderConfig, ResourceTypes and "
                  "Schemas.",
                  404);
}

}  // namespace bursar::scim
