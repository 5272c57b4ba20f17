// Hunts: command lines and files that are taken for something else than what they say.
#include "integrations/courier/options.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

class OptionsTest : public testing::Test {
  protected:
    OptionsTest() { std::filesystem::create_directories(folder_); }
    ~OptionsTest() override { std::filesystem::remove_all(folder_); }
    std::string file(std::string_view text) const {
        std::ofstream(folder_ / "bursard.ini") << text;
        return (folder_ / "bursard.ini").string();
    }
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("bursar-options-" + std::to_string(::getpid()));
};

TEST_F(OptionsTest, ASocketIsEnough) {
    const auto read =
        read_options({"--socket", "/run/bursar/courier.sock", "--user", "courier", "--log-level", "debug"});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->socket, "/run/bursar/courier.sock");
    EXPECT_EQ(read->user, "courier");
    EXPECT_EQ(read->level, log::Level::debug);
}

TEST_F(OptionsTest, AFileSaysTheSame) {
    const auto read = read_options({"--config", file("; a remark\n[listen]\nport = 1\n[courier]\nsocket = "
                                                     "run/c.sock\nuser=courier\n[log]\nlevel = warning\n")});
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->socket, (folder_ / "run/c.sock").string());
    EXPECT_EQ(read->user, "courier");
    EXPECT_EQ(read->level, log::Level::warning);
}

TEST_F(OptionsTest, WithoutItsKeyTheSocketLiesInTheStateFolder) {
    const auto read = read_options({"--config", file("[state]\nfolder = data\n")});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->socket, (folder_ / "data/courier.sock").string());
}

TEST_F(OptionsTest, WrongUsageAndWrongFilesAreToldApart) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                  {"--socket"},
                                                  {"--socket", ""},
                                                  {"--port", "1"},
                                                  {"--socket", "/x", "--log-level", "loud"}}) {
        const auto read = read_options(words);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().fault, Fault::invalid_request);
    }
    for (const char* text : {"[courier]\nsockett = x\n", "[log]\nlevel = loud\n", "nonsense\n"}) {
        const auto read = read_options({"--config", file(text)});
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().fault, Fault::wrong_configuration);
    }
    EXPECT_EQ(read_options({"--config", "/nowhere/x.ini"}).error().fault, Fault::wrong_configuration);
    EXPECT_EQ(read_options({"--socket", "/" + std::string(200, 'x')}).error().fault, Fault::wrong_configuration);
}

TEST_F(OptionsTest, HelpAndVersionComeFirst) {
    EXPECT_TRUE(read_options({"--help"})->help);
    EXPECT_TRUE(read_options({"--socket", "/x", "--version"})->version);
}

}  // namespace
}  // namespace bursar::courier
