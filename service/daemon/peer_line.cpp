#include "service/daemon/peer_line.h"

#include "service/standby/message.h"

#include <curl/curl.h>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

struct CloseList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
    // Every option here is one that the linked version has, with a value of its type: what may fail is memory.
    static_cast<void>(curl_easy_setopt(handle, option, value));
}

std::size_t take(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + count > standby::answer_bytes_max) return 0;
    body.append(bytes, count);
    return count;
}

int go_on(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

std::unexpected<Error> unreachable(const Peer& peer, std::string_view why) {
    return fail(Fault::provider_unavailable,
                fmt::format("The other machine, {}, does not answer: {}.", peer.origin, why));
}

}  // namespace

struct PeerLine::Handle {
    CURL* easy = curl_easy_init();
    std::unique_ptr<curl_slist, CloseList> headers{
        // No "Expect: 100-continue", which would cost a round trip.
        curl_slist_append(curl_slist_append(nullptr, "Content-Type: application/octet-stream"), "Expect:")};
    Handle() = default;
    ~Handle() {
        if (easy != nullptr) curl_easy_cleanup(easy);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
};

PeerLine::PeerLine(Peer peer, const std::atomic<bool>& stopping)
    : peer_(std::move(peer)), stopping_(stopping), handle_(std::make_unique<Handle>()) {
    CURL* easy = handle_->easy;
    if (easy == nullptr) return;
    set(easy, CURLOPT_PROTOCOLS_STR, peer_.origin.starts_with("https://") ? "https" : "http");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(easy, CURLOPT_LOW_SPEED_TIME, stall_seconds);
    set(easy, CURLOPT_TIMEOUT, request_seconds);
    set(easy, CURLOPT_USERAGENT, "bursar/" BURSAR_VERSION);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // The key is known beforehand, which is more than any authority could say; the name is whatever the peer is called.
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    set(easy, CURLOPT_PINNEDPUBLICKEY, ("sha256//" + peer_.key).c_str());
    set(easy, CURLOPT_HTTPHEADER, handle_->headers.get());
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &go_on);
    set(easy, CURLOPT_XFERINFODATA, const_cast<void*>(static_cast<const void*>(&stopping_)));
    set(easy, CURLOPT_WRITEFUNCTION, &take);
}

PeerLine::~PeerLine() = default;

Result<std::string> PeerLine::ask(const std::string& path, std::string_view body) {
    CURL* easy = handle_->easy;
    if (easy == nullptr) return unreachable(peer_, "there is no memory for a request");
    std::string answer;
    set(easy, CURLOPT_URL, (peer_.origin + path).c_str());
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(easy, CURLOPT_POSTFIELDS, body.data());
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&answer));
    const CURLcode code = curl_easy_perform(easy);
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return unreachable(peer_, "its certificate has another key than standby.peer_key");
    if (code != CURLE_OK) return unreachable(peer_, curl_easy_strerror(code));
    long status = 0;
    static_cast<void>(curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status));
    if (status == 200) return answer;
    constexpr std::size_t shown_max = 300;
    return unreachable(peer_, fmt::format("status {}, {}", status, answer.substr(0, shown_max)));
}

}  // namespace bursar::daemon
