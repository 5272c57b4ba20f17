#pragma once

#include "service/ctl/api.h"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Policy documents on this machine, and the way of a change into the policy.
namespace bursar::ctl {

struct Documents {
    std::map<std::string, std::string> texts;              ///< name -> YAML
    std::map<std::string, std::filesystem::path> origins;  ///< name -> where it was read; not every document has one
};

/// All *.yaml and *.yml of the folders, and the files, that were named. Fails on two documents of one name, on none at
/// all, and on more than 200 or more than 4 MiB in one.
Outcome<Documents> read_documents(const std::vector<std::string>& paths);

/// The documents in force, and the revision that they are.
struct InForce {
    Documents documents;
    std::string revision;
};
Outcome<InForce> documents_in_force(Api& api);

std::string as_json(const Documents& documents, std::string_view reason);

/// What bursard would change. `revision` is what the answer counts from.
struct Plan {
    std::string revision;
    std::vector<std::string> changes;
    std::vector<std::string> warnings;
    std::vector<std::string> missing_secrets;
    std::string body;  ///< as it came, for --json
};
/// Wrong documents fail with one line per problem: "DIR/teams.yaml:12:7: …".
Outcome<Plan> plan_of(Api& api, const Documents& documents);

/// The plan as people read it.
std::string plan_text(const Plan& plan);

struct Decision {
    bool yes = false;  ///< was confirmed on the command line
    std::string reason;
    std::string question;
    bool json = false;  ///< print the service's answer; the plan is a remark then
};
/// Shows the plan, asks, then writes. The exit code is failed when the answer was no.
Outcome<Exit> confirm_and_apply(Api& api, const Documents& documents, const Plan& plan, const Decision& decision);

}  // namespace bursar::ctl
