// Hunts: a signature that a store refuses or that does not cover what is asked, an address that leads inside, a target
// that is somewhere else than it seems, and a list that is believed though it makes no sense.
#include "service/backup/target.h"

#include "service/backup/reach.h"
#include "service/backup/s3.h"
#include "service/backup/sftp.h"
#include "service/base/sha256.h"

#include <gtest/gtest.h>

namespace bursar::backup {
namespace {

TEST(Hashes, of_pieces_are_those_of_the_whole) {
    Sha256 pieces;
    pieces.add("ab");
    pieces.add("");
    pieces.add("c");
    EXPECT_EQ(to_hex(pieces.end()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct ReachCase {
    const char* name;
    const char* host;
    std::vector<std::string> ranges;
    const char* address;
    bool allowed;
};

TEST(Reaches, public_addresses_and_those_that_were_named) {
    const std::vector<ReachCase> cases = {
        {"a public address", "s3.example", {}, "93.184.216.34", true},
        {"a public address of IPv6", "s3.example", {}, "2606:2800:220:1::1", true},
        {"a name may not lead to loopback", "s3.example", {}, "127.0.0.1", false},
        {"nor the long way round", "s3.example", {}, "::ffff:127.0.0.1", false},
        {"loopback, if it is what was asked for", "127.0.0.1", {}, "127.0.0.1", true},
        {"loopback by its name", "localhost", {}, "::1", true},
        {"a private address", "s3.example", {}, "10.1.2.3", false},
        {"a private address as IPv6", "s3.example", {}, "::ffff:10.1.2.3", false},
        {"a private address by NAT64", "s3.example", {}, "64:ff9b::a01:203", false},
        {"a private address of a named range", "s3.example", {"10.1.0.0/16"}, "10.1.2.3", true},
        {"one bit beside it", "s3.example", {"10.1.2.2/31"}, "10.1.2.4", false},
        {"one host alone", "s3.example", {"192.168.3.4"}, "192.168.3.4", true},
        {"and no other", "s3.example", {"192.168.3.4"}, "192.168.3.5", false},
        {"a unique local one of IPv6", "s3.example", {}, "fd00:ec2::254", false},
        {"a named one of them", "s3.example", {"fd00:1::/32"}, "fd00:1:2::3", true},
        {"never where a cloud tells secrets, named or not", "s3.example", {"169.254.0.0/16"}, "169.254.169.254", false},
        {"never link-local", "s3.example", {"::/0"}, "fe80::1", false},
        {"never unspecified", "s3.example", {"0.0.0.0/0"}, "0.0.0.0", false},
        {"a range of everything opens no loopback", "s3.example", {"0.0.0.0/0", "::/0"}, "127.0.0.1", false},
    };
    for (const ReachCase& each : cases) {
        const auto reach = Reach::of(each.host, each.ranges);
        ASSERT_TRUE(reach) << each.name;
        EXPECT_EQ(reach->allows(*parse_address(each.address)), each.allowed) << each.name;
    }
    for (const char* odd : {"10.1.0.0/33", "10.1/16", "0x0a.1.2.3", "10.1.0.0/", "fd00::/129", "", "10.1.0.0/-1"})
        EXPECT_FALSE(Reach::of("h", {odd})) << odd;
}

TEST(Places, are_read_as_they_are_written) {
    const auto s3 = parse_place("https://s3.corp.example");
    ASSERT_TRUE(s3);
    EXPECT_EQ(s3->authority(), "s3.corp.example:443");
    EXPECT_EQ(s3->host_header(), "s3.corp.example");
    const auto sftp = parse_place("sftp://bursar@backup.corp.example:2222/var/backups/");
    ASSERT_TRUE(sftp);
    EXPECT_EQ(sftp->user, "bursar");
    EXPECT_EQ(sftp->port, 2222);
    EXPECT_EQ(sftp->path, "/var/backups");
    const auto six = parse_place("https://[fd00:1::2]:9000");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->authority(), "[fd00:1::2]:9000");
    EXPECT_EQ(six->host_header(), "[fd00:1::2]:9000");
    EXPECT_EQ(parse_place("https://[fd00:1::2]")->host_header(), "[fd00:1::2]");
    for (const char* odd : {"", "ftp://h", "http://s3.corp.example", "https://", "https://h:0", "https://h:65536",
                            "https://h:1x", "sftp://u:password@h/x", "sftp://u@h/../etc", "sftp://u@h/a b",
                            "https://h/a?b", "https://h\r\nX: y", "https://[::1"})
        EXPECT_FALSE(parse_place(odd)) << odd;
    EXPECT_TRUE(parse_place("http://127.0.0.1:9000"));
}

TEST(Lists, of_a_store_have_backups_only) {
    const auto page = read_page(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3\"><Name>b</Name><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>a+b/=</NextContinuationToken>"
        "<Contents><Key>m/bursar-20261130T020000Z.backup</Key><Size>17</Size></Contents>"
        "<Contents><Key>m/notes.txt</Key><Size>1</Size></Contents>"
        "<Contents><Key>bursar-20261129T020000Z.backup</Key><Size>1</Size></Contents></ListBucketResult>",
        "m/");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->stored, (std::vector<Stored>{{"bursar-20261130T020000Z.backup", 17}}));
    EXPECT_EQ(page->next, "a+b/=");
    for (const char* odd : {"", "<html>hello</html>", "<ListBucketResult>",
                            "<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
                            "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
                            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"})
        EXPECT_FALSE(read_page(odd, "")) << odd;
}

TEST(Lists, of_a_folder_have_regular_files_of_ours) {
    const auto stored = read_listing(
        "drwx------    2 bursar bursar     4096 Nov 30 02:00 .\n"
        "-rw-------    1 bursar bursar     1234 Nov 30 02:00 bursar-20261130T020000Z.backup\n"
        "-rw-------    1 bursar bursar       99 Nov 30 02:00 bursar-20261130T030000Z.backup.part\r\n"
        "lrwxrwxrwx    1 bursar bursar       99 Nov 30 02:00 bursar-20261130T040000Z.backup\n"
        "-rw-------    1 bursar bursar     many Nov 30 02:00 bursar-20261130T050000Z.backup\n"
        "-rw-------    1 bursar bursar        5 Nov 30 02:00 notes\n"
        "bursar-20261130T060000Z.backup");
    EXPECT_EQ(stored, (std::vector<Stored>{{"bursar-20261130T020000Z.backup", 1234},
                                           {"bursar-20261130T030000Z.backup.part", 99}}));
}

}  // namespace
}  // namespace bursar::backup
