#pragma once

#include "policies/price.h"
#include "service/base/budget.h"
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
    std::chrono::milliseconds idle{60'000};
    std::chrono::milliseconds total{900'000};
    bool operator==(const Deadlines&) const = default;
};

struct Provider {
    std::string name;
    Dialect dialect = Dialect::openai;
    Url base_url;
    std::vector<ProviderKey> keys;  ///< empty: a local server that wants none
    std::optional<Url> proxy;       ///< outbound HTTP proxy (CONNECT for https, absolute form for http)
    std::string ca_file;            ///< PEM of a company CA trusted for this provider besides the system's
    Deadlines deadlines;
    OnDisconnect on_disconnect = OnDisconnect::cancel;
    std::chrono::milliseconds drain_max{10'000};
    std::string catalogue;  ///< whose price list applies; default: its own name
    bool operator==(const Provider&) const = default;
};

/// One place a model may go to.
struct Channel {
    std::shared_ptr<const Provider> provider;
    std::string model;  ///< the provider's name for it
    int priority = 1;   ///< 1 first
    std::shared_ptr<const PriceBook> prices;
    std::string name() const { return provider->name + "/" + model; }
};

struct Model {
    std::string name;
    std::string tier;
    std::vector<Channel> channels;  ///< in order of priority, as written among equals
    Tokens output_tokens_max = 16'384;
    std::optional<Tokens> input_tokens_max;  ///< the model's window, where it is known
    /// May bill output that is not in the stream: held at its maximum even when streamed. What the policy does not say
    /// of a model, its prices do.
    bool hidden_reasoning = true;
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
    std::vector<std::string> groups;  ///< directory groups
    /// `models`, worked out. What many teams may use is not copied into each of them: a small policy would fill the
    /// memory.
    bool may_all = false;
    std::set<std::string, std::less<>> may_tiers;
    std::set<std::string, std::less<>> may_models;
    bool may(const Model& model) const {
        return may_all || may_models.contains(model.name) || (!model.tier.empty() && may_tiers.contains(model.tier));
    }
};

struct Organisation {
    std::string name;
    std::string currency = "USD";
    std::string time_zone = "UTC";
    std::vector<Budget> budgets;
};

struct Snapshot {
    std::int64_t revision = 0;
    Organisation organisation;
    std::map<std::string, std::shared_ptr<const Provider>, std::less<>> providers;
    std::map<std::string, std::shared_ptr<const Model>, std::less<>> models;
    std::map<std::string, std::shared_ptr<const Team>, std::less<>> teams;
    /// By catalogue and model, also those that no channel goes to.
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const PriceBook>> prices;
    std::map<std::string, std::vector<Budget>, std::less<>>
        people;  ///< limits of named people, besides their team's per_person
};

}  // namespace bursar::policies
