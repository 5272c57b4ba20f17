// Hunts: a stranger on this machine who ends or steals a sign-in by speaking to its port, and a browser that is taken
// for one.
#include "service/ctl/loopback.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

std::string head(std::string_view target, std::string_view method = "GET") {
    return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1:41234";
}

TEST(Callback, brings_a_code_with_the_state_of_this_sign_in) {
    const auto brought = read_callback(head("/callback?code=abc%2Bd&state=st4te"), "st4te");
    ASSERT_TRUE(brought);
    EXPECT_EQ(brought->code.reveal(), "abc+d");
    EXPECT_EQ(brought->error, "");
    const auto denied = read_callback(head("/callback?error=access_denied&state=st4te"), "st4te");
    ASSERT_TRUE(denied);
    EXPECT_TRUE(denied->code.empty());
    EXPECT_EQ(denied->error, "access_denied");
}

TEST(Callback, is_nothing_else) {
    for (const std::string& wrong :
         {head("/callback?code=abc&state=another"), head("/callback?code=abc"), head("/callback?code=abc&state="),
          head("/callback?state=st4te"), head("/callback?code=&state=st4te"), head("/callback"),
          head("/callback?code=abc&error=x&state=st4te"), head("/callback?code=abc&code=def&state=st4te"),
          head("/callback?code=abc&state=st4te&state=st4te"), head("/other?code=abc&state=st4te"),
          head("/callback/?code=abc&state=st4te"), head("http://127.0.0.1/callback?code=abc&state=st4te"),
          head("/callback?code=abc&state=st4te", "POST"), std::string("GET /callback?code=abc&state=st4te"),
          std::string("\x16\x03\x01"), std::string()})
        EXPECT_FALSE(read_callback(wrong, "st4te")) << wrong;
    EXPECT_FALSE(read_callback(head("/callback?code=abc&state="), ""));
}

}  // namespace
}  // namespace bursar::ctl
