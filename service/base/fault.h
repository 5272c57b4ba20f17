#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bursar {

/// Why a call or a command was refused or failed. A closed list: add an enumerator only when callers must act
/// differently on it. fault.cpp holds the one table that knows HTTP statuses and the providers' error types.
enum class Fault : std::uint8_t {
    /// The bytes are not a well-formed HTTP message. Not for a well-formed one with a wrong body: invalid_request.
    malformed,
    /// A well-formed request that asks for something wrong: bad JSON, a wrong type, a missing field.
    invalid_request,
    /// A cap on target, headers or body was passed.
    too_large,
    /// A deadline for sending the request passed.
    too_slow,
    /// No such path or object.
    not_found,
    /// The path exists, but not with this method.
    method_not_allowed,
    /// HTTP that we do not speak: an unknown method, transfer coding or version.
    not_implemented,
    /// The client asks for another protocol (WebSocket) where only HTTP is spoken.
    upgrade_refused,
    /// The state has changed since the caller looked (If-Match), or the thing exists already.
    conflict,
    /// A call with the same Idempotency-Key has not ended; a retry after a moment gets its answer.
    call_in_progress,
    /// The Idempotency-Key stands for a request that was another one.
    idempotency_key_reused,
    /// A call with the same Idempotency-Key was paid for, and there is no whole answer to give again; a new key helps.
    idempotency_key_spent,
    /// No or wrong credentials. Not for a caller who is known but may not: not_permitted.
    unauthenticated,
    /// Too many wrong credentials from here or for this name.
    locked_out,
    /// A known caller may not do this.
    not_permitted,
    /// A known caller may do this, but has to prove again who they are: a password or the provider was asked too long
    /// ago.
    step_up_needed,
    /// No model of that name for this caller.
    model_unknown,
    /// A filter of the policy refused the prompt.
    content_refused,
    /// A rate limit; a retry after a while helps. Money is budget_exhausted.
    rate_limited,
    /// A limit of some account would be passed. The error names the account, the limit and when its period ends.
    budget_exhausted,
    /// This key was stopped, by a person or by a rule, for a time or until somebody lets it go on. Not for a caller who
    /// never may: not_permitted. Has the shape of a used-up budget, at which every client shows our sentence.
    paused,
    /// The model has no price, so its cost cannot be held.
    price_missing,
    /// The ledger or audit cannot be written; nothing is served that is not recorded.
    storage_unavailable,
    /// The vault is sealed: no provider key can be lent.
    sealed,
    /// The policy names a secret that the vault does not have.
    key_missing,
    /// No channel could answer: connect failed, garbage, 5xx.
    provider_unavailable,
    /// The provider answered with a refusal of its own (4xx); its words are passed on.
    provider_refused,
    /// One of the call's deadlines passed.
    deadline_passed,
    /// The company's directory or provider of identities does not answer, or not wholly: nobody can sign in by it now,
    /// and
    /// nobody loses anything.
    directory_unavailable,
    /// Too much at once; refused early so that the rest keeps its latency.
    overloaded,
    /// The service is stopping.
    shutting_down,
    /// Configuration or policy is wrong. Stops a start with exit code 78.
    wrong_configuration,
    /// Our own defect. Never for input, network or disk.
    internal,
};

/// Who has to act.
enum class Blame : std::uint8_t { caller, operator_, provider, us };

struct FaultFacts {
    Fault fault;
    std::string_view name;  ///< stable, machine-readable
    int http_status;
    std::string_view openai_type;
    std::string_view anthropic_type;
    Blame blame;
    bool retryable;  ///< whether the same request may succeed soon without anybody acting
};

const FaultFacts& facts(Fault fault);
std::span<const FaultFacts> all_faults();

}  // namespace bursar
