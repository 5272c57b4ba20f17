// Hunts: a file or folder that more people may read than its owner says, and a write that leaves something beside it.
#include "installer/setup/files.h"

#include "scripted_system.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& file) {
    struct stat facts{};
    return ::stat(file.c_str(), &facts) == 0 ? facts.st_mode & 0777U : 0;
}

struct Case {
    Owner owner;
    unsigned file, folder;
};

TEST(Files, files_and_folders_are_for_whom_their_owner_says) {
    const OwnFolder own;
    const Paths paths{.root = own.path()};
    int number = 0;
    for (const Case& each : {Case{Owner::root, 0600, 0700}, Case{Owner::group, 0640, 0750},
                             Case{Owner::service, 0600, 0700}, Case{Owner::everybody, 0644, 0755}}) {
        const fs::path folder = own.path() / std::to_string(++number);
        ASSERT_TRUE(make_folder({folder, each.owner}, paths));
        EXPECT_EQ(mode_of(folder), each.folder);
        ASSERT_TRUE(write_file({folder / "f", Secret::copy_of("x"), each.owner}, paths, Timestamp{}));
        EXPECT_EQ(mode_of(folder / "f"), each.file);
        EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1)
            << "nothing is left beside it";
    }
}

TEST(Files, what_cannot_be_written_says_so_and_leaves_what_was_there) {
    const OwnFolder own;
    const auto done =
        write_file({own.path() / "missing/f", Secret::copy_of("x")}, Paths{.root = own.path()}, Timestamp{});
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().for_caller.contains("missing/f cannot be written")) << done.error().for_caller;
    fs::create_directory(own.path() / "folder");
    EXPECT_FALSE(write_file({own.path() / "folder", Secret::copy_of("x")}, Paths{.root = own.path()}, Timestamp{}));
    EXPECT_TRUE(fs::is_directory(own.path() / "folder"));
}

TEST(Files, a_file_beyond_its_limit_or_that_is_none_is_refused) {
    const OwnFolder own;
    EXPECT_TRUE(read_file(own.write("four", "1234"), 4));
    EXPECT_FALSE(read_file(own.write("five", "12345"), 4));
    EXPECT_FALSE(read_file(own.path(), 4));
    EXPECT_FALSE(read_file("/dev/zero", 4));
    EXPECT_FALSE(read_secret_file(own.write("empty", "\n")));
}

}  // namespace
}  // namespace bursar::setup
