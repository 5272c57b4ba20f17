#include "auth/scim/answers.h"

#include "service/base/crypto.h"

#include <fmt/format.h>

namespace bursar::scim {

std::unexpected<Refusal> no_such(std::string_view kind, std::string_view id) {
    constexpr std::size_t shown_max = 64;
    return refuse("", fmt::format("There is no {} \"{}\".", kind, id.substr(0, shown_max)), 404);
}

std::unexpected<Refusal> not_with(std::string_view method) {
    constexpr std::size_t shown_max = 16;
    return refuse("", fmt::format("{} is not for this resource.", method.substr(0, shown_max)), 405);
}

Outcome<void> check_match(std::string_view if_match, std::int64_t version) {
    const std::string etag = etag_of(version);
    if (if_match.empty() || if_match == "*" || if_match.contains(etag)) return {};
    return refuse("", fmt::format("This has changed since: it is {} now. Read it again.", etag), 412);
}

Answer refusal(const Refusal& refused) {
    JsonWriter json;
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:api:messages:2.0:Error").close_list();
    if (!refused.type.empty()) json.field("scimType", refused.type);
    json.field("detail", refused.detail).field("status", std::to_string(refused.status)).close();
    return {.status = refused.status,
            .body = std::move(json).text(),
            .location = {},
            .etag = {},
            .for_operator = refused.for_operator.empty() ? refused.detail : refused.for_operator};
}

std::string origin_of(std::string_view source) { return fmt::format("scim:{}", source); }

std::string new_id() {
    constexpr std::size_t id_bytes = 16;
    return to_base32(random_bytes(id_bytes));
}

ListAnswer::ListAnswer(std::int64_t total, std::int64_t start) : total_(total), start_(start) {
    resources_.open_list();
}

Answer ListAnswer::finish() && {
    resources_.close_list();
    JsonWriter json;
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:api:messages:2.0:ListResponse").close_list();
    json.field("totalResults", total_).field("startIndex", start_).field("itemsPerPage", count_);
    json.key("Resources").raw(resources_.text()).close();
    return {.status = 200, .body = std::move(json).text(), .location = {}, .etag = {}, .for_operator = {}};
}

}  // namespace bursar::scim
