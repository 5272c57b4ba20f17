// Providers: where they are, how they want to be asked, and what sets them apart.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds duration_max = std::chrono::hours(24);
constexpr std::size_t keys_max = 100;
constexpr std::int64_t weight_max = 1'000;
constexpr std::int64_t breaker_calls_max = 1'000;
constexpr milliseconds probe_every_min = std::chrono::seconds(1);

std::vector<ProviderKey> read_keys(const Value& value) {
    std::vector<ProviderKey> out;
    const auto items = read_list(value, "provider key", keys_max, "keys");
    for (const Value& item : items) {
        Fields fields(item.node, "provider key", item.problems);
        ProviderKey key;
        if (const auto secret = fields.need("secret")) {
            auto name = read_secret_name(*secret);
            if (!name) continue;
            key.secret = *std::move(name);
            if (std::ranges::find(out, key.secret, &ProviderKey::secret) != out.end())
                secret->wrong("stands twice; give one entry a larger weight instead");
        }
        if (const auto weight = fields.find("weight"))
            key.weight = static_cast<int>(read_integer(*weight, 1, weight_max).value_or(1));
        out.push_back(std::move(key));
    }
    return out;
}

void read_deadlines(const Value& value, Deadlines& out) {
    Fields fields(value.node, "deadlines", value.problems);
    const auto read = [&](std::string_view name, milliseconds& deadline) {
        if (const auto given = fields.find(name)) deadline = read_duration(*given, duration_max).value_or(deadline);
    };
    read("connect", out.connect);
    read("first_byte", out.first_byte);
    read("first_token", out.first_token);
    read("idle", out.idle);
    read("total", out.total);
}

std::optional<Url> read_proxy(const Value& value) {
    auto url = read_url(value);
    if (!url) return {};
    if (url->tls || !url->path.empty())
        return value.wrong("is not a proxy; write it like http://proxy.example.com:3128");
    return url;
}

void read_breaker(const Value& value, Breaker& out) {
    Fields fields(value.node, "breaker", value.problems);
    if (const auto errors = fields.find("errors"))
        out.errors_percent = read_percent(*errors).value_or(out.errors_percent);
    if (const auto calls = fields.find("calls"))
        out.calls_min = static_cast<int>(read_integer(*calls, 1, breaker_calls_max).value_or(out.calls_min));
    const auto read = [&](std::string_view name, milliseconds& duration) {
        if (const auto given = fields.find(name)) duration = read_duration(*given, duration_max).value_or(duration);
    };
    read("window", out.window);
    read("first_retry", out.first_retry);
    read("last_retry", out.last_retry);
    read("key_first_retry", out.key_first_retry);
    read("key_last_retry", out.key_last_retry);
    const auto check = [&](std::string_view first, milliseconds first_wait, std::string_view last,
                           milliseconds last_wait) {
        if (first_wait > last_wait)
            value.problems.add(value.node.at, fmt::format("breaker {} of {} ms is longer than its {} of {} ms; waits "
                                                          "grow from the first to the last, so make it the shorter one",
                                                          first, first_wait.count(), last, last_wait.count()));
    };
    check("first_retry", out.first_retry, "last_retry", out.last_retry);
    check("key_first_retry", out.key_first_retry, "key_last_retry", out.key_last_retry);
}

AuthScheme auth_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::openai:
        case Dialect::cohere:
            return AuthScheme::bearer;
        case Dialect::anthropic:
            return AuthScheme::x_api_key;
        case Dialect::gemini:
            return AuthScheme::x_goog_api_key;
        case Dialect::bedrock:
            return AuthScheme::aws;
    }
    return AuthScheme::bearer;
}

/// What signs for AWS signs requests to Bedrock.
void set_auth(const Value& given, AuthScheme scheme, Provider& provider) {
    if (scheme == AuthScheme::aws && provider.dialect != Dialect::bedrock)
        given.wrong("is for the dialect bedrock only; take it out");
    else
        provider.auth = scheme;
}

void read_auth(Fields& fields, Provider& provider, bool new_dialect) {
    const bool has_tokens = provider.tokens.source != TokenSource::none;
    if (new_dialect || has_tokens) provider.auth = has_tokens ? AuthScheme::bearer : auth_of(provider.dialect);
    if (const auto auth = fields.find("auth"))
        if (const auto word = read_word(*auth, {"bearer", "x-api-key", "api-key", "x-goog-api-key", "aws"}))
            set_auth(*auth, static_cast<AuthScheme>(*word), provider);
    if (has_tokens && provider.auth != AuthScheme::bearer)
        fields.problems().add(fields.at(), "tokens are always sent as bearer; take auth out");
}

void read_probe(Fields& fields, Provider& provider) {
    if (const auto every = fields.find("probe_every")) {
        provider.probe_every = read_duration(*every, duration_max).value_or(provider.probe_every);
        if (provider.probe_every < probe_every_min)
            every->wrong("is too often; ask once a second at most, better every 30s");
        else if (provider.quirks.models_path.empty())
            every->wrong("has nothing to ask, since models_path is none; take one of them out");
    }
    if (provider.quirks.models_path.empty()) provider.probe_every = milliseconds(0);
}

/// What is of the company's own making: keys, and the way through its network.
void read_own(Fields& fields, Provider& provider) {
    if (const auto keys = fields.find("keys")) provider.keys = read_keys(*keys);
    if (const auto entries = fields.find("passthrough"))
        provider.passthrough = read_passthrough(*entries, provider.name);
    if (const auto proxy = fields.find("proxy")) provider.proxy = read_proxy(*proxy);
    if (const auto file = fields.find("ca_file")) {
        provider.ca_file = read_text(*file).value_or("");
        if (!provider.ca_file.empty() && !provider.ca_file.starts_with('/'))
            file->wrong("must be the full path of a PEM file, beginning with /");
    }
}

/// "; the catalogue has …": for somebody who misspelt its name.
std::string near_in_catalogue(std::string_view name, const Section<CatalogueEntry>& catalogue,
                              const Problems& problems) {
    const std::string near = did_you_mean(name, catalogue, problems);
    return near.empty() ? near : fmt::format(", or take one of the catalogue{}", near);
}

/// The entry that the provider takes what it does not say from. In another dialect nothing of it would hold.
const CatalogueEntry* entry_of(const Provider& provider, std::optional<Dialect> dialect,
                               const Section<CatalogueEntry>& catalogue) {
    const auto found = catalogue.find(provider.catalogue);
    if (found == catalogue.end()) return nullptr;
    const CatalogueEntry& entry = found->second.content;
    return dialect.value_or(entry.provider.dialect) == entry.provider.dialect ? &entry : nullptr;
}

/// Bedrock's own address in a region (AWS general reference, Bedrock endpoints, November 2026).
Url bedrock_url(const std::string& region) {
    const std::string_view china = region.starts_with("cn-") ? ".cn" : "";
    return {
        .tls = true, .host = fmt::format("bedrock-runtime.{}.amazonaws.com{}", region, china), .port = 443, .path = {}};
}

/// The region in one of Bedrock's own addresses; empty: it is none.
std::string region_in(const std::string& host) {
    for (const std::string_view begin : {"bedrock-runtime.", "bedrock-runtime-fips."}) {
        const std::size_t end = host.find(".amazonaws.com");
        if (host.starts_with(begin) && end != std::string::npos && end > begin.size())
            return host.substr(begin.size(), end - begin.size());
    }
    return {};
}

void read_region(Fields& fields, Provider& provider) {
    const auto given = fields.find("region");
    if (!given) return;
    const auto name = read_name(*given);
    if (!name) return;
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (provider.dialect != Dialect::bedrock)
        given->wrong("is for the dialect bedrock only; take it out");
    else if (!std::ranges::all_of(*name, fits))
        given->wrong("is not a region; write it like us-east-1");
    else
        provider.quirks.region = *name;
}

/// A signature names the region, so nothing can be signed without it.
void complete_region(Fields& fields, Provider& provider, const CatalogueEntry* entry) {
    if (provider.dialect != Dialect::bedrock || fields.find("region")) return;
    provider.quirks.region = region_in(provider.base_url.host);
    // An entry with a placeholder has asked for it.
    const bool asked = entry != nullptr && provider.base_url.host.empty();
    if (provider.quirks.region.empty() && !asked)
        fields.problems().add(
            fields.at(), fmt::format("provider \"{}\" needs a \"region\"; write it like us-east-1", provider.name));
}

void read_base_url(Fields& fields, Provider& provider, const CatalogueEntry* entry) {
    const bool made = !provider.quirks.region.empty(), needed = provider.dialect != Dialect::bedrock;
    const auto url = entry == nullptr && needed ? fields.need("base_url") : fields.find("base_url");
    if (!url && made) {
        provider.base_url = bedrock_url(provider.quirks.region);
        return;
    }
    if (url && url->node.text.contains('{'))
        url->wrong("still holds a placeholder; write what is your own in its place");
    else if (url)
        provider.base_url = read_url(*url).value_or(Url{});
    else if (entry != nullptr && !entry->asks.empty())
        fields.problems().add(fields.at(), fmt::format("provider \"{}\" needs a \"base_url\" of your own: {}, with {} "
                                                       "in its place",
                                                       provider.name, entry->base_url, entry->asks));
}

Provider read_provider(const std::string& name, const Value& value, const Section<CatalogueEntry>& catalogue) {
    Fields fields(value.node, fmt::format("provider \"{}\"", name), value.problems);
    Provider own;
    own.name = own.catalogue = name;
    if (const auto listed = fields.find("catalogue")) own.catalogue = read_name(*listed).value_or(name);
    const auto word = fields.find("dialect");
    const auto dialect = word ? read_dialect(*word) : std::nullopt;
    const CatalogueEntry* entry = entry_of(own, dialect, catalogue);
    if (entry == nullptr && !word && value.node.kind == YamlNode::Kind::map)
        value.problems.add(fields.at(), fmt::format("provider \"{}\" has no \"dialect\"; add it{}", name,
                                                    near_in_catalogue(own.catalogue, catalogue, value.problems)));
    Provider provider = entry == nullptr ? Provider{} : entry->provider;
    provider.name = own.name;
    provider.catalogue = own.catalogue;
    provider.dialect = dialect.value_or(provider.dialect);
    read_region(fields, provider);
    read_base_url(fields, provider, entry);
    complete_region(fields, provider, entry);
    read_settings(fields, provider, entry == nullptr);
    read_own(fields, provider);
    if (provider.tokens.source != TokenSource::none && provider.keys.empty())
        fields.problems().add(fields.at(), fmt::format("provider \"{}\" asks for tokens, but has no keys to ask with; "
                                                       "name the secret that holds the credential under keys",
                                                       provider.name));
    return provider;
}

}  // namespace

std::optional<Dialect> read_dialect(const Value& value) {
    const auto word = read_word(value, {"openai", "anthropic", "gemini", "bedrock", "cohere"});
    if (!word) return {};
    return static_cast<Dialect>(*word);
}

void read_settings(Fields& fields, Provider& provider, bool new_dialect) {
    if (const auto tokens = fields.find("tokens")) provider.tokens = read_tokens(*tokens);
    read_auth(fields, provider, new_dialect);
    // The list of Bedrock's models has another address.
    if (new_dialect && provider.dialect == Dialect::bedrock) provider.quirks.models_path.clear();
    // Cohere's is of the first version, as the second has none.
    if (new_dialect && provider.dialect == Dialect::cohere) provider.quirks.models_path = "/v1/models";
    read_quirks(fields, provider);
    if (const auto deadlines = fields.find("deadlines")) read_deadlines(*deadlines, provider.deadlines);
    if (const auto breaker = fields.find("breaker")) read_breaker(*breaker, provider.breaker);
    if (const auto word = fields.find("on_disconnect"))
        provider.on_disconnect =
            read_word(*word, {"cancel", "drain"}) == 1 ? OnDisconnect::drain : OnDisconnect::cancel;
    if (const auto drain = fields.find("drain_max"))
        provider.drain_max = read_duration(*drain, duration_max).value_or(provider.drain_max);
    read_probe(fields, provider);
    if (provider.quirks.deployments && provider.base_url.path.ends_with("/v1"))
        fields.problems().add(fields.at(),
                              "deployments: true does not go with a base_url that ends in /v1, where the model is in "
                              "the body only; write deployments: false, or the base_url without its path");
}

void read_providers(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "provider"))
        take(draft.provider_nodes, named.name, Ranked<YamlNode>{named.value.node, named.at, rank},
             fmt::format("provider \"{}\"", named.name), named.value.problems);
}

void lay_over_catalogue(Draft& draft, Problems& problems) {
    for (const auto& [name, entry] : draft.provider_nodes) {
        const Value value{entry.content, fmt::format("provider \"{}\"", name), problems};
        draft.providers.emplace(name,
                                Ranked<Provider>{read_provider(name, value, draft.catalogue), entry.at, entry.rank});
    }
}

}  // namespace bursar::policies
