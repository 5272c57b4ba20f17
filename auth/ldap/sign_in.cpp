#include "auth/ldap/company.h"
#include "auth/ldap/filter.h"
#include "auth/ldap/groups.h"
#include "auth/ldap/names.h"
#include "auth/ldap/person.h"
#include "service/base/log.h"

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

using auth::AccountState;
using auth::PersonFacts;

constexpr std::size_t shown_bytes_max = 256;

/// From here on a person's password is on its way: another server would count it as a second attempt.
template <typename T>
Outcome<T> with_nobody_else(Outcome<T> outcome) {
    if (!outcome) outcome.error().final = true;
    return outcome;
}

Result<PersonFacts> refused(std::string why) { return std::unexpected(refusal(std::move(why))); }

Result<Entry> nobody(std::string why) { return std::unexpected(refusal(std::move(why))); }

Failure cannot_tell(const Connection& connection, const BindAnswer& answer) {
    Failure failure{
        Failure::Kind::refused,
        fmt::format("{}: {}", connection.server().text(), why_refused(answer.code, answer.diagnostic, answer.policy)),
        answer.code};
    failure.final = true;
    return failure;
}

}  // namespace

Result<PersonFacts> Company::sign_in(std::string_view user, const Secret& password) {
    TRY(const Login login, login_of(user, options_));
    TRY_VOID(check_password(password));
    std::optional<Result<PersonFacts>> verdict;
    const auto done =
        at_a_server(in(options_.timeout), [&](Connection& connection, Deadline deadline) -> Outcome<void> {
            const bool directly = !login.bind_as.empty();
            TRY(verdict, directly ? check_directly(connection, login, password, deadline)
                                  : check_found(connection, login, password, deadline));
            return {};
        });
    if (!done) return std::unexpected(unavailable(done.error()));
    return *std::move(verdict);
}

Outcome<Found> Company::candidates(Connection& connection, const std::string& filter, Deadline deadline) {
    const Query query{.base = options_.people_base, .filter = filter, .attributes = person_attributes(options_)};
    TRY(Found found, find_few(connection, query, 1, deadline));
    // Active Directory names its other partitions at every search from the root; others do so only where part of the
    // answer is elsewhere.
    if (found.entries.empty() && !found.references.empty() && options_.kind != Kind::active_directory)
        return failed(
            Failure::Kind::partial,
            fmt::format("{} knows only where else to ask: {}; let `servers` or `people_base` name that server's part",
                        connection.server().text(), found.references.front()));
    return found;
}

Outcome<Result<PersonFacts>> Company::check_found(Connection& connection, const Login& login, const Secret& password,
                                                  Deadline deadline) {
    TRY(const Found found, candidates(connection, login.filter, deadline));
    const std::string shown = clean_text(login.name, shown_bytes_max);
    const bool one = found.entries.size() == 1;
    if (found.entries.size() > 1)
        log::warning("directory_name_ambiguous",
                     {{"directory", options_.name}, {"user", shown}, {"filter", login.filter}});
    // Whoever does not exist takes as long to be refused as whoever does: a name that nobody has is bound as well.
    const std::string dn = one ? found.entries.front().dn : "cn=nobody-of-this-name," + options_.people_base;
    TRY(const BindAnswer answer, with_nobody_else(connection.bind(dn, password, deadline)));
    if (found.entries.empty()) return refused(fmt::format("{}: nobody is found by {}", shown, login.filter));
    if (!one)
        return refused(
            fmt::format("{}: more than one entry is found by {}; names have to be unique", shown, login.filter));
    if (answer.code != 0 && !is_refusal(answer.code)) return std::unexpected(cannot_tell(connection, answer));
    if (answer.code != 0)
        return refused(fmt::format("{}: {}", shown, why_refused(answer.code, answer.diagnostic, answer.policy)));
    TRY_VOID(with_nobody_else(bind_service(connection, deadline)));
    return let_in(connection, found.entries.front(), answer, deadline);
}

Outcome<Result<PersonFacts>> Company::check_directly(Connection& connection, const Login& login, const Secret& password,
                                                     Deadline deadline) {
    TRY(const BindAnswer answer, with_nobody_else(connection.bind(login.bind_as, password, deadline)));
    if (answer.code != 0 && !is_refusal(answer.code)) return std::unexpected(cannot_tell(connection, answer));
    if (answer.code != 0)
        return refused(fmt::format("{}: {}", clean_text(login.bind_as, shown_bytes_max),
                                   why_refused(answer.code, answer.diagnostic, answer.policy)));
    TRY(Result<Entry> entry, with_nobody_else(own_entry(connection, login, deadline)));
    if (!entry) return Result<PersonFacts>(std::unexpected(entry.error()));
    return let_in(connection, *entry, answer, deadline);
}

/// The entry of whoever has just signed in; asked of the server, for the name that was typed may mean two.
Outcome<Result<Entry>> Company::own_entry(Connection& connection, const Login& login, Deadline deadline) {
    std::string dn = canonical_dn(login.bind_as) ? login.bind_as : "", filter = login.filter;
    if (dn.empty()) {
        TRY(const std::string who, connection.who_am_i(deadline));
        if (who.starts_with("dn:")) dn = who.substr(3);
        const std::size_t slash = who.find('\\');
        if (who.starts_with("u:") && slash != std::string::npos)
            filter = all_of({options_.people_filter, equals("sAMAccountName", who.substr(slash + 1))});
    }
    if (!options_.bind_dn.empty()) TRY_VOID(bind_service(connection, deadline));
    if (dn.empty()) {
        TRY(Found found, candidates(connection, filter, deadline));
        if (found.entries.size() == 1) return std::move(found.entries.front());
        return nobody(fmt::format("{} has signed in, but {} entries are found by {}", login.bind_as,
                                  found.entries.empty() ? "no" : "several", filter));
    }
    if (!is_within(dn_key(dn), dn_key(options_.people_base)))
        return nobody(fmt::format("{} has signed in, but is not below people_base", dn));
    auto entry = read(connection, dn, options_.people_filter, person_attributes(options_), deadline);
    constexpr int no_such_object = 32;
    if (!entry && entry.error().code == no_such_object)
        return nobody(fmt::format("{} has signed in, but does not match people_filter, or may not be read", dn));
    TRY(Entry found, std::move(entry));
    return found;
}

Outcome<Result<PersonFacts>> Company::let_in(Connection& connection, const Entry& entry, const BindAnswer& answer,
                                             Deadline deadline) {
    TRY(PersonFacts facts, with_nobody_else(facts_of(entry, options_, clock_.now())));
    // The server has just let them in, so a lock from before has run out.
    if (facts.account == AccountState::locked) facts.account = AccountState::active;
    if (answer.must_change) facts.account = AccountState::must_change_password;
    if (facts.account != AccountState::active)
        return refused(
            fmt::format("{}: the password is right, but the account {}", facts.user_name, words_for(facts.account)));
    TRY_VOID(with_nobody_else(add_groups(connection, entry, facts, deadline)));
    return facts;
}

Outcome<void> Company::add_groups(Connection& connection, const Entry& entry, PersonFacts& facts, Deadline deadline) {
    auto groups = groups_of(connection, options_, entry, deadline);
    if (groups) {
        facts.groups = *std::move(groups);
        return {};
    }
    const Failure& why = groups.error();
    if (why.kind != Failure::Kind::partial && why.kind != Failure::Kind::refused) return std::unexpected(why);
    log::warning("directory_groups_unknown",
                 {{"directory", options_.name}, {"user", facts.user_name}, {"why", why.text}});
    facts.groups_known = false;
    return {};
}

Result<std::optional<PersonFacts>> Company::look_up(const auth::Origin& origin) {
    const std::string filter = origin.source == "ldap:" + options_.name ? filter_of_id(origin.subject, options_) : "";
    if (filter.empty())
        return std::unexpected(unavailable(
            {Failure::Kind::refused, fmt::format("{} {} is no {} of this directory; has `id_attribute` been "
                                                 "changed?",
                                                 origin.source, origin.subject, options_.id_attribute)}));
    std::optional<PersonFacts> facts;
    const auto done =
        at_a_server(in(options_.timeout), [&](Connection& connection, Deadline deadline) -> Outcome<void> {
            facts.reset();
            if (!options_.direct_bind.empty() && !options_.bind_dn.empty())
                TRY_VOID(bind_service(connection, deadline));
            if (options_.bind_dn.empty())
                return failed(Failure::Kind::refused, "without a service account (bind_dn) nobody can be looked up");
            TRY(const Found found, candidates(connection, all_of({options_.people_filter, filter}), deadline));
            if (found.entries.size() > 1)
                return failed(Failure::Kind::partial,
                              fmt::format("more than one entry has the {} {}", options_.id_attribute, origin.subject));
            if (found.entries.empty()) return {};
            TRY(facts, facts_of(found.entries.front(), options_, clock_.now()));
            return add_groups(connection, found.entries.front(), *facts, deadline);
        });
    if (!done) return std::unexpected(unavailable(done.error()));
    return facts;
}

}  // namespace bursar::ldap
