#include "auth/network.h"

#include <gtest/gtest.h>

// Hunts: an address that is taken for another because of how it is written, and prefixes that end in the middle of a
// byte.
namespace bursar::auth {
namespace {

TEST(Network, contains_what_it_says) {
    struct Case {
        const char* network;
        const char* address;
        bool contains;
    };
    for (const Case& c :
         {Case{"10.0.0.0/8", "10.255.255.255", true}, Case{"10.0.0.0/8", "11.0.0.0", false},
          Case{"10.0.0.0/8", "::ffff:10.1.1.1", true}, Case{"10.0.0.0/8", "::10.1.1.1", false},
          Case{"192.168.4.0/22", "192.168.7.255", true}, Case{"192.168.4.0/22", "192.168.8.0", false},
          Case{"192.168.4.128/25", "192.168.4.127", false}, Case{"203.0.113.7", "203.0.113.7", true},
          Case{"203.0.113.7", "203.0.113.6", false}, Case{"0.0.0.0/0", "255.255.255.255", true},
          Case{"0.0.0.0/0", "2001:db8::1", false}, Case{"::/0", "10.0.0.1", true},
          Case{"2001:db8::/33", "2001:db8:7fff::1", true}, Case{"2001:db8::/33", "2001:db8:8000::1", false},
          Case{"fe80::/10", "fe80::1%eth0", true}, Case{"::1", "::1", true}, Case{"::1/128", "::2", false},
          Case{"::ffff:10.0.0.0/104", "10.9.9.9", true}}) {
        const auto network = Network::parse(c.network);
        ASSERT_TRUE(network) << c.network;
        const auto address = parse_address(c.address);
        ASSERT_TRUE(address) << c.address;
        EXPECT_EQ(network->contains(*address), c.contains) << c.address << " in " << c.network;
    }
}

TEST(Network, that_is_written_wrong_is_refused) {
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                             "10.0.0/8", "010.0.0.0/8", "10.0.0.1/8", "::1/129", "2001:db8::1/32", "fe80::1%eth0/64",
                             "localhost", "10.0.0.0/8/8", "10.0.0.256", "1.2.3.4.5"})
        EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Address, is_an_address_and_nothing_else) {
    for (const char* text : {"", "10.0.0.1:80", "[::1]", "::1%", "10.0.0.1%eth0", "a.b.c.d", ":::", "12345::"})
        EXPECT_EQ(parse_address(text).has_value(), std::string_view(text) == "::1%") << text;
    EXPECT_FALSE(parse_address(std::string(100'000, '1')));
    EXPECT_FALSE(parse_address(std::string_view("10.0.0.1\0", 9)));
    EXPECT_EQ(parse_address("10.0.0.1"), parse_address("::ffff:10.0.0.1"));
}

}  // namespace
}  // namespace bursar::auth
