// Hunts: a key that is half there and is found out at the first call only, one that signs for nobody, a key of another
// kind that is taken for one that signs.
#include "service/base/aws_key.h"

#include <gtest/gtest.h>

namespace bursar::aws {
namespace {

TEST(AwsKeys, are_taken_apart) {
    const auto lasting = parse_key(Secret::copy_of("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    ASSERT_TRUE(lasting.has_value());
    EXPECT_EQ(lasting->id, "AKIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(lasting->secret.reveal(), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    EXPECT_TRUE(lasting->session.empty());
    const auto temporary = parse_key(Secret::copy_of("ASIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI:IQoJb3JpZ2lu//8="));
    ASSERT_TRUE(temporary.has_value());
    EXPECT_EQ(temporary->session.reveal(), "IQoJb3JpZ2lu//8=");
}

TEST(AwsKeys, that_are_not_whole_are_refused_in_one_sentence) {
    for (const char* wrong :
         {"AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE:", "AKIAIOSFODNN7EXAMPLE:short", ":wJalrXUtnFEMI",
          "ASIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI", "AKIA EXAMPLE:wJalrXUtnFEMI", "AKIAIOSFODNN7EXAMPLE:wJalr XUtnFEMI",
          "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI:", "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI:a:b", ""}) {
        const auto key = parse_key(Secret::copy_of(wrong));
        ASSERT_FALSE(key.has_value()) << wrong;
        EXPECT_EQ(key.error().fault, Fault::invalid_request);
        EXPECT_NE(key.error().for_caller.find("ID:SECRET"), std::string::npos);
    }
}

TEST(AwsKeys, of_bedrocks_own_sign_nothing) {
    EXPECT_FALSE(signs(Secret::copy_of("ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl")));
    EXPECT_FALSE(signs(Secret::copy_of("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3M=")));
    EXPECT_TRUE(signs(Secret::copy_of("AKIAIOSFODNN7EXAMPLE")));
    EXPECT_TRUE(signs(Secret::copy_of("anybody:12345678")));
}

}  // namespace
}  // namespace bursar::aws
