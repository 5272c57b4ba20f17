#include "auth/ldap/company.h"
#include "auth/ldap/filter.h"
#include "auth/ldap/groups.h"
#include "auth/ldap/names.h"
#include "auth/ldap/person.h"
#include "auth/ldap/resolve.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::ldap {
namespace {

using auth::Step;

constexpr std::size_t shown_max = 30, shown_bytes_max = 300;
constexpr int no_such_object = 32;

void add(std::vector<Step>& steps, std::string_view name, Step::State state, std::string text) {
    steps.push_back({std::string(name), state, std::move(text)});
}

void skip(std::vector<Step>& steps, std::initializer_list<std::string_view> names, std::string_view why) {
    for (const std::string_view name : names) add(steps, name, Step::State::skipped, std::string(why));
}

std::string names_of(const std::vector<auth::Group>& groups) {
    std::vector<std::string> shown;
    for (const auth::Group& group : groups)
        if (shown.size() < shown_max) shown.push_back(group.name);
    const std::string rest = groups.size() > shown_max ? fmt::format("; and {} more", groups.size() - shown_max) : "";
    return fmt::format("{}{}", fmt::join(shown, "; "), rest);
}

}  // namespace

std::vector<Step> Company::test(std::string_view user, const Secret& password) {
    std::vector<Step> steps;
    const Deadline deadline = in(std::max(options_.timeout * 4, std::chrono::seconds(20)));
    const auto servers = servers_.in_order(deadline);
    if (!servers) {
        add(steps, "resolve", Step::State::bad, servers.error().text);
        skip(steps, {"connect", "TLS", "bind", "search", "account", "groups"}, "there is no server to ask");
        return steps;
    }
    if (!options_.domain.empty()) {
        std::vector<std::string> texts;
        for (const Server& server : *servers) texts.push_back(server.text());
        add(steps, "resolve", Step::State::good,
            fmt::format("DNS names for {}: {}", options_.domain, fmt::join(texts, ", ")));
    }
    std::unique_ptr<Connection> good;
    for (const Server& server : *servers) {
        auto connection = test_way(server, deadline, steps);
        if (!good) good = std::move(connection);
    }
    if (!good) {
        skip(steps, {"bind", "search", "account", "groups"}, "no server can be talked to");
        return steps;
    }
    const bool by_service = !options_.bind_dn.empty();
    if (by_service) {
        const auto bound = bind_service(*good, deadline);
        add(steps, "bind", bound ? Step::State::good : Step::State::bad,
            bound ? fmt::format("the service account {} is signed in at {}", options_.bind_dn, good->server().text())
                  : bound.error().text);
        if (!bound) {
            skip(steps, {"search", "account", "groups"}, "the service account is not signed in");
            return steps;
        }
        test_search(*good, deadline, steps);
    } else {
        skip(steps, {"bind", "search"},
             "there is no service account: people sign in by themselves, and no list can be made");
    }
    if (!by_service && password.empty())
        skip(steps, {"account", "groups"}, "without a service account a person is found only with their password");
    else if (user.empty())
        skip(steps, {"account", "groups"}, "give a user name to see what is found of them");
    else
        test_person(*good, user, password, steps);
    return steps;
}

std::unique_ptr<Connection> Company::test_way(const Server& server, Deadline deadline, std::vector<Step>& steps) {
    const Deadline until = std::min(deadline, in(std::chrono::seconds(5)));
    if (const auto found = addresses_of(server, until); !found) {
        add(steps, "resolve", Step::State::bad, found.error().text);
        skip(steps, {"connect", "TLS"}, fmt::format("{} has no address", server.host));
        return nullptr;
    }
    add(steps, "resolve", Step::State::good, fmt::format("{} has an address", server.host));
    Way way;
    auto connection = Connection::open(server, trust_, clock_.now(), until, way);
    const std::string why = connection ? "" : connection.error().text;
    add(steps, "connect", way.reached ? Step::State::good : Step::State::bad,
        way.reached ? fmt::format("{} accepts connections", server.text())
                    : fmt::format("{}. Is the port right, and does a firewall let this machine through?", why));
    if (!way.reached) {
        skip(steps, {"TLS"}, "there is no connection");
        return nullptr;
    }
    const std::string shown =
        way.chain.certificates.empty() ? "" : fmt::format(" The server shows: {}.", describe(way.chain));
    add(steps, "TLS", way.secured ? Step::State::good : Step::State::bad,
        way.secured ? fmt::format("{} is {} by {}.{}", server.text(), server.host, way.protocol, shown)
                    : fmt::format("{}.{}", why, shown));
    return connection ? *std::move(connection) : nullptr;
}

void Company::test_search(Connection& connection, Deadline deadline, std::vector<Step>& steps) {
    const std::string what = fmt::format("{} below {}", options_.people_filter, options_.people_base);
    const Query query{
        .base = options_.people_base, .filter = options_.people_filter, .attributes = person_attributes(options_)};
    const auto found = find_few(connection, query, static_cast<std::size_t>(options_.page_size), deadline);
    if (!found) {
        const bool wrong_base = found.error().code == no_such_object;
        add(steps, "search", Step::State::bad,
            fmt::format("{}: {}{}", what, found.error().text, wrong_base ? why_nobody(connection, deadline) : ""));
        return;
    }
    if (found->entries.empty()) {
        add(steps, "search", Step::State::bad,
            fmt::format("{} finds nobody{}", what, why_nobody(connection, deadline)));
        return;
    }
    const bool more = found->entries.size() > static_cast<std::size_t>(options_.page_size);
    const auto facts = facts_of(found->entries.front(), options_, clock_.now());
    add(steps, "search", facts ? Step::State::good : Step::State::bad,
        fmt::format(
            "{} finds {}{} people{}", what, more ? "more than " : "",
            more ? options_.page_size : static_cast<int>(found->entries.size()),
            facts ? fmt::format(", one of them {}", facts->user_name) : fmt::format(", but {}", facts.error().text)));
}

/// Why a search for people finds none: the base is not there, or the filter is too narrow.
std::string Company::why_nobody(Connection& connection, Deadline deadline) {
    const Query anything{.base = options_.people_base, .filter = "(objectClass=*)", .attributes = {"1.1"}};
    const auto there = find_few(connection, anything, 1, deadline);
    if (there && there->entries.size() > 1) return ". There are entries below it, so people_filter is too narrow";
    if (there && !there->entries.empty())
        return ". That entry is there, but the account sees none below it: look at people_base and at its rights";
    const auto root = read(connection, "", "", {"namingContexts", "defaultNamingContext"}, deadline);
    if (!root || root->all("namingContexts").empty()) return "";
    return fmt::format(". This server holds {}: set people_base to the part of it where people are",
                       clean_text(fmt::to_string(fmt::join(root->all("namingContexts"), "; ")), shown_bytes_max));
}

void Company::test_person(Connection& connection, std::string_view user, const Secret& password,
                          std::vector<Step>& steps) {
    const Deadline deadline = in(options_.timeout * 2);
    const auto login = login_of(user, options_);
    if (!login) {
        add(steps, "account", Step::State::bad, std::string(login.error().operator_text()));
        return skip(steps, {"groups"}, "there is no such account");
    }
    if (options_.bind_dn.empty()) test_password(connection, login->bind_as, password, steps);
    const auto found = candidates(connection, login->filter, deadline);
    if (!found || found->entries.size() != 1) {
        add(steps, "account", Step::State::bad,
            !found ? found.error().text
                   : fmt::format("{} finds {}", login->filter,
                                 found->entries.empty() ? "nobody" : "more than one entry: names have to be unique"));
        return skip(steps, {"groups"}, "there is no such account");
    }
    const Entry& entry = found->entries.front();
    const auto facts = facts_of(entry, options_, clock_.now());
    const bool good = facts && facts->account == auth::AccountState::active;
    add(steps, "account", good ? Step::State::good : Step::State::bad,
        facts ? fmt::format("{} finds {}: {}, {}, e-mail {}, {} {}; the account {}", login->filter,
                            clean_text(entry.dn, shown_bytes_max), facts->user_name, facts->display_name,
                            facts->email.empty() ? "none" : facts->email, options_.id_attribute, facts->origin.subject,
                            words_for(facts->account))
              : facts.error().text);
    test_groups(connection, entry, deadline, steps);
    if (!options_.bind_dn.empty() && !password.empty())
        test_password(connection, login->bind_as.empty() ? entry.dn : login->bind_as, password, steps);
}

void Company::test_password(Connection& connection, const std::string& bind_as, const Secret& password,
                            std::vector<Step>& steps) {
    if (const auto checked = check_password(password); !checked)
        return add(steps, "password", Step::State::bad, std::string(checked.error().operator_text()));
    const auto answer = connection.bind(bind_as, password, in(options_.timeout));
    if (!answer) return add(steps, "password", Step::State::bad, answer.error().text);
    const bool good = answer->code == 0 && !answer->must_change;
    add(steps, "password", good ? Step::State::good : Step::State::bad,
        good ? fmt::format("{} signs in with this password", clean_text(bind_as, shown_bytes_max))
             : why_refused(answer->code, answer->diagnostic, answer->policy));
}

void Company::test_groups(Connection& connection, const Entry& entry, Deadline deadline, std::vector<Step>& steps) {
    const auto all = groups_of(connection, options_, entry, deadline);
    if (!all) return add(steps, "groups", Step::State::bad, all.error().text);
    const std::string where = fmt::format("{} below {}", filter_of_groups(options_), options_.groups_base);
    if (all->empty())
        return add(
            steps, "groups", Step::State::bad,
            fmt::format("no group of {} has this person: look at groups_by, groups_base and groups_filter", where));
    Options direct = options_;
    direct.nested = false;
    // These two tell nested groups in one answer; the direct ones are asked for in another way.
    if (options_.groups_by == GroupsBy::token_groups || options_.groups_by == GroupsBy::in_chain)
        direct.groups_by = GroupsBy::member;
    direct.groups_filter = filter_of_groups(options_);
    const auto first = options_.nested ? groups_of(connection, direct, entry, deadline) : all;
    std::vector<auth::Group> nested = *all;
    if (first)
        std::erase_if(nested,
                      [&](const auth::Group& group) { return std::ranges::find(*first, group) != first->end(); });
    add(steps, "groups", Step::State::good,
        fmt::format("{} in all. Directly: {}. By way of those: {}", all->size(), first ? names_of(*first) : "?",
                    nested.empty() ? "none" : names_of(nested)));
}

}  // namespace bursar::ldap
