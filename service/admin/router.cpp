#include "service/admin/router.h"

#include "service/admin/cookies.h"
#include "service/admin/scim_answers.h"
#include "service/admin/second_person.h"
#include "service/admin/standby.h"
#include "service/base/log.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::admin {
namespace {

constexpr std::size_t segments_max = 8;
constexpr std::size_t audited_path_bytes_max = 200;
constexpr std::string_view operator_prefix = "bso_";

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty() && segments.size() <= segments_max) {
        path.remove_prefix(1);  // the slash
        const std::string_view segment = path.substr(0, path.find('/'));
        segments.push_back(segment);
        path.remove_prefix(segment.size());
    }
    return segments;
}

/// Whether the path is of this route; fills in what stands for its {…}. Nothing is decoded: no path of this API needs
/// it.
bool fits(std::string_view route, const std::vector<std::string_view>& path,
          std::vector<std::string_view>& parameters) {
    const auto wanted = segments_of(route);
    if (wanted.size() != path.size()) return false;
    parameters.clear();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].starts_with('{')) {
            if (path[i].empty()) return false;
            parameters.push_back(path[i]);
        } else if (wanted[i] != path[i]) {
            return false;
        }
    }
    return true;
}

std::string_view bearer_of(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((authorization[i] | (authorization[i] == ' ' ? 0 : 0x20)) != scheme[i]) return {};
    return authorization.substr(scheme.size());
}

std::string roles_of(const auth::Permission& permission) {
    std::vector<std::string_view> names;
    for (const auth::Role role : auth::all_roles())
        if (auth::may(role, permission)) names.push_back(auth::name_of(role));
    return fmt::format("{}", fmt::join(names, ", "));
}

/// What the caller is not told.
void log_for_operator(std::string_view action, const Error& error) {
    if (error.for_operator.empty() && error.fault != Fault::internal) return;
    const log::Level level = error.fault == Fault::internal ? log::Level::error : log::Level::warning;
    log::write(level, "control_refused",
               {{"action", action}, {"fault", facts(error.fault).name}, {"text", error.operator_text()}});
}

Result<void> write_row(const Visit& visit, const std::string& object, std::string_view outcome) {
    const audit::Action row = visit.row(object, outcome);
    return visit.parts->store.write(
        [&](store::Transaction& transaction) { return visit.parts->audit.append(transaction, row); });
}

}  // namespace

Result<std::unique_ptr<Router>> Router::make(Plane& plane) {
    std::unique_ptr<Router> router(new Router(plane));
    const auto same = [](const auto& permission, const Handler& handler) {
        return permission.method == handler.method && permission.route == handler.route;
    };
    for (const auth::Permission& permission : auth::role_table()) {
        const auto found =
            std::ranges::find_if(handlers(), [&](const Handler& each) { return same(permission, each); });
        if (found == handlers().end())
            return fail(Fault::internal, fmt::format("auth::role_table() has {} {}, which no handler serves",
                                                     permission.method, permission.route));
        // A virtual key opens what both tables say it does, and nothing else.
        const bool open = found->access == Access::anybody || found->access == Access::strangers;
        const bool own = found->access == Access::people;
        if (!open && !own && auth::may(auth::Role::member, permission) != (found->access == Access::members))
            return fail(Fault::internal,
                        fmt::format("{} {}: handlers() and auth::role_table() differ on whether members may",
                                    permission.method, permission.route));
        router->routes_.push_back({&permission, &*found});
    }
    for (const Handler& handler : handlers())
        if (std::ranges::none_of(auth::role_table(), [&](const auth::Permission& each) { return same(each, handler); }))
            return fail(Fault::internal, fmt::format("{} {} has a handler, but no row in auth::role_table()",
                                                     handler.method, handler.route));
    return router;
}

std::expected<Router::Match, Problem> Router::match(const Request& request) const {
    if (request.path.find_first_of("%;\\") != std::string::npos)
        return fail(Fault::invalid_request, "The path has '%', ';' or '\\'. No path of this API needs them.");
    const auto path = segments_of(request.path);
    std::vector<std::string_view> methods;
    Match match{};
    for (const Route& route : routes_) {
        if (!fits(route.permission->route, path, match.parameters)) continue;
        if (route.permission->method == request.method) {
            match.route = &route;
            return match;
        }
        methods.push_back(route.permission->method);
    }
    if (methods.empty())
        return fail(Fault::not_found, "The control plane has no such path. All of them: GET /api/v1/openapi.json.");
    Problem problem(Error{Fault::method_not_allowed,
                          fmt::format("This path takes {}, not {}.", fmt::join(methods, ", "), request.method),
                          {}});
    problem.allow = fmt::format("{}", fmt::join(methods, ", "));
    return std::unexpected(std::move(problem));
}

/// A browser sends its cookie with every request, whoever made it ask: that it was our page shows in what only our page
/// can send.
Result<void> Router::check_origin(const Visit& visit) const {
    const Request& request = visit.request;
    if (request.method == "GET") return {};
    const bool elsewhere = !request.fetch_site.empty() && request.fetch_site != "same-origin";
    const bool other_origin = !request.origin.empty() && request.origin != origin_of(plane_.options, request);
    if (!elsewhere && !other_origin &&
        equal_in_constant_time(request.csrf, csrf_of(request.cookie_named(session_cookie))))
        return {};
    return fail(Fault::not_permitted,
                "This did not come from Bursar's own page. Load the page again and repeat what you did there.",
                fmt::format("origin \"{}\", Sec-Fetch-Site \"{}\", {} x-bursar-csrf", request.origin.substr(0, 200),
                            request.fetch_site.substr(0, 20), request.csrf.empty() ? "no" : "wrong or right"));
}

Result<void> Router::identify_session(Visit& visit, std::string_view token) const {
    TRY(const auth::SignedIn signed_in, visit.parts->sessions.identify(token, plane_.clock.now()));
    visit.session = signed_in.session;
    visit.person = signed_in.person;
    visit.calls_as = signed_in.caller;
    visit.who = {.id = visit.session->id,
                 .name = visit.session->way,
                 .role = auth::Role::operator_,
                 .created_at = {},
                 .expires_at = visit.session->ends_at,
                 .team = {}};
    visit.actor = "break-glass";
    if (visit.person == nullptr) return {};
    const auth::Standing& standing = visit.person->standing;
    visit.who.name = visit.person->name;
    visit.who.role = auth::role_of(standing.role).value_or(auth::Role::member);
    if (!standing.leads.empty()) visit.who.team = standing.leads.front();
    visit.actor = "person:" + visit.person->name;
    // What a coding agent keeps on somebody's machine must not be worth an operator's token.
    if (visit.session->kind == auth::SessionKind::agent) visit.who.role = auth::Role::member;
    if (visit.who.role == auth::Role::member) visit.caller = signed_in.caller;
    return {};
}

Result<void> Router::identify(Visit& visit, const Handler& handler) const {
    const std::string_view token = bearer_of(visit.request.authorization);
    const std::string_view cookie = visit.request.cookie_named(session_cookie);
    if (token.starts_with(auth::access_prefix)) return identify_session(visit, token);
    if (visit.request.authorization.empty() && cookie.starts_with(auth::console_prefix)) {
        TRY_VOID(identify_session(visit, cookie));
        return check_origin(visit);
    }
    if (handler.access == Access::people)
        return fail(Fault::unauthenticated,
                    "This is for people who have signed in: in the console, or by bursarctl login.");
    if (handler.access == Access::members && !token.empty() && !token.starts_with(operator_prefix)) {
        TRY(visit.caller, visit.parts->callers.identify(token, visit.request.address, plane_.clock.now()));
        visit.who = {
            .id = {}, .name = visit.caller->name, .role = auth::Role::member, .created_at = {}, .expires_at = {}};
        visit.actor = "key:" + visit.caller->key_id;
        return {};
    }
    if (token.empty())
        return fail(Fault::unauthenticated,
                    "This needs an operator token (Authorization: Bearer bso_…), or somebody who has signed in.");
    TRY(visit.who, visit.parts->operators.identify(token, plane_.clock.now()));
    visit.actor = visit.who.role == auth::Role::scim ? "scim:" + visit.who.source : "operator:" + visit.who.name;
    return {};
}

/// An agent reads what its user may read of themselves, and changes nothing: it does what texts talk it into.
Result<void> Router::check_agent(const Visit& visit) const {
    if (visit.session == nullptr || visit.session->kind != auth::SessionKind::agent) return {};
    if (visit.request.method == "GET" || visit.permission.action.starts_with("agent.")) return {};
    return fail(Fault::not_permitted,
                "The sign-in of a coding agent changes nothing here. Do it in the console, or by bursarctl.");
}

Result<void> Visit::check_proof() const {
    if (session == nullptr) return {};
    const auto& proved = session->proved_at;
    const auto within = parts->rules.get()->identity.sessions.step_up;
    if (proved && plane.clock.now() < *proved + within) return {};
    if (session->kind != auth::SessionKind::console)
        return fail(
            Fault::step_up_needed,
            "This needs a fresh proof of who you are, which a program cannot give. Do it in the console, or with an "
            "operator token.");
    return fail(Fault::step_up_needed,
                fmt::format("This needs a fresh proof of who you are: sign in again ({} minutes are allowed for it).",
                            std::chrono::duration_cast<std::chrono::minutes>(within).count()));
}

Result<void> Router::admit(Visit& visit, const Handler& handler) const {
    if (handler.access == Access::anybody) return {};
    const std::string_view token = bearer_of(visit.request.authorization);
    const std::string& for_scrapers = plane_.options.metrics_token;
    // Also before the first unseal: that the vault is sealed is what a scraper has to see.
    if (handler.access == Access::scrapers && !for_scrapers.empty() && equal_in_constant_time(token, for_scrapers)) {
        visit.actor = "metrics";
        return {};
    }
    if (visit.parts == nullptr) {
        if (handler.access == Access::until_open) return {};
        return fail(Fault::sealed,
                    "The vault has not been unsealed since the start, so the database is closed. Unseal it: bursarctl "
                    "vault unseal.");
    }
    if (handler.access == Access::strangers) return {};
    TRY_VOID(identify(visit, handler));
    if (!auth::may(visit.who.role, visit.permission))
        return fail(Fault::not_permitted,
                    fmt::format("The role {} may not do this ({}). It is for: {}.", auth::name_of(visit.who.role),
                                visit.permission.action, roles_of(visit.permission)));
    TRY_VOID(check_agent(visit));
    if (handler.access == Access::members && visit.session != nullptr && visit.who.role == auth::Role::member &&
        visit.caller == nullptr)
        return fail(Fault::not_permitted,
                    "None of your groups is of a team, so no budget is yours. Whoever runs Bursar can name one of your "
                    "groups in a team of the policy.");
    return handler.proof == Proof::recent ? visit.check_proof() : Result<void>{};
}

/// Does it, or leaves it to be approved where the policy in force asks for two persons.
Reply Router::handle(Visit& visit, const Handler& handler) {
    TRY_VOID(check_may_record(visit, handler));
    if (handler.propose == nullptr || !has_rule(visit)) return handler.handle(visit);
    auto proposal = handler.propose(visit);
    if (!proposal) return std::unexpected(std::move(proposal).error());
    if (!proposal->covered) return handler.handle(visit);
    return ask_second_person(visit, *std::move(proposal));
}

void Router::record(const Visit& visit, const Handler& handler, const Reply& reply) const {
    if (visit.parts == nullptr) return;
    if (reply.has_value()) {
        if (handler.records == Records::router) visit.parts->audit.note(visit.row(visit.request.path));
        return;
    }
    // Who could not sign in is written with the reason by whoever found it.
    if (handler.access == Access::strangers) return;
    const Fault fault = reply.error().error.fault;
    const bool no_right = fault == Fault::unauthenticated || fault == Fault::not_permitted;
    if (no_right || handler.records != Records::reads)
        visit.parts->audit.note(visit.row(visit.request.path.substr(0, audited_path_bytes_max), facts(fault).name));
}

Answer Router::answer(Request request) {
    const Moment started = plane_.clock.moment();
    std::string actor = "anonymous", action = "none";
    const auto logged = [&](Answer answer) {
        log::info("control_request",
                  {{"method", request.method},
                   {"path", request.path},
                   {"action", action},
                   {"status", answer.status},
                   {"actor", actor},
                   {"address", request.address},
                   {"microseconds",
                    std::chrono::duration_cast<std::chrono::microseconds>(plane_.clock.moment() - started).count()}});
        return answer;
    };
    const auto refusal = is_scim(request.path) ? scim_answer_to : answer_to;
    auto matched = match(request);
    if (!matched) return logged(refusal(matched.error()));

    const Handler& handler = *matched->route->handler;
    Visit visit{.plane = plane_,
                .request = request,
                .permission = *matched->route->permission,
                .parameters = std::move(matched->parameters),
                .parts = plane_.hooks.parts(),
                .actor = actor};
    action = visit.permission.action;
    Reply reply;
    if (auto admitted = admit(visit, handler); admitted)
        reply = handle(visit, handler);
    else
        reply = std::unexpected(std::move(admitted).error());
    record(visit, handler, reply);
    actor = visit.actor;
    if (!reply) log_for_operator(action, reply.error().error);
    return logged(reply ? std::move(*reply) : refusal(reply.error()));
}

audit::Action Visit::row(std::string object, std::string_view outcome, std::string detail) const {
    // Two tokens may have the same name; their ids differ.
    if (!who.id.empty()) detail.insert(1, fmt::format("\"token\":\"{}\"{}", who.id, detail.size() > 2 ? "," : ""));
    if (!approval.empty()) {
        std::string second = fmt::format("\"approval\":\"{}\",\"approved_by\":", approval);
        append_json_string(second, approved_by);
        detail.insert(1, second + (detail.size() > 2 ? "," : ""));
    }
    return {.actor = actor,
            .address = request.address,
            .action = std::string(permission.action),
            .object = std::move(object),
            .outcome = std::string(outcome),
            .detail = std::move(detail)};
}

std::string Visit::author() const {
    return approval.empty() ? who.name : fmt::format("{} (approved by {})", who.name, approved_by);
}

Result<void> Visit::no_body() const {
    if (request.body.empty() || request.body == "{}") return {};
    return fail(Fault::invalid_request, "This request takes no body. Leave it out.");
}

Result<void> do_audited(const Visit& visit, const std::string& object, const std::function<Result<void>()>& act) {
    TRY_VOID(write_row(visit, object, "begun"));
    TRY_VOID(act());
    write_done(visit, object);
    return {};
}

void write_done(const Visit& visit, const std::string& object) {
    if (auto written = write_row(visit, object, "ok"); !written)
        log::error(
            "audit_incomplete",
            {{"action", visit.permission.action}, {"object", object}, {"text", written.error().operator_text()}});
}

}  // namespace bursar::admin
