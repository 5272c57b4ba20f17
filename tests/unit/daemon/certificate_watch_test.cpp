// Hunts: a renewed certificate that nobody takes into use, one that is taken while only half of it is there, wrong
// files that are tried again and again, and a failure that is told for ever.
#include "service/daemon/certificate_watch.h"

#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

class Watched : public testing::Test {
  protected:
    void SetUp() override {
        put_content(certificate, "one");
        put_content(key, "one");
        watch = std::make_unique<CertificateWatch>(std::vector{certificate, key}, [this]() -> Result<void> {
            ++reloads;
            if (good) return {};
            return fail(Fault::wrong_configuration, "The key is another one's.");
        });
    }

    TestFolder folder;
    const std::filesystem::path certificate = folder / "server.pem", key = folder / "server.key";
    int reloads = 0;
    bool good = true;
    std::unique_ptr<CertificateWatch> watch;
};

TEST_F(Watched, files_that_stay_are_left_alone) {
    for (int i = 0; i < 3; ++i) watch->look();
    EXPECT_EQ(reloads, 0);
}

TEST_F(Watched, new_files_are_taken_once_both_have_settled) {
    put_content(certificate, "another");
    watch->look();
    put_content(key, "another");
    watch->look();
    EXPECT_EQ(reloads, 0) << "only half of them may be there";
    watch->look();
    watch->look();
    EXPECT_EQ(reloads, 1);
}

TEST_F(Watched, a_file_that_takes_the_place_of_another_is_new_though_it_is_as_long_and_as_old) {
    const auto then = std::filesystem::last_write_time(key);
    put_content(folder / "next", "two");
    std::filesystem::last_write_time(folder / "next", then);
    std::filesystem::rename(folder / "next", key);
    watch->look();
    watch->look();
    EXPECT_EQ(reloads, 1);
}

TEST_F(Watched, wrong_files_are_tried_once_told_of_and_forgotten_with_the_next_right_ones) {
    good = false;
    put_content(certificate, "wrong one");
    for (int i = 0; i < 4; ++i) watch->look();
    EXPECT_EQ(reloads, 1);
    EXPECT_EQ(watch->failure(), "The key is another one's.");
    std::filesystem::remove(key);
    for (int i = 0; i < 4; ++i) watch->look();
    EXPECT_EQ(reloads, 2);
    good = true;
    put_content(key, "right");
    for (int i = 0; i < 4; ++i) watch->look();
    EXPECT_EQ(reloads, 3);
    EXPECT_EQ(watch->failure(), "");
}

TEST_F(Watched, a_reload_that_somebody_asks_for_needs_no_second_one) {
    put_content(certificate, "another");
    ASSERT_TRUE(watch->reload());
    watch->look();
    watch->look();
    EXPECT_EQ(reloads, 1);
}

}  // namespace
}  // namespace bursar::daemon
