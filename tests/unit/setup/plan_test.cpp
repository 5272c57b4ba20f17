// Hunts: a configuration or policy that says something else than the answers, or breaks when an answer has quotes in
// it.
#include "installer/setup/plan.h"

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

Answers read(const std::string& text) {
    auto answers = Answers::read(text, "answers");
    EXPECT_TRUE(answers) << answers.error().for_caller;
    return answers ? *std::move(answers) : Answers();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Plan, the_configuration_says_what_was_answered) {
    const Answers answers =
        read("[host]\nname=b.example\nport=8443\naddress=192.0.2.1\n[master_key]\nsource=file\n[backup]\nkeep=3\n");
    const std::string text = configuration_text(answers, Paths{.root = "/tmp/x"});
    for (const char* line : {"address = 192.0.2.1\n", "port = 8443\n", "public_url = https://b.example:8443\n",
                             "folder = /tmp/x/var/lib/bursar\n", "source = file\nfile = master.key\n",
                             "initial = policy\n", "folder = /tmp/x/var/backups/bursar\n", "keep = 3\n"})
        EXPECT_TRUE(has(text, line)) << line << "\n" << text;
    EXPECT_FALSE(has(text, "[courier]")) << "outside of a machine nobody has made its user";
    EXPECT_TRUE(has(configuration_text(answers, Paths{}), "user = bursar-courier\n"));
}

TEST(Plan, a_section_that_nobody_asked_for_is_not_there) {
    const Answers answers = read("[host]\nname=b.example\n[backup]\nfolder=none\n");
    EXPECT_FALSE(has(configuration_text(answers, Paths{}), "[backup]"));
    const std::string policy = policy_text(answers, "");
    for (const char* section : {"providers", "models", "teams", "identity", "alerts"})
        EXPECT_FALSE(has(policy, section)) << section;
}

TEST(Plan, words_with_quotes_and_colons_stay_one_value) {
    const Answers answers = read("[host]\nname=b.example\norganisation=A \"B\": {c} # d\n");
    EXPECT_TRUE(has(policy_text(answers, ""), R"(name: "A \"B\": {c} # d", currency)"));
}

TEST(Plan, the_policy_has_provider_team_directory_and_targets) {
    const Answers answers = read(
        "[provider]\nname=openai\nbase_url=https://api.openai.com/v1\nkey_file=/k\nmodels=gpt-5, gpt-4o-mini\n"
        "[team]\nname=research\ngroups=cn=a,dc=x; cn=b,dc=x\nbudget_usd=250\n"
        "[directory]\nkind=openldap\nservers=ldaps://a.example, "
        "ldaps://b.example\nbind_dn=cn=s\npeople=ou=p\npassword_file=/p\n"
        "[oidc]\nissuer=https://id.example\nclient_id=c\nsecret_file=/s\n[alerts]\nslack_webhook_file=/w\n");
    const std::string policy = policy_text(answers, "-----BEGIN\nx\n");
    for (const char* part : {R"(keys: [{secret: "openai"}])", R"("gpt-4o-mini": {channels: [{provider: "openai"}]})",
                             "limit: 250 USD, per: month", R"(groups: ["cn=a,dc=x", "cn=b,dc=x"])",
                             R"(servers: ["ldaps://a.example", "ldaps://b.example"])", R"(ca: "-----BEGIN\nx\n")",
                             R"(secret: "ldap-corp")", R"(secret: "oidc-sso")", "slack: {slack: {webhook: slack}}"})
        EXPECT_TRUE(has(policy, part)) << part << "\n" << policy;
    std::string names;
    for (const WantedSecret& secret : wanted_secrets(answers)) names += secret.name + " " + secret.file + ", ";
    EXPECT_EQ(names, "ldap-corp /p, oidc-sso /s, openai /k, slack /w, ");
}

TEST(Plan, the_socket_gets_a_drop_in_only_where_the_unit_listens_elsewhere) {
    EXPECT_EQ(socket_text(read("[host]\nname=b\n")), "");
    EXPECT_TRUE(has(socket_text(read("[host]\nport=8443\n")), "ListenStream=\nListenStream=8443\n"));
    EXPECT_TRUE(has(socket_text(read("[host]\naddress=192.0.2.1\n")), "ListenStream=192.0.2.1:443\n"));
    EXPECT_TRUE(has(socket_text(read("[host]\naddress=2001:db8::1\n")), "ListenStream=[2001:db8::1]:443\n"));
}

TEST(Plan, the_service_may_write_where_backups_go) {
    EXPECT_EQ(service_text(read("[host]\nname=b\n")), "");
    EXPECT_EQ(service_text(read("[backup]\nfolder=none\n")), "");
    EXPECT_TRUE(has(service_text(read("[backup]\nfolder=/mnt/copies\n")), "ReadWritePaths=\"/mnt/copies\"\n"));
}

}  // namespace
}  // namespace bursar::setup
