#pragma once

#include "auth/keys.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Who may do what on the control plane: one table, role by action.
namespace bursar::auth {

/// `scim` is no person: a provider of identities, which tells who is there.
enum class Role : std::uint8_t { operator_, auditor, finance, team_lead, member, scim };
/// All of them.
std::span<const Role> all_roles();
std::string_view name_of(Role role);
std::optional<Role> role_of(std::string_view name);

/// One thing that can be done by the control plane's API.
struct Permission {
    std::string_view action;  ///< "key.issue", "policy.apply": the word in the audit too
    std::string_view method;
    std::string_view route;  ///< "/api/v1/keys/{id}"
    std::uint8_t roles;      ///< bit set of Role
};
/// The whole table. A route that is not in it does not exist.
std::span<const Permission> role_table();
bool may(Role role, const Permission& permission);
/// The row for a method and a path ("/api/v1/keys/7f3a") or route ("/api/v1/keys/{id}"); null if there is none.
const Permission* find_permission(std::string_view method, std::string_view path);

struct Operator {
    std::string id;
    std::string name;
    Role role = Role::operator_;
    Timestamp created_at;
    std::optional<Timestamp> expires_at;
    std::string team = {};  ///< of a team lead: whose budgets he decides about; empty for every other role
    std::string source =
        {};  ///< of the role scim: whose people it tells of (identity.scim.NAME); empty for every other
};

struct NewToken {
    std::string name;
    Role role = Role::operator_;
    std::string team = {};    ///< a team lead has one, and nobody else
    std::string source = {};  ///< the role scim has one, and nobody else
    std::optional<Timestamp> expires_at = {};
};

struct IssuedToken {
    Operator facts;
    Secret text;  ///< "bso_<id>_<secret><checksum>", shown once
};

/// Tokens of the control plane. Stored like virtual keys; in memory like them.
class Operators {
  public:
    static store::Schema schema();
    static Result<std::unique_ptr<Operators>> open(store::Store& store, Secret pepper, const Clock& clock);
    virtual ~Operators() = default;
    virtual Result<Operator> identify(std::string_view presented, Timestamp now) const = 0;
    /// `also` runs in the transaction, with the facts of the new token: its audit row names it.
    using AlsoIssued = std::function<Result<void>(store::Transaction&, const Operator&)>;
    virtual Result<IssuedToken> issue(const NewToken& token, const AlsoIssued& also) = 0;
    Result<IssuedToken> issue(std::string_view name, Role role, std::optional<Timestamp> expires_at,
                              const AlsoIssued& also) {
        return issue({.name = std::string(name), .role = role, .team = {}, .expires_at = expires_at}, also);
    }
    /// conflict if it is the last token that may change anything: nobody could issue another one.
    virtual Result<void> revoke(std::string_view id, const Also& also) = 0;
    virtual std::vector<Operator> list() const = 0;
};

}  // namespace bursar::auth
