#include "integrations/address.h"
#include "integrations/courier/curl_easy.h"
#include "integrations/courier/smtp.h"

#include <algorithm>
#include <curl/curl.h>
#include <memory>

#include <QTimer>

namespace bursar::courier {
namespace {

template <typename Value>
void set(const Easy& easy, CURLoption option, Value value) {
    static_cast<void>(curl_easy_setopt(easy.get(), option, value));
}

struct Flight {
    MailRequest request;
    std::function<void(MailAnswer)> done;
    Easy easy;
    curl_slist* recipients = nullptr;
    std::size_t handed_over = 0;  ///< bytes of the mail
    std::string words;            ///< of the server's last reply

    Flight() = default;
    ~Flight() { curl_slist_free_all(recipients); }
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
};

/// The server as a URL of http would be, so that one function knows what this machine is.
std::string as_http(const std::string& server) { return "http" + server.substr(server.find("://")); }

std::string unsound(const MailRequest& request) {
    const bool is_smtp = request.server.starts_with("smtp://") || request.server.starts_with("smtps://");
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '@' || c == '?'; };
    if (!is_smtp || std::ranges::any_of(request.server, odd)) return "its server is no smtp:// or smtps:// address";
    return {};
}

std::size_t give_mail(char* to, std::size_t, std::size_t room, void* from) {
    Flight& flight = *static_cast<Flight*>(from);
    const std::size_t count = std::min(room, flight.request.mail.size() - flight.handed_over);
    flight.request.mail.copy(to, count, flight.handed_over);
    flight.handed_over += count;
    return count;
}

std::size_t take_reply(char* bytes, std::size_t, std::size_t count, void* to) {
    std::string& words = static_cast<Flight*>(to)->words;
    words.assign(bytes, std::min(count, integrations::receipt_text_bytes_max));
    while (!words.empty() && static_cast<unsigned char>(words.back()) <= 0x20) words.pop_back();
    return count;
}

void prepare(Flight& flight) {
    const MailRequest& request = flight.request;
    const Easy& easy = flight.easy;
    const std::string place = as_http(request.server);
    flight.easy.limit(upload_timeout);
    flight.easy.go(request.way, place);
    set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    // A relay on this machine may be without TLS, but no password is told to it then.
    const bool plain = integrations::is_loopback(place) && request.user.empty();
    set(easy, CURLOPT_USE_SSL, static_cast<long>(plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    set(easy, CURLOPT_URL, request.server.c_str());
    if (!request.user.empty()) {
        const std::string password(request.password.reveal());
        set(easy, CURLOPT_USERNAME, request.user.c_str());
        set(easy, CURLOPT_PASSWORD, password.c_str());
    }
    set(easy, CURLOPT_MAIL_FROM, request.from.c_str());
    for (const std::string& each : request.to)
        if (curl_slist* longer = curl_slist_append(flight.recipients, each.c_str())) flight.recipients = longer;
    set(easy, CURLOPT_MAIL_RCPT, flight.recipients);
    // Somebody who left the company must not keep the others from hearing.
    set(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.mail.size()));
    set(easy, CURLOPT_READFUNCTION, &give_mail);
    set(easy, CURLOPT_READDATA, static_cast<void*>(&flight));
    set(easy, CURLOPT_HEADERFUNCTION, &take_reply);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&flight));
}

MailAnswer answer_of(const Flight& flight, int code) {
    long status = 0;
    static_cast<void>(curl_easy_getinfo(flight.easy.get(), CURLINFO_RESPONSE_CODE, &status));
    MailAnswer out{.answer = {.status = static_cast<int>(status), .body = flight.words},
                   .login_denied = code == CURLE_LOGIN_DENIED};
    if (code == CURLE_OK) return out;
    out.answer.trouble = flight.easy.trouble(code);
    out.answer.perhaps_arrived = flight.handed_over == flight.request.mail.size();
    return out;
}

}  // namespace

void CurlSmtp::send(MailRequest request, std::function<void(MailAnswer)> done) {
    if (std::string why = unsound(request); !why.empty()) {
        QTimer::singleShot(0,
                           [why, done = std::move(done)] { done({.answer = {.trouble = why, .unsendable = true}}); });
        return;
    }
    const auto flight = std::make_shared<Flight>();
    flight->request = std::move(request);
    flight->done = std::move(done);
    prepare(*flight);
    loop_.start(flight->easy.get(), [flight](int code) { flight->done(answer_of(*flight, code)); });
}

}  // namespace bursar::courier
