#include "auth/ldap/handle.h"

#include "auth/ldap/names.h"

#include <cerrno>
#include <lber.h>
#include <ldap.h>
#include <openldap.h>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr ber_len_t message_bytes_max = ber_len_t{16} << 20;
constexpr std::size_t diagnostic_bytes_max = 500;

Channel* channel_of(Sockbuf_IO_Desc* layer) { return static_cast<Channel*>(layer->sbiod_pvt); }

// liblber's way to bring a transport of one's own (lber-sockbuf(3)): everything that libldap sends goes through here.
int set_up_layer(Sockbuf_IO_Desc* layer, void* channel) {
    layer->sbiod_pvt = channel;
    return 0;
}
int remove_layer(Sockbuf_IO_Desc* layer) {
    layer->sbiod_pvt = nullptr;
    return 0;
}
int control_layer(Sockbuf_IO_Desc* layer, int what, void*) {
    return what == LBER_SB_OPT_DATA_READY && channel_of(layer)->has_buffered() ? 1 : 0;
}
ber_slen_t read_layer(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t bytes_max) {
    const auto count = channel_of(layer)->read(buffer, bytes_max);
    if (count < 0) errno = EIO;
    return count;
}
ber_slen_t write_layer(Sockbuf_IO_Desc* layer, void* bytes, ber_len_t count) {
    const auto sent = channel_of(layer)->write(bytes, count);
    if (sent < 0) errno = EIO;
    return sent;
}
int close_layer(Sockbuf_IO_Desc*) { return 0; }  // the channel closes its socket itself

Sockbuf_IO our_layer = {&set_up_layer, &remove_layer, &control_layer, &read_layer, &write_layer, &close_layer};

struct FreeText {
    void operator()(char* text) const { ldap_memfree(text); }
};
struct FreeControls {
    void operator()(LDAPControl** controls) const { ldap_controls_free(controls); }
};

void read_policy(::ldap* session, LDAPControl* control, Verdict& verdict) {
    ber_int_t expires = -1, grace = -1;
    LDAPPasswordPolicyError error = PP_noError;
    if (ldap_parse_passwordpolicy_control(session, control, &expires, &grace, &error) != LDAP_SUCCESS) return;
    if (error == PP_noError) return;
    verdict.policy = ldap_passwordpolicy_err2txt(error);
    verdict.must_change = error == PP_changeAfterReset;
}

void read_page(::ldap* session, LDAPControl* control, Verdict& verdict) {
    ber_int_t estimate = 0;
    berval cookie{};
    if (ldap_parse_pageresponse_control(session, control, &estimate, &cookie) != LDAP_SUCCESS) return;
    verdict.paged = true;
    if (cookie.bv_val != nullptr) verdict.cookie.assign(cookie.bv_val, cookie.bv_len);
    ber_memfree(cookie.bv_val);
}

}  // namespace

void FreeMessage::operator()(ldapmsg* message) const { ldap_msgfree(message); }

Connection::Handle::~Handle() {
    if (session != nullptr) ldap_unbind_ext(session, nullptr, nullptr);
}

Outcome<void> Connection::Handle::set_up() {
    // The address is none: if libldap ever connects anew by itself, in plain, it reaches nobody.
    if (ldap_init_fd(channel->descriptor(), LDAP_PROTO_EXT, "ldapi://%2Fnonexistent", &session) != LDAP_SUCCESS)
        return failed(Failure::Kind::connection, "the LDAP library cannot be set up");
    Sockbuf* socket = nullptr;
    ldap_get_option(session, LDAP_OPT_SOCKBUF, static_cast<void*>(&socket));
    const int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER, unlimited = 0;
    ber_len_t largest = message_bytes_max;
    const bool good = socket != nullptr &&
                      ber_sockbuf_add_io(socket, &our_layer, LBER_SBIOD_LEVEL_PROVIDER, channel.get()) == 0 &&
                      ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &largest) == 1 &&
                      ldap_set_option(session, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS &&
                      ldap_set_option(session, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_SUCCESS &&
                      ldap_set_option(session, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_SUCCESS &&
                      ldap_set_option(session, LDAP_OPT_DEREF, &never) == LDAP_SUCCESS &&
                      ldap_set_option(session, LDAP_OPT_SIZELIMIT, &unlimited) == LDAP_SUCCESS;
    if (!good) return failed(Failure::Kind::connection, "the LDAP library cannot be set up");
    return {};
}

Outcome<void> Connection::Handle::upgrade(const Trust& trust, Deadline deadline) {
    int id = 0;
    if (ldap_extended_operation(session, LDAP_EXOP_START_TLS, nullptr, nullptr, nullptr, &id) != LDAP_SUCCESS)
        return gone(LDAP_SERVER_DOWN);
    TRY(Message message, wait(id, deadline));
    TRY(const Verdict said, verdict(std::move(message)));
    if (said.code != LDAP_SUCCESS)
        return failed(
            Failure::Kind::connection,
            fmt::format("{} does not offer StartTLS ({}{}{}): nothing is sent in plain; use ldaps://, or give the "
                        "server a certificate",
                        server.text(), name_of_code(said.code), said.diagnostic.empty() ? "" : ": ", said.diagnostic),
            said.code);
    return channel->start_tls(trust, server.host);
}

Outcome<void> Connection::Handle::usable(Deadline deadline) {
    if (dead || !channel->is_tls()) return failed(Failure::Kind::connection, "the connection is closed");
    if (std::chrono::steady_clock::now() >= deadline) return failed(Failure::Kind::time, "no time is left to ask");
    channel->set_deadline(deadline);
    return {};
}

std::unexpected<Failure> Connection::Handle::gone(int code) {
    dead = true;
    if (channel->timed_out())
        return failed(Failure::Kind::time, fmt::format("{} has not answered in time", server.text()));
    return failed(
        Failure::Kind::connection,
        fmt::format("{}: {}", server.text(), channel->trouble().empty() ? ldap_err2string(code) : channel->trouble()));
}

Outcome<Message> Connection::Handle::wait(int id, Deadline deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
    timeval time{};
    if (left.count() > 0) time = {left.count() / 1'000'000, left.count() % 1'000'000};
    LDAPMessage* raw = nullptr;
    const int kind = ldap_result(session, id, LDAP_MSG_ONE, &time, &raw);
    if (kind == -1) {
        int code = LDAP_SERVER_DOWN;
        ldap_get_option(session, LDAP_OPT_RESULT_CODE, &code);
        return gone(code);
    }
    if (kind != 0) return Message(raw);
    // Whoever has not answered may do so in the middle of the next question.
    dead = true;
    return failed(Failure::Kind::time, fmt::format("{} has not answered in time", server.text()));
}

Outcome<Verdict> Connection::Handle::verdict(Message message) {
    Verdict out;
    char* text = nullptr;
    LDAPControl** raw = nullptr;
    if (ldap_parse_result(session, message.get(), &out.code, nullptr, &text, nullptr, &raw, 0) != LDAP_SUCCESS)
        return gone(LDAP_DECODING_ERROR);
    const std::unique_ptr<char, FreeText> owned(text);
    const std::unique_ptr<LDAPControl*, FreeControls> controls(raw);
    if (text != nullptr) out.diagnostic = clean_text(text, diagnostic_bytes_max);
    if (LDAPControl* page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, raw, nullptr)) read_page(session, page, out);
    if (LDAPControl* policy = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, raw, nullptr))
        read_policy(session, policy, out);
    return out;
}

std::string name_of_code(int code) { return fmt::format("{}, code {}", ldap_err2string(code), code); }

}  // namespace bursar::ldap
