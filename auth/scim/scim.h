#pragma once

#include "auth/people.h"
#include "auth/scim/refusal.h"
#include "service/base/clock.h"
#include "service/store/store.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// SCIM 2.0 (RFC 7643, RFC 7644): a provider of identities tells who is there, and who no longer.
namespace bursar::scim {

inline constexpr std::string_view content_type = "application/scim+json";

struct Request {
    std::string_view method;
    std::string_view path;      ///< behind the base: "/Users/7f3a"
    std::string_view query;     ///< without '?', still escaped
    std::string_view body;      ///< at most body_bytes_max
    std::string source;         ///< name in the policy: "okta"; whoever calls has proved to be it
    std::string base_url;       ///< "https://bursar.corp.example/scim/v2": where resources say that they are
    std::string_view if_match;  ///< empty: none
};

struct Answer {
    int status = 200;
    std::string body;      ///< empty with 204
    std::string location;  ///< of what was made
    std::string etag;
    std::string for_operator;  ///< of a refusal
};

/// What a request has changed, for the audit.
struct Done {
    std::string_view action;  ///< "scim.user.create", "scim.user.deactivate", …
    std::string object;       ///< "alice@corp.example (7f3a…)"
    std::string detail;       ///< one sentence; may be empty
};
/// In the transaction of the change.
using Also = std::function<Result<void>(store::Transaction&, const Done&)>;

/// Requests of all sources. Keeps nothing in memory; any thread, blocking. A change is one transaction with the person
/// that it makes, changes or puts out, so that a leaver is out when the answer is sent.
class Scim {
  public:
    static store::Schema schema();
    Scim(store::Store& store, auth::People& people, const Clock& clock)
        : store_(store), people_(people), clock_(clock) {}

    Answer serve(const Request& request, const Also& also);

  private:
    /// A change before it is made: what is told of people, and what is written besides.
    struct Plan {
        Answer answer;
        Done done;
        std::vector<auth::PersonFacts> seen;
        std::vector<auth::People::Change> states;
        std::function<Result<void>(store::Transaction&)> rows;
        bool tells_of_groups = false;
    };
    using Planner = std::function<Outcome<Plan>(store::Transaction&)>;

    Outcome<Answer> route(const Request& request, const Also& also);
    Outcome<Answer> users(const Request& request, std::string_view id, const Also& also);
    Outcome<Answer> groups(const Request& request, std::string_view id, const Also& also);
    Outcome<Answer> change(const Request& request, const Planner& planner, const Also& also);
    /// False if somebody else has changed the source since `before`.
    Outcome<bool> commit(const Request& request, const Plan& plan, std::int64_t before, const Also& also);
    Outcome<Answer> read(const std::function<Outcome<Answer>(store::Transaction&)>& reader);

    Outcome<Plan> plan_new_user(const Request& request, store::Transaction& transaction) const;
    Outcome<Plan> plan_changed_user(const Request& request, std::string_view id, store::Transaction& transaction) const;
    Outcome<Plan> plan_deleted_user(const Request& request, std::string_view id, store::Transaction& transaction) const;
    Outcome<Plan> plan_new_group(const Request& request, store::Transaction& transaction) const;
    Outcome<Plan> plan_changed_group(const Request& request, std::string_view id,
                                     store::Transaction& transaction) const;
    Outcome<Plan> plan_deleted_group(const Request& request, std::string_view id,
                                     store::Transaction& transaction) const;

    store::Store& store_;
    auth::People& people_;
    const Clock& clock_;
};

}  // namespace bursar::scim
