#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/ids.h"
#include "service/base/json.h"

#include <charconv>
#include <fstream>

#include <gtest/gtest.h>

namespace bursar {
namespace {

// Hunts: log injection by newline, escape, bidirectional override or broken UTF-8.
TEST(Json, a_hostile_string_stays_one_line_of_plain_text) {
    std::string out;
    append_json_string(out, "a\nb\x1b[31m\"\\\x7f\xff\xe2\x80\xae z\xc3\xa9 \xed\xa0\x80");
    EXPECT_EQ(out, "\"a\\nb\\u001b[31m\\\"\\\\\\u007f\\ufffd\\u202e z\xc3\xa9 \\ufffd\\ufffd\\ufffd\"");
}

TEST(Text, a_byte_is_escaped_the_same_wherever_it_stands) {
    for (int value = 0; value < 256; ++value) {
        const std::string byte(1, static_cast<char>(value));
        std::string alone;
        append_json_string(alone, byte);
        const std::string escaped = alone.substr(1, alone.size() - 2);
        for (std::size_t before = 0; before < 20; ++before) {
            for (const std::string_view neighbour : {"a", "\x7e", " ", "[", "!", "#", "\n"}) {
                std::string text, wanted = "\"", got;
                for (std::size_t i = 0; i < before; ++i) text += neighbour;
                for (std::size_t i = 0; i < before; ++i) wanted += neighbour == "\n" ? "\\n" : neighbour;
                append_json_string(got, text + byte + text);
                wanted += escaped + wanted.substr(1) + '"';
                ASSERT_EQ(got, wanted) << value << " after " << before;
            }
        }
    }
}

TEST(Json, commas_stand_only_between_members) {
    JsonWriter json;
    json.open()
        .key("a")
        .open_list()
        .value(1)
        .value("x")
        .close_list()
        .key("b")
        .open()
        .close()
        .field("c", true)
        .key("d")
        .null()
        .close();
    EXPECT_EQ(json.text(), R"({"a":[1,"x"],"b":{},"c":true,"d":null})");
}

TEST(Ids, text_and_bytes_go_both_ways_and_sort_by_time) {
    const Timestamp now = *parse_timestamp("2026-11-23T18:00:00Z");
    const CallId first = CallId::make(now), later = CallId::make(now + std::chrono::milliseconds{1});
    EXPECT_LT(first.text(), later.text());
    EXPECT_EQ(*CallId::parse(first.text()), first);
    EXPECT_EQ(first.text().size(), 31U);
    EXPECT_FALSE(CallId::parse("call_" + std::string(26, 'z')));
    EXPECT_FALSE(CallId::parse("att_" + first.text().substr(5)));
    CallId::Bytes all_ones;
    all_ones.fill(0xff);
    EXPECT_EQ(*CallId::parse(CallId(all_ones).text()), CallId(all_ones));
}

TEST(Time, reads_offsets_and_refuses_dates_that_do_not_exist) {
    EXPECT_EQ(to_text(*parse_timestamp("2026-07-15T10:00:00.25+02:00")), "2026-07-15T08:00:00.250Z");
    EXPECT_EQ(to_text(*parse_timestamp("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59.000Z");
    for (const char* text : {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
                             "2026-01-01T00:00:00", "2026-01-01T00:00:00+2:00", "-026-01-01T00:00:00Z"})
        EXPECT_FALSE(parse_timestamp(text)) << text;
}

// RFC 4231 test case 2, RFC 5869 test case 3, and the check value of CRC-32.
TEST(Crypto, agrees_with_the_published_vectors) {
    EXPECT_EQ(to_hex(as_text(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // The key of before is kept: another one, none at all and the first again must each count.
    const Digest first = hmac_sha256("Jefe", "x");
    EXPECT_NE(hmac_sha256("Jeff", "x"), first);
    EXPECT_EQ(to_hex(as_text(hmac_sha256("", ""))), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    EXPECT_EQ(hmac_sha256("Jefe", "x"), first);
    EXPECT_EQ(hmac_sha256("Jefe", "x"), first);
    const Secret key = derive_key(Secret(std::string(22, '\x0b')), "", 42);
    EXPECT_EQ(to_hex(key.reveal()),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
    EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339U);
    EXPECT_EQ(crc32(""), 0U);
    // RFC 4231 test case 6: a key that is longer than a block.
    EXPECT_EQ(to_hex(as_text(
                  hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"))),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(*from_hex(to_hex("\x01\xff")), "\x01\xff");
}

/// How often the bytes are in this process's heap, freed blocks included.
std::size_t copies_in_heap(std::string_view bytes) {
    std::size_t copies = 0;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (!line.ends_with("[heap]")) continue;
        std::uintptr_t begin = 0, end = 0;
        std::from_chars(line.data(), line.data() + line.find('-'), begin, 16);
        std::from_chars(line.data() + line.find('-') + 1, line.data() + line.find(' '), end, 16);
        const std::string_view heap(reinterpret_cast<const char*>(begin), end - begin);
        for (auto at = heap.find(bytes); at != std::string_view::npos; at = heap.find(bytes, at + 1)) ++copies;
    }
    return copies;
}

TEST(Crypto, a_derived_key_is_nowhere_but_in_its_secret) {
    const Secret master(random_bytes(32));
    const Secret key = derive_key(master, "a purpose that is too long for a short string, so that it is allocated", 64);
    // The allocator writes into the first bytes of a freed block; what is behind them stays.
    for (const std::size_t from : {std::size_t{16}, std::size_t{48}})
        EXPECT_LE(copies_in_heap(key.reveal().substr(from, 16)), 1U) << "bytes from " << from;
}

TEST(Secret, a_short_one_that_was_moved_leaves_nothing_behind) {
    Secret from(std::string("short-secret"));
    const char* const was = from.reveal().data();
    const Secret to(std::move(from));
    EXPECT_EQ(to.reveal(), "short-secret");
    // Its first byte became the end of an empty string.
    EXPECT_NE(std::string_view(was + 1, 11), "hort-secret");
}

}  // namespace
}  // namespace bursar
