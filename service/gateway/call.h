#pragma once

#include "policies/admit.h"
#include "policies/charge.h"
#include "service/audit/audit.h"
#include "service/base/caller.h"
#include "service/base/ids.h"
#include "service/edge/exchange.h"
#include "service/gateway/rates.h"
#include "service/ledger/ledger.h"
#include "service/providers/blame.h"
#include "service/providers/body.h"
#include "service/providers/health.h"
#include "service/providers/meter.h"
#include "service/stored/stored.h"
#include "service/vault/vault.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bursar::gateway {

class Recording;
class Shard;
struct ModelPlace;

/// How errors look on the caller's side.
enum class Shape : std::uint8_t { openai, anthropic, gemini };

/// One try at one channel: it owes a settlement from the moment its hold is taken until the hold is closed.
struct Attempt {
    AttemptId id;
    const policies::Channel* channel = nullptr;
    const policies::ProviderKey* key = nullptr;    ///< of the provider's pool; null: it wants none
    vault::Lease token;                            ///< in the place of the key, where it is a credential
    std::optional<providers::Judgement> no_token;  ///< what it says of the credential that there is none
    bool token_comes = false;                      ///< one was asked for: wait for it
    providers::Passage passage;
    Endpoint spoken = Endpoint::chat_completions;  ///< at the provider
    bool translated = false;                       ///< it is not the caller's
    Moment began;
    Moment ended;                            ///< of an attempt that failed
    Moment first_content;                    ///< of a stream
    const policies::Price* price = nullptr;  ///< of that channel, pinned when the hold was taken
    bool open = false;                       ///< a hold is taken and neither settled nor released
    bool sent = false;                       ///< a byte of it may have reached the provider
    int status = 0;                          ///< of the provider's answer; 0: none came
    Amounts held;
    policies::Charge charge;  ///< what its cost is charged at
    bool cut = false;         ///< the budget had no more for it: the provider may have made more than came
    Tokens output_paid = 0;   ///< output tokens that the hold pays for
    bool grows = false;       ///< the hold follows the stream; any other bounds the answer
};

/// One request on its way through the rooms. Lives on the coroutine of serve(); touched by its shard only.
struct Call {
    Call(edge::Exchange& with, Shard& home) : exchange(with), shard(home) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    edge::Exchange& exchange;
    Shard& shard;
    Recording* recording = nullptr;  ///< is the exchange, if the request has an Idempotency-Key
    CallId id;
    Timestamp at;  ///< when it came: decides prices and periods
    Moment started;
    std::chrono::nanoseconds waited{};  ///< for the caller's body and for the provider: not our overhead

    // Greet
    Endpoint endpoint = Endpoint::chat_completions;
    Dialect dialect = Dialect::openai;
    Shape shape = Shape::openai;
    std::string asked_model;    ///< Gemini's path names the model
    bool asked_stream = false;  ///< and whether the answer streams
    std::string asked_id;       ///< of a stored response, a file or a batch, in its path
    std::string body;           ///< the prompt; freed before the answer streams
    providers::Prompt prompt;

    // Recall
    std::optional<stored::Response> kept;  ///< the stored response that it is about, or goes on from
    Tokens context = 0;                    ///< what the provider has of that as input, besides the body
    bool in_mind = false;                  ///< its own response is remembered
    bool context_told = false;             ///< and how long it is

    // Identify, Admit
    std::shared_ptr<const policies::Snapshot> rules;  ///< one unchanging view for the whole call
    std::shared_ptr<const Caller> caller;
    bool signed_in = false;  ///< by a session's access token, as coding agents do
    std::optional<policies::Route> route;
    std::shared_ptr<const ledger::Scopes> scopes;
    std::optional<Tokens> output_learned;  ///< what an answer has for each choice, as far as earlier ones told
    Rates::Permit permit;                  ///< what it has taken of its limits of speed
    Rates::State rates;                    ///< as they were then; for the headers
    Moment admitted;

    // Choose, Hold, Forward
    Attempt attempt;
    std::shared_ptr<const ModelPlace> ways;                 ///< how the channels of the route are
    std::vector<const policies::Channel*> failed_channels;  ///< in this call: none of them is asked again
    std::vector<const policies::ProviderKey*> failed_keys;
    Timestamp attempted_at;               ///< the time in the id of the newest attempt
    std::vector<audit::Outcome> earlier;  ///< rows of the attempts that others followed
    bool again = false;                   ///< the attempt that has just failed is to be followed by another
    std::optional<std::chrono::milliseconds> retry_after;  ///< when a refused caller may find a channel again
    NanoUsd remaining = ledger::unlimited;                 ///< what the tightest budget has left after this call's hold
    std::function<void()> cancel;                          ///< ends whatever this call waits for at the provider
    std::function<void()> leave;  ///< the caller has left: at a provider, ends the call or drains it
    std::int64_t lines = 1;       ///< calls that it stands for: a batch is many
    bool counted = false;         ///< limits of calls, and the fee that is charged for each, have it
    bool caller_left = false;
    bool stopping = false;  ///< the service ends its streams
    std::size_t place = 0;  ///< in the shard's list of calls at a provider

    audit::Outcome outcome;              ///< grows on the way; written by Record
    std::string reason;                  ///< of a refusal or failure, for the operator
    std::optional<Timestamp> resets_at;  ///< of the budget that refused it
    std::optional<ledger::Refusal> refused_by;
    Moment heard;  ///< when the whole request was there
    /// By all its attempts.
    NanoUsd spent() const {
        NanoUsd sum = outcome.cost;
        for (const audit::Outcome& each : earlier) sum += each.cost;
        return sum;
    }
    bool answered = false;  ///< a head went to the caller: nothing else can be answered
};

}  // namespace bursar::gateway
