// Asks one directory one thing, for tests against real servers: the question is JSON on standard input, the answer JSON
// on standard output.
//   {"options": {...}, "bind_password": "...", "command": "sign-in", "user": "...", "password": "..."}
//   commands: sign-in, list, look-up (with "subject"), test
#include "auth/ldap/ldap.h"
#include "service/base/json.h"
#include "service/base/log.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar {
namespace {

using Object = simdjson::dom::object;

std::string text(const Object& object, std::string_view name) {
    std::string_view found;
    return object[name].get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
}

template <typename T>
T number(const Object& object, std::string_view name, T otherwise) {
    std::int64_t found = 0;
    return object[name].get(found) == simdjson::SUCCESS ? T(static_cast<int>(found)) : otherwise;
}

bool truth(const Object& object, std::string_view name, bool otherwise) {
    bool found = false;
    return object[name].get(found) == simdjson::SUCCESS ? found : otherwise;
}

ldap::GroupsBy groups_by(const std::string& name) {
    if (name == "token_groups") return ldap::GroupsBy::token_groups;
    if (name == "in_chain") return ldap::GroupsBy::in_chain;
    if (name == "member_of") return ldap::GroupsBy::member_of;
    if (name == "unique_member") return ldap::GroupsBy::unique_member;
    if (name == "member_uid") return ldap::GroupsBy::member_uid;
    return ldap::GroupsBy::member;
}

ldap::Options options_of(const Object& object) {
    ldap::Options options;
    options.name = text(object, "name");
    options.kind = text(object, "kind") == "active_directory" ? ldap::Kind::active_directory : ldap::Kind::openldap;
    options.domain = text(object, "domain");
    simdjson::dom::array servers;
    if (object["servers"].get(servers) == simdjson::SUCCESS)
        for (const auto server : servers) options.servers.emplace_back(std::string_view(server));
    options.ca = text(object, "ca");
    options.bind_dn = text(object, "bind_dn");
    options.direct_bind = text(object, "direct_bind");
    options.people_base = text(object, "people_base");
    options.people_filter = text(object, "people_filter");
    options.user_attribute = text(object, "user_attribute");
    options.id_attribute = text(object, "id_attribute");
    options.groups_base = text(object, "groups_base");
    options.groups_filter = text(object, "groups_filter");
    options.groups_by = groups_by(text(object, "groups_by"));
    options.nested = truth(object, "nested", true);
    options.sign_in_by_email = truth(object, "sign_in_by_email", true);
    options.timeout = number(object, "timeout", options.timeout);
    options.listing_timeout = number(object, "listing_timeout", options.listing_timeout);
    options.page_size = number(object, "page_size", options.page_size);
    return options;
}

std::string_view word_for(auth::AccountState state) {
    switch (state) {
        case auth::AccountState::active:
            return "active";
        case auth::AccountState::disabled:
            return "disabled";
        case auth::AccountState::expired:
            return "expired";
        case auth::AccountState::locked:
            return "locked";
        case auth::AccountState::must_change_password:
            return "must_change_password";
    }
    return "";
}

std::string_view word_for(auth::Step::State state) {
    switch (state) {
        case auth::Step::State::good:
            return "good";
        case auth::Step::State::bad:
            return "bad";
        case auth::Step::State::skipped:
            return "skipped";
    }
    return "";
}

void write(JsonWriter& json, const auth::PersonFacts& facts) {
    json.open().field("source", facts.origin.source).field("subject", facts.origin.subject);
    json.field("user_name", facts.user_name).field("display_name", facts.display_name).field("email", facts.email);
    json.field("account", word_for(facts.account)).field("groups_known", facts.groups_known).key("groups").open_list();
    for (const auth::Group& group : facts.groups) json.open().field("id", group.id).field("name", group.name).close();
    json.close_list().close();
}

void write(JsonWriter& json, const Error& error) {
    json.open().field("fault", facts(error.fault).name).field("for_caller", error.for_caller);
    json.field("for_operator", error.operator_text()).close();
}

void answer(JsonWriter& json, auth::Directory& directory, const Object& question) {
    const std::string command = text(question, "command");
    const auto failed = [&](const Error& error) { write(json.key("error"), error); };
    if (command == "sign-in") {
        const auto person = directory.sign_in(text(question, "user"), Secret(text(question, "password")));
        person ? write(json.key("person"), *person) : failed(person.error());
    } else if (command == "look-up") {
        const auto person = directory.look_up({"ldap:" + directory.name(), text(question, "subject")});
        if (!person) return failed(person.error());
        json.key("person");
        *person ? write(json, **person) : static_cast<void>(json.null());
    } else if (command == "list") {
        const auto listing = directory.list();
        if (!listing) return failed(listing.error());
        json.field("whole", listing->whole).field("why_not", listing->why_not).key("people").open_list();
        for (const auth::PersonFacts& person : listing->people) write(json, person);
        json.close_list();
    } else {
        json.key("steps").open_list();
        for (const auth::Step& step : directory.test(text(question, "user"), Secret(text(question, "password"))))
            json.open().field("name", step.name).field("state", word_for(step.state)).field("text", step.text).close();
        json.close_list();
    }
}

std::string asked(const std::string& input) {
    simdjson::dom::parser parser;
    Object question, options;
    if (parser.parse(input).get(question) != simdjson::SUCCESS || question["options"].get(options) != simdjson::SUCCESS)
        return R"({"error":{"fault":"not a question"}})";
    const SystemClock clock;
    JsonWriter json;
    json.open();
    const auto began = std::chrono::steady_clock::now();
    const auto password = [&]() -> Result<Secret> { return Secret(text(question, "bind_password")); };
    const auto directory = ldap::connect(options_of(options), password, clock);
    directory ? answer(json, **directory, question) : write(json.key("error"), directory.error());
    if (directory) json.field("health", (*directory)->health().text);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    json.field("milliseconds", static_cast<std::int64_t>(took.count())).close();
    return std::move(json).text();
}

}  // namespace
}  // namespace bursar

int main() {
    // What it was asked would come between the lines of its answer.
    bursar::log::set_output(2);
    const std::string input(std::istreambuf_iterator<char>(std::cin), {});
    fmt::print("{}\n", bursar::asked(input));
    return 0;
}
