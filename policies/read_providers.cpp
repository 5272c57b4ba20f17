// Providers: where they are, how they want to be asked, and what sets them apart.
#include "policies/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds duration_max = std::chrono::hours(24);
constexpr std::size_t keys_max = 100;
constexpr std::size_t headers_max = 32;
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
            if (secret->node.text.starts_with("sk-")) {
                // A key that was pasted where its name belongs is not repeated.
                item.problems.add(secret->node.at,
                                  "provider key secret looks like a key itself; put the key into the vault "
                                  "(bursarctl secret put NAME) and write its name here");
                continue;
            }
            auto name = read_name(*secret);
            if (!name) continue;
            if (name->find_first_of(":/@+") != std::string::npos)
                secret->wrong("is no name that the vault can have; use letters, digits or . _ -");
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

Deadlines read_deadlines(const Value& value) {
    Fields fields(value.node, "deadlines", value.problems);
    Deadlines out;
    const auto read = [&](std::string_view name, milliseconds& deadline) {
        if (const auto given = fields.find(name)) deadline = read_duration(*given, duration_max).value_or(deadline);
    };
    read("connect", out.connect);
    read("first_byte", out.first_byte);
    read("first_token", out.first_token);
    read("idle", out.idle);
    read("total", out.total);
    return out;
}

std::optional<Url> read_proxy(const Value& value) {
    auto url = read_url(value);
    if (!url) return {};
    if (url->tls || !url->path.empty())
        return value.wrong("is not a proxy; write it like http://proxy.example.com:3128");
    return url;
}

Breaker read_breaker(const Value& value) {
    Fields fields(value.node, "breaker", value.problems);
    Breaker out;
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
    return out;
}

/// Headers that are the gateway's: they carry keys, frame a message, or say in which form a body is.
constexpr std::array<std::string_view, 21> headers_of_the_gateway = {"host",
                                                                     "authorization",
                                                                     "x-api-key",
                                                                     "api-key",
                                                                     "x-goog-api-key",
                                                                     "cookie",
                                                                     "content-length",
                                                                     "content-type",
                                                                     "content-encoding",
                                                                     "connection",
                                                                     "keep-alive",
                                                                     "proxy-connection",
                                                                     "te",
                                                                     "proxy-authenticate",
                                                                     "trailer",
                                                                     "transfer-encoding",
                                                                     "proxy-authorization",
                                                                     "upgrade",
                                                                     "expect",
                                                                     "accept-encoding",
                                                                     "http2-settings"};

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, fits);
}

/// RFC 9110 §5.5, without what is obsolete in it: visible ASCII and blanks.
bool is_header_value(std::string_view text) {
    const auto fits = [](char c) { return c >= 0x20 && c < 0x7f; };
    return !text.empty() && text.size() <= text_bytes_max && std::ranges::all_of(text, fits) && text.front() != ' ' &&
           text.back() != ' ';
}

bool looks_like_a_secret(std::string_view text) {
    const std::string lower = lower_case(text);
    return lower.starts_with("sk-") || lower.starts_with("bearer ") || lower.starts_with("basic ");
}

std::vector<std::pair<std::string, std::string>> read_headers(const Value& value) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const Named& named : read_entries(value, "header", headers_max, "headers")) {
        const std::string name = lower_case(named.name);
        const auto wrong = [&](std::string_view rest) {
            value.problems.add(named.at, fmt::format("header \"{}\" {}", named.name, rest));
        };
        if (!is_token(named.name))
            wrong("is no name that a header can have; use letters, digits or -");
        else if (std::ranges::find(headers_of_the_gateway, name) != headers_of_the_gateway.end() ||
                 name.starts_with("x-bursar-"))
            wrong("is the gateway's own; take it out (how the key is sent, auth says)");
        else if (std::ranges::any_of(out, [&](const auto& other) { return lower_case(other.first) == name; }))
            wrong("stands twice; keep one of them");
        else if (looks_like_a_secret(named.value.node.text))
            // What looks like a key is not repeated.
            wrong(
                "looks as if it held a key; put the key into the vault (bursarctl secret put NAME) and name it under "
                "keys");
        else if (named.value.node.kind != YamlNode::Kind::text || !is_header_value(named.value.node.text))
            wrong(fmt::format("must have a value of 1 to {} visible ASCII characters", text_bytes_max));
        else
            out.emplace_back(named.name, named.value.node.text);
    }
    return out;
}

/// "/models"; empty for none.
std::optional<std::string> read_models_path(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    if (*text == "none") return std::string();
    if (!text->starts_with('/') || !good_path(*text) || text->size() > name_bytes_max)
        return value.wrong("is not a path behind base_url; write it like /models, or none where there is none");
    return text;
}

void only_for(Dialect dialect, const Provider& provider, const std::optional<Value>& setting) {
    if (setting && provider.dialect != dialect)
        setting->wrong(fmt::format("is for the dialect {} only; take it out",
                                   dialect == Dialect::openai ? "openai" : "anthropic"));
}

void read_quirks(Fields& fields, Provider& provider) {
    Quirks& quirks = provider.quirks;
    const auto deployments = fields.find("deployments");
    const auto version = fields.find("api_version");
    const auto limit = fields.find("max_tokens_name");
    const auto usage = fields.find("stream_usage");
    const auto in_path = fields.find("version_in_path");
    if (deployments) quirks.deployments = read_truth(*deployments).value_or(quirks.deployments);
    if (version)
        if (auto name = read_name(*version)) quirks.api_version = *std::move(name);
    if (limit)
        if (const auto word = read_word(*limit, {"max_tokens", "max_completion_tokens"}))
            quirks.max_tokens_name = *word == 0 ? "max_tokens" : "max_completion_tokens";
    if (usage) quirks.stream_usage = read_truth(*usage).value_or(quirks.stream_usage);
    if (in_path) quirks.version_in_path = read_truth(*in_path).value_or(quirks.version_in_path);
    for (const auto* setting : {&deployments, &version, &limit, &usage}) only_for(Dialect::openai, provider, *setting);
    only_for(Dialect::anthropic, provider, in_path);
    if (const auto headers = fields.find("headers")) quirks.headers = read_headers(*headers);
    if (const auto path = fields.find("models_path"))
        quirks.models_path = read_models_path(*path).value_or(quirks.models_path);
}

void read_auth(Fields& fields, Provider& provider) {
    provider.auth = provider.dialect == Dialect::anthropic ? AuthScheme::x_api_key : AuthScheme::bearer;
    if (const auto auth = fields.find("auth"))
        if (const auto word = read_word(*auth, {"bearer", "x-api-key", "api-key"}))
            provider.auth = static_cast<AuthScheme>(*word);
}

void read_probe(Fields& fields, Provider& provider) {
    const auto every = fields.find("probe_every");
    if (!every) return;
    const auto duration = read_duration(*every, duration_max);
    if (!duration) return;
    if (*duration < probe_every_min)
        every->wrong("is too often; ask once a second at most, better every 30s");
    else if (provider.quirks.models_path.empty())
        every->wrong("has nothing to ask, since models_path is none; take one of them out");
    provider.probe_every = *duration;
}

void read_way(Fields& fields, Provider& provider) {
    if (const auto proxy = fields.find("proxy")) provider.proxy = read_proxy(*proxy);
    if (const auto file = fields.find("ca_file")) {
        provider.ca_file = read_text(*file).value_or("");
        if (!provider.ca_file.empty() && !provider.ca_file.starts_with('/'))
            file->wrong("must be the full path of a PEM file, beginning with /");
    }
    if (const auto deadlines = fields.find("deadlines")) provider.deadlines = read_deadlines(*deadlines);
    if (const auto breaker = fields.find("breaker")) provider.breaker = read_breaker(*breaker);
    if (const auto word = fields.find("on_disconnect"))
        provider.on_disconnect =
            read_word(*word, {"cancel", "drain"}) == 1 ? OnDisconnect::drain : OnDisconnect::cancel;
    if (const auto drain = fields.find("drain_max"))
        provider.drain_max = read_duration(*drain, duration_max).value_or(provider.drain_max);
}

void read_provider(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("provider \"{}\"", named.name), named.value.problems);
    Provider provider;
    provider.name = named.name;
    provider.catalogue = named.name;
    if (const auto dialect = fields.need("dialect"))
        provider.dialect = read_word(*dialect, {"openai", "anthropic"}) == 1 ? Dialect::anthropic : Dialect::openai;
    if (const auto url = fields.need("base_url")) provider.base_url = read_url(*url).value_or(Url{});
    read_auth(fields, provider);
    read_quirks(fields, provider);
    if (const auto keys = fields.find("keys")) provider.keys = read_keys(*keys);
    read_way(fields, provider);
    read_probe(fields, provider);
    if (const auto catalogue = fields.find("catalogue"))
        provider.catalogue = read_name(*catalogue).value_or(provider.catalogue);
    take(draft.providers, named.name, Ranked<Provider>{std::move(provider), named.at, rank},
         fmt::format("provider \"{}\"", named.name), named.value.problems);
}

}  // namespace

void read_providers(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "provider")) read_provider(named, rank, draft);
}

}  // namespace bursar::policies
