// Hunts: a section "identity" that is read otherwise than it is written, defaults that are not those of the page, and
// changes of it that a plan does not show.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using std::chrono::hours, std::chrono::minutes, std::chrono::seconds;

Identity identity_of(std::string_view text) {
    const Parsed parsed = parse_text(text);
    EXPECT_EQ(problems_of(parsed), "");
    return parsed.snapshot ? parsed.snapshot->identity : Identity{};
}

TEST(IdentitySection, a_directory_is_read_whole) {
    const Identity identity = identity_of(R"yaml(
identity:
  directories:
    corp:
      kind: openldap
      title: Corporate account
      servers: ["ldaps://dc1.corp.example:3269", "ldap://[2001:db8::1]:389/"]
      bind: {dn: "cn=svc,dc=corp", secret: ldap-corp}
      direct_bind: "uid={user},ou=people,dc=corp"
      people: {base: "ou=people,dc=corp", filter: '(&(objectClass=person)(!(ou=\28old\29)))', user: uid, email: mailbox,
               name: cn, id: nsUniqueId, sign_in_by_email: false}
      groups: {base: "ou=groups,dc=corp", filter: "(objectClass=groupOfNames)", by: member_of, nested: false}
      timeout: 3s
      sync: {every: 5m, grace: 7d, removals_max: 3%, removals_min: 0}
)yaml");
    const DirectoryPolicy wanted{.name = "corp",
                                 .title = "Corporate account",
                                 .kind = DirectoryKind::openldap,
                                 .domain = "",
                                 .servers = {"ldaps://dc1.corp.example:3269", "ldap://[2001:db8::1]:389"},
                                 .ca = "",
                                 .bind_dn = "cn=svc,dc=corp",
                                 .bind_secret = "ldap-corp",
                                 .direct_bind = "uid={user},ou=people,dc=corp",
                                 .people_base = "ou=people,dc=corp",
                                 .people_filter = R"x((&(objectClass=person)(!(ou=\28old\29))))x",
                                 .user_attribute = "uid",
                                 .sign_in_by_email = false,
                                 .email_attribute = "mailbox",
                                 .name_attribute = "cn",
                                 .id_attribute = "nsUniqueId",
                                 .groups_base = "ou=groups,dc=corp",
                                 .groups_filter = "(objectClass=groupOfNames)",
                                 .groups_by = GroupsBy::member_of,
                                 .nested = false,
                                 .timeout = seconds(3),
                                 .sync_every = minutes(5),
                                 .grace = hours(7 * 24),
                                 .removals_percent_max = 3,
                                 .removals_min = 0};
    EXPECT_EQ(identity.directories.at("corp"), wanted);
}

TEST(IdentitySection, what_a_directory_does_not_say_comes_from_its_kind) {
    const Identity identity = identity_of(R"(
identity:
  directories:
    ad: {kind: active_directory, domain: corp.example, bind: {dn: svc@corp.example, secret: s}, people: {base: "DC=corp"}}
    unix: {kind: openldap, servers: ["ldaps://a"], bind: {dn: "cn=a", secret: s}, people: {base: "dc=corp"}, groups: {by: member_uid}}
    plain: {kind: openldap, servers: ["ldaps://a"], bind: {dn: "cn=a", secret: s}, people: {base: "dc=corp"}}
)");
    const DirectoryPolicy& ad = identity.directories.at("ad");
    EXPECT_EQ(ad.title, "ad");
    EXPECT_EQ(ad.groups_by, GroupsBy::token_groups);
    EXPECT_TRUE(ad.nested && ad.sign_in_by_email);
    EXPECT_EQ(ad.timeout, seconds(5));
    EXPECT_EQ(ad.sync_every, minutes(30));
    EXPECT_EQ(ad.grace, hours(24));
    EXPECT_EQ(identity.directories.at("plain").groups_by, GroupsBy::member);
    EXPECT_FALSE(identity.directories.at("unix").nested) << "these groups hold user names, so none is in another";
}

TEST(IdentitySection, providers_workloads_and_the_rest_are_read_whole) {
    const Parsed parsed = parse_text(R"(
providers: {p: {dialect: openai, base_url: "https://p.example"}}
prices: {p: {m: {input: 1}}}
models: {m: {tier: small, channels: [{provider: p}]}}
teams: {research: {models: [m]}}
identity:
  oidc:
    okta: {title: Okta, issuer: "https://acme.okta.com/oauth2/default/", client_id: id, secret: oidc-okta, scopes: [openid, groups],
           algorithms: [RS256, ES256], claims: {groups: "https://acme/groups", user: login, email: mail, name: full, subject: uid},
           groups_cut_at: 100, source: "scim:okta", require: {hd: corp.example, acr: "2"}}
    local: {issuer: "http://127.0.0.1:8080", client_id: id}
  workloads:
    ci: {issuer: "https://ci.example", audience: bursar, jwks_uri: "https://ci.example/keys", subjects: ["repo:acme/app:*", exact],
         require: {ref: main}, team: research, models: [m, tier:small], algorithms: [ES256]}
  scim: {okta: {title: Okta}, entra: {}}
  roles: {operator: [a], auditor: [b], finance: [c, d]}
  sessions: {idle: 30m, absolute: 8h, access: 301s, refresh: 7d, step_up: 5m}
  agents: {login_notice: Be kind., settings: {}}
  two_persons: [secrets, policy, roles]
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Identity& identity = parsed.snapshot->identity;
    const OidcPolicy okta{.name = "okta",
                          .title = "Okta",
                          .issuer = "https://acme.okta.com/oauth2/default/",
                          .client_id = "id",
                          .secret = "oidc-okta",
                          .scopes = {"openid", "groups"},
                          .algorithms = {"RS256", "ES256"},
                          .groups_claim = "https://acme/groups",
                          .groups_cut_at = 100,
                          .user_name_claim = "login",
                          .email_claim = "mail",
                          .name_claim = "full",
                          .source = "scim:okta",
                          .subject_claim = "uid",
                          .require = {{"hd", "corp.example"}, {"acr", "2"}},
                          .ca = ""};
    EXPECT_EQ(identity.oidc.at("okta"), okta);
    EXPECT_EQ(identity.oidc.at("local").scopes, (std::vector<std::string>{"openid", "profile", "email"}));
    EXPECT_EQ(identity.oidc.at("local").algorithms, (std::vector<std::string>{"RS256"}));
    const WorkloadPolicy ci{.name = "ci",
                            .issuer = "https://ci.example",
                            .audience = "bursar",
                            .jwks_uri = "https://ci.example/keys",
                            .ca = "",
                            .algorithms = {"ES256"},
                            .subjects = {"repo:acme/app:*", "exact"},
                            .require = {{"ref", "main"}},
                            .team = "research",
                            .models = {"m", "tier:small"}};
    EXPECT_EQ(identity.workloads.at("ci"), ci);
    EXPECT_EQ(identity.scim.at("entra").title, "entra");
    EXPECT_EQ(identity.roles.at("finance"), (std::vector<std::string>{"c", "d"}));
    EXPECT_EQ(identity.sessions, (SessionPolicy{.idle = minutes(30),
                                                .absolute = hours(8),
                                                .access = seconds(301),
                                                .refresh = hours(168),
                                                .step_up = minutes(5)}));
    EXPECT_EQ(identity.agents, (AgentPolicy{.login_notice = "Be kind.", .settings = "{}"}));
    EXPECT_EQ(identity.two_persons, (std::vector<std::string>{"secrets", "policy", "roles"}));
    EXPECT_EQ(identity_of("identity: {two_persons: [policy]}").two_persons, std::vector<std::string>{"policy"});
    EXPECT_EQ(secrets_of(*parsed.snapshot), (std::vector<std::string>{"oidc-okta"}));
    EXPECT_EQ(identity_of("identity: {}"), Identity{});
}

TEST(IdentitySection, certificates_are_kept_as_they_are_written) {
    const auto documents = read_folder(BURSAR_SOURCE_DIR "/policies/examples");
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(documents && defaults);
    const Parsed parsed = parse(*defaults, *documents, 1);
    ASSERT_EQ(problems_of(parsed), "");
    const std::string& ca = parsed.snapshot->identity.directories.at("corp").ca;
    EXPECT_TRUE(ca.starts_with("-----BEGIN CERTIFICATE-----\nMII")) << ca;
    EXPECT_TRUE(ca.ends_with("-----END CERTIFICATE-----\n")) << ca;
}

struct JsonCase {
    std::string_view name;
    std::string_view yaml;
    std::string_view json;
};

const std::vector<JsonCase> json_cases = {
    {"order is kept", "{b: x, a: y}", R"({"b":"x","a":"y"})"},
    {"truths", "{a: true, b: False, c: \"true\", d: yes}", R"({"a":true,"b":false,"c":"true","d":"yes"})"},
    {"numbers as they are written", "{a: 30, b: -1.50, c: 1e3, d: \"7\", e: 0}",
     R"({"a":30,"b":-1.50,"c":1e3,"d":"7","e":0})"},
    {"what JSON does not call a number is text", "{a: 007, b: 0x1f, c: .5, d: 1., e: +1, f: 1e999, g: 1_000}",
     R"({"a":"007","b":"0x1f","c":".5","d":"1.","e":"+1","f":"1e999","g":"1_000"})"},
    {"nothing", "{a: null, b: ~, c: , d: \"\"}", R"({"a":null,"b":null,"c":null,"d":""})"},
    {"lists and mappings", "{a: [1, [x], {}], b: {c: []}}", R"({"a":[1,["x"],{}],"b":{"c":[]}})"},
    {"text with quotes and lines", R"({a: "x\"y\nz\\"})", R"({"a":"x\"y\nz\\"})"},
    {"names that are quoted", R"({"a b": 1, "1": 2})", R"({"a b":1,"1":2})"},
};

TEST(AgentSettings, are_the_json_that_was_meant) {
    for (const JsonCase& each : json_cases)
        EXPECT_EQ(identity_of(fmt::format("identity: {{agents: {{settings: {}}}}}", each.yaml)).agents.settings,
                  each.json)
            << each.name;
}

TEST(IdentityWarnings, name_a_directory_whose_leavers_nobody_notices_and_a_workload_without_models) {
    const Parsed parsed = parse_text(R"(
teams: {a: {}, b: {parent: a}}
identity:
  directories: {corp: {kind: openldap, servers: ["ldaps://a"], direct_bind: "uid={user},dc=corp", people: {base: "dc=corp"}}}
  workloads: {ci: {issuer: "https://ci.example", audience: bursar, subjects: [x], team: a}}
)");
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_EQ(
        parsed.warnings,
        (std::vector<std::string>{
            "team b: it lists no models, so its keys may use none",
            "directory corp: without a service account (bind) nobody is looked up between their sign-ins, so that "
            "who leaves is not noticed",
            "workload ci: its team a lists no models, so it may use none"}));
}

TEST(IdentityChanges, are_told_in_a_plan) {
    const Parsed none = parse_text("teams: {a: {models: []}}");
    const Parsed first = parse_text(R"(
teams: {a: {models: [], leads: [boss]}}
identity:
  directories: {corp: {kind: openldap, servers: ["ldaps://a"], bind: {dn: "cn=a", secret: s}, people: {base: "dc=corp"}}}
  oidc: {entra: {issuer: "https://entra.example", client_id: id}}
  workloads: {ci: {issuer: "https://ci.example", audience: bursar, subjects: [x], team: a}}
  scim: {okta: {}}
  roles: {operator: [admins]}
  agents: {login_notice: Hello}
)");
    const Parsed second = parse_text(R"(
teams: {a: {models: []}}
identity:
  directories: {corp: {kind: openldap, servers: ["ldaps://a", "ldaps://b"], bind: {dn: "cn=a", secret: s}, people: {base: "dc=corp"},
                       sync: {grace: 2d, removals_max: 50%}, groups: {by: member_uid}}}
  oidc: {entra: {issuer: "https://entra.example", client_id: id, groups_cut_at: 200, require: {hd: corp.example}}}
  workloads: {ci: {issuer: "https://ci.example", audience: bursar, subjects: [x, y], team: a}}
  roles: {auditor: [audit]}
  sessions: {access: 30m}
  agents: {settings: {env: {A: "1"}}}
)");
    ASSERT_EQ(problems_of(none) + problems_of(first) + problems_of(second), "");
    EXPECT_EQ(compare(*none.snapshot, *first.snapshot),
              (std::vector<std::string>{"team a: led by boss",
                                        "directory corp: new",
                                        "directory corp: kind OpenLDAP or alike",
                                        "directory corp: title corp",
                                        "directory corp: servers ldaps://a",
                                        "directory corp: service account cn=a",
                                        "directory corp: its secret s",
                                        "directory corp: people below dc=corp",
                                        "provider of identities entra: new",
                                        "provider of identities entra: title entra",
                                        "provider of identities entra: issuer https://entra.example",
                                        "provider of identities entra: client id",
                                        "workload ci: new",
                                        "workload ci: issuer https://ci.example",
                                        "workload ci: audience bursar",
                                        "workload ci: subjects x",
                                        "workload ci: team a",
                                        "source of SCIM okta: new",
                                        "source of SCIM okta: title okta",
                                        "role operator: for admins",
                                        "agents: login notice Hello"}));
    EXPECT_EQ(
        compare(*first.snapshot, *second.snapshot),
        (std::vector<std::string>{
            "team a: no longer led by boss", "directory corp: servers ldaps://a -> ldaps://a, ldaps://b",
            "directory corp: groups by member -> member_uid", "directory corp: nested groups yes -> no",
            "directory corp: grace of who is missing 1d -> 2d",
            "directory corp: asks before it removes more than 10% and more than 5 -> more than 50% and more than 5",
            "provider of identities entra: groups are cut at 200",
            "provider of identities entra: requires hd: corp.example", "workload ci: subjects x -> x, y",
            "source of SCIM okta: gone", "role auditor: for audit", "role operator: no longer for admins",
            "sessions: access tokens 1h -> 30m", "agents: no longer login notice Hello",
            R"(agents: settings {"env":{"A":"1"}})"}));
}

TEST(IdentityChanges, that_no_line_has_room_for_are_told_by_a_digest) {
    const auto with = [](const std::string& value) {
        return parse_text(fmt::format("identity: {{agents: {{settings: {{a: \"{}\"}}}}}}", value)).snapshot;
    };
    const auto lines = compare(*with(std::string(300, 'x')), *with(std::string(300, 'y')));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("agents: settings 308 bytes (SHA-256 ")) << lines[0];
    EXPECT_TRUE(lines[0].contains("…) -> 308 bytes (SHA-256 ")) << lines[0];
}

}  // namespace
}  // namespace bursar::policies::testing
