#pragma once

#include "auth/scim/resources.h"
#include "auth/scim/scim.h"
#include "service/base/json.h"

#include <string>
#include <string_view>

// Pieces that answers about users and about groups share.
namespace bursar::scim {

std::unexpected<Refusal> no_such(std::string_view kind, std::string_view id);
std::unexpected<Refusal> not_with(std::string_view method);
/// 412 if the caller has seen another version (RFC 7644 §3.14).
Outcome<void> check_match(std::string_view if_match, std::int64_t version);
Answer refusal(const Refusal& refused);
/// The source of an origin: "scim:okta".
std::string origin_of(std::string_view source);
/// Ours, for good: 128 bits at random.
std::string new_id();

template <typename Resource, typename... More>
Answer answer_with(int status, const Request& request, const Resource& resource, std::string_view collection,
                   More... more) {
    JsonWriter json;
    write(json, resource, request.base_url, more...);
    Answer out{.status = status, .body = std::move(json).text(), .location = {}, .etag = etag_of(resource.version)};
    if (status == 201) out.location = request.base_url + "/" + std::string(collection) + "/" + resource.id;
    return out;
}

/// Writes one page of a list (RFC 7644 §3.4.2.4).
class ListAnswer {
  public:
    ListAnswer(std::int64_t total, std::int64_t start);
    JsonWriter& next() { return ++count_, resources_; }
    Answer finish() &&;

  private:
    std::int64_t total_, start_, count_ = 0;
    JsonWriter resources_;
};

}  // namespace bursar::scim
