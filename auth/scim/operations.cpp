#include "auth/scim/operations.h"

#include "auth/scim/resources.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

Outcome<Does> does_of(const Json& operation) {
    const Json* const op = operation.find("op");
    const std::string word = op != nullptr && op->kind == Json::Kind::text ? small(op->text) : "";
    if (word == "add") return Does::add;
    if (word == "replace") return Does::replace;
    if (word == "remove") return Does::remove;
    return refuse("invalidSyntax", "Each operation has an \"op\": add, replace or remove.");
}

Outcome<void> take_apart(Does does, const Json& value, std::vector<Operation>& out) {
    if (value.kind != Json::Kind::object)
        return refuse("invalidValue", "An operation without a path has an object as its value.");
    for (const JsonMember& member : value.members) {
        // These describe the resource and are no part of what changes.
        const std::string name = small(member.name);
        if (name == "schemas" || name == "meta") continue;
        TRY(Path path, parse_path(member.name));
        out.push_back({does, std::move(path), &member.value});
    }
    return {};
}

}  // namespace

Outcome<std::vector<Operation>> read_operations(const Json& body) {
    const Json* const operations = body.find("Operations");
    if (operations == nullptr || operations->kind != Json::Kind::list)
        return refuse("invalidSyntax", "A PATCH has a list of \"Operations\".");
    if (operations->items.size() > operations_max)
        return refuse("tooMany", fmt::format("A PATCH has at most {} operations.", operations_max));
    std::vector<Operation> out;
    for (const Json& each : operations->items) {
        TRY(const Does does, does_of(each));
        const Json* const path = each.find("path");
        const Json* const value = each.find("value");
        const bool has_path = path != nullptr && path->kind == Json::Kind::text && !path->text.empty();
        if (does == Does::remove && !has_path) return refuse("noTarget", "A removal says what it removes: add a path.");
        if (does != Does::remove && value == nullptr)
            return refuse("invalidValue", "An operation that adds or replaces has a value.");
        if (!has_path) {
            TRY_VOID(take_apart(does, *value, out));
            continue;
        }
        TRY(Path parsed, parse_path(path->text));
        out.push_back({does, std::move(parsed), value});
    }
    return out;
}

Outcome<std::string> text_of(const Json& value, std::string_view attribute) {
    constexpr std::size_t text_bytes_max = 256;
    if (value.kind == Json::Kind::null) return std::string();
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (value.kind != Json::Kind::text || value.text.size() > text_bytes_max ||
        std::ranges::any_of(value.text, control))
        return refuse("invalidValue",
                      fmt::format("{} must be one line of text of at most {} bytes.", attribute, text_bytes_max));
    return value.text;
}

Outcome<bool> truth_of(const Json& value, std::string_view attribute) {
    if (value.kind == Json::Kind::truth) return value.truth;
    if (value.kind == Json::Kind::text && small(value.text) == "true") return true;
    if (value.kind == Json::Kind::text && small(value.text) == "false") return false;
    return refuse("invalidValue", fmt::format("{} must be true or false.", attribute));
}

}  // namespace bursar::scim
