#include "integrations/address.h"
#include "integrations/courier/jira_api.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

using integrations::Json;
using integrations::State;
using integrations::jira::Good;
using integrations::jira::Issue;
using integrations::jira::Project;

constexpr int no_content = 204;
constexpr int searches_more = 2;
constexpr std::chrono::seconds search_pause{3};

const Verdict went_well{.outcome = Outcome::sent, .reason = "Jira took it."};

bool is_good(const Verdict& verdict) { return verdict.outcome == Outcome::sent; }

/// One issue per incident: looked for, created, commented, closed and opened again.
class Clerk {
  public:
    Clerk(Means& means, const Delivery& delivery, Project project)
        : means_(means),
          delivery_(delivery),
          api_(means, delivery.target, std::move(project)),
          project_(api_.project()) {
        const auto found = delivery.thread.find("key");
        if (found != delivery.thread.end()) issue_ = Issue{.key = found->second};
        const auto told = delivery.thread.find(told_name);
        is_told_ = told != delivery.thread.end() && told->second == delivery.id;
    }

    Task<Receipt> tell() {
        const Verdict verdict = co_await all();
        Receipt out = integrations::receipt_of(delivery_, verdict, api_.last());
        if (issue_) out.thread = {{"key", issue_->key}};
        if (issue_ && is_told_ && !is_good(verdict)) out.thread[told_name] = delivery_.id;
        co_return out;
    }

  private:
    Task<Verdict> all() {
        Verdict step = co_await find();
        if (!is_good(step)) co_return step;
        const bool is_over = delivery_.message.state == State::resolved;
        if (!issue_ && is_over)
            co_return Verdict{.outcome = Outcome::sent, .reason = "There is no issue that could be closed."};
        if (!is_told_) {
            if (issue_)
                step = co_await go_on();
            else
                step = co_await create();
            if (!is_good(step)) co_return step;
            is_told_ = true;
        }
        if (!delivery_.message.attachments.empty()) step = co_await attach();
        if (is_good(step) && is_over && issue_->category != "done") step = co_await move_to(project_.done);
        co_return step;
    }

    std::string issue_path(std::string_view more) const {
        return fmt::format("{}/issue/{}{}", project_.api(), integrations::percent_encoded(issue_->key), more);
    }

    /// The issue with its status, if there is one. The label was decided before the first try, so that whatever an
    /// earlier try made is found.
    Task<Verdict> find() {
        if (issue_) {
            const Good read = co_await api_.get(issue_path("?fields=status"));
            if (read.is_good()) issue_->category = integrations::jira::category_of(read.body);
            // Deleted or moved out of sight: the incident gets another one, or the one that has its label.
            if (api_.last().status == 404) issue_.reset();
            if (issue_) co_return read.verdict;
        }
        Verdict step = co_await search();
        // The search of Jira Cloud follows behind by seconds: what an earlier try may have made is looked for more than
        // once.
        for (int again = 0; again < searches_more && delivery_.perhaps_sent && is_good(step) && !issue_; ++again) {
            co_await pause(means_.timer, search_pause);
            step = co_await search();
        }
        if (!is_good(step)) co_return step;
        if (issue_ && delivery_.perhaps_sent && !is_told_) is_told_ = co_await is_made_by_this();
        co_return went_well;
    }

    Task<Verdict> search() {
        const std::string label = integrations::jira::incident_label(delivery_.message.incident);
        const Answer answer = co_await api_.send("POST", integrations::jira::search_path(project_),
                                                 integrations::jira::search_body(project_, label));
        const Good found = integrations::jira::read_good(answer, integrations::answer_bytes_max, means_.clock.now());
        if (found.is_good()) issue_ = integrations::jira::first_issue(found.body);
        co_return found.verdict;
    }

    Task<bool> is_made_by_this() {
        const Good read = co_await api_.get(issue_path("/properties/bursar.delivery"));
        co_return read.body.at("value").at("id").text() == delivery_.id;
    }

    Task<Verdict> create() {
        std::string type;
        const Verdict checked = co_await check_fields(type);
        if (!is_good(checked)) co_return checked;
        const Answer answer =
            co_await api_.send("POST", fmt::format("{}/issue", project_.api()),
                               integrations::jira::create_body(project_, delivery_.message, type, delivery_.id));
        const Good made = integrations::jira::read_good(answer, integrations::answer_bytes_max, means_.clock.now());
        if (!made.is_good()) co_return made.verdict;
        const std::string key(made.body.at("key").text());
        if (key.empty())
            co_return Verdict{
                .outcome = Outcome::later, .reason = "Jira made an issue without a key.", .perhaps_sent = true};
        issue_ = Issue{.key = key, .category = "new"};
        co_return made.verdict;
    }

    /// What the project demands is known before it refuses. A Jira that does not tell decides by itself.
    Task<Verdict> check_fields(std::string& type) {
        const std::string types_path = fmt::format("{}/issue/createmeta/{}/issuetypes", project_.api(),
                                                   integrations::percent_encoded(project_.key));
        const Good types = co_await api_.get(types_path + "?maxResults=100", metadata_bytes_max);
        if (!types.is_good() && api_.last().status != 404 && api_.last().status != 400) co_return types.verdict;
        type = integrations::jira::issue_type_id(types.body, project_.issue_type);
        if (type.empty()) co_return went_well;
        const Good fields = co_await api_.get(
            fmt::format("{}/{}?maxResults=200", types_path, integrations::percent_encoded(type)), metadata_bytes_max);
        const auto missing = integrations::jira::missing_fields(fields.body, project_);
        if (missing.empty()) co_return went_well;
        co_return Verdict{
            .outcome = Outcome::refused,
            .reason =
                fmt::format("Jira's project {} requires for a new {}: {}. Name it in the target's setting \"fields\".",
                            project_.key, project_.issue_type, fmt::join(missing, "; "))};
    }

    /// What is new about an issue that is there.
    Task<Verdict> go_on() {
        if (delivery_.message.state == State::firing && issue_->category == "done") {
            const Verdict opened = co_await move_to(project_.reopen);
            if (!is_good(opened)) co_return opened;
        }
        if (delivery_.perhaps_sent) {
            const bool is_there = co_await is_commented();
            if (is_there) co_return went_well;
        }
        const Answer answer =
            co_await api_.send("POST", issue_path("/comment"),
                               integrations::jira::comment_body(project_, delivery_.message, delivery_.id));
        co_return integrations::jira::judge(answer, means_.clock.now());
    }

    /// Comments carry the id of their delivery.
    Task<bool> is_commented() {
        const Answer answer = co_await api_.send(
            "GET", issue_path("/comment?orderBy=-created&maxResults=20&expand=properties"), {}, metadata_bytes_max);
        co_return answer.body.contains(fmt::format("\"{}\"", delivery_.id));
    }

    /// By category or number, never by name: names are in the language of whoever set Jira up.
    Task<Verdict> move_to(const std::string& wanted) {
        const Good list = co_await api_.get(issue_path("/transitions?expand=transitions.fields"), metadata_bytes_max);
        if (!list.is_good()) co_return list.verdict;
        const integrations::jira::Transition found = integrations::jira::transition_to(list.body, wanted);
        // It is told; that the workflow has no such way from here is for a person to see.
        if (found.id.empty())
            co_return Verdict{
                .outcome = Outcome::sent,
                .reason = fmt::format("{} has no transition to \"{}\" from where it is.", issue_->key, wanted)};
        const Answer answer =
            co_await api_.send("POST", issue_path("/transitions"), integrations::jira::transition_body(found));
        if (answer.status == no_content) co_return went_well;
        co_return integrations::jira::judge(answer, means_.clock.now());
    }

    /// Files that are not there yet.
    Task<Verdict> attach() {
        const Good read = co_await api_.get(issue_path("?fields=attachment"), metadata_bytes_max);
        if (!read.is_good()) co_return read.verdict;
        const Json::List& present = read.body.at("fields").at("attachment").list();
        for (const auto& each : delivery_.message.attachments) {
            const bool is_there =
                std::ranges::any_of(present, [&](const Json& file) { return file.at("filename").text() == each.name; });
            if (is_there) continue;
            const Verdict sent = co_await attach(each);
            if (!is_good(sent)) co_return sent;
        }
        co_return went_well;
    }

    Task<Verdict> attach(const integrations::Attachment& file) {
        const std::string boundary = integrations::jira::boundary_for(delivery_.id, file.bytes);
        const Answer answer = co_await api_.upload(issue_path("/attachments"), file, boundary);
        co_return integrations::jira::judge(answer, means_.clock.now());
    }

    Means& means_;
    const Delivery& delivery_;
    JiraApi api_;
    const Project& project_;
    std::optional<Issue> issue_;
    bool is_told_ = false;
};

}  // namespace

Task<Receipt> tell_jira(Means& means, const Delivery& delivery) {
    auto project = Project::read(delivery.target);
    if (!project) co_return wrong_target(delivery, project.error().for_caller);
    if (secret_of(delivery, "token") == nullptr) co_return wrong_target(delivery, "The secret \"token\" is missing.");
    Clerk clerk(means, delivery, *std::move(project));
    Receipt receipt = co_await clerk.tell();
    co_return receipt;
}

}  // namespace bursar::courier
