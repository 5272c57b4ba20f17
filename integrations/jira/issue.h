#pragma once

#include "integrations/json.h"
#include "integrations/wire.h"
#include "service/base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is asked of Jira, as JSON, and what its answers say. Cloud: REST API v3; Data Center: v2. Pure.
namespace bursar::integrations::jira {

enum class Flavour : std::uint8_t { cloud, data_center };

/// The settings of a target, read. Statuses are found by their category, which is the same in every language: "new",
/// "indeterminate", "done".
struct Project {
    std::string url;  ///< without a slash at its end
    Flavour flavour = Flavour::cloud;
    std::string key;
    std::string issue_type;
    std::string user;
    std::vector<std::string> labels;
    std::vector<std::string> components;
    std::string done = "done";   ///< a category, or the number of a transition
    std::string reopen = "new";  ///< the same
    Json fields;                 ///< an object: further fields of an issue that is created
    Json assignees;              ///< an object: team → account id (cloud) or name (data center); "" is everybody else

    static Result<Project> read(const Target& target);
    std::string_view api() const { return flavour == Flavour::cloud ? "/rest/api/3" : "/rest/api/2"; }
};

/// The label by which an incident's issue is found again: "bursar-" and 32 hexadecimal digits.
std::string incident_label(std::string_view incident);

/// A name between the quotes of JQL.
std::string jql_quoted(std::string_view text);

std::string search_path(const Project& project);
/// Issues of the incident in any status, the newest first.
std::string search_body(const Project& project, std::string_view label);
/// The delivery's id is a property of issues and comments, so that what an earlier try made can be told.
std::string create_body(const Project& project, const Message& message, std::string_view issue_type_id,
                        std::string_view delivery_id);
std::string comment_body(const Project& project, const Message& message, std::string_view delivery_id);

struct Issue {
    std::string key;
    std::string category;  ///< of its status
};
/// The first issue of a search.
std::optional<Issue> first_issue(const Json& found);
std::string category_of(const Json& issue);

/// The id of the project's issue type; empty if there is none of that name. `types` is the answer of createmeta.
std::string issue_type_id(const Json& types, std::string_view name);
/// Fields that the project requires and nobody fills in: "Cost centre (customfield_10042)". `fields` is the answer of
/// createmeta about the issue type; a label that cannot be set counts as missing, too.
std::vector<std::string> missing_fields(const Json& fields, const Project& project);

struct Transition {
    std::string id;          ///< empty: there is none from here
    std::string resolution;  ///< the id of the first one that its screen offers, if it asks for one
};
/// The first transition into the category, or the one of that number. `transitions` is told with its fields.
Transition transition_to(const Json& transitions, std::string_view wanted);
std::string transition_body(const Transition& transition);

/// A boundary that is not in the bytes.
std::string boundary_for(std::string_view delivery_id, std::string_view bytes);
/// One file as multipart/form-data (RFC 7578).
std::string attachment_body(const Attachment& attachment, std::string_view boundary);

}  // namespace bursar::integrations::jira
