#include "auth/scim/json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::scim {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::unexpected<Error> not_json(simdjson::error_code error) {
    if (error == simdjson::DEPTH_ERROR)
        return fail(Fault::invalid_request, fmt::format("The body is nested more than {} deep.", json_depth_max));
    return fail(Fault::invalid_request, fmt::format("The body is not JSON: {}", simdjson::error_message(error)));
}

/// Copies simdjson's tree into ours and counts what it makes.
class Tree {
  public:
    Result<void> copy(const element& from, Json& to) {
        if (++values_ > json_values_max)
            return fail(Fault::too_large, fmt::format("The body has more than {} JSON values.", json_values_max));
        switch (from.type()) {
            case element_type::NULL_VALUE:
                return {};
            case element_type::BOOL:
                to.kind = Json::Kind::truth;
                return taken(from.get_bool().get(to.truth));
            case element_type::INT64:
            case element_type::UINT64:
            case element_type::DOUBLE:
                to.kind = Json::Kind::number;
                return {};
            case element_type::STRING: {
                std::string_view text;
                to.kind = Json::Kind::text;
                TRY_VOID(taken(from.get_string().get(text)));
                to.text = text;
                return {};
            }
            case element_type::ARRAY:
                return list(from, to);
            case element_type::OBJECT:
                return object(from, to);
        }
        return not_json(simdjson::INCORRECT_TYPE);
    }

  private:
    static Result<void> taken(simdjson::error_code error) {
        if (error != simdjson::SUCCESS) return not_json(error);
        return {};
    }

    Result<void> list(const element& from, Json& to) {
        simdjson::dom::array items;
        to.kind = Json::Kind::list;
        TRY_VOID(taken(from.get_array().get(items)));
        for (const element item : items) TRY_VOID(copy(item, to.items.emplace_back()));
        return {};
    }

    Result<void> object(const element& from, Json& to) {
        simdjson::dom::object fields;
        to.kind = Json::Kind::object;
        TRY_VOID(taken(from.get_object().get(fields)));
        std::set<std::string> seen;
        for (const auto& [name, content] : fields) {
            // Two readers could take a different one of them.
            if (!seen.insert(small(name)).second)
                return fail(Fault::invalid_request,
                            fmt::format("The attribute \"{}\" is given twice. Give it once.", name.substr(0, 80)));
            JsonMember& member = to.members.emplace_back();
            member.name = name;
            TRY_VOID(copy(content, member.value));
        }
        return {};
    }

    std::size_t values_ = 0;
};

}  // namespace

const Json* Json::find(std::string_view name) const {
    const std::string wanted = small(name);
    const auto found =
        std::ranges::find_if(members, [&](const JsonMember& each) { return small(each.name) == wanted; });
    return found == members.end() ? nullptr : &found->value;
}

Result<Json> read_json(std::string_view text) {
    if (text.size() > body_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The body has {} bytes; at most {} are read.", text.size(), body_bytes_max));
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(text);
    element root;
    constexpr std::size_t bytes_min = 64;
    auto error = parser.allocate(std::max(text.size(), bytes_min), json_depth_max);
    if (error == simdjson::SUCCESS) error = parser.parse(padded).get(root);
    if (error != simdjson::SUCCESS) return not_json(error);
    if (!root.is_object()) return fail(Fault::invalid_request, "The body must be a JSON object: {…}.");
    Json out;
    TRY_VOID(Tree().copy(root, out));
    return out;
}

std::string small(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace bursar::scim
