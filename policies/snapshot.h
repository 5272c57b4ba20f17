#pragma once

#include "policies/alerts.h"
#include "policies/allocation.h"
#include "policies/identity.h"
#include "policies/passthrough.h"
#include "policies/price.h"
#include "policies/reports.h"
#include "policies/retention.h"
#include "policies/watch.h"
#include "service/base/abilities.h"
#include "service/base/budget.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/usage.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// One checked policy, whole and immutable. Readers hold it for as long as a call lasts.
namespace bursar::policies {

struct Url {
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;
    std::string path;  ///< without a trailing slash; "/v1" of "https://api.openai.com/v1"
    std::string text() const;
    bool operator==(const Url&) const = default;
};

struct ProviderKey {
    std::string secret;  ///< its name in the vault
    int weight = 1;
    bool operator==(const ProviderKey&) const = default;
};

/// What to do with the provider's stream when the caller has left.
enum class OnDisconnect : std::uint8_t { cancel, drain };

struct Deadlines {
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds first_byte{120'000};
    std::chrono::milliseconds first_token{120'000};  ///< of a stream: from its head to its first content
    std::chrono::milliseconds idle{60'000};
    std::chrono::milliseconds total{900'000};
    bool operator==(const Deadlines&) const = default;
};

/// Where the tokens of a provider come from that takes no keys: its secrets are credentials for that place.
enum class TokenSource : std::uint8_t { none, entra, google };

/// How tokens are asked for. What is empty is as the source has it for everybody.
struct TokenAsk {
    TokenSource source = TokenSource::none;
    std::optional<Url> url;  ///< Google: the token endpoint; Entra: what stands in front of the tenant
    std::string scope;
    bool operator==(const TokenAsk&) const = default;
};

/// How a provider wants its key. `aws`: an access key signs the request, a key of Bedrock's own is a bearer.
enum class AuthScheme : std::uint8_t { bearer, x_api_key, api_key, x_goog_api_key, aws };

/// As policies write them: "x-api-key", "anthropic".
std::string_view name_of(AuthScheme auth);
std::string_view name_of(TokenSource source);
/// Where tokens of this provider are asked for: what the policy says, or the address that the source has for everybody.
/// Of Entra the tenant's path is missing, which the credential knows.
Url token_url(const TokenAsk& ask);
/// For what they are good.
std::string token_scope(const TokenAsk& ask);
std::string_view name_of(Dialect dialect);

/// When a channel of a provider counts as failing, and when it is tried again.
struct Breaker {
    int errors_percent = 50;                            ///< of the calls of the window
    int calls_min = 5;                                  ///< fewer failures say nothing
    std::chrono::milliseconds window{10'000};           ///< what is looked back at
    std::chrono::milliseconds first_retry{1'000};       ///< after the failure; doubles with every retry that fails
    std::chrono::milliseconds last_retry{30'000};       ///< the longest
    std::chrono::milliseconds key_first_retry{60'000};  ///< of a key that the provider refused or that is used up
    std::chrono::milliseconds key_last_retry{900'000};
    bool operator==(const Breaker&) const = default;
};

/// What sets a provider apart from others that speak its dialect.
struct Quirks {
    /// Azure: the model is in the path (/openai/deployments/MODEL/chat/completions), not only in the body.
    bool deployments = false;
    std::string api_version;      ///< Azure: the query's api-version; empty: none
    std::string max_tokens_name;  ///< of a limit that is inserted; empty: the dialect's own
    bool stream_usage = true;     ///< takes stream_options.include_usage
    std::string region;           ///< Bedrock: whose name is in every signature
    bool responses = true;        ///< OpenAI dialect: has the Responses API; else its callers are served by chat
    bool version_in_path = true;  ///< Anthropic dialect: "/v1" is added to a base_url that does not end in it
    /// Vertex, Anthropic dialect: the model and the verb are in the path (/models/MODEL:rawPredict), no model is in the
    /// body.
    bool raw_predict = false;
    std::vector<std::pair<std::string, std::string>> headers;  ///< sent with every call
    std::string models_path = "/models";  ///< behind base_url; asked by health probes and tests; empty: it has none
    bool operator==(const Quirks&) const = default;
};

struct Provider {
    std::string name;
    Dialect dialect = Dialect::openai;
    Url base_url;
    AuthScheme auth = AuthScheme::bearer;
    Quirks quirks;
    Breaker breaker;
    std::chrono::milliseconds probe_every{0};  ///< ask models_path so often whether it is there; 0: never
    std::vector<ProviderKey> keys;             ///< empty: a local server that wants none
    std::optional<Url> proxy;                  ///< outbound HTTP proxy (CONNECT for https, absolute form for http)
    std::string ca_file;                       ///< PEM of a company CA trusted for this provider besides the system's
    Deadlines deadlines;
    OnDisconnect on_disconnect = OnDisconnect::cancel;
    std::chrono::milliseconds drain_max{10'000};
    std::string catalogue;               ///< whose price list applies; default: its own name
    TokenAsk tokens;                     ///< where the keys are credentials: who gives tokens for them
    std::vector<PassEntry> passthrough;  ///< what else of its API may be asked for; no two match one request
    bool operator==(const Provider&) const = default;
};

/// What everybody knows of a provider: all but the keys. A provider takes from it what it does not say itself.
struct CatalogueEntry {
    std::string name;
    std::string about;     ///< who that is
    std::string base_url;  ///< may hold placeholders: "https://{resource}.openai.azure.com"
    std::string asks;      ///< what a company writes in their place; empty: there are none
    std::string prices;    ///< whose price list applies, if it has another name
    Provider provider;     ///< without name, keys and, if there are placeholders, base_url
    bool operator==(const CatalogueEntry&) const = default;
};

/// One place a model may go to.
struct Channel {
    std::shared_ptr<const Provider> provider;
    std::string model;  ///< the provider's name for it
    int priority = 1;   ///< 1 first
    int weight = 1;     ///< among those of one priority, where the strategy looks at weights
    std::shared_ptr<const PriceBook> prices;
    std::string name() const { return provider->name + "/" + model; }
};

/// Which of the channels of one priority comes first. Those of a later priority come only when no earlier one can.
enum class Strategy : std::uint8_t {
    priority,    ///< as written
    weighted,    ///< by chance, as often as their weights say
    cheapest,    ///< by what this very call is expected to cost
    fastest,     ///< by moving averages of the time to the first token and of tokens per second
    least_busy,  ///< by calls under way, over the weight
    sticky       ///< the same for the same caller, as often as the weights say: where prompt caches pay
};

/// As policies write it: "least_busy".
std::string_view name_of(Strategy strategy);

/// One rule of a virtual model: all that it names must hold.
struct PickRule {
    std::optional<Tokens> input_above;             ///< estimated input tokens
    std::optional<bool> tools;                     ///< the call offers tools
    std::optional<bool> images;                    ///< the call shows images
    std::vector<std::string> tags;                 ///< any of x-bursar-tags; empty: whatever
    std::optional<int> budget_left_below_percent;  ///< of the tightest budget that pays for the caller
    std::string use;                               ///< a model with channels
    bool operator==(const PickRule&) const = default;
};

/// Which other model is asked when a provider says that this one cannot; empty: none.
struct Fallbacks {
    std::string context_too_long;
    std::string content_refused;
    bool operator==(const Fallbacks&) const = default;
};

struct Model {
    std::string name;
    std::string tier;
    std::vector<std::string> aliases;  ///< further names that callers may use
    std::vector<Channel> channels;     ///< in order of priority, as written among equals; empty: a virtual model
    Strategy strategy = Strategy::priority;
    int attempts_max = 3;  ///< in one call, over all channels and keys
    Fallbacks fallbacks;
    std::vector<PickRule> rules;  ///< of a virtual model: the first that holds decides; the last holds always
    Tokens output_tokens_max = 16'384;
    std::optional<Tokens> input_tokens_max;  ///< the model's window, where it is known
    /// May bill output that is not in the stream: held at its maximum even when streamed. What the policy does not say
    /// of a model, its prices do.
    bool hidden_reasoning = true;
    /// What it can do besides text; nothing: the policy does not say, and no call is refused for it.
    std::optional<Abilities> abilities;
};

/// How fast calls may come. None of them: no limit.
struct Rate {
    std::optional<std::int64_t> requests_per_minute;
    std::optional<Tokens> tokens_per_minute;
    std::optional<std::int64_t> parallel;  ///< calls under way at once
    bool operator==(const Rate&) const = default;
};

/// What an account is charged for a call that costs the company something else. A rule counts where everything that it
/// names is so; of several the first as written.
struct ChargeRule {
    std::string team;  ///< this team or one below it; empty: every team
    std::string of;    ///< "tier:NAME" or "model:NAME"; empty: every model
    Factor factor;     ///< of the provider's cost
    NanoUsd per_call;  ///< besides, for each call that a provider served, or may have served
    bool operator==(const ChargeRule&) const = default;
};

/// When less is left than a call may cost: lower its max_tokens to what the rest buys, or refuse it.
enum class OnShort : std::uint8_t { lower, refuse };

struct Team {
    std::string name;
    std::string parent;               ///< empty: directly under the organisation
    std::vector<std::string> models;  ///< names or "tier:NAME"; empty: none. "*": every model
    std::vector<Budget> budgets;
    std::vector<Budget> per_person;  ///< what each person of the team may spend, besides
    OnShort on_short = OnShort::lower;
    std::vector<std::string> groups;  ///< directory groups whose people are in it
    std::vector<std::string> leads;   ///< directory groups whose people lead it and the teams below
    std::string cost_centre;          ///< whom finance books it on; empty: as the team above
    std::string contact;              ///< whom its people ask for more; empty: as the team above
    Rate rate;                        ///< of everybody in it together
    Rate rate_per_person;
    Rate rate_per_key;
    /// `models`, worked out. What many teams may use is not copied into each of them: a small policy would fill the
    /// memory.
    bool may_all = false;
    std::set<std::string, std::less<>> may_tiers;
    std::set<std::string, std::less<>> may_models;
    bool may(const Model& model) const {
        return may_all || may_models.contains(model.name) || (!model.tier.empty() && may_tiers.contains(model.tier));
    }
};

/// What the books are kept in, and everything but reports is shown in.
inline constexpr std::string_view books_currency = "USD";

struct Organisation {
    std::string name;
    std::string currency{books_currency};  ///< of reports; books are in dollars
    /// What a dollar is in `currency`, in millionths.
    std::int64_t per_usd_millionths = 1'000'000;
    Language language = Language::en;
    std::string time_zone = "UTC";
    std::vector<Budget> budgets;
    std::string contact;  ///< whom people ask for more; empty: whoever runs Bursar
    Rate rate;
};

/// What is in force beside the documents: decided by people or by runs of an allocation, and kept in the database.
struct InForce {
    /// A change of one limit of an account; of a limit that the account does not have, nothing comes.
    struct Raise {
        Budget like;  ///< which of the account's limits (Budget::is_like); its numbers mean nothing
        Adjustment adjustment;
        bool operator==(const Raise&) const = default;
    };
    struct Pause {
        std::string reason;  ///< for the caller: a sentence
        Timestamp until = Timestamp::max();
        bool operator==(const Pause&) const = default;
    };
    std::map<AccountName, std::vector<Budget>, std::less<>> allotted;  ///< limits that allocations have set
    /// Of the pools of allocations: what their members had left and have again. Written by nobody but those runs.
    std::map<AccountName, std::vector<Raise>, std::less<>> rolled_over;
    std::map<AccountName, std::vector<Raise>, std::less<>> raises;
    std::map<std::string, Pause, std::less<>> paused;  ///< by key id
};

struct Snapshot {
    std::int64_t revision = 0;
    /// Grows with every snapshot that comes into force, also where the documents stay the same: what is worked out from
    /// one is kept by this number.
    std::int64_t generation = 0;
    std::shared_ptr<const InForce> in_force = std::make_shared<const InForce>();  ///< never null
    Organisation organisation;
    std::map<std::string, CatalogueEntry, std::less<>> catalogue;
    std::map<std::string, std::shared_ptr<const Provider>, std::less<>> providers;
    std::map<std::string, std::shared_ptr<const Model>, std::less<>> models;  ///< by name and by every alias
    /// By provider, for each of its entries of `passthrough` in order: how it is called and priced in the books.
    std::map<std::string, std::vector<std::shared_ptr<const Model>>, std::less<>> passthrough;
    std::map<std::string, std::shared_ptr<const Team>, std::less<>> teams;
    /// By catalogue and model, also those that no channel goes to.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const PriceBook>> prices;
    std::map<std::string, std::vector<Budget>, std::less<>>
        people;  ///< limits of named people, besides their team's per_person
    std::vector<ChargeRule> charging;
    std::map<std::string, std::shared_ptr<const Allocation>, std::less<>> allocations;
    Watch watch;
    Alerts alerts;
    ReportSchedules reports;
    Retention retention;
    Identity identity;
    /// What each group gives by itself, by group_key(): worked out from `teams` and `identity`. `leads` are without the
    /// teams below: those of one group may be very many, of all groups too many to keep. groups_give() finds them.
    std::map<std::string, GroupsGive, std::less<>> groups;
};

/// Who gets the schedule's report of a team, or of the whole organisation (empty): those who get every one, and those
/// of the nearest team that has its own.
std::vector<std::string> targets_of(const Snapshot& rules, const ReportSchedule& schedule, std::string_view team);

}  // namespace bursar::policies
