#include "integrations/courier/curl_http.h"

#include "integrations/courier/curl_easy.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <curl/curl.h>
#include <memory>

#include <QTimer>
#include <fmt/format.h>

namespace bursar::courier {
namespace {

template <typename Value>
void set(const Easy& easy, CURLoption option, Value value) {
    static_cast<void>(curl_easy_setopt(easy.get(), option, value));
}

/// Header lines of one request, wiped afterwards: one of them may be a token.
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

/// One exchange, until its end.
struct Flight {
    HttpRequest request;
    std::function<void(Answer)> done;
    Easy easy;
    HeaderLines lines;
    Answer answer;
    std::size_t header_bytes = 0;
    bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* to) {
    Flight& flight = *static_cast<Flight*>(to);
    if (flight.answer.body.size() + count > flight.request.answer_bytes_max) {
        flight.too_large = true;
        return 0;
    }
    flight.answer.body.append(bytes, count);
    return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* to) {
    Flight& flight = *static_cast<Flight*>(to);
    flight.header_bytes += count;
    if (flight.header_bytes > header_bytes_max) {
        flight.too_large = true;
        return 0;
    }
    std::string_view line(bytes, count);
    const std::size_t colon = line.find(':');
    // An interim answer's or a proxy's headers are not those of the answer.
    if (line.starts_with("HTTP/")) flight.answer.headers.clear();
    if (colon == std::string_view::npos) return count;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    line.remove_prefix(colon + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= 0x20) line.remove_suffix(1);
    flight.answer.headers[std::move(name)] = line;
    return count;
}

void prepare(Flight& flight) {
    const HttpRequest& request = flight.request;
    const Easy& easy = flight.easy;
    const std::string url(request.url.reveal());
    flight.easy.limit(request.timeout);
    flight.easy.go(request.way, url);
    set(easy, CURLOPT_PROTOCOLS_STR, url.starts_with("https://") ? "https" : "http");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    set(easy, CURLOPT_URL, url.c_str());
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    for (const auto& [name, value] : request.headers) flight.lines.add(fmt::format("{}: {}", name, value));
    flight.lines.add("Expect:");
    if (!request.authorization.empty()) {
        std::string line = fmt::format("Authorization: {}", request.authorization.reveal());
        flight.lines.add(line);
        wipe(line.data(), line.size());
    }
    set(easy, CURLOPT_HTTPHEADER, flight.lines.get());
    if (!request.body.empty()) {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&flight));
    set(easy, CURLOPT_HEADERFUNCTION, &take_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&flight));
}

Answer answer_of(Flight& flight, int code) {
    long status = 0, request_bytes = 0;
    static_cast<void>(curl_easy_getinfo(flight.easy.get(), CURLINFO_RESPONSE_CODE, &status));
    static_cast<void>(curl_easy_getinfo(flight.easy.get(), CURLINFO_REQUEST_SIZE, &request_bytes));
    Answer answer = std::move(flight.answer);
    // A status that came before the trouble is an answer all the same: the beginning of its words is enough.
    if (code == CURLE_OK || flight.too_large) {
        answer.status = static_cast<int>(status);
        return answer;
    }
    return {.trouble = flight.easy.trouble(code), .perhaps_arrived = request_bytes > 0};
}

}  // namespace

void CurlHttp::exchange(HttpRequest request, std::function<void(Answer)> done) {
    if (std::string why = unsound(request); !why.empty()) {
        QTimer::singleShot(0, [why, done = std::move(done)] { done({.trouble = why, .unsendable = true}); });
        return;
    }
    const auto flight = std::make_shared<Flight>();
    flight->request = std::move(request);
    flight->done = std::move(done);
    prepare(*flight);
    loop_.start(flight->easy.get(), [flight](int code) { flight->done(answer_of(*flight, code)); });
}

}  // namespace bursar::courier
