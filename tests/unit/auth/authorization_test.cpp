// Hunts: a code that leaves this machine, that works twice, too late, for another program or without what only its
// program knows, and a sign-in that goes on although its code was seen by two.
#include "auth/authorization.h"

#include "auth/base64url.h"
#include "service/base/clock.h"
#include "service/base/crypto.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::auth {
namespace {

using State = AuthorizationCodes::Answer::State;
using std::chrono::minutes;
using std::chrono::seconds;

// RFC 7636, appendix B.
constexpr std::string_view verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
constexpr std::string_view here = "http://127.0.0.1:41234/callback";

constexpr LoopbackAsk::Words good = {.response_type = "code",
                                     .client_id = "bursarctl",
                                     .redirect_uri = here,
                                     .code_challenge = challenge,
                                     .code_challenge_method = "S256",
                                     .state = "xyz_-.~9"};

LoopbackAsk ask_for(std::string_view redirect) {
    LoopbackAsk::Words words = good;
    words.redirect_uri = redirect;
    auto ask = LoopbackAsk::check(words);
    EXPECT_TRUE(ask) << redirect;
    return *std::move(ask);
}

TEST(LoopbackAsk, an_answer_goes_to_this_machine_or_nowhere) {
    for (const char* fine :
         {"http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:8080/callback"})
        EXPECT_EQ(ask_for(fine).redirect(), fine);
    for (const char* wrong : {"",
                              "https://127.0.0.1:41234/callback",
                              "http://localhost:41234/callback",
                              "http://127.0.0.1/callback",
                              "http://127.0.0.1:/callback",
                              "http://127.0.0.1:0/callback",
                              "http://127.0.0.1:080/callback",
                              "http://127.0.0.1:65536/callback",
                              "http://127.0.0.1:99999999999/callback",
                              "http://127.0.0.1:-1/callback",
                              "http://127.0.0.1:+1/callback",
                              "http://127.0.0.1:41234",
                              "http://127.0.0.1:41234/callback/",
                              "http://127.0.0.1:41234/other",
                              "http://127.0.0.1:41234/callback?x=1",
                              "http://127.0.0.1:41234/callback#x",
                              "http://127.0.0.1:41234@evil.example/callback",
                              "http://127.0.0.1:1@evil.example:80/callback",
                              "http://127.0.0.1:80\\@evil.example/callback",
                              "http://127.0.0.1.evil.example:80/callback",
                              "http://127.0.0.2:80/callback",
                              "http://127.1:80/callback",
                              "http://2130706433:80/callback",
                              "http://[::1%25lo]:80/callback",
                              "http://[::ffff:127.0.0.1]:80/callback",
                              "HTTP://127.0.0.1:80/callback",
                              " http://127.0.0.1:80/callback",
                              "javascript:alert(1)//http://127.0.0.1:80/callback"}) {
        LoopbackAsk::Words words = good;
        words.redirect_uri = wrong;
        const auto ask = LoopbackAsk::check(words);
        ASSERT_FALSE(ask) << wrong;
        EXPECT_EQ(ask.error().fault, Fault::invalid_request);
    }
}

TEST(LoopbackAsk, a_word_that_is_missing_or_weaker_is_refused_by_name) {
    struct Case {
        std::string_view LoopbackAsk::Words::* word;
        std::string_view value, named;
    };
    const std::string long_state(129, 's');
    const std::vector<Case> cases = {
        {&LoopbackAsk::Words::response_type, "token", "response_type"},
        {&LoopbackAsk::Words::client_id, "claude_code", "client_id"},
        {&LoopbackAsk::Words::client_id, "", "client_id"},
        {&LoopbackAsk::Words::code_challenge_method, "plain", "code_challenge_method"},
        {&LoopbackAsk::Words::code_challenge_method, "", "code_challenge_method"},
        {&LoopbackAsk::Words::code_challenge, "", "code_challenge"},
        {&LoopbackAsk::Words::code_challenge, "short", "code_challenge"},
        {&LoopbackAsk::Words::code_challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "code_challenge"},
        {&LoopbackAsk::Words::state, "", "state"},
        {&LoopbackAsk::Words::state, "a&code=mine", "state"},
        {&LoopbackAsk::Words::state, "a\r\nx", "state"},
        {&LoopbackAsk::Words::state, long_state, "state"},
    };
    for (const Case& each : cases) {
        LoopbackAsk::Words words = good;
        words.*each.word = each.value;
        const auto ask = LoopbackAsk::check(words);
        ASSERT_FALSE(ask) << each.named << " " << each.value;
        EXPECT_NE(ask.error().for_caller.find(each.named), std::string::npos) << ask.error().for_caller;
    }
}

TEST(LoopbackAsk, a_no_goes_back_without_a_code) {
    EXPECT_EQ(ask_for(here).back_denied(), "http://127.0.0.1:41234/callback?error=access_denied&state=xyz_-.~9");
    const Secret to = ask_for(here).back_with(Secret::copy_of("abc"));
    EXPECT_EQ(to.reveal(), "http://127.0.0.1:41234/callback?code=abc&state=xyz_-.~9");
}

class AuthorizationCodesTest : public testing::Test {
  protected:
    static Approval of(std::string person) {
        return {.person = std::move(person), .way = "ldap:corp", .provider_session = "sid", .session = "s1"};
    }
    std::string give(std::string person = "ann") {
        const auto code = codes_.give(ask_for(here), of(std::move(person)));
        EXPECT_TRUE(code);
        return code ? std::string(code->reveal()) : std::string();
    }
    static AuthorizationCodes::Presented with(std::string_view code) {
        return {.code = code, .client_id = "bursarctl", .redirect_uri = here, .code_verifier = verifier};
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    AuthorizationCodes codes_{clock_};
};

TEST_F(AuthorizationCodesTest, a_code_is_good_once_for_who_began) {
    const std::string code = give();
    EXPECT_GE(code.size(), 51U) << "256 bits";
    EXPECT_NE(code, give());
    const auto taken = codes_.take(with(code));
    ASSERT_EQ(taken.state, State::good);
    ASSERT_TRUE(taken.approval);
    EXPECT_EQ(taken.approval->person, "ann");
    EXPECT_EQ(taken.approval->way, "ldap:corp");
    EXPECT_EQ(taken.approval->provider_session, "sid");
    EXPECT_EQ(taken.approval->session, "s1");
    EXPECT_TRUE(codes_.began(code, "family"));
    const auto again = codes_.take(with(code));
    EXPECT_EQ(again.state, State::used);
    EXPECT_EQ(again.session, "family") << "so that it can be ended";
    EXPECT_FALSE(again.approval);
}

TEST_F(AuthorizationCodesTest, whoever_has_the_code_but_not_the_rest_spoils_it) {
    using Presented = AuthorizationCodes::Presented;
    struct Case {
        std::string_view name;
        std::string_view Presented::* word;
        std::string_view value;
    };
    const std::string long_verifier(129, 'v');
    const std::vector<Case> cases = {
        {"another verifier", &Presented::code_verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"},
        {"no verifier", &Presented::code_verifier, ""},
        {"the challenge as verifier", &Presented::code_verifier, challenge},
        {"a verifier that is too long", &Presented::code_verifier, long_verifier},
        {"another client", &Presented::client_id, "claude_code"},
        {"no client", &Presented::client_id, ""},
        {"another port", &Presented::redirect_uri, "http://127.0.0.1:41235/callback"},
        {"the other loopback address", &Presented::redirect_uri, "http://[::1]:41234/callback"},
        {"no redirect", &Presented::redirect_uri, ""},
    };
    int person = 0;
    for (const Case& each : cases) {
        const std::string code = give(fmt::format("ann-{}", ++person));
        Presented presented = with(code);
        presented.*each.word = each.value;
        EXPECT_EQ(codes_.take(presented).state, State::refused) << each.name;
        EXPECT_EQ(codes_.take(with(code)).state, State::used) << each.name << ": there is no second try";
    }
    EXPECT_EQ(codes_.take(with("nothing")).state, State::refused);
    EXPECT_EQ(codes_.take(with("")).state, State::refused);
}

TEST_F(AuthorizationCodesTest, a_verifier_that_is_too_short_is_none_even_if_it_fits) {
    LoopbackAsk::Words words = good;
    const std::string of_short = to_base64url(as_text(sha256("short")));
    words.code_challenge = of_short;
    const auto ask = LoopbackAsk::check(words);
    ASSERT_TRUE(ask);
    const auto code = codes_.give(*ask, of("ann"));
    ASSERT_TRUE(code);
    auto presented = with(code->reveal());
    presented.code_verifier = "short";
    EXPECT_EQ(codes_.take(presented).state, State::refused);
}

TEST_F(AuthorizationCodesTest, a_code_lives_sixty_seconds) {
    const std::string in_time = give(), late = give();
    clock_.advance(seconds(59));
    EXPECT_EQ(codes_.take(with(in_time)).state, State::good);
    clock_.advance(seconds(1));
    EXPECT_EQ(codes_.take(with(late)).state, State::refused);
}

TEST_F(AuthorizationCodesTest, a_code_that_comes_again_is_known_for_ten_minutes) {
    const std::string code = give();
    ASSERT_EQ(codes_.take(with(code)).state, State::good);
    ASSERT_TRUE(codes_.began(code, "family"));
    clock_.advance(minutes(10) - seconds(1));
    EXPECT_EQ(codes_.take(with(code)).session, "family");
    clock_.advance(seconds(1));
    EXPECT_EQ(codes_.take(with(code)).state, State::refused);
}

TEST_F(AuthorizationCodesTest, a_code_that_comes_again_before_its_session_has_begun_ends_that_too) {
    const std::string code = give();
    ASSERT_EQ(codes_.take(with(code)).state, State::good);
    const auto meanwhile = codes_.take(with(code));
    EXPECT_EQ(meanwhile.state, State::used);
    EXPECT_EQ(meanwhile.session, "");
    EXPECT_FALSE(codes_.began(code, "family"));
}

TEST_F(AuthorizationCodesTest, one_person_cannot_fill_the_memory) {
    int given = 0;
    while (codes_.give(ask_for(here), of("eve"))) ++given;
    EXPECT_EQ(given, 20);
    EXPECT_EQ(codes_.give(ask_for(here), of("eve")).error().fault, Fault::rate_limited);
    EXPECT_TRUE(codes_.give(ask_for(here), of("ann")));
    clock_.advance(minutes(10));
    EXPECT_TRUE(codes_.give(ask_for(here), of("eve")));
    AuthorizationCodes few(clock_,
                           {.life = seconds(60), .remembered = minutes(10), .kept_max = 2, .kept_per_person = 2});
    EXPECT_TRUE(few.give(ask_for(here), of("ann")));
    EXPECT_TRUE(few.give(ask_for(here), of("bob")));
    EXPECT_EQ(few.give(ask_for(here), of("cid")).error().fault, Fault::overloaded);
}

TEST_F(AuthorizationCodesTest, of_many_who_show_one_code_at_once_one_is_let_in_at_most) {
    for (int round = 0; round < 20; ++round) {
        const std::string code = give(fmt::format("ann-{}", round));
        std::atomic<int> let_in = 0;
        {
            std::vector<std::jthread> programs;
            for (int i = 0; i < 4; ++i)
                programs.emplace_back([&] {
                    if (codes_.take(with(code)).state == State::good) ++let_in;
                });
        }
        EXPECT_EQ(let_in, 1);
        EXPECT_FALSE(codes_.began(code, "family")) << "three others came";
    }
}

}  // namespace
}  // namespace bursar::auth
