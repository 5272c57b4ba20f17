#include "service/gateway/outgoing.h"

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

void sign(providers::UpstreamRequest& request, const policies::Provider& provider, const Secret& key) {
    const bool bearer = provider.auth == policies::AuthScheme::bearer;
    request.credential = &key;
    request.credential_header = bearer ? std::string_view("authorization") : policies::name_of(provider.auth);
    request.credential_prefix = bearer ? "Bearer " : "";
}

}  // namespace bursar::gateway
