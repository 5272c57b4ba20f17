#include "auth/authenticator.h"

#include "auth/credential.h"

#include <fmt/format.h>

namespace bursar::auth {
namespace {

std::unexpected<Error> not_let_in(const Caller& caller, const Person& person) {
    return fail(
        Fault::unauthenticated, "Whose key this is may not use Bursar at present. Ask your operator, who can see why.",
        fmt::format("key {} of {}, who is {}: {}", caller.key_id, person.name, name_of(person.state), person.why));
}

std::unexpected<Error> not_of_team(const Caller& caller) {
    return fail(Fault::not_permitted,
                fmt::format("This key is of the team \"{}\", and whose key it is is not in that team any more. Use a "
                            "key of a team that you are in, or ask your operator.",
                            caller.team),
                fmt::format("key {} of {}, who is not of the team {}", caller.key_id, caller.person, caller.team));
}

std::unexpected<Error> without_team(const SignedIn& who) {
    return fail(Fault::not_permitted,
                "You are signed in, but none of your groups gives you a team that may call models. Ask your operator "
                "to add you to one.",
                fmt::format("the session {} of {}, who is of no team", who.session->id, who.session->person));
}

std::unexpected<Error> not_for_calls(const Session& session) {
    return fail(Fault::unauthenticated,
                "This is the console's own sign-in, with which no model can be called. Make a key, or sign in with "
                "your agent.",
                fmt::format("the session {} of the kind {}", session.id, name_of(session.kind)));
}

}  // namespace

Result<std::shared_ptr<const Caller>> Authenticator::identify(std::string_view presented, std::string_view address,
                                                              Timestamp now) const {
    if (presented.starts_with(access_prefix)) {
        TRY(SignedIn who, sessions_.identify(presented, now));
        if (who.session->kind == SessionKind::console) return not_for_calls(*who.session);
        if (who.caller == nullptr) return without_team(who);
        return std::move(who.caller);
    }
    if (presented.starts_with(jwt_prefix) && workload_) return workload_(presented, now);
    TRY(auto caller, keys_.identify(presented, address, now));
    if (caller->person.empty()) return caller;
    const auto person = people_.find(caller->person);
    if (person == nullptr) return caller;
    if (!person->let_in()) return not_let_in(*caller, *person);
    if (!person->standing.is_of(caller->team)) return not_of_team(*caller);
    return caller;
}

}  // namespace bursar::auth
