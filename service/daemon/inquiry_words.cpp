#include "service/daemon/inquiry_words.h"

#include "policies/path.h"
#include "service/base/json.h"
#include "service/providers/model_list.h"

#include <algorithm>
#include <arpa/inet.h>
#include <set>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using State = Finding::State;

constexpr int output_tokens = 16;
constexpr int certificate_days_min = 14;

std::string base_path(const policies::Provider& provider) {
    std::string path = provider.base_url.path;
    const bool adds = provider.dialect == Dialect::anthropic && provider.quirks.version_in_path;
    if (adds && !path.ends_with("/v1")) path += "/v1";
    // Its list of models is of another version than its chat.
    constexpr std::string_view version = "/v2";
    if (provider.dialect == Dialect::cohere && path.ends_with(version)) path.resize(path.size() - version.size());
    return path;
}

std::string with_version(const policies::Provider& provider, std::string path) {
    if (!provider.quirks.api_version.empty()) path += "?api-version=" + policies::escaped(provider.quirks.api_version);
    return path;
}

bool is_address(const std::string& host) {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

Finding name_finding(const policies::Provider& provider) {
    const policies::Url& next = provider.proxy ? *provider.proxy : provider.base_url;
    if (is_address(next.host)) return {"name", State::good, next.host + " is an address"};
    return {"name", State::good, fmt::format("{} resolves{}", next.host, provider.proxy ? " (the proxy)" : "")};
}

Finding connection_finding(const policies::Provider& provider) {
    const policies::Url& next = provider.proxy ? *provider.proxy : provider.base_url;
    return {"connection", State::good,
            fmt::format("{} port {} takes connections{}", next.host, next.port, provider.proxy ? " (the proxy)" : "")};
}

bool success(int status) { return status >= 200 && status < 300; }
bool refused(int status) { return status == 401 || status == 403; }

std::string_view call_name(bool stream) { return stream ? "streamed call" : "plain call"; }

std::string usage_text(const providers::Reading& reading) {
    const Usage& usage = reading.usage;
    return fmt::format("{} input and {} output tokens",
                       usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h,
                       usage.output + usage.reasoning);
}

Finding usage_finding(const policies::Provider& provider, bool stream, const providers::Reading& reading) {
    const std::string name = fmt::format("usage, {}", stream ? "streamed" : "plain");
    if (reading.source == UsageSource::provider)
        return {name, State::good, fmt::format("told: {}", usage_text(reading))};
    const bool unasked = stream && provider.dialect == Dialect::openai && !provider.quirks.stream_usage;
    return {name, State::bad,
            fmt::format("not told, so calls are booked by what is delivered and marked estimated{}",
                        unasked ? "; it is not asked for either (stream_usage: false): try true" : "")};
}

Finding model_finding(const std::vector<std::string>& names, const std::string& model) {
    const std::string name = "model " + model;
    if (providers::lists(names, model)) return {name, State::good, "is listed"};
    return {name, State::bad,
            "is not in the list: the policy's channel names a model that this provider, or this key, does not have"};
}

}  // namespace

std::string list_target(const policies::Provider& provider) {
    if (provider.quirks.models_path.empty()) return {};
    std::string path = with_version(provider, base_path(provider) + provider.quirks.models_path);
    // Anthropic gives twenty at a time unless more are asked for (platform.claude.com, list models).
    if (provider.dialect == Dialect::anthropic) path += path.contains('?') ? "&limit=1000" : "?limit=1000";
    // Google fifty (ai.google.dev/api/models, November 2026).
    if (provider.dialect == Dialect::gemini) path += path.contains('?') ? "&pageSize=1000" : "?pageSize=1000";
    // Cohere twenty (docs.cohere.com/reference/list-models, November 2026).
    if (provider.dialect == Dialect::cohere) path += path.contains('?') ? "&page_size=1000" : "?page_size=1000";
    return path;
}

std::string call_target(const policies::Provider& provider, std::string_view model, bool stream) {
    const auto delivery = stream ? policies::Delivery::streamed : policies::Delivery::whole;
    return policies::path_at(provider, policies::spoken_at(Endpoint::chat_completions, provider.dialect), model,
                             delivery);
}

std::string call_body(const policies::Provider& provider, std::string_view model, bool stream) {
    const std::string& limit = provider.quirks.max_tokens_name;
    JsonWriter json;
    if (provider.dialect == Dialect::gemini) {
        json.open().key("contents").open_list().open().field("role", "user").key("parts").open_list();
        json.open().field("text", "Say ok.").close().close_list().close().close_list();
        json.key("generationConfig").open().field("maxOutputTokens", output_tokens).close().close();
        return std::move(json).text();
    }
    if (provider.dialect == Dialect::bedrock) {
        json.open().key("messages").open_list().open().field("role", "user").key("content").open_list();
        json.open().field("text", "Say ok.").close().close_list().close().close_list();
        json.key("inferenceConfig").open().field("maxTokens", output_tokens).close().close();
        return std::move(json).text();
    }
    json.open();
    if (provider.quirks.raw_predict)
        json.field("anthropic_version", "vertex-2023-10-16");
    else
        json.field("model", model);
    json.key("messages").open_list().open();
    json.field("role", "user").field("content", "Say ok.").close().close_list();
    json.field(limit.empty() ? "max_tokens" : limit, output_tokens);
    if (stream) json.field("stream", true);
    if (stream && provider.dialect == Dialect::openai && provider.quirks.stream_usage)
        json.key("stream_options").open().field("include_usage", true).close();
    return std::move(json.close()).text();
}

std::string model_at(const policies::Snapshot& rules, const policies::Provider& provider, const std::string& asked) {
    const auto found = rules.models.find(asked);
    if (found == rules.models.end()) return asked;
    for (const policies::Channel& channel : found->second->channels)
        if (channel.provider->name == provider.name) return channel.model;
    return asked;
}

std::vector<std::string> models_at(const policies::Snapshot& rules, const policies::Provider& provider) {
    std::set<std::string> names;
    for (const auto& entry : rules.models)
        for (const policies::Channel& channel : entry.second->channels)
            if (channel.provider->name == provider.name) names.insert(channel.model);
    return {names.begin(), names.end()};
}

std::vector<Finding> network_findings(const policies::Provider& provider, const Error& error) {
    // The pool's texts for operators begin with the step that failed.
    const std::string_view text = error.operator_text();
    std::vector<Finding> out;
    if (text.starts_with("resolve ")) {
        out.push_back({"name", State::bad, fmt::format("{}; correct base_url, or ask your name server", text)});
        return out;
    }
    out.push_back(name_finding(provider));
    if (text.starts_with("connect ") || text.starts_with("proxy CONNECT ")) {
        out.push_back({"connection", State::bad,
                       fmt::format("{}; correct base_url{}, or open the way to it in your firewall", text,
                                   provider.proxy ? " or proxy" : "")});
        return out;
    }
    out.push_back(connection_finding(provider));
    if (text.starts_with("TLS handshake ") || text.starts_with("ca_file ")) {
        out.push_back(
            {"TLS", State::bad,
             fmt::format("{}; if a CA of your company made its certificate, name that CA's file under ca_file", text)});
        return out;
    }
    out.push_back({"answer", State::bad,
                   fmt::format("{}; is there an HTTP server of this API at {}?", text, provider.base_url.text())});
    return out;
}

std::vector<Finding> network_findings(const policies::Provider& provider, std::optional<Timestamp> certificate_until,
                                      Timestamp now) {
    std::vector<Finding> out = {name_finding(provider), connection_finding(provider)};
    if (!provider.base_url.tls) {
        out.push_back(
            {"TLS", State::unknown, "none: base_url begins with http://, so what is sent can be read on the way"});
        return out;
    }
    if (!certificate_until) {
        out.push_back({"TLS", State::good, "trusted"});
        return out;
    }
    const auto days = std::chrono::floor<std::chrono::days>(*certificate_until - now).count();
    out.push_back({"TLS", State::good,
                   fmt::format("trusted; the certificate is valid until {} ({} days{})", to_text(*certificate_until),
                               days, days < certificate_days_min ? ": ask the provider for a new one soon" : "")});
    return out;
}

Finding not_lent(std::string_view secret, const Error& error) {
    const bool missing = error.fault == Fault::key_missing;
    return {fmt::format("key {}", secret), State::bad,
            missing ? fmt::format("the vault has no secret of that name; put it there: bursarctl secret put {}", secret)
                    : error.for_caller};
}

Finding key_finding(std::string_view secret, const Listed& with_key, int without_key) {
    const std::string name = fmt::format("key {}", secret);
    if (refused(with_key.status))
        return {
            name, State::bad,
            fmt::format("the provider refuses it (status {}): it is wrong, has ended, or is sent in another way than "
                        "the provider wants (auth). Put the right one into the vault: bursarctl secret put {}",
                        with_key.status, secret)};
    if (!success(with_key.status))
        return {name, State::unknown,
                fmt::format("not known: the list of models answers with status {}", with_key.status)};
    if (success(without_key))
        return {name, State::unknown,
                "not known: the list of models is given without any key too; with --model it is tried"};
    return {name, State::good, "the provider takes it"};
}

std::vector<Finding> list_findings(const policies::Provider& provider, const Listed& listed,
                                   const std::vector<std::string>& wanted) {
    const std::string target = list_target(provider);
    const auto bad = [&](std::string_view why) {
        return std::vector<Finding>{{"models", State::bad, fmt::format("GET {}: {}", target, why)}};
    };
    if (refused(listed.status) && provider.keys.empty())
        return bad(
            fmt::format("status {}: it wants a key. Put one into the vault (bursarctl secret put NAME) and name it "
                        "under keys",
                        listed.status));
    if (refused(listed.status)) return {{"models", State::unknown, "not known: no key is taken"}};
    if (listed.status == 404 || listed.status == 405)
        return bad(
            fmt::format("status {}: there is no list of models; correct base_url or models_path, or write "
                        "models_path: none",
                        listed.status));
    if (listed.status >= 300 && listed.status < 400)
        return bad(fmt::format("status {}: redirects are not followed; correct base_url", listed.status));
    if (!success(listed.status)) {
        const std::string said = providers::read_refusal(listed.body, {});
        return bad(fmt::format("status {}{}{}", listed.status, said.empty() ? "" : ": ", said));
    }
    const auto names = providers::read_model_list(listed.body);
    if (!names)
        return bad("the answer is no list of models; correct base_url or models_path, or write models_path: none");
    std::vector<Finding> out = {
        {"models", State::good,
         fmt::format("GET {} lists {} model{}", target, names->size(), names->size() == 1 ? "" : "s")}};
    for (const std::string& model : wanted) {
        if (provider.quirks.deployments)
            out.push_back({"model " + model, State::unknown,
                           "not known: the list has base models, not deployments; --model asks for it"});
        else
            out.push_back(model_finding(*names, model));
    }
    return out;
}

std::vector<Finding> call_findings(const policies::Provider& provider, bool stream, const Called& called) {
    const std::string name(call_name(stream));
    if (refused(called.status))
        return {
            {name, State::bad,
             fmt::format("status {}: the provider refuses the key, or the key may not use this model", called.status)}};
    if (!success(called.status))
        return {{name, State::bad,
                 fmt::format("status {}{}{}", called.status, called.refusal.empty() ? "" : ": ", called.refusal)}};
    if (stream && !called.event_stream)
        return {{name, State::bad, "answered, but not as a stream of events; callers who ask for one get none"}};
    const providers::Reading& reading = called.reading;
    if (reading.failed) return {{name, State::bad, "answered with success, and then with an error in its body"}};
    if (!reading.complete)
        return {{name, State::bad, "the answer did not come to the end that the dialect has for it"}};
    return {{name, State::good, "answered"}, usage_finding(provider, stream, reading)};
}

Finding call_failed(bool stream, const Error& error) {
    return {std::string(call_name(stream)), State::bad, std::string(error.operator_text())};
}

}  // namespace bursar::daemon
