#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Who may sign in, and what their groups make of them: the section "identity".
namespace bursar::policies {

struct Snapshot;

enum class DirectoryKind : std::uint8_t { active_directory, openldap };
/// How a directory tells which groups somebody is in.
enum class GroupsBy : std::uint8_t {
    token_groups,   ///< Active Directory: one read, nested groups included
    in_chain,       ///< Active Directory: the matching rule 1.2.840.113556.1.4.1941
    member_of,      ///< the attribute memberOf of the person, and of groups upward
    member,         ///< groupOfNames: groups whose `member` has the DN
    unique_member,  ///< groupOfUniqueNames
    member_uid,     ///< posixGroup: groups whose memberUid has the user name; these cannot be nested
};

struct DirectoryPolicy {
    std::string name;
    std::string title;  ///< on the sign-in page
    DirectoryKind kind = DirectoryKind::openldap;
    std::string domain;                ///< servers by DNS SRV; or
    std::vector<std::string> servers;  ///< "ldaps://host:port" or "ldap://host:port", which always means StartTLS
    std::string ca;                    ///< PEM; empty: the system's
    std::string bind_dn;               ///< service account; empty: people bind themselves
    std::string bind_secret;           ///< name of its password in the vault
    std::string direct_bind;  ///< "{user}@corp.example", "uid={user},ou=people,…" (escaped); empty: search first
    std::string people_base;
    std::string people_filter;     ///< of all people; empty: the kind's own
    std::string user_attribute;    ///< empty: the kind's own (sAMAccountName, uid)
    bool sign_in_by_email = true;  ///< besides the user name and, in Active Directory, UPN and DOMAIN\user
    std::string email_attribute = "mail";
    std::string name_attribute;  ///< empty: displayName, else cn
    std::string id_attribute;    ///< empty: objectGUID, entryUUID
    std::string groups_base;     ///< empty: people_base's domain
    std::string groups_filter;   ///< empty: the kind's own
    GroupsBy groups_by = GroupsBy::member;
    bool nested = true;
    std::chrono::seconds timeout{5};  ///< of one sign-in, over all servers
    std::chrono::minutes sync_every{30};
    std::chrono::minutes grace{24 * 60};  ///< who is missing in a whole list is let in for so long
    int removals_percent_max = 10;        ///< more leavers than that in one sync, and it stops and asks
    int removals_min = 5;                 ///< but so many are always fine
    bool operator==(const DirectoryPolicy&) const = default;
};

struct OidcPolicy {
    std::string name;
    std::string title;
    std::string issuer;  ///< exactly as in its discovery document
    std::string client_id;
    std::string secret;  ///< name in the vault; empty: a public client
    std::vector<std::string> scopes = {"openid", "profile", "email"};
    std::vector<std::string> algorithms = {"RS256"};  ///< of RS256/384/512, PS256, ES256/384
    std::string groups_claim = "groups";
    /// So many groups in a token are taken for a cut list (Okta: 100); none: the list is always whole.
    std::optional<int> groups_cut_at;
    std::string user_name_claim = "preferred_username";
    std::string email_claim = "email";
    std::string name_claim = "name";
    /// Whose people these are: empty for the provider's own ("oidc:NAME" by `sub`), else "ldap:corp" or "scim:okta" by
    /// `subject_claim`, which then has to hold that source's immutable id.
    std::string source;
    std::string subject_claim = "sub";
    std::vector<std::pair<std::string, std::string>>
        require;  ///< claims that must have that value: {"hd", "corp.example"}
    std::string ca;
    bool operator==(const OidcPolicy&) const = default;
};

/// Programs that show a JWT of their platform (Kubernetes, CI) instead of a virtual key.
struct WorkloadPolicy {
    std::string name;
    std::string issuer;
    std::string audience;
    std::string jwks_uri;  ///< empty: by discovery
    std::string ca;
    std::vector<std::string> algorithms = {"RS256", "ES256"};
    std::vector<std::string> subjects;  ///< exact, or with one '*' at the end behind at least 8 characters
    std::vector<std::pair<std::string, std::string>> require;
    std::string team;
    std::vector<std::string> models;  ///< empty: whatever the team may
    bool operator==(const WorkloadPolicy&) const = default;
};

struct ScimPolicy {
    std::string name;  ///< its tokens are issued with: bursarctl operator issue --role scim --source NAME
    std::string title;
    bool operator==(const ScimPolicy&) const = default;
};

struct SessionPolicy {
    std::chrono::seconds idle = std::chrono::minutes(60);
    std::chrono::seconds absolute = std::chrono::hours(12);
    std::chrono::seconds access = std::chrono::hours(1);  ///< more than 300 s, or agents refresh before every call
    std::chrono::seconds refresh = std::chrono::hours(24);
    std::chrono::seconds step_up = std::chrono::minutes(10);
    bool operator==(const SessionPolicy&) const = default;
};

/// What coding agents are told after they have signed in.
struct AgentPolicy {
    std::string login_notice;  ///< at most 500 characters
    /// Claude Code's managed settings: one JSON object, as it is served; empty: none (404).
    std::string settings;
    bool operator==(const AgentPolicy&) const = default;
};

struct Identity {
    std::map<std::string, DirectoryPolicy, std::less<>> directories;
    std::map<std::string, OidcPolicy, std::less<>> oidc;
    std::map<std::string, WorkloadPolicy, std::less<>> workloads;
    std::map<std::string, ScimPolicy, std::less<>> scim;
    /// By role ("operator", "auditor", "finance"): groups whose people have it. Leads are in teams.NAME.leads.
    std::map<std::string, std::vector<std::string>, std::less<>> roles;
    SessionPolicy sessions;
    AgentPolicy agents;
    /// What needs a second person: of "secrets", "policy", "roles". Empty: nothing.
    std::vector<std::string> two_persons;
    bool operator==(const Identity&) const = default;
};

/// A group's name as it is compared: ASCII letters small; of a DN no blanks around commas and equals signs, and each
/// escaped character written one way.
std::string group_key(std::string_view name);

/// Which teams the groups of a person give them, as the policy says: of the role the mightiest (operator, finance,
/// auditor, team_lead, member). `groups` are ids and names, each counts. Pure.
struct GroupsGive {
    std::vector<std::string> teams;
    std::vector<std::string> leads;
    std::string role = "member";
};
GroupsGive groups_give(const Snapshot& rules, const std::vector<std::string>& groups);

}  // namespace bursar::policies
