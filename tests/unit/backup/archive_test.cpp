// Hunts: a backup that opens although it was cut, edited, put together from two, or is somebody else's; a head that
// makes us write where it likes.
#include "service/backup/archive.h"

#include "service/backup/head.h"
#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

const store::GoesOn always = [](std::uint64_t, std::uint64_t) { return true; };

Manifest manifest_with(char salt) {
    return {.made_at = *parse_timestamp("2026-11-30T02:00:00Z"),
            .version = "1.2.3",
            .organisation = "Example GmbH",
            .host = "bursar1",
            .revision = 12,
            .salt = std::string(16, salt),
            .keyring = "ring",
            .recovery = "",
            .parts = {}};
}

class Archives : public testing::Test {
  protected:
    Archives() {
        // The first one ends with a whole piece, the second one in the middle of one, the third has nothing.
        put_content(folder / "a", std::string(2 * piece_bytes, 'a'));
        put_content(folder / "b", std::string(piece_bytes + 5, 'b'));
        put_content(folder / "c", "");
    }
    std::vector<Source> sources() const {
        return {{"bursar.db", folder / "a"}, {"vault/vault.db", folder / "b"}, {"etc/empty", folder / "c"}};
    }
    fs::path written(const std::string& name, char salt = 's') const {
        const fs::path file = folder / name;
        const auto done = write_archive(file, manifest_with(salt), sources(), key, always);
        EXPECT_TRUE(done) << told(done);
        return file;
    }
    Result<void> take_out(const fs::path& file, const Secret& by) {
        const fs::path to = folder / ("out" + std::to_string(++outs));
        fs::create_directory(to);
        return extract(file, by, to);
    }

    TestFolder folder;
    const Secret key = Secret(std::string(32, 'k'));
    int outs = 0;
};

TEST_F(Archives, EverythingComesOutAsItWentIn) {
    const fs::path file = written("archive");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const auto manifest = read_manifest(file);
    ASSERT_TRUE(manifest) << told(manifest);
    Manifest expected = manifest_with('s');
    expected.parts = {{"bursar.db", 2 * piece_bytes}, {"vault/vault.db", piece_bytes + 5}, {"etc/empty", 0}};
    EXPECT_EQ(*manifest, expected);
    EXPECT_TRUE(check_whole(file));
    const auto done = take_out(file, key);
    ASSERT_TRUE(done) << told(done);
    EXPECT_EQ(content_of(folder / "out1" / "bursar.db"), content_of(folder / "a"));
    EXPECT_EQ(content_of(folder / "out1" / "vault" / "vault.db"), content_of(folder / "b"));
    EXPECT_TRUE(fs::exists(folder / "out1" / "etc" / "empty"));
    EXPECT_FALSE(content_of(file).contains(std::string(100, 'a'))) << "the parts lie in the open";
}

TEST_F(Archives, AnotherKeyOpensNothing) {
    const auto done = take_out(written("archive"), Secret(std::string(32, 'x')));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().fault, Fault::wrong_configuration);
}

TEST_F(Archives, AnyEditedByteIsFoundWithoutAndWithTheKey) {
    const fs::path file = written("archive");
    const std::string whole = content_of(file);
    const std::size_t head = whole.find("\n\n") + 2;
    // Around every border: head, lengths, pieces, the checksum.
    std::vector<std::size_t> places = {
        0, 20, head - 3, head, head + 3, head + 4, head + 20, whole.size() - 33, whole.size() - 1};
    for (std::size_t at = head; at < whole.size(); at += whole.size() / 97) places.push_back(at);
    for (const std::size_t at : places) {
        std::string edited = whole;
        edited[at] = static_cast<char>(edited[at] ^ 1);
        put_content(file, edited);
        EXPECT_FALSE(check_whole(file)) << "byte " << at;
        if (at < whole.size() - 32) EXPECT_FALSE(take_out(file, key)) << "byte " << at;
    }
}

TEST_F(Archives, ACutFileIsFound) {
    const fs::path file = written("archive");
    const std::string whole = content_of(file);
    for (const std::size_t size : {whole.size() - 1, whole.size() - 33, whole.size() / 2, whole.find("\n\n") + 2,
                                   std::size_t{10}, std::size_t{0}}) {
        put_content(file, std::string_view(whole).substr(0, size));
        EXPECT_FALSE(check_whole(file)) << size << " bytes";
    }
    // At the border of two pieces, where every piece that is left is whole.
    const std::size_t head = whole.find("\n\n") + 2;
    put_content(file, std::string_view(whole).substr(0, head + 4 + piece_bytes + 28));
    EXPECT_FALSE(take_out(file, key));
}

TEST_F(Archives, PiecesOfTwoBackupsDoNotGoTogether) {
    const std::string one = content_of(written("one", '1')), two = content_of(written("two", '2'));
    ASSERT_EQ(one.size(), two.size());
    const std::size_t head = one.find("\n\n") + 2;
    put_content(folder / "mixed", one.substr(0, head) + two.substr(head));
    EXPECT_FALSE(take_out(folder / "mixed", key));
    // Of one backup in another order: the first two pieces are of the same size.
    const std::size_t piece = 4 + piece_bytes + 28;
    put_content(folder / "swapped", one.substr(0, head) + one.substr(head + piece, piece) + one.substr(head, piece) +
                                        one.substr(head + 2 * piece));
    EXPECT_FALSE(take_out(folder / "swapped", key));
}

TEST_F(Archives, WhatIsEndedLeavesNoFile) {
    const auto done = write_archive(folder / "archive", manifest_with('s'), sources(), key,
                                    [](std::uint64_t bytes, std::uint64_t) { return bytes < piece_bytes; });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().fault, Fault::shutting_down);
    EXPECT_FALSE(fs::exists(folder / "archive"));
    const std::vector<Source> missing = {{"bursar.db", folder / "nothing"}};
    EXPECT_FALSE(write_archive(folder / "archive", manifest_with('s'), missing, key, always));
    EXPECT_FALSE(fs::exists(folder / "archive"));
}

TEST_F(Archives, ANameOfTheOrganisationCannotAddLines) {
    Manifest manifest = manifest_with('s');
    manifest.organisation = "Evil\npart: ../../etc/passwd 3";
    ASSERT_TRUE(write_archive(folder / "archive", manifest, sources(), key, always));
    const auto read = read_manifest(folder / "archive");
    ASSERT_TRUE(read) << told(read);
    EXPECT_EQ(read->organisation, "Evil part: ../../etc/passwd 3");
    EXPECT_EQ(read->parts.size(), 3U);
}

TEST(Heads, WhatMakesNoSenseIsRefusedWithASentence) {
    const std::string good = write_head([] {
        Manifest manifest = manifest_with('s');
        manifest.parts = {{"bursar.db", 1}};
        return manifest;
    }());
    ASSERT_TRUE(read_head(good));
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return read_head(text);
    };
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"bursar-backup 1", "bursar-backup 2"},
             {"bursar-backup 1", "tar"},
             {"part: bursar.db 1", "part: /etc/passwd 1"},
             {"part: bursar.db 1", "part: ../bursar.db 1"},
             {"part: bursar.db 1", "part: bursar.db -1"},
             {"part: bursar.db 1", "part: bursar.db 99999999999999999999999"},
             {"part: bursar.db 1", "part: bursar.db 1\npart: bursar.db 1"},
             {"part: bursar.db 1\n", ""},
             {"made: 2026", "made: yesterday"},
             {"policy-revision: 12", "policy-revision: twelve"},
             {"salt: 7373", "salt: 73"},
             {"salt: ", "salt: zz"},
             {"keyring: ", "keyring: \nx: "},
             {"host: bursar1", "host bursar1"},
             {"host: bursar1", "hostile: bursar1"},
             {"\n\n", "\n"},
         })
        EXPECT_FALSE(with(from, to)) << from << " -> " << to;
    const auto newer = with("bursar-backup 1", "bursar-backup 2");
    EXPECT_TRUE(told(newer).contains("newer version")) << told(newer);
}

}  // namespace
}  // namespace bursar::backup
