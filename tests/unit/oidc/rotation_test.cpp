#include "tests/unit/oidc/sign_in.h"

#include <atomic>
#include <thread>

// Hunts: a new key that nobody learns of, an old one that counts for ever, a stranger who makes us ask the provider
// again and again, and an outage that becomes a refusal.
namespace bursar::oidc::testing {
namespace {

class RotationTest : public SignInTest {
  protected:
    RotationTest() { client_ = *make(provider_.options()); }
    Result<Identity> again() {
        auto begun = client_->begin(callback, "");
        if (!begun) return std::unexpected(begun.error());
        provider_.claims["nonce"] = text_of(begun->pending.nonce);
        provider_.claims["exp"] = std::to_string(provider_.seconds(300));
        provider_.claims["iat"] = std::to_string(provider_.seconds());
        return client_->finish(begun->pending, {.code = "a-code"});
    }
    void sign_by(const Signer& key) {
        provider_.keys.push_back(key);
        provider_.header["kid"] = text_of(key.kid());
    }
};

TEST_F(RotationTest, keys_are_asked_for_once_an_hour) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(again());
    EXPECT_EQ(provider_.asked("/keys"), 1);
    clock_.advance(std::chrono::minutes(59));
    ASSERT_TRUE(again());
    EXPECT_EQ(provider_.asked("/keys"), 1);
    clock_.advance(std::chrono::minutes(1));
    ASSERT_TRUE(again());
    EXPECT_EQ(provider_.asked("/keys"), 2);
    EXPECT_EQ(provider_.asked("/.well-known/openid-configuration"), 2);
}

TEST_F(RotationTest, a_new_key_is_learned_at_its_first_token) {
    ASSERT_TRUE(again());
    sign_by(second_key());
    ASSERT_TRUE(again());
    EXPECT_EQ(provider_.asked("/keys"), 2);
    ASSERT_TRUE(again());
    EXPECT_EQ(provider_.asked("/keys"), 2);
}

TEST_F(RotationTest, unknown_keys_make_us_ask_once_a_minute) {
    ASSERT_TRUE(again());
    provider_.header["kid"] = text_of("made-up");
    for (int i = 0; i < 10; ++i) {
        const auto identity = again();
        ASSERT_FALSE(identity);
        EXPECT_EQ(identity.error().fault, Fault::unauthenticated);
    }
    EXPECT_EQ(provider_.asked("/keys"), 2);
    clock_.advance(std::chrono::seconds(59));
    EXPECT_FALSE(again());
    EXPECT_EQ(provider_.asked("/keys"), 2);
    clock_.advance(std::chrono::seconds(1));
    EXPECT_FALSE(again());
    EXPECT_EQ(provider_.asked("/keys"), 3);
}

TEST_F(RotationTest, a_wrong_signature_of_a_known_key_makes_us_ask_nothing) {
    ASSERT_TRUE(again());
    provider_.keys = {second_key()};  // signs by the other key under the first one's name
    EXPECT_FALSE(again());
    EXPECT_EQ(provider_.asked("/keys"), 1);
}

TEST_F(RotationTest, a_key_that_was_taken_away_counts_no_longer_than_the_copy_is_kept) {
    ASSERT_TRUE(again());
    provider_.key_set_instead = R"({"keys":[)" + second_key().jwk() + "]}";
    ASSERT_TRUE(again());
    clock_.advance(std::chrono::hours(1));
    const auto identity = again();
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().fault, Fault::unauthenticated);
}

TEST_F(RotationTest, an_outage_is_said_as_one_and_ends_by_itself) {
    ASSERT_TRUE(again());
    clock_.advance(std::chrono::hours(1));
    for (const char* path : {"/keys", "/.well-known/openid-configuration"}) {
        provider_.instead[path] = [](const HttpRequest&) -> Result<HttpAnswer> {
            return fail(Fault::directory_unavailable, "The company's sign-in service does not answer.", "time: 5 s");
        };
        const auto identity = again();
        ASSERT_FALSE(identity) << path;
        EXPECT_EQ(identity.error().fault, Fault::directory_unavailable) << path;
        EXPECT_FALSE(client_->health().good) << path;
        EXPECT_NE(client_->health().text.find("time: 5 s"), std::string::npos);
        provider_.instead.clear();
        clock_.advance(std::chrono::hours(1));
    }
    const Timestamp now = clock_.now();
    EXPECT_TRUE(again());
    EXPECT_TRUE(client_->health().good);
    EXPECT_EQ(client_->health().answered_at, now);
}

TEST_F(RotationTest, keys_that_are_none_are_an_outage_that_health_shows) {
    provider_.key_set_instead = R"({"keys":[]})";
    const auto identity = again();
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().fault, Fault::directory_unavailable);
    EXPECT_FALSE(client_->health().good);
}

TEST(Flights, who_comes_while_a_question_is_under_way_gets_its_answer) {
    constexpr int threads = 8;
    ManualClock clock(*parse_timestamp("2026-11-23T17:54:20Z"));
    FakeProvider provider(clock);
    std::atomic<int> asked = 0, arrived = 0;
    const Http slow = [&](const HttpRequest&) -> Result<HttpAnswer> {
        ++asked;
        while (arrived < threads) std::this_thread::yield();
        return answer_of(200, object_of(provider.document));
    };
    const auto client = *Client::make(provider.options(), {}, slow, clock);
    std::atomic<int> begun = 0;
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                ++arrived;
                if (client->begin(callback, "")) ++begun;
            });
        }
    }
    EXPECT_EQ(begun, threads);
    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace bursar::oidc::testing
