#include "auth/authorization.h"

#include "auth/base64url.h"
#include "auth/credential.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t code_bytes = 32;
constexpr std::size_t state_characters_max = 128;
/// RFC 7636 §4.1.
constexpr std::size_t verifier_characters_min = 43, verifier_characters_max = 128;
/// SHA-256 as base64url (RFC 7636 §4.2).
constexpr std::size_t challenge_characters = 43;
constexpr unsigned port_max = 65'535;
constexpr std::array<std::string_view, 2> loopback_hosts = {"http://127.0.0.1:", "http://[::1]:"};

/// "unreserved" of RFC 3986 §2.3: what stands in an address as it is.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c == '~';
    });
}

/// Literally: what a name leads to is up to others (RFC 8252 §8.3), and a second way to write an address is a second
/// way to read it.
bool is_on_this_machine(std::string_view redirect) {
    constexpr std::string_view behind = "/callback";
    const auto host = std::ranges::find_if(loopback_hosts, [&](auto each) { return redirect.starts_with(each); });
    if (host == loopback_hosts.end() || !redirect.ends_with(behind)) return false;
    redirect.remove_prefix(host->size());
    if (redirect.size() <= behind.size()) return false;
    const std::string_view port = redirect.substr(0, redirect.size() - behind.size());
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc() && end == port.data() + port.size() && number > 0 && number <= port_max &&
           port.front() != '0';
}

std::unexpected<Error> wrong(std::string_view what) {
    return fail(Fault::invalid_request,
                fmt::format("This is not an address that bursarctl login makes: {}. Start the sign-in again in your "
                            "terminal.",
                            what));
}

}  // namespace

Result<LoopbackAsk> LoopbackAsk::check(const Words& words) {
    if (words.response_type != "code") return wrong("response_type must be code");
    if (words.client_id != loopback_client) return wrong("client_id must be bursarctl");
    if (!is_on_this_machine(words.redirect_uri))
        return wrong("redirect_uri must be http://127.0.0.1:PORT/callback or http://[::1]:PORT/callback");
    if (words.code_challenge_method != "S256") return wrong("code_challenge_method must be S256");
    if (words.code_challenge.size() != challenge_characters || !is_plain(words.code_challenge))
        return wrong("code_challenge must be a SHA-256 as base64url");
    if (words.state.empty() || words.state.size() > state_characters_max || !is_plain(words.state))
        return wrong("state must be 1 to 128 letters, digits, '-', '.', '_' or '~'");
    return LoopbackAsk(words);
}

LoopbackAsk::LoopbackAsk(const Words& words)
    : client_(words.client_id), redirect_(words.redirect_uri), challenge_(words.code_challenge), state_(words.state) {}

Secret LoopbackAsk::back_with(const Secret& code) const {
    return Secret(fmt::format("{}?code={}&state={}", redirect_, code.reveal(), state_));
}

std::string LoopbackAsk::back_denied() const {
    return fmt::format("{}?error=access_denied&state={}", redirect_, state_);
}

AuthorizationCodes::AuthorizationCodes(const Clock& clock, AuthorizationLimits limits)
    : clock_(clock), limits_(limits), key_(random_bytes(32)) {}

std::string AuthorizationCodes::digest_of(std::string_view code) const {
    return std::string(as_text(credential_digest(key_, code)));
}

void AuthorizationCodes::forget_old(Timestamp now) {
    std::erase_if(given_, [&](const auto& each) { return now >= each.second.at + limits_.remembered; });
}

Result<Secret> AuthorizationCodes::give(const LoopbackAsk& ask, Approval approval) {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    forget_old(now);
    const auto of_person =
        std::ranges::count_if(given_, [&](const auto& each) { return each.second.approval.person == approval.person; });
    if (static_cast<std::size_t>(of_person) >= limits_.kept_per_person)
        return fail(Fault::rate_limited, "You have let in too many programs lately. Try again in some minutes.",
                    fmt::format("{} codes were given to {} within {} minutes", of_person, approval.person,
                                limits_.remembered.count()));
    if (given_.size() >= limits_.kept_max)
        return fail(Fault::overloaded, "Too many sign-ins are under way. Try again in some minutes.",
                    fmt::format("{} authorization codes are kept", given_.size()));
    Secret code(to_base32(random_bytes(code_bytes)));
    given_.emplace(digest_of(code.reveal()), Given{.client = ask.client(),
                                                   .redirect = ask.redirect(),
                                                   .challenge = ask.challenge(),
                                                   .at = now,
                                                   .approval = std::move(approval),
                                                   .session = {}});
    return code;
}

AuthorizationCodes::Answer AuthorizationCodes::take(const Presented& presented) {
    using enum Answer::State;
    const Timestamp now = clock_.now();
    const std::string_view verifier = presented.code_verifier;
    const bool is_verifier =
        verifier.size() >= verifier_characters_min && verifier.size() <= verifier_characters_max && is_plain(verifier);
    const std::string challenge = to_base64url(as_text(sha256(verifier)));
    const MutexLock lock(mutex_);
    forget_old(now);
    const auto found = given_.find(digest_of(presented.code));
    if (found == given_.end()) return {.state = refused, .approval = {}, .session = {}};
    Given& given = found->second;
    if (given.used) {
        given.used_again = true;
        return {.state = used, .approval = {}, .session = given.session};
    }
    // Whoever it is, they have the code: nobody gets a second try with it.
    given.used = true;
    const bool is_who_began = is_verifier && equal_in_constant_time(challenge, given.challenge) &&
                              presented.client_id == given.client && presented.redirect_uri == given.redirect;
    if (!is_who_began || now >= given.at + limits_.life) return {.state = refused, .approval = {}, .session = {}};
    return {.state = good, .approval = given.approval, .session = {}};
}

bool AuthorizationCodes::began(std::string_view code, std::string_view session) {
    const std::string key = digest_of(code);
    const MutexLock lock(mutex_);
    const auto found = given_.find(key);
    // What was forgotten can no longer be known as used: as if it had come again.
    if (found == given_.end() || found->second.used_again) return false;
    found->second.session = session;
    return true;
}

}  // namespace bursar::auth
