#pragma once

#include "auth/authenticator.h"
#include "policies/path.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/edge/http.h"
#include "service/gateway/call.h"
#include "service/providers/translate/translate.h"

#include <optional>
#include <string>
#include <string_view>

// The rooms that need nothing but the call: pure, or from memory.
namespace bursar::gateway {

/// Room 1: which endpoint and dialect a head asks for. Fills the call also when it refuses, so that the refusal has the
/// right shape. not_found, method_not_allowed, upgrade_refused, invalid_request.
Result<void> greet(Call& call);

/// Room 2: who calls, by a key, a sign-in or a JWT. Before the body is read: strangers may not make us read.
Result<void> identify(Call& call, const auth::Authenticator& callers);

/// Whether a call is about a stored response and costs nothing: it teaches nothing of channels and keys.
bool is_by_id(Endpoint endpoint);
/// Whether the provider's answer to a DELETE means that it does not have the response any more.
bool is_gone(Endpoint endpoint, int status, std::string_view body);
/// Whether such a refusal is held against the key. No limit of speed holds for what costs nothing, so a flood of it
/// must not close a key that all others need.
bool teaches_key(Endpoint endpoint, providers::Fit fit);
/// Where a call has to go that is about a stored response, or goes on from one. `kept` is found; views into the call.
policies::Pin pin_of(const Call& call);

/// Body of `GET /v1/models` and `/v1/models/{id}` in the caller's dialect, with what this caller may use.
Result<std::string> model_list(const Call& call);

/// How errors look to whoever sends such a head.
Shape shape_of(const edge::RequestHead& head);
/// What stands behind "models" in a path of the list of models or of one of them; nothing if it is another path.
std::optional<std::string_view> behind_models(std::string_view path);
/// One value of a query; empty if it is not there. Keys are letters and digits, so nothing is escaped in them.
std::string_view parameter(std::string_view query, std::string_view name);
/// One part of a path without its escapes.
std::string decoded(std::string_view text);

/// What a call is told that the service ends at its stop.
Error stopping_error();

/// Input tokens of a call whose provider does not tell them: the bound takes one for each byte, most text has a third
/// of that.
Tokens input_estimate(const Call& call);
/// What such a call is booked at: as much as was held, where what it reads is known to the provider by ids alone,
/// nobody told how long the conversation was before, or its input is all that is paid and another dialect's API has no
/// count of it.
Tokens input_booked(const Call& call);

/// Path and query at the provider of a channel. What the caller wrote behind its path goes along, unless the call is
/// translated. `id`: of what is stored there, where the path has one.
std::string provider_target(const policies::Channel& channel, Endpoint asked, const edge::RequestHead& head,
                            policies::Delivery delivery = policies::Delivery::whole, std::string_view id = {});

/// Whether any channel of the call's route takes it now. `ways` are looked up.
bool anybody_takes(const Call& call, Moment now);

/// What a translated answer shows of its call.
class CallText {
  public:
    explicit CallText(const Call& call);
    providers::translate::Shown shown() const;

  private:
    const Call& call_;
    std::string id_;
};

/// The head of an answer that came from a provider, with our own headers.
edge::ResponseHead answer_head(const Call& call, int status, const std::vector<edge::Header>& from_provider,
                               Moment now);

}  // namespace bursar::gateway
