#include "service/vault/vault.h"
#include "tests/unit/store/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::vault {
namespace {

const std::string hex_digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// Hunts: a master key that others can read, or that is silently not the one in the file.
TEST(MasterKeyFile, takes_what_is_a_key_and_refuses_the_rest_with_a_reason) {
    const std::string raw = *from_hex(hex_digits);
    struct Case {
        const char* name;
        std::string content;
        mode_t mode;
        const char* refusal;  ///< nullptr: it is taken
    };
    for (const Case& c :
         {Case{"32 raw bytes", raw, 0600, nullptr}, Case{"hex", hex_digits, 0600, nullptr},
          Case{"hex with a line break", hex_digits + "\n", 0400, nullptr},
          Case{"others may read it", hex_digits, 0644, "chmod 600"},
          Case{"the group may write it", hex_digits, 0660, "chmod 600"},
          Case{"31 bytes", raw.substr(1), 0600, "31 bytes"}, Case{"33 bytes", raw + "x", 0600, "33 bytes"},
          Case{"63 digits", hex_digits.substr(1), 0600, "63 bytes"},
          Case{"a letter that is no digit", "g" + hex_digits.substr(1), 0600, "64 hexadecimal"},
          Case{"nothing", "", 0600, "0 bytes"}, Case{"a megabyte", std::string(1 << 20, '0'), 0600, "bytes"}}) {
        SCOPED_TRACE(c.name);
        const TestFolder folder;
        put_content(folder / "key", c.content);
        ASSERT_EQ(::chmod((folder / "key").c_str(), c.mode), 0);
        const auto key = MasterKey::from_file(folder / "key");
        if (c.refusal == nullptr) {
            ASSERT_TRUE(key) << told(key);
            EXPECT_EQ(key->secret().reveal(), raw);
            EXPECT_FALSE(key->is_passphrase());
            continue;
        }
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().fault, Fault::wrong_configuration);
        EXPECT_NE(key.error().for_caller.find(c.refusal), std::string::npos) << told(key);
        EXPECT_EQ(told(key).find(hex_digits.substr(0, 16)), std::string::npos) << "the key is in the error";
    }
}

TEST(MasterKeyFile, refuses_what_is_no_file) {
    const TestFolder folder;
    for (const auto& path : {folder / "nothing", folder.path()}) {
        const auto key = MasterKey::from_file(path);
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().fault, Fault::wrong_configuration);
        EXPECT_NE(key.error().for_caller.find(path.string()), std::string::npos);
    }
}

TEST(MasterKeyFile, a_systemd_credential_may_be_readable_for_its_group_in_a_closed_folder) {
    if (::geteuid() != 0) return;  // only root can make a file of root
    const TestFolder folder;
    put_content(folder / "credential", hex_digits);
    ASSERT_EQ(::chmod((folder / "credential").c_str(), 0440), 0);
    EXPECT_TRUE(MasterKey::from_file(folder / "credential"));
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    EXPECT_FALSE(MasterKey::from_file(folder / "credential")) << "its folder is open to everybody";
}

TEST(MasterKeyFile, is_generated_once_for_its_owner_alone) {
    const TestFolder folder;
    const auto made = MasterKey::generate(folder / "key");
    ASSERT_TRUE(made) << told(made);
    struct stat facts{};
    ASSERT_EQ(::stat((folder / "key").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
    const auto read = MasterKey::from_file(folder / "key");
    ASSERT_TRUE(read) << told(read);
    EXPECT_EQ(read->secret().reveal(), made->secret().reveal());
    const std::string before = content_of(folder / "key");
    const auto again = MasterKey::generate(folder / "key");
    ASSERT_FALSE(again) << "a master key was overwritten";
    EXPECT_EQ(again.error().fault, Fault::conflict);
    EXPECT_EQ(content_of(folder / "key"), before);
    EXPECT_NE(MasterKey::generate(folder / "other")->secret().reveal(), made->secret().reveal());
}

}  // namespace
}  // namespace bursar::vault
