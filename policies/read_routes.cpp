// Providers, and the models that go to them.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds duration_max = std::chrono::hours(24);
constexpr std::size_t keys_max = 100;
constexpr std::size_t channels_max = 32;
constexpr std::int64_t weight_max = 1'000;
constexpr std::int64_t priority_max = 100;
constexpr Tokens output_tokens_most = 10'000'000;
constexpr Tokens input_tokens_most = 100'000'000;

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

void read_provider(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("provider \"{}\"", named.name), named.value.problems);
    Provider provider;
    provider.name = named.name;
    provider.catalogue = named.name;
    if (const auto dialect = fields.need("dialect"))
        provider.dialect = read_word(*dialect, {"openai", "anthropic"}) == 1 ? Dialect::anthropic : Dialect::openai;
    if (const auto url = fields.need("base_url")) provider.base_url = read_url(*url).value_or(Url{});
    if (const auto keys = fields.find("keys")) provider.keys = read_keys(*keys);
    if (const auto proxy = fields.find("proxy")) provider.proxy = read_proxy(*proxy);
    if (const auto file = fields.find("ca_file")) {
        provider.ca_file = read_text(*file).value_or("");
        if (!provider.ca_file.empty() && !provider.ca_file.starts_with('/'))
            file->wrong("must be the full path of a PEM file, beginning with /");
    }
    if (const auto deadlines = fields.find("deadlines")) provider.deadlines = read_deadlines(*deadlines);
    if (const auto word = fields.find("on_disconnect"))
        provider.on_disconnect =
            read_word(*word, {"cancel", "drain"}) == 1 ? OnDisconnect::drain : OnDisconnect::cancel;
    if (const auto drain = fields.find("drain_max"))
        provider.drain_max = read_duration(*drain, duration_max).value_or(provider.drain_max);
    if (const auto catalogue = fields.find("catalogue"))
        provider.catalogue = read_name(*catalogue).value_or(provider.catalogue);
    take(draft.providers, named.name, Ranked<Provider>{std::move(provider), named.at, rank},
         fmt::format("provider \"{}\"", named.name), named.value.problems);
}

std::vector<ChannelDraft> read_channels(const Value& value, const std::string& model) {
    std::vector<ChannelDraft> out;
    const auto items = read_list(value, "channel", channels_max, "channels");
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("is empty; name at least one provider");
    for (const Value& item : items) {
        Fields fields(item.node, "channel", item.problems);
        ChannelDraft channel;
        channel.model = model;
        if (const auto provider = fields.need("provider"))
            channel.provider = {read_name(*provider).value_or(""), provider->node.at};
        if (const auto name = fields.find("model")) channel.model = read_name(*name).value_or(model);
        if (const auto priority = fields.find("priority"))
            channel.priority = static_cast<int>(read_integer(*priority, 1, priority_max).value_or(1));
        const auto same = [&](const ChannelDraft& other) {
            return other.provider.name == channel.provider.name && other.model == channel.model;
        };
        if (channel.provider.name.empty()) continue;
        if (std::ranges::any_of(out, same))
            item.wrong(fmt::format("to {}/{} stands twice; keep one", channel.provider.name, channel.model));
        else
            out.push_back(std::move(channel));
    }
    return out;
}

void read_model(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("model \"{}\"", named.name), named.value.problems);
    ModelDraft draft_of;
    draft_of.model.name = named.name;
    if (named.name.starts_with("tier:"))
        named.value.problems.add(named.at, fmt::format("model name \"{}\" must not begin with tier:", named.name));
    if (const auto tier = fields.find("tier")) draft_of.model.tier = read_name(*tier).value_or("");
    if (const auto channels = fields.need("channels")) draft_of.channels = read_channels(*channels, named.name);
    if (const auto most = fields.find("output_tokens_max"))
        draft_of.model.output_tokens_max = read_integer(*most, 1, output_tokens_most).value_or(1);
    if (const auto most = fields.find("input_tokens_max"))
        draft_of.model.input_tokens_max = read_integer(*most, 1, input_tokens_most).value_or(1);
    if (const auto hidden = fields.find("hidden_reasoning")) draft_of.hidden_reasoning = read_truth(*hidden);
    take(draft.models, named.name, Ranked<ModelDraft>{std::move(draft_of), named.at, rank},
         fmt::format("model \"{}\"", named.name), named.value.problems);
}

}  // namespace

void read_providers(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "provider")) read_provider(named, rank, draft);
}

void read_models(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "model")) read_model(named, rank, draft);
}

}  // namespace bursar::policies
