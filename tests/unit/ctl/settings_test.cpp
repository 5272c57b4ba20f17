// Hunts: a token sent to the wrong place or in the clear, a source that beats a nearer one, a file error that passes
// silently.
#include "service/ctl/settings.h"

#include "service/ctl/command.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

namespace fs = std::filesystem;

class SettingsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "bursarctl-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        environment_["HOME"] = folder_.string();
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path file(const std::string& name, const std::string& text) {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    Outcome<Settings> read(std::vector<std::string> words) {
        words.emplace_back("whoami");
        const auto arguments = read_arguments(words, all_commands());
        EXPECT_TRUE(arguments);
        return read_settings(*arguments, [this](std::string_view name) -> std::optional<std::string> {
            const auto found = environment_.find(std::string(name));
            if (found == environment_.end()) return std::nullopt;
            return found->second;
        });
    }

    fs::path folder_;
    std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, TheNearerSourceWins) {
    const auto tokens = file("tokens/option", "from-option\n");
    file(".config/bursar/ctl.json", R"({"url":"https://file:1","token_file":"token","ca_file":"ca.pem"})");
    file(".config/bursar/token", "from-file");
    const auto quickstart =
        file("quickstart.json",
             R"({"admin_url":"https://127.0.0.1:5/api/v1","operator_token":"from-quickstart","ca_file":"/q/ca.pem"})");

    auto settings = read({});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->origin, "https://file:1");
    EXPECT_EQ(settings->token.reveal(), "from-file");
    EXPECT_EQ(settings->ca_file, folder_ / ".config/bursar/ca.pem");

    environment_["BURSAR_URL"] = "https://variable:2";
    environment_["BURSAR_TOKEN"] = "from-variable";
    settings = read({});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->origin, "https://variable:2");
    EXPECT_EQ(settings->token.reveal(), "from-variable");

    settings = read({"--quickstart", quickstart.string()});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->origin, "https://127.0.0.1:5");
    EXPECT_EQ(settings->token.reveal(), "from-quickstart");
    EXPECT_EQ(settings->ca_file, "/q/ca.pem");

    settings =
        read({"--quickstart", quickstart.string(), "--url", "https://option:3", "--token-file", tokens.string()});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->origin, "https://option:3");
    EXPECT_EQ(settings->token.reveal(), "from-option");
}

TEST_F(SettingsTest, AWrongFileStopsEverything) {
    file("empty", "\n");
    file("two", "bso_a\nbso_b\n");
    file("list.json", "[1]");
    const struct {
        std::vector<std::string> words;
        std::string text;
    } cases[] = {
        {{"--token-file", (folder_ / "missing").string()}, "cannot be read"},
        {{"--token-file", (folder_ / "empty").string()}, "is empty"},
        {{"--token-file", (folder_ / "two").string()}, "exactly one token"},
        {{"--quickstart", (folder_ / "list.json").string()}, "not a JSON object"},
    };
    for (const auto& c : cases) {
        const auto settings = read(c.words);
        ASSERT_FALSE(settings) << c.text;
        EXPECT_EQ(settings.error().exit, Exit::wrong_configuration);
        EXPECT_NE(settings.error().text.find(c.text), std::string::npos) << settings.error().text;
    }
    file(".config/bursar/ctl.json", R"({"uri":"https://x"})");
    const auto misspelt = read({});
    ASSERT_FALSE(misspelt);
    EXPECT_NE(misspelt.error().text.find("'uri'"), std::string::npos);
}

TEST(Origin, Table) {
    const struct {
        std::string url;
        std::string origin;  ///< empty: refused
    } cases[] = {
        {"https://gateway.example:8443", "https://gateway.example:8443"},
        {"https://gateway.example:8443/", "https://gateway.example:8443"},
        {"https://gateway.example/api/v1", "https://gateway.example"},
        {"gateway.example:8443", "https://gateway.example:8443"},
        {"http://127.0.0.1:80", "http://127.0.0.1:80"},
        {"http://localhost:8080", "http://localhost:8080"},
        {"http://[::1]:8080", "http://[::1]:8080"},
        {"http://10.0.0.1", ""},
        {"http://127.0.0.1.evil.example", ""},
        {"http://localhost@evil.example", ""},
        {"https://user:password@gateway.example", ""},
        {"ftp://gateway.example", ""},
        {"https://", ""},
        {"", ""},
        {"https://gateway.example/?a=b", ""},
    };
    for (const auto& c : cases) {
        const auto origin = origin_of(c.url);
        EXPECT_EQ(origin.value_or(""), c.origin) << c.url;
        if (!origin) EXPECT_EQ(origin.error().exit, Exit::wrong_configuration);
    }
}

constexpr const char* kept_sign_in =
    R"({"url":"https://gateway:1","ca_file":"/ca.pem","access_token":"bsa_a","refresh_token":"bsf_r","expires_at":5})";

TEST_F(SettingsTest, ASignInIsForItsOwnAddressAndOnlyWithoutAToken) {
    const auto kept = file(".config/bursar/sign-in.json", kept_sign_in);
    fs::permissions(kept, fs::perms::owner_read | fs::perms::owner_write);
    auto settings = read({});
    ASSERT_TRUE(settings) << settings.error().text;
    EXPECT_EQ(settings->origin, "https://gateway:1");
    EXPECT_EQ(settings->ca_file, "/ca.pem");
    ASSERT_TRUE(settings->sign_in);
    EXPECT_EQ(settings->sign_in->access.reveal(), "bsa_a");
    EXPECT_EQ(settings->sign_in->refresh.reveal(), "bsf_r");

    EXPECT_TRUE(read({"--url", "https://gateway:1/api"})->sign_in);
    EXPECT_FALSE(read({"--url", "https://elsewhere:1"})->sign_in) << "nobody else gets the tokens";
    environment_["BURSAR_TOKEN"] = "bso_x";
    settings = read({});
    EXPECT_FALSE(settings->sign_in);
    EXPECT_EQ(settings->origin, "https://127.0.0.1:8443");
    EXPECT_FALSE(settings->is_person);
    environment_["BURSAR_TOKEN"] = "bsa_x";
    EXPECT_TRUE(read({})->is_person);
}

TEST_F(SettingsTest, ASignInThatOthersCanReadOrThatIsNoneIsRefused) {
    const auto kept = file(".config/bursar/sign-in.json", kept_sign_in);
    fs::permissions(kept, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
    const auto open = read({});
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().exit, Exit::wrong_configuration);
    EXPECT_NE(open.error().text.find("can be read by others"), std::string::npos);
    for (const char* text : {"", "{}", "[]", R"({"url":"https://gateway:1","access_token":"bsa_a"})"}) {
        file(".config/bursar/sign-in.json", text);
        fs::permissions(kept, fs::perms::owner_read | fs::perms::owner_write);
        EXPECT_FALSE(read({})) << text;
    }
    file(".config/bursar/sign-in.json", R"({"url":"http://gateway:1","access_token":"a","refresh_token":"r"})");
    EXPECT_FALSE(read({})) << "not encrypted";
}

TEST_F(SettingsTest, ASignInIsKeptForItsOwnerOnlyAndReadBack) {
    const fs::path path = folder_ / "new" / "folder" / "sign-in.json";
    const auto made = sign_in_of(R"({"access_token":"bsa_a","refresh_token":"bsf_r","expires_in":600})",
                                 "https://gateway:1", {}, 1'000);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->expires_at, 1'600);
    EXPECT_FALSE(is_worn(*made, 1'000));
    EXPECT_TRUE(is_worn(*made, 1'550));
    ASSERT_TRUE(write_sign_in(path, *made));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(path.parent_path()).permissions(), fs::perms::owner_all);
    const auto again = read_sign_in(path);
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->access.reveal(), "bsa_a");
    EXPECT_EQ((*again)->expires_at, 1'600);
    ASSERT_TRUE(forget_sign_in(path));
    EXPECT_FALSE(*read_sign_in(path));
    EXPECT_FALSE(sign_in_of(R"({"access_token":"bsa_a"})", "https://gateway:1", {}, 0));
}

}  // namespace
}  // namespace bursar::ctl
