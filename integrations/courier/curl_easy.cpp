#include "integrations/courier/curl_easy.h"

#include "integrations/address.h"
#include "integrations/text.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <curl/curl.h>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

template <typename Value>
void set(void* handle, CURLoption option, Value value) {
    // Every option here is one that the linked version has, with a value of its type: what may fail is memory.
    static_cast<void>(curl_easy_setopt(handle, option, value));
}

std::string_view word_for(CURLcode code) {
    constexpr std::array tls = {CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
                                CURLE_SSL_CERTPROBLEM,          CURLE_SSL_CIPHER,        CURLE_SSL_ISSUER_ERROR,
                                CURLE_SSL_INVALIDCERTSTATUS,    CURLE_SSL_CLIENTCERT,    CURLE_USE_SSL_FAILED};
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY) return "resolve";
    if (code == CURLE_COULDNT_CONNECT) return "connect";
    if (code == CURLE_OPERATION_TIMEDOUT) return "time";
    return std::ranges::find(tls, code) != tls.end() ? "TLS" : "network";
}

}  // namespace

Easy::Easy() : handle_(curl_easy_init()) {
    static_assert(detail_bytes == CURL_ERROR_SIZE);
    ENSURE(handle_ != nullptr);
    set(handle_, CURLOPT_ERRORBUFFER, detail_.data());
    set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(handle_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(handle_, CURLOPT_NOSIGNAL, 1L);
    // On a connection that was used before libcurl sends a request again by itself when it ends without an answer: two
    // messages, and nobody knows.
    set(handle_, CURLOPT_FRESH_CONNECT, 1L);
    set(handle_, CURLOPT_FORBID_REUSE, 1L);
    set(handle_, CURLOPT_USERAGENT, "bursar-courier/" BURSAR_VERSION);
}

Easy::~Easy() { curl_easy_cleanup(handle_); }

void Easy::limit(std::chrono::seconds whole) {
    set(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(whole).count()));
    set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(connect_timeout).count()));
}

void Easy::go(const Way& way, std::string_view url) {
    set(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(handle_, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle_, CURLOPT_SSL_VERIFYHOST, 2L);
    const bool by_proxy = !way.proxy.empty() && !integrations::is_loopback(url);
    // An empty one keeps the environment's out.
    set(handle_, CURLOPT_PROXY, by_proxy ? way.proxy.c_str() : "");
    if (by_proxy)
        set(handle_, CURLOPT_HTTPPROXYTUNNEL, 1L);
    else
        set(handle_, CURLOPT_NOPROXY, "*");
    if (way.ca.empty()) return;
    // The policy's CA stands in the place of the system's, not beside it.
    std::string ca = way.ca;
    curl_blob blob{.data = ca.data(), .len = ca.size(), .flags = CURL_BLOB_COPY};
    set(handle_, CURLOPT_CAINFO_BLOB, &blob);
    set(handle_, CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(handle_, CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

std::string Easy::trouble(int code) const {
    const auto known = static_cast<CURLcode>(code);
    const std::string_view detail = detail_.data();
    return fmt::format("{}: {}", word_for(known),
                       integrations::one_line(detail.empty() ? curl_easy_strerror(known) : detail));
}

}  // namespace bursar::courier
