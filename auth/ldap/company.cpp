#include "auth/ldap/company.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr auto way_time_max = std::chrono::seconds(3), way_time_min = std::chrono::seconds(1);
constexpr auto service_rest = std::chrono::minutes(1);
constexpr int busy = 51, unavailable_now = 52;

/// What of the time that is left a server gets for being reached, securing the connection and knowing the service
/// account: enough must stay for the others.
Deadline way_deadline(Deadline deadline, std::size_t servers_left) {
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<long>(servers_left);
    return std::min(deadline, now + std::clamp<std::chrono::steady_clock::duration>(share, way_time_min, way_time_max));
}

}  // namespace

Company::Company(Options options, BindPassword password, const Clock& clock, Trust trust, Servers::Discover discover)
    : options_(std::move(options)),
      password_(std::move(password)),
      clock_(clock),
      trust_(std::move(trust)),
      servers_(options_, clock, std::move(discover)) {}

Deadline Company::in(std::chrono::seconds time) const { return std::chrono::steady_clock::now() + time; }

Outcome<void> Company::at_a_server(Deadline deadline, const Work& work) {
    const auto servers = servers_.in_order(deadline);
    if (!servers) servers_.none_answered(servers.error().text);
    TRY_VOID(servers);
    Failure all{Failure::Kind::time, ""};
    for (std::size_t i = 0; i < servers->size(); ++i) {
        const Server& server = (*servers)[i];
        const Deadline way_until = way_deadline(deadline, servers->size() - i);
        Way way;
        Outcome<void> done;
        auto connection = Connection::open(server, trust_, clock_.now(), way_until, way);
        if (!connection) done = std::unexpected(connection.error());
        if (done && !options_.bind_dn.empty() && options_.direct_bind.empty())
            done = bind_service(**connection, way_until);
        if (done) done = work(**connection, deadline);
        if (done) {
            servers_.answered(server);
            return {};
        }
        const Failure& why = done.error();
        if (why.kind == Failure::Kind::connection || why.kind == Failure::Kind::time)
            servers_.failed_at(server, why.text);
        all.text += (all.text.empty() ? "" : "; ") + why.text;
        all.kind = why.kind;
        all.code = why.code;
        if (!why.elsewhere_may_help() || std::chrono::steady_clock::now() >= deadline) break;
    }
    servers_.none_answered(all.text);
    return std::unexpected(std::move(all));
}

Outcome<void> Company::bind_service(Connection& connection, Deadline deadline) {
    const auto password = password_();
    const auto cannot = [&](std::string_view why) {
        Failure failure{Failure::Kind::refused,
                        fmt::format("the service account {} cannot sign in: {}", options_.bind_dn, why)};
        failure.final = true;
        return std::unexpected(std::move(failure));
    };
    if (!password) return cannot(password.error().operator_text());
    if (password->empty()) return cannot("its password in the vault is empty");
    const Digest digest = sha256(password->reveal());
    if (const std::string why = resting(digest); !why.empty()) return cannot(why);
    TRY(const BindAnswer answer, connection.bind(options_.bind_dn, *password, deadline));
    if (answer.code == busy || answer.code == unavailable_now)
        return failed(Failure::Kind::busy, fmt::format("{}: {}", connection.server().text(), name_of_code(answer.code)),
                      answer.code);
    if (answer.code != 0) {
        const std::string why = fmt::format(
            "{} says: {}. Look at its name (bind_dn), its password in the vault, and whether it is locked or expired",
            connection.server().text(), why_refused(answer.code, answer.diagnostic, answer.policy));
        rest(digest, why);
        return cannot(why);
    }
    if (answer.must_change) return cannot("its password has to be changed first");
    return {};
}

std::string Company::resting(const Digest& password) {
    const MutexLock lock(refused_mutex_);
    if (refused_.password != password || clock_.moment() >= refused_.until) return {};
    return refused_.why + ". It is tried again within a minute, or at once with another password";
}

void Company::rest(const Digest& password, const std::string& why) {
    const MutexLock lock(refused_mutex_);
    refused_ = {.password = password, .until = clock_.moment() + service_rest, .why = why};
}

Error Company::unavailable(const Failure& failure) {
    return {Fault::directory_unavailable,
            "The company's directory does not answer as it should, so nobody can be looked up there now. Try again in "
            "a few minutes; "
            "if it stays so, tell whoever runs this service.",
            fmt::format("directory \"{}\": {}", options_.name, failure.text)};
}

}  // namespace bursar::ldap
