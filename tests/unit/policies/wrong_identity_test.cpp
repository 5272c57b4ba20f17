// Hunts: a way in that is wider than it looks, and a sentence that sends its author to the wrong place.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

/// What stands in the place of the mark in a directory, provider or workload that is right otherwise.
std::string directory_with(std::string_view rest) {
    return fmt::format("identity: {{directories: {{d: {{kind: active_directory, {}}}}}}}", rest);
}
std::string usual_with(std::string_view rest) {
    return directory_with(fmt::format(
        "servers: [\"ldaps://a\"], bind: {{dn: \"cn=a\", secret: s}}, people: {{base: \"dc=a\"}}, {}", rest));
}
std::string provider_with(std::string_view rest) {
    return fmt::format("identity: {{oidc: {{p: {{client_id: id, {}}}}}}}", rest);
}
std::string issuer_with(std::string_view rest) {
    return provider_with(fmt::format("issuer: \"https://i.example\", {}", rest));
}
std::string workload_with(std::string_view rest) {
    return fmt::format(
        "teams: {{t: {{models: []}}}}\nidentity: {{workloads: {{w: {{issuer: \"https://i.example\", audience: a, "
        "{}}}}}}}",
        rest);
}
std::string agents_with(std::string_view rest) { return fmt::format("identity: {{agents: {{{}}}}}", rest); }

struct WrongCase {
    std::string_view name;
    std::string text;
    std::string_view says;  ///< without its place
};

void expect_said(const std::vector<WrongCase>& cases) {
    for (const WrongCase& each : cases) {
        const Parsed parsed = parse_text(each.text);
        std::string said;
        for (const Problem& problem : parsed.problems) {
            said += (said.empty() ? "" : "\n") + problem.text;
            EXPECT_GT(problem.column, 1) << each.name << ": " << problem.message();
        }
        EXPECT_EQ(said, each.says) << each.name;
        EXPECT_EQ(parsed.snapshot, nullptr) << each.name;
    }
}

TEST(WrongDirectory, each_says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"no kind",
         "identity: {directories: {d: {domain: a.b, bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}}}}",
         R"(directory "d" has no "kind"; add it)"},
        {"a kind that nobody knows",
         "identity: {directories: {d: {kind: ad, domain: a.b, bind: {dn: \"cn=a\", secret: s}, people: {base: "
         "\"dc=a\"}}}}",
         R"(directory "d" kind "ad" must be one of: openldap, active_directory)"},
        {"nobody to ask", directory_with("bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(directory "d" has no servers; add them, or the domain whose DNS names them)"},
        {"servers and a domain",
         directory_with(
             "domain: a.b, servers: [\"ldaps://a\"], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(directory "d" has servers and a domain that names them; keep one of the two)"},
        {"an empty list of servers",
         directory_with("servers: [], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(directory "d" servers names none; add one)"},
        {"a server of the web",
         directory_with("servers: [\"https://a\"], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(server "https://a" must begin with ldaps://, or with ldap:// for StartTLS)"},
        {"a password in an address, which is not repeated",
         directory_with("servers: [\"ldaps://u:pass@a\"], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         "server must name no user or password; that is what bind is for"},
        {"a search in an address",
         directory_with(
             "servers: [\"ldaps://a/dc=a??sub\"], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(server "ldaps://a/dc=a??sub" is not a server; write it like ldaps://dc1.corp.example:636)"},
        {"the same server twice",
         directory_with(
             "servers: [\"ldaps://a\", \"ldaps://a/\"], bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(server "ldaps://a/" stands twice; keep one of them)"},
        {"a domain with a port",
         directory_with("domain: \"a.b:389\", bind: {dn: \"cn=a\", secret: s}, people: {base: \"dc=a\"}"),
         R"(directory "d" domain "a.b:389" is not a domain; write it like corp.example)"},
        {"nobody who may look", directory_with("domain: a.b, people: {base: \"dc=a\"}"),
         R"(directory "d" says nobody who may look people up; add bind (a service account), or direct_bind)"},
        {"an account that is no account",
         directory_with("domain: a.b, bind: {dn: svc, secret: s}, people: {base: \"dc=a\"}"),
         R"(directory "d" bind dn "svc" names no account; write its DN, or its user principal name such as svc-bursar@corp.example)"},
        {"a password in the place of its name",
         directory_with("domain: a.b, bind: {dn: a@b, secret: \"pass word\"}, people: {base: \"dc=a\"}"),
         R"(directory "d" bind secret "pass word" must be 1 to 128 letters, digits or . _ : / @ + -)"},
        {"a secret that the vault cannot have",
         directory_with("domain: a.b, bind: {dn: a@b, secret: a/b}, people: {base: \"dc=a\"}"),
         R"(directory "d" bind secret "a/b" is no name that the vault can have; use letters, digits or . _ -)"},
        {"nobody's place in what people bind as",
         directory_with("domain: a.b, direct_bind: \"%s@a.b\", people: {base: \"dc=a\"}"),
         R"(directory "d" direct_bind "%s@a.b" must have {user} in it, once; write it like "{user}@corp.example")"},
        {"two places", directory_with("domain: a.b, direct_bind: \"{user}@{user}\", people: {base: \"dc=a\"}"),
         R"(directory "d" direct_bind "{user}@{user}" must have {user} in it, once; write it like "{user}@corp.example")"},
        {"people nowhere", directory_with("domain: a.b, bind: {dn: a@b, secret: s}"),
         R"(directory "d" has no "people"; add it)"},
        {"a base that is no DN",
         directory_with("domain: a.b, bind: {dn: a@b, secret: s}, people: {base: corp.example}"),
         R"(directory "d" people base "corp.example" is not a distinguished name; write it like ou=people,dc=corp,dc=example)"},
        {"a filter that closes nothing",
         directory_with("domain: a.b, bind: {dn: a@b, secret: s}, people: {base: \"dc=a\", filter: \"(a=b))\"}"),
         R"x(directory "d" people filter "(a=b))" is not one filter; write it like (&(objectClass=person)(mail=*)))x"},
        {"a filter without brackets",
         directory_with("domain: a.b, bind: {dn: a@b, secret: s}, people: {base: \"dc=a\", filter: \"a=b\"}"),
         R"(directory "d" people filter "a=b" is not one filter; write it like (&(objectClass=person)(mail=*)))"},
        {"two filters",
         directory_with("domain: a.b, bind: {dn: a@b, secret: s}, people: {base: \"dc=a\", filter: \"(a=b)(c=d)\"}"),
         R"x(directory "d" people filter "(a=b)(c=d)" is not one filter; write it like (&(objectClass=person)(mail=*)))x"},
        {"a filter that never ends", usual_with("groups: {filter: \"(&(a=b)\"}"),
         R"x(directory "d" groups filter "(&(a=b)" has 1 brackets that nothing closes)x"},
        {"an attribute that is a filter",
         directory_with("domain: a.b, bind: {dn: a@b, secret: s}, people: {base: \"dc=a\", user: \"uid=*)(x\"}"),
         R"(directory "d" people user "uid=*)(x" is not the name of an attribute; write it like sAMAccountName)"},
        {"a way to groups that another kind has",
         "identity: {directories: {d: {kind: openldap, domain: a.b, bind: {dn: \"cn=a\", secret: s}, people: {base: "
         "\"dc=a\"}, groups: {by: token_groups}}}}",
         R"(directory "d" groups by "token_groups" is for kind: active_directory; write member_of or member)"},
        {"user names that hold groups", usual_with("groups: {by: member_uid, nested: true}"),
         R"(directory "d" groups nested "true" cannot be: these groups hold user names, and no groups)"},
        {"groups of groups that cannot be left out", usual_with("groups: {nested: false}"),
         R"(directory "d" groups nested "false" cannot be: the server tells groups of groups too; write by: member_of beside it)"},
        {"a timeout that a sign-in does not wait for", usual_with("timeout: 5m"),
         R"(directory "d" timeout "5m" must be from 1s to 30s)"},
        {"a time without a unit", usual_with("sync: {every: 30}"),
         R"(directory "d" sync every "30" is not a time; write it like 30s, 15m, 12h or 1d)"},
        {"half a minute", usual_with("sync: {every: 90s}"), R"(directory "d" sync every "90s" must be whole minutes)"},
        {"a grace below nothing", usual_with("sync: {grace: -1d}"),
         R"(directory "d" sync grace "-1d" is not a time; write it like 30s, 15m, 12h or 1d)"},
        {"a time that overflows", usual_with("sync: {grace: 999999999999999999d}"),
         R"(directory "d" sync grace "999999999999999999d" must be from 0s to 90d)"},
        {"all of them at once", usual_with("sync: {removals_max: 200%}"),
         R"(directory "d" sync removals_max "200%" must be a part from 1% to 100%; write it like 50%)"},
        {"a CA that is a path", usual_with("ca: /etc/ssl/corp.pem"),
         R"(directory "d" ca has no certificate; write ca: | and below it, indented, the file that begins with -----BEGIN CERTIFICATE-----)"},
        {"a certificate that was cut", usual_with(R"(ca: "-----BEGIN CERTIFICATE-----\nMIIB")"),
         R"(directory "d" ca number 1 is no certificate; copy the whole file, from BEGIN to END)"},
        {"a certificate that is text",
         usual_with(
             fmt::format("ca: \"-----BEGIN CERTIFICATE-----\\n{}\\n-----END CERTIFICATE-----\"", std::string(64, 'x'))),
         R"(directory "d" ca number 1 is no certificate; copy the whole file, from BEGIN to END)"},
        {"a private key", usual_with(R"(ca: "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----")"),
         R"(directory "d" ca holds a private key; write the certificates alone, and take that key out of use)"},
        {"a name that would be an address", "identity: {directories: {\"a/b\": {}}}",
         R"(directory name "a/b" becomes part of addresses; use letters, digits or . _ -)"},
    });
}

TEST(WrongProvider, each_says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"no issuer", provider_with("title: P"), R"(provider of identities "p" has no "issuer"; add it)"},
        {"an issuer in plain text", provider_with("issuer: \"http://i.example\""),
         R"(provider of identities "p" issuer "http://i.example" must begin with https://; http:// is for this machine itself)"},
        {"an issuer that only looks like this machine", provider_with("issuer: \"http://127.0.0.1.evil.example\""),
         R"(provider of identities "p" issuer "http://127.0.0.1.evil.example" must begin with https://; http:// is for this machine itself)"},
        {"a password in an issuer", provider_with("issuer: \"https://u:pass@i.example\""),
         R"(provider of identities "p" issuer must name no user or password; keys belong into the vault)"},
        {"an issuer with a query", provider_with("issuer: \"https://i.example?x=1\""),
         R"(provider of identities "p" issuer "https://i.example?x=1" must end before any ? or #)"},
        {"everybody's tenant", provider_with("issuer: \"https://login.microsoftonline.com/common/v2.0\""),
         R"(provider of identities "p" issuer "https://login.microsoftonline.com/common/v2.0" is for people of every company; write your tenant's id in its place)"},
        {"every organisation's tenant",
         provider_with("issuer: \"https://login.microsoftonline.com/organizations/v2.0\""),
         R"(provider of identities "p" issuer "https://login.microsoftonline.com/organizations/v2.0" is for people of every company; write your tenant's id in its place)"},
        {"no signature", issuer_with("algorithms: [none]"),
         R"(provider of identities "p" algorithms names "none"; it may have: RS256, RS384, RS512, PS256, ES256, ES384)"},
        {"a shared secret as signature", issuer_with("algorithms: [RS256, HS256]"),
         R"(provider of identities "p" algorithms names "HS256"; it may have: RS256, RS384, RS512, PS256, ES256, ES384)"},
        {"no algorithm", issuer_with("algorithms: []"),
         R"(provider of identities "p" algorithms names none; leave it out for the usual ones)"},
        {"scopes without openid", issuer_with("scopes: [profile]"),
         R"(provider of identities "p" scopes must have openid in it)"},
        {"scopes in one", issuer_with("scopes: [openid, \"a b\"]"),
         R"(provider of identities "p" scopes has one with a blank in it; write a list such as [openid, profile])"},
        {"people by what may change hands",
         issuer_with("source: \"scim:s\", claims: {subject: email}}}, scim: {s: {}, t: {"),
         R"(provider of identities "p" claims subject "email" may change hands; name the claim with the immutable id, such as sub or oid)"},
        {"another id of its own people", issuer_with("claims: {subject: oid}"),
         R"(provider of identities "p" claims subject "oid" is of use beside source only; without one, people are known by sub)"},
        {"a source that is not there", issuer_with("source: \"ldap:corp\""),
         R"(provider of identities "p" has the source "ldap:corp", which is not there; write ldap: and the name of a directory, or scim: and the name of a source of SCIM)"},
        {"a source of another kind", issuer_with("source: \"oidc:p\""),
         R"(provider of identities "p" has the source "oidc:p", which is not there; write ldap: and the name of a directory, or scim: and the name of a source of SCIM)"},
        {"a list that is cut at nothing", issuer_with("groups_cut_at: 0"),
         R"(provider of identities "p" groups_cut_at "0" must be a whole number from 1 to 10000)"},
        {"a claim that must be two things", issuer_with("require: {hd: [a, b]}"),
         R"(required claim "hd" must be a single value)"},
        {"a slip of the pen", issuer_with("claim: {}"),
         R"(provider of identities "p" has no setting "claim"; did you mean "claims"?)"},
        {"one name for two sources",
         "identity: {directories: {p: {kind: openldap, domain: a.b, bind: {dn: a@b, secret: s}, people: {base: "
         "\"dc=a\"}}}, scim: {p: {}}}",
         R"(source of SCIM "p" has the name of a directory; give one of them another)"},
        {"one name for a provider and a workload",
         "teams: {t: {models: []}}\nidentity: {oidc: {p: {issuer: \"https://i.example\", client_id: id}}, workloads: "
         "{p: {issuer: \"https://i.example\", audience: a, subjects: [x], team: t}}}",
         R"(workload "p" has the name of a provider of identities; give one of them another)"},
    });
}

TEST(WrongWorkload, each_says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"everybody", workload_with("team: t, subjects: [\"*\"]"),
         R"(subject "*" may have one * at its end, behind at least 8 characters)"},
        {"nearly everybody", workload_with("team: t, subjects: [\"repo:a/*\"]"),
         R"(subject "repo:a/*" may have one * at its end, behind at least 8 characters)"},
        {"a star in the middle", workload_with("team: t, subjects: [\"repo:acme/*:main\"]"),
         R"(subject "repo:acme/*:main" may have one * at its end, behind at least 8 characters)"},
        {"two stars", workload_with("team: t, subjects: [\"repo:acme/app:**\"]"),
         R"(subject "repo:acme/app:**" may have one * at its end, behind at least 8 characters)"},
        {"nobody", workload_with("team: t, subjects: []"), R"(workload "w" subjects names none; add one)"},
        {"no subjects", workload_with("team: t"), R"(workload "w" has no "subjects"; add it)"},
        {"nobody who pays", workload_with("subjects: [x]"), R"(workload "w" has no "team"; add it)"},
        {"a team that is not there", workload_with("subjects: [x], team: tt"),
         R"(there is no team "tt"; did you mean "t"?)"},
        {"a model that is not there", workload_with("subjects: [x], team: t, models: [gpt]"),
         R"(there is no model "gpt"; define it or take it out)"},
        {"a tier that no model is of", workload_with("subjects: [x], team: t, models: [tier:gold]"),
         R"(no model is of tier "gold"; define it or take it out)"},
        {"keys in plain text", workload_with("subjects: [x], team: t, jwks_uri: \"http://i.example/keys\""),
         R"(workload "w" jwks_uri "http://i.example/keys" must begin with https://; http:// is for this machine itself)"},
    });
}

TEST(WrongIdentity, each_says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"a role that groups do not give", "identity: {roles: {admin: [a]}}",
         R"(identity roles has no setting "admin"; it may have: operator, auditor, finance)"},
        {"a group that stands twice", "identity: {roles: {operator: [a, a]}}",
         R"(group of a role "a" stands twice; keep one of them)"},
        {"tokens that agents renew all the time", "identity: {sessions: {access: 5m}}",
         R"(sessions access "5m" must be more than 5m, or agents ask for a new token all the time)"},
        {"a sign-in that is over before its token", "identity: {sessions: {access: 2h, refresh: 1h}}",
         "sessions access must not be longer than sessions refresh"},
        {"an idle time that is longer than a day's work", "identity: {sessions: {idle: 13h}}",
         "sessions idle must not be longer than sessions absolute"},
        {"a session for ever", "identity: {sessions: {absolute: 9999d}}",
         R"(sessions absolute "9999d" must be from 1m to 30d)"},
        {"a sermon", agents_with("login_notice: " + std::string(501, 'x')),
         fmt::format("agents login_notice \"{}…\" has more than 500 characters; agents show no more",
                     std::string(80, 'x'))},
        {"settings that are read before anybody has signed in",
         agents_with("settings: {forceLoginMethod: gateway, a: 1}"),
         "agents settings must not have forceLoginMethod: it belongs into the file on the machine, which "
         "is read before "
         "anybody has signed in"},
        {"the other one of them", agents_with("settings: {forceLoginGatewayUrl: \"https://x\"}"),
         "agents settings must not have forceLoginGatewayUrl: it belongs into the file on the machine, "
         "which is read "
         "before anybody has signed in"},
        {"settings that are a list", agents_with("settings: [a]"),
         "agents settings must be a mapping such as {name: value}"},
        {"settings that fill a disk", agents_with(fmt::format("settings: {{a: {}}}", std::string(70'000, 'x'))),
         "agents settings has 70008 bytes as JSON; at most 65536 are served"},
        {"two persons for what nobody changes", "identity: {two_persons: [keys]}",
         R"(identity two_persons names "keys"; it may have: secrets, policy, roles)"},
        {"a second person for one thing twice", "identity: {two_persons: [policy, policy]}",
         R"(what needs two persons "policy" stands twice; keep one of them)"},
        {"a group of two lines", R"(teams: {a: {models: [], leads: ["a\nb"]}})",
         R"(group of leads "a?b" must be one line of 1 to 1024 bytes)"},
    });
}

TEST(WrongIdentity, the_section_stands_in_one_document) {
    const Parsed parsed = parse({}, {{"a.yaml", "identity: {}"}, {"b.yaml", "identity: {}"}}, 1);
    EXPECT_EQ(problems_of(parsed), "b.yaml:1:11: identity is defined twice; the other one is at a.yaml:1:11\n");
}

}  // namespace
}  // namespace bursar::policies::testing
