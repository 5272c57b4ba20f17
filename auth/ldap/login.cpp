#include "auth/ldap/login.h"

#include "auth/ldap/connection.h"
#include "auth/ldap/escape.h"
#include "auth/ldap/filter.h"
#include "auth/ldap/names.h"

#include <algorithm>
#include <array>
#include <ldap.h>
#include <vector>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t name_bytes_max = 256, password_bytes_max = 1024;
constexpr std::string_view sentence =
    "The user name or password is wrong, or the account may not sign in. Try again; if it stays so, ask your help desk "
    "whether the "
    "account is locked, disabled or has an expired password.";

struct SubCode {
    std::string_view number;
    std::string_view meaning;
};
// Active Directory's "data …" in the diagnostics of code 49: Windows' own error numbers, in hexadecimal.
constexpr std::array sub_codes{
    SubCode{"525", "there is no such account"},
    SubCode{"52e", "the password is wrong, or there is no such account"},
    SubCode{"530", "the account may not sign in at this hour"},
    SubCode{"531", "the account may not sign in from this machine"},
    SubCode{"532", "the password has expired"},
    SubCode{"533", "the account is disabled"},
    SubCode{"701", "the account has expired"},
    SubCode{"773", "the password has to be changed first"},
    SubCode{"775", "the account is locked"},
};

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; });
}

std::string filter_for(std::string_view name, const Options& options) {
    const bool active_directory = options.kind == Kind::active_directory;
    if (const std::size_t slash = name.find('\\'); active_directory && slash != std::string_view::npos)
        return equals("sAMAccountName", name.substr(slash + 1));
    std::vector<std::string> meanings{equals(options.user_attribute, name)};
    if (const std::size_t at = name.rfind('@'); at != std::string_view::npos) {
        if (options.sign_in_by_email) meanings.push_back(equals(options.email_attribute, name));
        if (active_directory) meanings.push_back(equals("userPrincipalName", name));
        // Every account has this name too, whatever its userPrincipalName says.
        const std::string domain = small_letters(name.substr(at + 1));
        if (active_directory && (domain == options.domain || domain == domain_name(options.people_base)))
            meanings.push_back(equals("sAMAccountName", name.substr(0, at)));
    }
    return any_of(meanings);
}

/// `{user}` in a distinguished name is a value of it; elsewhere it is written as it is, once it is a bare name. The
/// domain that somebody types is not taken over: a controller also lets people of trusted domains in, and theirs of the
/// same name would pass for ours.
std::string bind_name(std::string_view name, const Options& options) {
    const bool in_a_dn = options.direct_bind.contains('=');
    if (options.kind == Kind::active_directory && !in_a_dn) {
        if (const std::size_t slash = name.rfind('\\'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
        name = name.substr(0, name.find('@'));
    }
    std::string out = options.direct_bind;
    return out.replace(out.find("{user}"), 6, in_a_dn ? dn_value(name) : std::string(name));
}

}  // namespace

Error refusal(std::string why) { return {Fault::unauthenticated, std::string(sentence), std::move(why)}; }

Result<Login> login_of(std::string_view typed, const Options& options) {
    Login login;
    login.name = trimmed(typed);
    if (login.name.empty()) return std::unexpected(refusal("the user name is empty"));
    if (typed.size() > name_bytes_max) return std::unexpected(refusal("the user name is longer than 256 bytes"));
    if (!is_utf8(login.name) || has_control(login.name))
        return std::unexpected(refusal("the user name has bytes that no name has"));
    if (login.name.ends_with('\\')) return std::unexpected(refusal("the user name is only a domain"));
    login.filter = all_of({options.people_filter, filter_for(login.name, options)});
    if (!options.direct_bind.empty()) login.bind_as = bind_name(login.name, options);
    return login;
}

Result<void> check_password(const Secret& password) {
    if (password.size() > password_bytes_max)
        return std::unexpected(refusal("the password is longer than 1,024 bytes"));
    const std::string_view bytes = password.reveal();
    const bool blank = std::ranges::all_of(
        bytes, [](char byte) { return byte == '\0' || byte == ' ' || (byte >= '\t' && byte <= '\r'); });
    if (blank) return std::unexpected(refusal("the password is empty, or nothing but spaces"));
    return {};
}

std::string why_refused(int code, std::string_view diagnostic, std::string_view policy) {
    if (!policy.empty()) return fmt::format("{} ({})", policy, name_of_code(code));
    if (const std::size_t at = diagnostic.find(", data "); at != std::string_view::npos) {
        const std::string number = small_letters(diagnostic.substr(at + 7, diagnostic.find(',', at + 7) - at - 7));
        const auto known = std::ranges::find(sub_codes, number, &SubCode::number);
        if (known != sub_codes.end())
            return fmt::format("{} ({}, data {})", known->meaning, name_of_code(code), number);
    }
    return diagnostic.empty() ? name_of_code(code) : fmt::format("{} ({})", diagnostic, name_of_code(code));
}

bool is_refusal(int code) {
    constexpr std::array codes{LDAP_INVALID_CREDENTIALS,  LDAP_INAPPROPRIATE_AUTH,  LDAP_UNWILLING_TO_PERFORM,
                               LDAP_CONSTRAINT_VIOLATION, LDAP_INSUFFICIENT_ACCESS, LDAP_NO_SUCH_OBJECT,
                               LDAP_INVALID_DN_SYNTAX};
    return std::ranges::find(codes, code) != codes.end();
}

}  // namespace bursar::ldap
