#include "service/admin/message.h"
#include "service/base/json.h"

#include <Poco/Net/HTTPResponse.h>

namespace bursar::admin {
namespace {

/// How long a caller waits who may try again soon.
constexpr std::string_view retry_after_seconds = "5";

std::string title_of(int status) {
    using Poco::Net::HTTPResponse;
    return HTTPResponse::getReasonForStatus(static_cast<HTTPResponse::HTTPStatus>(status));
}

}  // namespace

Answer answer_to(const Problem& problem) {
    const FaultFacts& fault = facts(problem.error.fault);
    const int status = problem.status != 0 ? problem.status : fault.http_status;
    JsonWriter json;
    json.open().field("type", "about:blank").field("title", title_of(status)).field("status", status);
    json.field("detail", problem.error.for_caller).field("code", fault.name);
    if (!problem.problems.empty()) {
        json.key("problems").open_list();
        for (const policies::Problem& each : problem.problems)
            json.open()
                .field("file", each.file)
                .field("line", each.line)
                .field("column", each.column)
                .field("text", each.text)
                .close();
        json.close_list();
    }
    json.close();

    Answer answer{.status = status, .body = std::move(json).text(), .content_type = "application/problem+json"};
    if (status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"bursar\"");
    if (status == 503 || status == 429) answer.headers.emplace_back("Retry-After", retry_after_seconds);
    if (!problem.allow.empty()) answer.headers.emplace_back("Allow", problem.allow);
    return answer;
}

}  // namespace bursar::admin
