#include "auth/ldap/connection.h"

#include "auth/ldap/handle.h"
#include "auth/ldap/names.h"

#include <charconv>
#include <ldap.h>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

// Far above any real directory's answers, and below what would hurt us.
constexpr std::size_t values_max = 200'000, references_max = 20, text_bytes_max = 500, whoami_bytes_max = 2000;

struct FreeControl {
    void operator()(LDAPControl* control) const { ldap_control_free(control); }
};
struct FreeBer {
    void operator()(BerElement* element) const { ber_free(element, 0); }
};
struct FreeText {
    void operator()(char* text) const { ldap_memfree(text); }
};
struct FreeValues {
    void operator()(berval** values) const { ldap_value_free_len(values); }
};
using Control = std::unique_ptr<LDAPControl, FreeControl>;

/// "member;range=0-1499" is the attribute "member", of which 1500 is the next value; "*" is the last one's mark.
void read_name(std::string_view described, std::string& name, std::optional<std::size_t>& next) {
    name = small_letters(described);
    const std::size_t at = name.find(";range=");
    if (at == std::string::npos) return;
    const std::string range = name.substr(at + 7);
    name.resize(at);
    const std::size_t dash = range.find('-');
    if (dash == std::string::npos || range.ends_with("-*")) return;
    std::size_t last = 0;
    if (std::from_chars(range.data() + dash + 1, range.data() + range.size(), last).ec == std::errc{}) next = last + 1;
}

Outcome<Entry> entry_of(::ldap* session, LDAPMessage* message, std::size_t& bytes) {
    Entry entry;
    const std::unique_ptr<char, FreeText> dn(ldap_get_dn(session, message));
    if (!dn) return failed(Failure::Kind::partial, "an entry of the answer has no name");
    entry.dn = dn.get();
    bytes += entry.dn.size();
    BerElement* raw = nullptr;
    std::unique_ptr<char, FreeText> described(ldap_first_attribute(session, message, &raw));
    const std::unique_ptr<BerElement, FreeBer> walk(raw);
    for (std::size_t count = 0; described; described.reset(ldap_next_attribute(session, message, walk.get()))) {
        std::string name;
        std::optional<std::size_t> next;
        read_name(described.get(), name, next);
        const std::unique_ptr<berval*, FreeValues> values(ldap_get_values_len(session, message, described.get()));
        std::vector<std::string>& kept = entry.values[name];
        for (berval** value = values.get(); value != nullptr && *value != nullptr; ++value) {
            if (++count > values_max)
                return failed(Failure::Kind::partial, fmt::format("{} has more than {} values", entry.dn, values_max));
            kept.emplace_back((*value)->bv_val, (*value)->bv_len);
            bytes += (*value)->bv_len;
        }
        if (next) entry.cut[name] = *next;
    }
    return entry;
}

void add_references(::ldap* session, LDAPMessage* message, Page& page) {
    char** addresses = nullptr;
    if (ldap_parse_reference(session, message, &addresses, nullptr, 0) != LDAP_SUCCESS || addresses == nullptr) return;
    for (char** each = addresses; *each != nullptr && page.references.size() < references_max; ++each)
        page.references.push_back(clean_text(*each, text_bytes_max));
    ldap_memvfree(reinterpret_cast<void**>(addresses));
}

/// What a search that has not ended well means: only a whole answer may be read as "there is no such thing".
Failure meaning(const Verdict& said, const Ask& what, const Server& server) {
    const std::string told = fmt::format("{}: {}{}{}", server.text(), name_of_code(said.code),
                                         said.diagnostic.empty() ? "" : ": ", said.diagnostic);
    switch (said.code) {  // codes of a protocol, an open list
        case LDAP_SIZELIMIT_EXCEEDED:
        case LDAP_TIMELIMIT_EXCEEDED:
        case LDAP_ADMINLIMIT_EXCEEDED:
            return {Failure::Kind::partial,
                    fmt::format("{}: the answer was cut; raise the server's limits for the service "
                                "account",
                                told),
                    said.code};
        case LDAP_REFERRAL:
            return {Failure::Kind::partial,
                    fmt::format("{}: this server does not hold \"{}\"; ask one that does", told, what.base), said.code};
        case LDAP_BUSY:
        case LDAP_UNAVAILABLE:
            return {Failure::Kind::busy, told, said.code};
        case LDAP_NO_SUCH_OBJECT:
            return {Failure::Kind::refused,
                    fmt::format("{}: there is no \"{}\", or the account may not see it", told, what.base), said.code};
        case LDAP_INSUFFICIENT_ACCESS:
            return {Failure::Kind::refused, fmt::format("{}: the account may not read below \"{}\"", told, what.base),
                    said.code};
        default:
            return {Failure::Kind::refused, told, said.code};
    }
}

}  // namespace

const std::vector<std::string>& Entry::all(std::string_view attribute) const {
    static const std::vector<std::string> none;
    const auto found = values.find(small_letters(attribute));
    return found == values.end() ? none : found->second;
}

std::string_view Entry::first(std::string_view attribute) const {
    const auto& found = all(attribute);
    return found.empty() ? std::string_view() : std::string_view(found.front());
}

Connection::Connection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Connection::~Connection() = default;
const Server& Connection::server() const { return handle_->server; }

Outcome<std::unique_ptr<Connection>> Connection::open(const Server& server, const Trust& trust, Timestamp now,
                                                      Deadline deadline, Way& way) {
    auto handle = std::make_unique<Handle>();
    handle->server = server;
    TRY(handle->channel, Channel::open(server, deadline));
    way.reached = true;
    handle->channel->set_deadline(deadline);
    TRY_VOID(handle->set_up());
    const auto secured =
        server.tls_at_once ? handle->channel->start_tls(trust, server.host) : handle->upgrade(trust, deadline);
    way.chain = handle->channel->chain();
    if (!secured) {
        handle->dead = true;
        Failure why = secured.error();
        if (way.chain.wrong != 0) why.text = explain(way.chain, server.host, now);
        if (!why.text.starts_with(server.text())) why.text = fmt::format("{}: {}", server.text(), why.text);
        return std::unexpected(std::move(why));
    }
    way.secured = true;
    way.protocol = handle->channel->protocol();
    return std::unique_ptr<Connection>(new Connection(std::move(handle)));
}

Outcome<BindAnswer> Connection::bind(std::string_view dn, const Secret& password, Deadline deadline) {
    // A name without a password is an anonymous bind, which succeeds (RFC 4513 §5.1.2).
    if (dn.empty() || password.empty()) return failed(Failure::Kind::refused, "a bind needs a name and a password");
    TRY_VOID(handle_->usable(deadline));
    LDAPControl* raw = nullptr;
    ldap_create_passwordpolicy_control(handle_->session, &raw);
    const Control policy(raw);
    LDAPControl* controls[] = {raw, nullptr};
    berval value{password.size(), const_cast<char*>(password.reveal().data())};
    int id = 0;
    const int sent =
        ldap_sasl_bind(handle_->session, std::string(dn).c_str(), LDAP_SASL_SIMPLE, &value, controls, nullptr, &id);
    if (sent != LDAP_SUCCESS) return handle_->gone(sent);
    TRY(Message message, handle_->wait(id, deadline));
    TRY(Verdict said, handle_->verdict(std::move(message)));
    return BindAnswer{said.code, std::move(said.diagnostic), std::move(said.policy), said.must_change};
}

Outcome<std::string> Connection::who_am_i(Deadline deadline) {
    TRY_VOID(handle_->usable(deadline));
    int id = 0;
    const int sent = ldap_whoami(handle_->session, nullptr, nullptr, &id);
    if (sent != LDAP_SUCCESS) return handle_->gone(sent);
    TRY(Message message, handle_->wait(id, deadline));
    berval* name = nullptr;
    const int parsed = ldap_parse_whoami(handle_->session, message.get(), &name);
    std::string out =
        parsed == LDAP_SUCCESS && name != nullptr ? std::string(name->bv_val, name->bv_len) : std::string();
    ber_bvfree(name);
    if (out.size() > whoami_bytes_max) out.clear();
    return out;
}

Outcome<Page> Connection::ask(const Ask& what, Deadline deadline) {
    TRY_VOID(handle_->usable(deadline));
    std::vector<char*> attributes;
    for (const std::string& each : what.attributes) attributes.push_back(const_cast<char*>(each.c_str()));
    attributes.push_back(nullptr);
    LDAPControl* raw = nullptr;
    berval cookie{what.cookie.size(), const_cast<char*>(what.cookie.data())};
    if (what.page_size > 0) ldap_create_page_control(handle_->session, what.page_size, &cookie, 0, &raw);
    const Control paging(raw);
    LDAPControl* controls[] = {raw, nullptr};
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(deadline - std::chrono::steady_clock::now());
    timeval limit{std::max<std::int64_t>(seconds.count(), 1), 0};
    int id = 0;
    const int sent = ldap_search_ext(handle_->session, what.base.c_str(),
                                     what.scope == Scope::base ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
                                     what.filter.c_str(), attributes.data(), 0, controls, nullptr, &limit, 0, &id);
    if (sent == LDAP_FILTER_ERROR)
        return failed(Failure::Kind::refused, fmt::format("the filter {} is not well formed", what.filter), sent);
    if (sent != LDAP_SUCCESS) return handle_->gone(sent);
    Page page;
    for (;;) {
        TRY(Message message, handle_->wait(id, deadline));
        const int kind = ldap_msgtype(message.get());
        if (kind == LDAP_RES_SEARCH_RESULT) {
            TRY(const Verdict said, handle_->verdict(std::move(message)));
            if (said.code != LDAP_SUCCESS) return std::unexpected(meaning(said, what, handle_->server));
            page.cookie = said.cookie;
            return page;
        }
        if (kind == LDAP_RES_SEARCH_REFERENCE) add_references(handle_->session, message.get(), page);
        if (kind != LDAP_RES_SEARCH_ENTRY) continue;
        TRY(Entry entry, entry_of(handle_->session, message.get(), page.bytes));
        page.entries.push_back(std::move(entry));
        if (what.bytes_max > 0 && page.bytes > what.bytes_max)
            return failed(Failure::Kind::partial, fmt::format("{}: the answer is larger than {} bytes",
                                                              handle_->server.text(), what.bytes_max));
        if (what.entries_max == 0 || page.entries.size() <= what.entries_max) continue;
        ldap_abandon_ext(handle_->session, id, nullptr, nullptr);
        page.cut_short = true;
        return page;
    }
}

}  // namespace bursar::ldap
