#pragma once

#include "integrations/courier/senders.h"
#include "integrations/jira/answers.h"
#include "integrations/jira/issue.h"

#include <string>
#include <string_view>

namespace bursar::courier {

/// Lists of fields with all their allowed values, histories.
inline constexpr std::size_t metadata_bytes_max = std::size_t{4} << 20;

/// Requests to one Jira. The target has a token and outlives this.
class JiraApi {
  public:
    JiraApi(Means& means, const integrations::Target& target, integrations::jira::Project project)
        : means_(means), target_(target), project_(std::move(project)) {}

    const integrations::jira::Project& project() const { return project_; }
    /// What was answered last.
    const Answer& last() const { return last_; }

    /// `path` is behind the target's URL: api() and more.
    Task<Answer> send(std::string method, std::string path, std::string body,
                      std::size_t bytes_max = integrations::answer_bytes_max);
    Task<integrations::jira::Good> get(std::string path, std::size_t bytes_max = integrations::answer_bytes_max);
    Task<Answer> upload(std::string path, const integrations::Attachment& file, std::string boundary);

  private:
    Secret authorization() const;

    Means& means_;
    const integrations::Target& target_;
    integrations::jira::Project project_;
    Answer last_;
};

}  // namespace bursar::courier
