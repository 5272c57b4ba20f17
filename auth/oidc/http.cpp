#include "auth/oidc/http.h"

#include "auth/oidc/url.h"
#include "auth/oidc/words.h"
#include "service/base/secret.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <string_view>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

constexpr std::size_t headers_bytes_max = 64 * 1024;
constexpr std::chrono::milliseconds connect_timeout{3000};

struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;

/// Header lines for one request, wiped afterwards: one of them may hold a client secret.
class HeaderLines {
  public:
    HeaderLines() = default;
    ~HeaderLines() {
        for (curl_slist* each = lines_; each != nullptr; each = each->next) wipe(each->data, std::strlen(each->data));
        curl_slist_free_all(lines_);
    }
    HeaderLines(const HeaderLines&) = delete;
    HeaderLines& operator=(const HeaderLines&) = delete;
    void add(const std::string& line) {
        if (curl_slist* longer = curl_slist_append(lines_, line.c_str())) lines_ = longer;
    }
    curl_slist* get() const { return lines_; }

  private:
    curl_slist* lines_ = nullptr;
};

struct Receipt {
    HttpAnswer answer;
    std::size_t header_bytes = 0;
    bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& receipt = *static_cast<Receipt*>(to);
    if (receipt.answer.body.size() + count > http_answer_bytes_max) {
        receipt.too_large = true;
        return 0;
    }
    receipt.answer.body.append(bytes, count);
    return count;
}

bool is_named(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           std::ranges::equal(line.substr(0, name.size()), name,
                              [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& receipt = *static_cast<Receipt*>(to);
    receipt.header_bytes += count;
    if (receipt.header_bytes > headers_bytes_max) {
        receipt.too_large = true;
        return 0;
    }
    const std::string_view line(bytes, count);
    HttpAnswer& answer = receipt.answer;
    const std::pair<std::string_view, std::string*> wanted[] = {
        {"content-type", &answer.content_type}, {"cache-control", &answer.cache_control}, {"date", &answer.date}};
    for (const auto& [name, place] : wanted) {
        if (!is_named(line, name)) continue;
        std::string_view value = line.substr(name.size() + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && static_cast<unsigned char>(value.back()) <= 0x20) value.remove_suffix(1);
        *place = value;
    }
    return count;
}

template <typename Value>
void set(const Handle& handle, CURLoption option, Value value) {
    // Every option here is one that the linked version has, with a value of its type: what may fail is memory.
    static_cast<void>(curl_easy_setopt(handle.get(), option, value));
}

/// Where we may go, and what nobody's environment or files may change.
void set_limits(const Handle& handle, bool secure) {
    set(handle, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_PROXY, "");
    set(handle, CURLOPT_NOPROXY, "*");
    set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(handle, CURLOPT_HTTP09_ALLOWED, 0L);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(http_timeout).count()));
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
    set(handle, CURLOPT_FRESH_CONNECT, 1L);
    set(handle, CURLOPT_FORBID_REUSE, 1L);
    set(handle, CURLOPT_USERAGENT, "bursar/" BURSAR_VERSION);
}

void set_trust(const Handle& handle, const std::string& ca) {
    set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca.empty()) return;
    // The policy's CA stands in the place of the system's, not beside it.
    curl_blob blob{.data = const_cast<char*>(ca.data()), .len = ca.size(), .flags = CURL_BLOB_COPY};
    set(handle, CURLOPT_CAINFO_BLOB, &blob);
    set(handle, CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

std::string_view word_for(CURLcode code) {
    constexpr std::array tls = {CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
                                CURLE_SSL_CERTPROBLEM,          CURLE_SSL_CIPHER,        CURLE_SSL_ISSUER_ERROR,
                                CURLE_SSL_INVALIDCERTSTATUS,    CURLE_SSL_CLIENTCERT};
    if (code == CURLE_COULDNT_RESOLVE_HOST) return http_resolve;
    if (code == CURLE_COULDNT_CONNECT) return http_connect;
    if (code == CURLE_OPERATION_TIMEDOUT) return http_time;
    return std::ranges::find(tls, code) != tls.end() ? http_tls : http_other;
}

std::unexpected<Error> failed(const HttpRequest& request, const Receipt& receipt, CURLcode code, const char* detail) {
    if (receipt.too_large)
        return not_available(
            fmt::format("{}{} answers with more than {} bytes", http_size, request.url, http_answer_bytes_max));
    const std::string_view text = *detail == '\0' ? curl_easy_strerror(code) : detail;
    return not_available(fmt::format("{}{}: {}", word_for(code), request.url, text));
}

Result<HttpAnswer> ask(const HttpRequest& request) {
    if (!is_askable(request.url))
        return not_available(
            fmt::format("{}{} is no https address (http only on loopback)", http_other, in_quotes(request.url)));
    const Handle handle(curl_easy_init());
    if (!handle) return not_available(fmt::format("{}no memory for a request", http_other));
    std::array<char, CURL_ERROR_SIZE> detail{};
    Receipt receipt;
    HeaderLines lines;
    lines.add("Accept: application/json");
    lines.add("Expect:");
    if (!request.authorization.empty()) {
        std::string line = "Authorization: " + request.authorization;
        lines.add(line);
        wipe(line.data(), line.size());
    }
    set_limits(handle, request.url.starts_with("https://"));
    set_trust(handle, request.ca);
    set(handle, CURLOPT_URL, request.url.c_str());
    set(handle, CURLOPT_HTTPHEADER, lines.get());
    set(handle, CURLOPT_ERRORBUFFER, detail.data());
    set(handle, CURLOPT_WRITEFUNCTION, &take_body);
    set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&receipt));
    set(handle, CURLOPT_HEADERFUNCTION, &take_header);
    set(handle, CURLOPT_HEADERDATA, static_cast<void*>(&receipt));
    if (!request.form.empty()) {
        set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.form.size()));
        set(handle, CURLOPT_POSTFIELDS, request.form.data());
    }
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) return failed(request, receipt, code, detail.data());
    long status = 0;
    static_cast<void>(curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status));
    receipt.answer.status = static_cast<int>(status);
    return std::move(receipt.answer);
}

}  // namespace

Http by_curl() {
    // Once for the program, and before any thread of its own asks: this function is called by the wiring.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    return [](const HttpRequest& request) -> Result<HttpAnswer> {
        if (ready != CURLE_OK) return not_available(fmt::format("{}libcurl does not start", http_other));
        return ask(request);
    };
}

}  // namespace bursar::oidc
