#pragma once

#include "service/admin/visit.h"

#include <memory>
#include <vector>

namespace bursar::admin {

/// Which operator asks for what, and whether they may: every request goes through answer(), in the same order.
class Router {
  public:
    /// Pairs auth::role_table() with handlers(). `internal` if a route has no handler or a handler no route.
    static Result<std::unique_ptr<Router>> make(Plane& plane);

    /// match → identify → may → handle → record. Blocking; any thread.
    Answer answer(Request request);

  private:
    struct Route {
        const auth::Permission* permission;
        const Handler* handler;
    };
    struct Match {
        const Route* route;
        std::vector<std::string_view> parameters;
    };
    explicit Router(Plane& plane) : plane_(plane) {}

    std::expected<Match, Problem> match(const Request& request) const;
    Result<void> admit(Visit& visit, const Handler& handler) const;
    Result<void> identify(Visit& visit, const Handler& handler) const;
    Result<void> identify_session(Visit& visit, std::string_view token) const;
    Result<void> check_origin(const Visit& visit) const;
    Result<void> check_agent(const Visit& visit) const;
    static Reply handle(Visit& visit, const Handler& handler);
    void record(const Visit& visit, const Handler& handler, const Reply& reply) const;

    Plane& plane_;
    std::vector<Route> routes_;
};

}  // namespace bursar::admin
