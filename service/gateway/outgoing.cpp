#include "service/gateway/outgoing.h"

#include "service/base/aws_key.h"
#include "service/base/aws_signature.h"
#include "service/base/crypto.h"
#include "service/base/sha256.h"
#include "service/providers/request_head.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace bursar::gateway {

providers::Target target_of(const policies::Provider& provider) {
    providers::Target target{.tls = provider.base_url.tls,
                             .host = provider.base_url.host,
                             .port = provider.base_url.port,
                             .ca_file = provider.ca_file};
    if (provider.proxy) {
        target.proxied = true;
        target.proxy_host = provider.proxy->host;
        target.proxy_port = provider.proxy->port;
    }
    return target;
}

providers::Patience patience_of(const policies::Breaker& breaker) {
    return {.errors_percent = breaker.errors_percent,
            .failures_min = breaker.calls_min,
            .window = breaker.window,
            .first_retry = breaker.first_retry,
            .last_retry = breaker.last_retry,
            .key_first_retry = breaker.key_first_retry,
            .key_last_retry = breaker.key_last_retry};
}

/// OpenAI's newer models take only the newer name; those who copy its API know the older one for sure, and some refuse
/// the other.
std::string_view max_tokens_name(const policies::Provider& provider) {
    if (!provider.quirks.max_tokens_name.empty()) return provider.quirks.max_tokens_name;
    const std::string& host = provider.base_url.host;
    const bool newer = provider.catalogue == "openai" || provider.catalogue == "azure" ||
                       host.ends_with(".openai.com") || host.ends_with(".azure.com");
    return newer ? "max_completion_tokens" : "max_tokens";
}

bool lost_between(int status) { return status == 502 || status == 504 || (status >= 520 && status <= 527); }

namespace {

constexpr std::string_view bedrock_service = "bedrock", content_type = "content-type";

std::string hash_of(std::span<const std::string_view> body) {
    Sha256 hash;
    for (const std::string_view piece : body) hash.add(piece);
    return to_hex(hash.end());
}

/// Signature Version 4 over host, date, session and type of the body.
Result<void> sign_for_aws(providers::UpstreamRequest& request, std::vector<edge::HeaderView>& headers,
                          const policies::Provider& provider, const Secret& text, Timestamp now, Signature& made) {
    auto key = aws::parse_key(text);
    if (!key)
        return fail(Fault::provider_unavailable,
                    "Bursar's own key for the provider is none. Operators: store it again (bursarctl secret put).",
                    key.error().for_caller);
    const std::string host = providers::authority(target_of(provider), providers::PortText::where_needed);
    made.date = aws::amz_date(now);
    made.session = std::move(key->session);
    std::vector<aws::SignedHeader> covered;
    const auto type = std::ranges::find_if(
        headers, [](const edge::HeaderView& one) { return edge::equal_without_case(one.name, content_type); });
    if (type != headers.end()) covered.push_back({content_type, type->value});
    covered.push_back({"host", host});
    covered.push_back({"x-amz-date", made.date});
    if (!made.session.empty()) covered.push_back({"x-amz-security-token", made.session.reveal()});
    const std::size_t query = request.target.find('?');
    const std::string hash = hash_of(request.body);
    made.authorization =
        aws::authorization({.method = request.method,
                            .path = request.target.substr(0, query),
                            .query = query == std::string_view::npos ? "" : request.target.substr(query + 1),
                            .headers = covered,
                            .body_sha256 = hash},
                           {key->id, provider.quirks.region, bedrock_service, key->secret}, now);
    headers.push_back({"x-amz-date", made.date});
    headers.push_back({"authorization", made.authorization});
    if (made.session.empty()) return {};
    request.credential = &made.session;
    request.credential_header = "x-amz-security-token";
    request.credential_prefix = "";
    return {};
}

/// What something else is made of before a provider gets to see it: a token, or a signature.
bool is_credential(const Secret& key) {
    const std::string_view text = key.reveal();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return aws::looks_like_access_key(key) || (first != std::string_view::npos && text[first] == '{');
}

}  // namespace

Result<void> sign(providers::UpstreamRequest& request, std::vector<edge::HeaderView>& headers,
                  const policies::Provider& provider, const Secret& key, Timestamp now, Signature& made) {
    const bool aws = provider.auth == policies::AuthScheme::aws;
    if (aws && aws::signs(key)) return sign_for_aws(request, headers, provider, key, now, made);
    // Sent as it is, it would give away for good what opens the whole account.
    if (is_credential(key))
        return fail(
            Fault::provider_unavailable,
            "Bursar's own key for the provider is of another kind than the policy says. Operators: see bursarctl "
            "providers.",
            fmt::format("the secret of provider {} is a credential, which is not sent as it is; let the policy "
                        "say what to do with it: tokens for a service account or an application, auth: aws for "
                        "an access key of AWS",
                        provider.name));
    const bool bearer = aws || provider.auth == policies::AuthScheme::bearer;
    request.credential = &key;
    request.credential_header = bearer ? std::string_view("authorization") : policies::name_of(provider.auth);
    request.credential_prefix = bearer ? "Bearer " : "";
    return {};
}

}  // namespace bursar::gateway
