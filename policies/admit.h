#pragma once

#include "policies/pin.h"
#include "policies/snapshot.h"
#include "service/base/caller.h"
#include "service/base/result.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::policies {

/// What a call asks for, as far as policy looks at it.
struct Ask {
    Endpoint endpoint = Endpoint::chat_completions;
    Dialect dialect = Dialect::openai;
    std::string_view model;
    bool stream = false;
    std::optional<Tokens> max_tokens;  ///< as the caller set it
    Tokens input_at_most = 0;          ///< a bound on the input tokens of the body
    bool input_elsewhere = false;      ///< the provider adds input of its own: only the model's window bounds it
    std::int64_t choices = 1;          ///< answers asked for: each may use max_tokens
    std::int64_t images = 0;           ///< images to be made (billed per image)
    std::int64_t characters = 0;       ///< to be read aloud
    std::int64_t seconds = 0;          ///< of sound that is sent, at most
    std::int64_t search_units = 0;     ///< of a rerank, at most
    std::size_t texts = 1;             ///< to be embedded
    bool in_tokens = false;            ///< some of them are lists of tokens
    std::string_view picture = {};     ///< quality and size, as asked for
    std::string_view untold = {};      ///< a form of answer that does not tell what it cost; empty: none
    std::string_view service_tier;     ///< as asked for
    bool web_search = false;           ///< the provider may search the web on its own
    std::optional<std::int64_t> searches_max;  ///< as the caller bounded it
    std::string_view tool_unpriced;  ///< a tool that the provider runs and bills beside its tokens; empty: none
    Tokens output_min = 0;           ///< with a smaller limit the provider takes no call such as this
    // What the rules of virtual models look at.
    Tokens input_estimated = 0;
    bool tools = false;
    bool pictures = false;
    Abilities needs;        ///< as far as the body shows
    std::string_view tags;  ///< a comma list
    int budget_left_percent = 100;
    const Pin* pin = nullptr;              ///< null: wherever the model is
    std::optional<Tokens> output_learned;  ///< what nine of ten such answers had at most, for each choice
    bool batch = false;                    ///< a line of one: only where the provider takes batches of such calls
};

/// Where a call may go and what to hold for it.
struct Route {
    std::shared_ptr<const Model> model;
    /// That can answer this caller, in his own dialect or translated, in order of priority; never empty.
    std::vector<const Channel*> channels;
    /// What the hold is made of: the price in force of the only channel, or one that is as dear as the dearest of them
    /// for this very call (its input_at_most, service tier and time).
    const Price* price = nullptr;
    Bounds bounds;               ///< of all its input, wherever it comes from, and of what is billed besides tokens
    NanoUsd expected;            ///< to be held at the start
    NanoUsd expected_min;        ///< below this a hold is of no use
    NanoUsd worst;               ///< what the call could cost at most
    Tokens output_least = 0;     ///< output tokens that `expected_min` pays for, over all choices
    Tokens output_expected = 0;  ///< output tokens that `expected` pays for, over all choices
    Tokens output_worst = 0;     ///< over all choices
    /// What the output cannot pass, over all choices: `output_worst`, unless only the model's own limit bounds it.
    std::optional<Tokens> output_limit;
    bool grows = false;  ///< streamed: the hold starts at `expected` and grows, if all of that was to be had
    OnShort on_short = OnShort::lower;
    std::shared_ptr<const Price> ceiling = nullptr;  ///< owns `price` where it is made of several
};

/// Whether this caller may use this model now, where, and at what worst price.
/// not_permitted, model_unknown, price_missing (no price in force), invalid_request (the model cannot do what the call
/// needs), not_found (the place where it is pinned is gone), wrong_configuration never. Pure.
Result<Route> admit(const Snapshot& rules, const Caller& caller, const Ask& ask, Timestamp now);

/// The same for another model that the policy itself names for this call: nobody asks whether the caller may use it.
/// model_unknown if it cannot be asked at this endpoint.
Result<Route> route_to(const Snapshot& rules, const std::string& model, const Caller& caller, const Ask& ask,
                       Timestamp now);

/// Whether the model that is asked for is a virtual one: then the rest of `Ask` has to be known before admit().
bool is_virtual(const Snapshot& rules, std::string_view model);

/// What `GET /v1/models` shows this caller: the models that he may use, by name.
std::vector<std::shared_ptr<const Model>> models_of(const Snapshot& rules, const Caller& caller);

/// The accounts a caller is charged to, from the organisation down, with their limits: "org", "team:…" from the root to
/// the caller's own, "person:…" if there is one, "key:…". What a team allows each person holds in the teams below it
/// too. not_permitted if the policy no longer has the caller's team.
struct Charged {
    AccountName account;
    std::vector<Budget> budgets;
};
Result<std::vector<Charged>> accounts_of(const Snapshot& rules, const Caller& caller);

/// Whom the people of a team ask for more: "" if nobody is named.
std::string contact_of(const Snapshot& rules, std::string_view team);

/// The limits of one account: those that the documents give it, those that allocations have set, each with the changes
/// that are decided for it.
std::vector<Budget> limits_of(const Snapshot& rules, const AccountName& account, std::vector<Budget> documented);

}  // namespace bursar::policies
