#include "integrations/courier/jira_api.h"

#include <fmt/format.h>

namespace bursar::courier {

using integrations::jira::Flavour;
using integrations::jira::Good;

Task<Answer> JiraApi::send(std::string method, std::string path, std::string body, std::size_t bytes_max) {
    HttpRequest request{.method = std::move(method),
                        .url = Secret(fmt::format("{}{}", project_.url, path)),
                        .headers = {{"Accept", "application/json"}},
                        .body = std::move(body),
                        .way = way_of(target_),
                        .answer_bytes_max = bytes_max};
    request.authorization = authorization();
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    last_ = co_await ask(means_.services, std::move(request));
    co_return last_;
}

Task<Good> JiraApi::get(std::string path, std::size_t bytes_max) {
    const Answer answer = co_await send("GET", std::move(path), {}, bytes_max);
    co_return integrations::jira::read_good(answer, bytes_max, means_.clock.now());
}

Task<Answer> JiraApi::upload(std::string path, const integrations::Attachment& file, std::string boundary) {
    HttpRequest request{.url = Secret(fmt::format("{}{}", project_.url, path)),
                        .authorization = authorization(),
                        .headers = {{"Accept", "application/json"},
                                    {"X-Atlassian-Token", "no-check"},
                                    {"Content-Type", fmt::format("multipart/form-data; boundary={}", boundary)}},
                        .body = integrations::jira::attachment_body(file, boundary),
                        .way = way_of(target_),
                        .timeout = upload_timeout};
    last_ = co_await ask(means_.services, std::move(request));
    co_return last_;
}

Secret JiraApi::authorization() const {
    const Secret& token = target_.secrets.at("token");
    return project_.flavour == Flavour::cloud ? basic(project_.user, token) : bearer(token);
}

}  // namespace bursar::courier
