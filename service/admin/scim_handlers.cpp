// SCIM 2.0: providers of identities tell who is there, and who no longer.
#include "auth/scim/json.h"
#include "auth/scim/scim.h"
#include "service/admin/cookies.h"
#include "service/admin/scim_answers.h"
#include "service/admin/visit.h"
#include "service/base/json.h"
#include "service/base/log.h"

#include <fmt/format.h>

namespace bursar::admin {
namespace {

scim::Also audited(const Visit& visit) {
    return [&visit](store::Transaction& transaction, const scim::Done& done) {
        JsonWriter detail;
        detail.open();
        if (!done.detail.empty()) detail.field("text", done.detail);
        detail.close();
        audit::Action row = visit.row(done.object, "ok", std::move(detail).text());
        row.action = done.action;
        return visit.parts->audit.append(transaction, row);
    };
}

Answer answer_of(const Visit& visit, scim::Answer&& from) {
    if (!from.for_operator.empty())
        log::info("scim_refused",
                  {{"source", visit.who.source}, {"status", from.status}, {"reason", from.for_operator}});
    Answer answer{.status = from.status, .body = std::move(from.body), .content_type = scim::content_type};
    if (!from.location.empty()) answer.headers.emplace_back("Location", std::move(from.location));
    if (!from.etag.empty()) answer.headers.emplace_back("ETag", std::move(from.etag));
    return answer;
}

}  // namespace

Reply scim_serve(Visit& visit) {
    const Request& request = visit.request;
    if (!visit.parts->rules.get()->identity.scim.contains(visit.who.source))
        return fail(Fault::not_permitted,
                    fmt::format("The policy has no source \"{0}\" any more (identity.scim.{0}).", visit.who.source));
    if (request.body.size() > scim::body_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The body has {} bytes; SCIM takes {}.", request.body.size(), scim::body_bytes_max));
    const scim::Request asked{.method = request.method,
                              .path = std::string_view(request.path).substr(scim_base.size()),
                              .query = request.query,
                              .body = request.body,
                              .source = visit.who.source,
                              .base_url = origin_of(visit.plane.options, request) + std::string(scim_base),
                              .if_match = request.if_match};
    scim::Scim scim(visit.parts->store, visit.parts->people, visit.plane.clock);
    return answer_of(visit, scim.serve(asked, audited(visit)));
}

}  // namespace bursar::admin
