// Hunts: a set-up that loses a key, a certificate or a configuration that was there, goes on after something failed, or
// leaves a secret where others can read it.
#include "installer/setup/carry_out.h"

#include "scripted_system.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;

class CarryOut : public testing::Test {
  protected:
    void SetUp() override {
        const auto read = Answers::read(
            "[host]\nname=b.example\n[master_key]\nsource=file\n[recovery]\nfile=/etc/bursar/"
            "recovery\n[provider]\nname=demo\n"
            "base_url=http://127.0.0.1:9\nmodels=m\nkey_file=" +
                folder.write("key", "sk-1\n") + "\n",
            "answers");
        ASSERT_TRUE(read) << read.error().for_caller;
        answers = *read;
        system.programs["bursard"] = [this](const Program& program) { return bursard(program); };
        system.programs["bursarctl"] = [this](const Program&) {
            return Ran{.exit_code = control, .output = {}, .errors = "as said\n"};
        };
    }

    /// Makes a vault as bursard does, and prints what it prints.
    Ran bursard(const Program& program) {
        const std::string& what = program.words.at(2);
        if (what == refuses) return {.exit_code = 78, .output = {}, .errors = "bursard: no.\n"};
        if (what == "--issue-operator") {
            fs::create_directories(paths.state() / "vault");
            folder.write("var/lib/bursar/vault/keyring", "k");
            return {.exit_code = 0, .output = Secret::copy_of("bso_token\n"), .errors = {}};
        }
        if (what == "--make-recovery-key")
            return {.exit_code = 0, .output = Secret::copy_of("bsrr-aa-bb\n"), .errors = {}};
        return {.exit_code = 0, .output = {}, .errors = remarks};
    }

    std::vector<Finding> run() {
        return carry_out(
            answers, {.paths = paths, .system = system, .bursard = "bursard", .url = url, .show_recovery_key = shows});
    }
    std::string etc(const std::string& name) const { return text_of(paths.etc() / name); }
    static unsigned mode_of(const fs::path& file) {
        struct stat facts{};
        return ::stat(file.c_str(), &facts) == 0 ? facts.st_mode & 0777U : 0;
    }
    std::size_t count_of(std::string_view part) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(system.runs, [&](const std::string& run) { return run.contains(part); }));
    }
    std::size_t kept_in(const fs::path& where) const {
        std::size_t count = 0;
        for (const auto& each : fs::directory_iterator(where))
            count += each.path().string().contains(".before-") ? 1U : 0U;
        return count;
    }

    OwnFolder folder;
    Paths paths{.root = folder.path()};
    ScriptedSystem system;
    Answers answers;
    std::string refuses, remarks, url;
    int control = 0;
    std::function<bool(const Secret&)> shows;
};

TEST_F(CarryOut, everything_is_written_and_secrets_are_for_their_owner) {
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_TRUE(etc("bursard.ini").contains("public_url = https://b.example\n"));
    EXPECT_TRUE(etc("policy/setup.yaml").contains("providers:"));
    EXPECT_EQ(etc("master.key").size(), 65U) << "64 digits and a line end";
    EXPECT_EQ(mode_of(paths.etc() / "master.key"), 0600U);
    EXPECT_EQ(mode_of(paths.etc() / "tls/server.key"), 0640U);
    EXPECT_EQ(mode_of(paths.state()), 0700U);
    EXPECT_EQ(text_of(paths.at("/etc/bursar/operator.token")), "bso_token\n");
    EXPECT_EQ(mode_of(paths.at("/etc/bursar/operator.token")), 0600U);
    EXPECT_EQ(text_of(paths.at("/etc/bursar/recovery")), "bsrr-aa-bb\n");
    EXPECT_EQ(count_of("systemctl"), 0U) << "outside of a machine nothing is started";
    EXPECT_EQ(count_of("bursarctl"), 0U);
}

TEST_F(CarryOut, a_second_run_keeps_keys_and_certificate_and_makes_no_second_vault) {
    EXPECT_EQ(wrongs(run()), "");
    const std::string key = etc("master.key"), chain = etc("tls/server.pem");
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_EQ(etc("master.key"), key);
    EXPECT_EQ(etc("tls/server.pem"), chain);
    EXPECT_EQ(count_of("--issue-operator"), 1U);
    EXPECT_EQ(count_of("--make-recovery-key"), 1U) << "a second one would end the first";
    EXPECT_EQ(kept_in(paths.etc()), 0U) << "what is the same is not kept twice";
}

TEST_F(CarryOut, what_is_replaced_is_kept_beside) {
    EXPECT_EQ(wrongs(run()), "");
    const std::string before = etc("bursard.ini");
    ASSERT_TRUE(answers.set("host.port", "8443"));
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_TRUE(etc("bursard.ini").contains("port = 8443\n"));
    EXPECT_EQ(etc("bursard.ini.before-20261130T000000Z"), before);
}

TEST_F(CarryOut, a_vault_without_its_master_key_gets_no_new_one) {
    EXPECT_EQ(wrongs(run()), "");
    fs::remove(paths.etc() / "master.key");
    EXPECT_TRUE(wrongs(run()).contains("but not its master key")) << wrongs(run());
    EXPECT_FALSE(fs::exists(paths.etc() / "master.key"));
}

TEST_F(CarryOut, nothing_follows_what_the_service_refuses) {
    refuses = "--check";
    EXPECT_TRUE(wrongs(run()).contains("configuration: The configuration is not taken: bursard: no."));
    EXPECT_EQ(count_of("--issue-operator"), 0U);
}

TEST_F(CarryOut, what_the_service_takes_and_warns_of_is_noted) {
    remarks = "warning: model m: there is no price of demo/m\nall is well\nwarning: another\n";
    const std::vector<Finding> findings = run();
    EXPECT_EQ(wrongs(findings), "");
    std::vector<std::string> notes;
    for (const Finding& each : findings)
        if (each.weight == Weight::note && each.step == "configuration") notes.push_back(each.text);
    EXPECT_EQ(notes, (std::vector<std::string>{"model m: there is no price of demo/m", "another"}));
}

TEST_F(CarryOut, a_token_that_was_made_survives_a_recovery_key_that_was_not) {
    refuses = "--make-recovery-key";
    EXPECT_TRUE(wrongs(run()).contains("recovery: No recovery key can be made"));
    EXPECT_EQ(text_of(paths.at("/etc/bursar/operator.token")), "bso_token\n");
}

TEST_F(CarryOut, a_recovery_key_that_nobody_could_read_is_not_made) {
    ASSERT_TRUE(answers.set("recovery.file", ""));
    EXPECT_TRUE(wrongs(run()).contains("write recovery.file"));
    EXPECT_FALSE(fs::exists(paths.configuration())) << "and nothing else is done";
    std::string shown;
    shows = [&shown](const Secret& key) {
        shown = key.reveal();
        return false;
    };
    EXPECT_TRUE(wrongs(run()).contains("was not typed as it was shown"));
    EXPECT_EQ(shown, "bsrr-aa-bb\n");
}

TEST_F(CarryOut, a_running_service_gets_the_secrets_and_is_tried) {
    url = "https://127.0.0.1:1";
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_EQ(count_of("secret put demo --file"), 1U);
    EXPECT_EQ(count_of("provider test demo"), 1U);
    EXPECT_EQ(count_of("--ca-file " + (paths.etc() / "tls/server.pem").string()), 2U);
    for (const std::string& run : system.runs) EXPECT_FALSE(run.contains("bso_token") || run.contains("sk-1")) << run;
    control = 1;
    EXPECT_TRUE(wrongs(run()).contains("The secret demo is not taken: as said"));
}

TEST_F(CarryOut, a_credential_is_made_by_systemd_from_what_it_reads) {
    ASSERT_TRUE(answers.set("master_key.source", "credential"));
    ASSERT_TRUE(answers.set("master_key.with", "host"));
    std::string read;
    system.programs["systemd-creds encrypt"] = [&read](const Program& program) {
        read = program.input.reveal();
        return Ran{.exit_code = 0, .output = Secret::copy_of("sealed"), .errors = {}};
    };
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_EQ(read.size(), 65U);
    EXPECT_EQ(text_of(paths.credential()), "sealed");
    EXPECT_EQ(count_of("encrypt --name=bursar-master-key --with-key=host - -"), 1U);
    EXPECT_FALSE(fs::exists(paths.etc() / "master.key"));
}

TEST_F(CarryOut, a_passphrase_reaches_bursard_by_its_input_alone) {
    ASSERT_TRUE(answers.set("master_key.source", "passphrase"));
    ASSERT_TRUE(answers.set("master_key.passphrase_file", folder.write("phrase", "correct horse battery\n")));
    std::string read;
    system.programs["bursard"] = [&](const Program& program) {
        if (program.words.at(2) == "--issue-operator") read = program.input.reveal();
        return bursard(program);
    };
    EXPECT_EQ(wrongs(run()), "");
    EXPECT_EQ(read, "correct horse battery");
    for (const std::string& run : system.runs) EXPECT_FALSE(run.contains("horse")) << run;
}

}  // namespace
}  // namespace bursar::setup
