// Hunts: a wrong answer that a step lets through, a right one that it refuses, and a sentence that names neither the
// answer nor the way out.
#include "installer/setup/certificate.h"
#include "installer/setup/steps/step.h"
#include "scripted_system.h"

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

class Steps : public testing::Test {
  protected:
    void SetUp() override {
        set("host.name", "bursar.corp.example");
        system.hosts.insert("bursar.corp.example");
    }
    void set(std::string_view key, std::string_view value) {
        const auto done = answers.set(key, value);
        ASSERT_TRUE(done) << done.error().for_caller;
    }
    std::string wrong(std::string_view step) { return wrongs(step_of(step)->check(answers, {paths, system}).all()); }
    bool says(std::string_view step, std::string_view words) { return wrong(step).find(words) != std::string::npos; }
    bool notes(std::string_view step, std::string_view words) {
        for (const Finding& one : step_of(step)->check(answers, {paths, system}).all())
            if (one.weight == Weight::note && one.text.find(words) != std::string::npos) return true;
        return false;
    }

    OwnFolder folder;
    Paths paths{.root = folder.path()};
    ScriptedSystem system;
    Answers answers;
};

TEST_F(Steps, names_that_are_hosts_are_taken_and_others_are_not) {
    for (const char* good : {"bursar", "a.b", "192.0.2.1", "2001:db8::1", "x-1.example"}) {
        set("host.name", good);
        EXPECT_EQ(wrong("host"), "") << good;
    }
    for (const char* bad : {"Bursar.example", "a_b", "-a", "a-", "a..b", "a b", "https://a", "a/", ".a", "a."}) {
        set("host.name", bad);
        EXPECT_TRUE(says("host", bad)) << bad;
    }
}

TEST_F(Steps, a_name_that_the_dns_does_not_know_is_only_a_note) {
    set("host.name", "new.corp.example");
    EXPECT_EQ(wrong("host"), "");
    EXPECT_TRUE(notes("host", "new.corp.example has no address yet"));
}

TEST_F(Steps, ports_and_addresses_that_are_none_are_refused) {
    for (const char* bad : {"0", "65536", "https", "443 "}) {
        if (answers.set("host.port", bad)) EXPECT_TRUE(says("host", "host.port")) << bad;
    }
    set("host.port", "8443");
    set("host.address", "everywhere");
    EXPECT_TRUE(says("host", "host.address is \"everywhere\""));
}

TEST_F(Steps, a_clock_that_was_never_set_stops_and_one_that_follows_nothing_is_a_note) {
    system.programs["timedatectl show"] = [](const Program&) {
        return Ran{.exit_code = 0, .output = Secret::copy_of("no\n"), .errors = {}};
    };
    EXPECT_TRUE(notes("host", "follows no time server"));
    system.at = std::chrono::sys_days(std::chrono::year(1970) / 1 / 2);
    EXPECT_TRUE(says("host", "The clock says 1970"));
}

TEST_F(Steps, a_certificate_of_one_s_own_is_looked_at) {
    set("certificate.source", "files");
    EXPECT_TRUE(says("certificate", "certificate.certificate is missing"));
    auto pair = make_self_signed("bursar.corp.example", system.at, 60, std::string(16, 'x'));
    ASSERT_TRUE(pair);
    set("certificate.certificate", folder.write("c.pem", pair->certificate));
    set("certificate.private_key", folder.write("k.pem", std::string(pair->private_key.reveal())));
    EXPECT_EQ(wrong("certificate"), "");
    set("host.name", "other.example");
    EXPECT_TRUE(says("certificate", "not for \"other.example\""));
    set("host.name", "bursar.corp.example");
    system.at += std::chrono::days(45);
    EXPECT_TRUE(notes("certificate", "ends in 14 days"));
}

TEST_F(Steps, a_credential_needs_systemd_and_a_chip_where_it_is_wanted) {
    EXPECT_TRUE(says("master-key", "systemd-creds is not on this machine"));
    system.programs["systemd-creds --version"] = [](const Program&) {
        return Ran{.exit_code = 0, .output = {}, .errors = {}};
    };
    EXPECT_EQ(wrong("master-key"), "");
    system.programs["systemd-creds has-tpm2"] = [](const Program&) {
        return Ran{.exit_code = 1, .output = {}, .errors = {}};
    };
    EXPECT_EQ(wrong("master-key"), "") << "auto takes what there is";
    set("master_key.with", "tpm2");
    EXPECT_TRUE(says("master-key", "master_key.with = host"));
}

TEST_F(Steps, a_passphrase_file_is_there_private_and_long_enough) {
    set("master_key.source", "passphrase");
    EXPECT_TRUE(says("master-key", "master_key.passphrase_file is missing"));
    set("master_key.passphrase_file", folder.write("p", "correct horse battery\n", false));
    EXPECT_TRUE(says("master-key", "chmod 600"));
    set("master_key.passphrase_file", folder.write("short", "too short\n"));
    EXPECT_TRUE(says("master-key", "fewer than 12 bytes"));
    set("master_key.passphrase_file", folder.write("good", "correct horse battery\n"));
    EXPECT_EQ(wrong("master-key"), "");
}

class Directory : public Steps {
  protected:
    void SetUp() override {
        Steps::SetUp();
        set("directory.kind", "active_directory");
        set("directory.domain", "corp.example");
        set("directory.bind_dn", "CN=svc,DC=corp,DC=example");
        set("directory.people", "OU=Staff,DC=corp,DC=example");
        set("directory.password_file", folder.write("password", "secret\n"));
        system.servers["_ldap._tcp.corp.example"] = {{"dc1.corp.example", 389}, {"dc2.corp.example", 389}};
        system.reachable = {"dc1.corp.example:636", "dc2.corp.example:636"};
    }
};

TEST_F(Directory, servers_that_the_dns_names_are_asked_for_tls) {
    EXPECT_EQ(wrong("directory"), "");
    system.reachable = {"dc1.corp.example:636"};
    EXPECT_EQ(wrong("directory"), "") << "one that answers is enough";
    EXPECT_TRUE(notes("directory", "dc2.corp.example:636"));
    system.reachable.clear();
    EXPECT_TRUE(says("directory", "dc1.corp.example:636: Connection refused"));
    system.servers.clear();
    EXPECT_TRUE(says("directory", "names no server for _ldap._tcp.corp.example"));
}

TEST_F(Directory, servers_are_named_by_the_domain_or_by_hand_and_not_by_both) {
    set("directory.servers", "ldaps://dc1.corp.example");
    EXPECT_TRUE(says("directory", "not both"));
    set("directory.domain", "");
    EXPECT_EQ(wrong("directory"), "");
    for (const char* bad : {"ldap://dc1.corp.example", "dc1", "ldaps://", "ldaps://dc1:0", "ldaps://dc1/x"}) {
        set("directory.servers", bad);
        EXPECT_TRUE(says("directory", bad)) << bad;
    }
}

TEST_F(Directory, what_is_no_dn_is_refused) {
    set("directory.people", "Staff");
    EXPECT_TRUE(says("directory", "directory.people is \"Staff\""));
}

class Oidc : public Steps {
  protected:
    void SetUp() override {
        Steps::SetUp();
        set("oidc.issuer", "https://id.corp.example/staff");
        set("oidc.client_id", "bursar");
        set("oidc.secret_file", folder.write("client", "secret\n"));
        tell(R"({"issuer": "https://id.corp.example/staff", "authorization_endpoint": "https://id.corp.example/a",
                 "token_endpoint": "https://id.corp.example/t", "jwks_uri": "https://id.corp.example/k",
                 "response_types_supported": ["code"]})");
    }
    void tell(const std::string& document) {
        system.documents["https://id.corp.example/staff/.well-known/openid-configuration"] = document;
    }
};

TEST_F(Oidc, a_sound_discovery_document_is_taken) { EXPECT_EQ(wrong("oidc"), ""); }

TEST_F(Oidc, documents_that_are_not_sound_are_refused_with_the_field) {
    tell("<html>");
    EXPECT_TRUE(says("oidc", "no JSON"));
    tell(R"({"issuer": "https://evil.example"})");
    EXPECT_TRUE(says("oidc", "https://evil.example"));
    tell(R"({"issuer": "https://id.corp.example/staff", "authorization_endpoint": "http://id.corp.example/a"})");
    EXPECT_TRUE(says("oidc", "authorization_endpoint is no https address"));
    EXPECT_TRUE(says("oidc", "response type \"code\""));
    system.documents.clear();
    EXPECT_TRUE(says("oidc", "does not answer"));
    set("oidc.issuer", "http://id.corp.example");
    EXPECT_TRUE(says("oidc", "write an https address"));
}

TEST_F(Steps, a_provider_is_reached_by_tls_unless_it_is_this_machine) {
    set("provider.name", "openai");
    set("provider.models", "gpt-5, gpt-4o-mini");
    for (const char* good : {"https://api.openai.com/v1", "http://127.0.0.1:11434/v1", "http://[::1]/v1"}) {
        set("provider.base_url", good);
        EXPECT_EQ(wrong("provider"), "") << good;
    }
    for (const char* bad : {"http://api.openai.com", "http://127.0.0.1.evil.example", "https://", "https://user@host",
                            "api.openai.com"}) {
        set("provider.base_url", bad);
        EXPECT_TRUE(says("provider", bad)) << bad;
    }
    set("provider.models", ", ,");
    EXPECT_TRUE(says("provider", "names 0 models"));
}

TEST_F(Steps, what_a_team_alerts_and_backups_need_is_asked_for) {
    set("team.name", "Research");
    EXPECT_TRUE(says("team", "team.name is no name"));
    set("team.name", "research");
    set("team.budget_usd", "1.5");
    EXPECT_TRUE(says("team", "team.budget_usd is \"1.5\""));
    set("alerts.jira_url", "https://example.atlassian.net");
    EXPECT_TRUE(says("alerts", "alerts.jira_project is missing"));
    EXPECT_TRUE(says("alerts", "alerts.jira_token_file is missing"));
    set("backup.folder", "backups");
    set("backup.every_hours", "721");
    set("backup.keep", "0");
    EXPECT_TRUE(says("backup", "backup.folder"));
    EXPECT_TRUE(says("backup", "backup.every_hours is \"721\""));
    EXPECT_TRUE(says("backup", "backup.keep is \"0\""));
}

}  // namespace
}  // namespace bursar::setup
