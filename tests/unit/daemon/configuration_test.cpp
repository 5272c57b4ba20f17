// Hunts: a configuration that is wrong and starts all the same, and an error that does not say which key and what to
// write.
#include "service/daemon/configuration.h"

#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

namespace fs = std::filesystem;

class ConfigurationFile : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / fmt::format("bursar-configuration-{}", ::getpid());
        fs::create_directories(folder_ / "state");
        fs::create_directories(folder_ / "defaults");
    }
    void TearDown() override { fs::remove_all(folder_); }

    Result<Configuration> read(const std::string& text) {
        const fs::path file = folder_ / "bursard.ini";
        std::ofstream(file) << text;
        return read_configuration(file);
    }
    static std::string good(const std::string& more = "") {
        return "[listen]\nport = 0\nplain = true\n[state]\nfolder = state\n[master_key]\nfile = "
               "key\n[policy]\ndefaults = defaults\n" +
               more;
    }
    fs::path folder_;
};

TEST_F(ConfigurationFile, PathsCountFromItsOwnFolder) {
    const auto read_back = read(good("[limits]\nbody_mib = 2\nbodies_mib = 64\nshards = 3\n[log]\nlevel = warning\n"));
    ASSERT_TRUE(read_back) << read_back.error().for_caller;
    EXPECT_EQ(read_back->state_folder, folder_ / "state");
    EXPECT_EQ(read_back->key_file, folder_ / "key");
    EXPECT_EQ(read_back->policy_defaults, folder_ / "defaults");
    EXPECT_EQ(read_back->listen.port, 0);
    EXPECT_TRUE(read_back->listen.certificate.empty());
    EXPECT_EQ(read_back->body_bytes_max, std::size_t{2} << 20);
    EXPECT_EQ(read_back->limits.body_bytes_total_max, std::size_t{64} << 20);
    EXPECT_EQ(read_back->shards, 3U);
    EXPECT_EQ(read_back->durability, store::Durability::power) << "the safe one is the default";
}

TEST_F(ConfigurationFile, TheOtherMachineOfAPair) {
    const std::string pair =
        "[standby]\nrole = standby\npeer = https://a.corp.example:8443\npeer_key = " + std::string(43, 'k') + "=\n";
    const auto read_back = read(good(pair));
    ASSERT_TRUE(read_back) << read_back.error().for_caller;
    ASSERT_TRUE(read_back->standby);
    EXPECT_EQ(read_back->standby->role, StandbyOptions::Role::standby);
    EXPECT_EQ(read_back->standby->mode, standby::Mode::synchronous) << "the safe one is the default";
    EXPECT_EQ(read_back->standby->times.mandate, std::chrono::seconds(10));
    EXPECT_EQ(read_back->standby->times.patience, std::chrono::seconds(15));
    const auto short_mandate = read(good(pair + "mandate_seconds = 2\n"));
    ASSERT_TRUE(short_mandate) << short_mandate.error().for_caller;
    EXPECT_EQ(short_mandate->standby->times.patience, std::chrono::seconds(5)) << "the default fits every mandate";
    EXPECT_EQ(read_back->standby->secret_file, folder_ / "state" / "standby.secret");
    const auto alone = read(good());
    ASSERT_TRUE(alone);
    EXPECT_FALSE(alone->standby);
    struct Case {
        std::string text;
        const char* said;
    };
    const std::vector<Case> cases = {
        {"[standby]\nrole = second\n", "standby.role is \"second\"; write one of: primary, standby"},
        {"[standby]\nrole = primary\npeer = b.corp.example\n", "standby.peer is \"b.corp.example\""},
        {"[standby]\nrole = primary\npeer = http://b.corp.example\n", "standby.peer is"},
        {"[standby]\nrole = primary\npeer = https://b.corp.example\n", "standby.peer_key is not the SHA-256"},
        {pair + "mandate_seconds = 10\npatience_seconds = 10\n", "standby.patience (10000 ms) must be longer"},
        {pair + "mandate_seconds = 10\npatience_seconds = 12\n", "Write at least 15000 ms"},
        {pair + "mode = both\n", "standby.mode is \"both\""},
    };
    for (const Case& each : cases) {
        const auto refused = read(good(each.text));
        ASSERT_FALSE(refused) << each.text;
        EXPECT_TRUE(refused.error().for_caller.contains(each.said)) << refused.error().for_caller;
    }
}

TEST_F(ConfigurationFile, AllBodiesHaveRoomForTheLargest) {
    const auto read_back = read(good("[limits]\nbody_mib = 1024\n"));
    ASSERT_TRUE(read_back) << read_back.error().for_caller;
    EXPECT_EQ(read_back->limits.body_bytes_total_max, std::size_t{1024} << 20);
}

TEST_F(ConfigurationFile, WhatIsWrongIsNamedWithWhatToWrite) {
    struct Case {
        const char* name;
        std::string text;
        const char* said;
    };
    const std::vector<Case> cases = {
        {"an unknown section", good("[listn]\nport = 1\n"), "[listn] is not a section"},
        {"a courier of nobody", good("[courier]\nuser = no-such-user\n"), "courier.user is \"no-such-user\""},
        {"an unknown key", good("[limits]\nbody_mb = 1\n"),
         "limits.body_mb is not a key; [limits] knows: bodies_mib, body_mib"},
        {"less memory for all bodies than for one", good("[limits]\nbody_mib = 64\nbodies_mib = 63\n"),
         "limits.bodies_mib"},
        {"a port that is a word", "[listen]\nport = http\nplain = true\n",
         "listen.port is \"http\"; give a whole number from 0 to 65535"},
        {"a port too high", "[listen]\nport = 65536\nplain = true\n", "listen.port is \"65536\""},
        {"a number with a tail", good("[limits]\ncalls = 10k\n"), "limits.calls is \"10k\""},
        {"an empty number", good("[limits]\ncalls =\n"), "limits.calls is \"\""},
        {"neither TLS nor plain", "[listen]\nport = 1\n", "listen.certificate and listen.private_key are both needed"},
        {"a certificate without its key", "[listen]\ncertificate = c.pem\n",
         "listen.certificate and listen.private_key are both needed"},
        {"plain that is neither true nor false", "[listen]\nplain = yes\n",
         "listen.plain is \"yes\"; write true or false"},
        {"no state folder", "[listen]\nplain = true\n[master_key]\nfile = key\n",
         "state.folder is \"\", which is no folder"},
        {"a durability we do not have", good("[state]\ndurability = none\n"),
         "state.durability is \"none\"; write one of: power, process"},
        {"a key source we do not have", good("[master_key]\nsource = tpm\n"),
         "master_key.source is \"tpm\"; write one of: credential, file, passphrase"},
        {"no key file", "[listen]\nplain = true\n[state]\nfolder = state\n", "master_key.file is missing"},
        {"a log level we do not have", good("[log]\nlevel = loud\n"), "log.level is \"loud\""},
        {"defaults that are not there",
         "[listen]\nplain = true\n[state]\nfolder = state\n[master_key]\nfile = key\n[policy]\ndefaults = nowhere\n",
         "policy.defaults is"},
        {"an initial policy that is not there", good("[policy]\ninitial = nowhere\n"), "policy.initial is"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        const auto refused = read(one.text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::wrong_configuration);
        EXPECT_NE(refused.error().for_caller.find(one.said), std::string::npos) << refused.error().for_caller;
        EXPECT_NE(refused.error().for_caller.find("bursard.ini"), std::string::npos) << "the file is named";
    }
}

TEST_F(ConfigurationFile, ThePublicUrlIsAHostThatPeopleReach) {
    const auto with = [](std::string_view url) {
        return fmt::format(
            "[listen]\nport = 0\nplain = true\npublic_url = {}\n[state]\nfolder = state\n[master_key]\n"
            "file = key\n[policy]\ndefaults = defaults\n",
            url);
    };
    EXPECT_EQ(read(good())->public_url, "") << "as each request says";
    for (const char* url : {"https://bursar.corp.example", "https://bursar.corp.example:8443", "https://10.0.0.7",
                            "https://[fd00::7]:8443", "http://127.0.0.1:8443", "http://localhost:8443"}) {
        const auto read_back = read(with(url));
        ASSERT_TRUE(read_back) << url << ": " << read_back.error().for_caller;
        EXPECT_EQ(read_back->public_url, url);
    }
    for (const char* wrong : {"bursar.corp.example",
                              "http://bursar.corp.example",
                              "https://bursar.corp.example/",
                              "https://bursar.corp.example/gateway",
                              "https://user@bursar.corp.example",
                              "https://bursar.corp.example?x=1",
                              "https://bursar.corp.example#x",
                              "https://a b",
                              "https://",
                              "https://bursar.corp.example\\x",
                              "https://host:port",
                              "https://Bursar.corp.example",
                              "https://bursar.corp.example:443",
                              "https://[fd00::7",
                              "https://x[fd00::7]",
                              "https://bursar.corp.example:0",
                              "https://bursar.corp.example:",
                              "http://localhost.evil.example",
                              "http://127.0.0.1.evil.example",
                              "javascript:alert(1)"}) {
        const auto refused = read(with(wrong));
        ASSERT_FALSE(refused) << wrong;
        EXPECT_NE(refused.error().for_caller.find("listen.public_url"), std::string::npos)
            << refused.error().for_caller;
        EXPECT_NE(refused.error().for_caller.find("https://bursar.corp.example"), std::string::npos)
            << "what to write is said";
    }
}

TEST_F(ConfigurationFile, TheConsoleIsWhereItIsSaidToBe) {
    const auto read_back = read(good("[console]\nfolder = pages\n"));
    ASSERT_TRUE(read_back) << read_back.error().for_caller;
    EXPECT_EQ(read_back->console_folder, folder_ / "pages");
    const auto refused = read(good("[console]\nfolders = pages\n"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().for_caller.find("console.folders is not a key; [console] knows: folder"),
              std::string::npos)
        << refused.error().for_caller;
}

TEST_F(ConfigurationFile, TheCourierComesToTheStateFolderUnlessAnotherPlaceIsNamed) {
    const auto usual = read(good());
    ASSERT_TRUE(usual) << usual.error().for_caller;
    EXPECT_EQ(usual->courier_socket, folder_ / "state/courier.sock");
    EXPECT_FALSE(usual->courier_uid);
    const auto other = read(good("[courier]\nsocket = run/courier.sock\nuser = root\n"));
    ASSERT_TRUE(other) << other.error().for_caller;
    EXPECT_EQ(other->courier_socket, folder_ / "run/courier.sock");
    EXPECT_EQ(other->courier_uid, 0U);
}

TEST_F(ConfigurationFile, AFileThatIsNotThereIsSaidSo) {
    const auto refused = read_configuration(folder_ / "none.ini");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().for_caller.find("no such file"), std::string::npos);
}

TEST_F(ConfigurationFile, ACredentialNeedsSystemd) {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    const auto refused = read(good("[master_key]\nsource = credential\n"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().for_caller.find("systemd gave none"), std::string::npos) << refused.error().for_caller;
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/bursard.service", 1);
    const auto found = read(good("[master_key]\nsource = credential\n"));
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ASSERT_TRUE(found) << found.error().for_caller;
    EXPECT_EQ(found->key_file, "/run/credentials/bursard.service/bursar-master-key");
}

}  // namespace
}  // namespace bursar::daemon
