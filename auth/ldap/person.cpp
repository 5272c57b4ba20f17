#include "auth/ldap/person.h"

#include "auth/ldap/escape.h"
#include "auth/ldap/filter.h"
#include "auth/ldap/names.h"
#include "auth/ldap/options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t id_bytes_max = 128, user_name_bytes_max = 256, text_bytes_max = 256, email_bytes_max = 320;

// userAccountControl and its computed sibling ([MS-ADTS] §2.2.16, §3.1.1.4.5.17).
constexpr std::int64_t disabled = 0x2, locked_out = 0x10, never_expires = 0x10000, password_expired = 0x800000;
// accountExpires: 100 ns since 1601; both of these mean never ([MS-ADA1] §2.3).
constexpr std::int64_t never = 0x7fffffffffffffff;
constexpr std::int64_t seconds_from_1601_to_1970 = 11'644'473'600, ticks_a_second = 10'000'000;

std::optional<std::int64_t> number(const Entry& entry, std::string_view attribute) {
    const std::string_view text = entry.first(attribute);
    std::int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return out;
}

bool is_true(const Entry& entry, std::string_view attribute) { return small_letters(entry.first(attribute)) == "true"; }

bool has_expired(const Entry& entry, Timestamp now) {
    const auto ticks = number(entry, "accountExpires");
    if (!ticks || *ticks <= 0 || *ticks == never) return false;
    return *ticks / ticks_a_second - seconds_from_1601_to_1970 <=
           std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

bool is_guid(const Options& options) { return small_letters(options.id_attribute) == "objectguid"; }

std::string display_name(const Entry& entry, const Options& options) {
    for (const std::string& attribute : {options.name_attribute, std::string("displayName"), std::string("cn")})
        if (!attribute.empty() && !entry.first(attribute).empty())
            return clean_text(entry.first(attribute), text_bytes_max);
    return {};
}

}  // namespace

std::vector<std::string> person_attributes(const Options& options) {
    std::vector<std::string> out{options.user_attribute, options.email_attribute, options.id_attribute, "displayName",
                                 "cn"};
    if (!options.name_attribute.empty()) out.push_back(options.name_attribute);
    if (options.kind == Kind::active_directory) {
        for (const char* each : {"userPrincipalName", "userAccountControl", "msDS-User-Account-Control-Computed",
                                 "accountExpires", "pwdLastSet", "objectSid", "primaryGroupID"})
            out.emplace_back(each);
    } else {
        for (const char* each : {"nsAccountLock", "pwdAccountLockedTime", "pwdReset"}) out.emplace_back(each);
    }
    if (tells_upward(options.groups_by)) out.emplace_back("memberOf");
    if (options.groups_by == GroupsBy::member_uid) out.emplace_back("gidNumber");
    return out;
}

std::string id_of(const Entry& entry, const Options& options) {
    const std::string_view bytes = entry.first(options.id_attribute);
    if (is_guid(options)) return guid_text(bytes).value_or("");
    if (bytes.size() > id_bytes_max || !is_utf8(bytes)) return {};
    return small_letters(clean_text(bytes, id_bytes_max));
}

std::string filter_of_id(std::string_view subject, const Options& options) {
    if (subject.empty() || subject.size() > id_bytes_max || !is_utf8(subject)) return {};
    if (!is_guid(options)) return equals(options.id_attribute, subject);
    const auto bytes = guid_bytes(subject);
    return bytes ? fmt::format("({}={})", options.id_attribute, filter_bytes(*bytes)) : std::string();
}

/// draft-behera-ldap-password-policy, 5.3.3.
constexpr std::string_view locked_for_good = "000001010000Z";

auth::AccountState account_of(const Entry& entry, Timestamp now) {
    const std::int64_t control = number(entry, "userAccountControl").value_or(0);
    const std::int64_t computed = number(entry, "msDS-User-Account-Control-Computed").value_or(0);
    if ((control & disabled) != 0 || is_true(entry, "nsAccountLock")) return auth::AccountState::disabled;
    // ppolicy's word for a lock that only an administrator opens; guessing passwords writes a real time.
    if (entry.first("pwdAccountLockedTime") == locked_for_good) return auth::AccountState::disabled;
    if (has_expired(entry, now)) return auth::AccountState::expired;
    if ((computed & locked_out) != 0 || !entry.first("pwdAccountLockedTime").empty()) return auth::AccountState::locked;
    const bool to_be_set = number(entry, "pwdLastSet") == 0 && (control & never_expires) == 0;
    if (to_be_set || (computed & password_expired) != 0 || is_true(entry, "pwdReset"))
        return auth::AccountState::must_change_password;
    return auth::AccountState::active;
}

std::string_view words_for(auth::AccountState state) {
    switch (state) {
        case auth::AccountState::active:
            return "may sign in";
        case auth::AccountState::disabled:
            return "is disabled";
        case auth::AccountState::expired:
            return "has expired";
        case auth::AccountState::locked:
            return "is locked";
        case auth::AccountState::must_change_password:
            return "has to get a new password first";
    }
    return "";
}

Outcome<auth::PersonFacts> facts_of(const Entry& entry, const Options& options, Timestamp now) {
    auth::PersonFacts facts;
    facts.origin = {"ldap:" + options.name, id_of(entry, options)};
    if (facts.origin.subject.empty())
        return failed(
            Failure::Kind::partial,
            fmt::format("\"{}\" has no {} that the account may read: allow it, or write another `id_attribute`",
                        clean_text(entry.dn, text_bytes_max), options.id_attribute));
    facts.user_name = clean_text(entry.first(options.user_attribute), user_name_bytes_max);
    if (facts.user_name.empty())
        return failed(
            Failure::Kind::partial,
            fmt::format("\"{}\" has no {} that the account may read: allow it, or write another `user_attribute`, "
                        "or leave such entries out by `people_filter`",
                        clean_text(entry.dn, text_bytes_max), options.user_attribute));
    facts.display_name = display_name(entry, options);
    const std::string_view email = entry.first(options.email_attribute);
    if (email.size() <= email_bytes_max && is_utf8(email)) facts.email = clean_text(email, email_bytes_max);
    // Every account of Active Directory has it; where it cannot be read, disabled accounts would look like active ones.
    if (options.kind == Kind::active_directory && !number(entry, "userAccountControl"))
        return failed(Failure::Kind::partial,
                      fmt::format("\"{}\" has no userAccountControl that the service account may read: allow it, or "
                                  "nobody can tell whether the account is disabled",
                                  clean_text(entry.dn, text_bytes_max)));
    facts.account = account_of(entry, now);
    return facts;
}

}  // namespace bursar::ldap
