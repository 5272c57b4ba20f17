#include "auth/device.h"

#include "service/base/clock.h"

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include <gtest/gtest.h>

// Hunts: a code that works twice, after its time or for another program, codes that can be guessed, memory that
// strangers can fill, and answers that leave a program waiting for ever.
namespace bursar::auth {
namespace {

using State = DeviceGrants::Answer::State;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view program = "10.0.0.1", browser = "10.0.0.2";

class DeviceTest : public testing::Test {
  protected:
    DeviceGrants::Begun begin(std::string_view address = program) {
        auto begun = grants_.begin("claude_code", address);
        EXPECT_TRUE(begun);
        return *std::move(begun);
    }
    State poll(const DeviceGrants::Begun& begun) { return grants_.poll(begun.device_code.reveal()).state; }
    static Approval ann() { return {.person = "ann", .way = "ldap:corp", .provider_session = "sid"}; }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    DeviceGrants grants_{clock_};
};

TEST_F(DeviceTest, an_approved_code_is_good_once) {
    const auto begun = begin();
    EXPECT_EQ(begun.expires_in, minutes(10));
    EXPECT_EQ(begun.interval, seconds(5));
    EXPECT_EQ(poll(begun), State::pending);
    const auto shown = grants_.look(begun.user_code, browser);
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->user_code, begun.user_code);
    EXPECT_EQ(shown->client, "claude_code");
    EXPECT_EQ(shown->address, program);
    EXPECT_EQ(shown->began_at, clock_.now());
    ASSERT_TRUE(grants_.approve(begun.user_code, browser, ann()));
    const auto answer = grants_.poll(begun.device_code.reveal());
    EXPECT_EQ(answer.state, State::approved) << "at once, though it asks early";
    ASSERT_TRUE(answer.approval);
    EXPECT_EQ(answer.approval->person, "ann");
    EXPECT_EQ(answer.approval->way, "ldap:corp");
    EXPECT_EQ(answer.client, "claude_code");
    EXPECT_EQ(answer.address, program);
    EXPECT_EQ(poll(begun), State::unknown);
    EXPECT_EQ(grants_.look(begun.user_code, browser).error().fault, Fault::not_found);
    EXPECT_EQ(grants_.approve(begun.user_code, browser, ann()).error().fault, Fault::not_found);
}

TEST_F(DeviceTest, what_is_decided_is_decided) {
    const auto approved = begin(), denied = begin();
    ASSERT_TRUE(grants_.approve(approved.user_code, browser, ann()));
    EXPECT_EQ(grants_.deny(approved.user_code, browser).error().fault, Fault::conflict);
    EXPECT_EQ(grants_.approve(approved.user_code, browser, {.person = "eve", .way = "", .provider_session = ""})
                  .error()
                  .fault,
              Fault::conflict);
    EXPECT_EQ(grants_.poll(approved.device_code.reveal()).approval->person, "ann");
    ASSERT_TRUE(grants_.deny(denied.user_code, browser));
    EXPECT_EQ(grants_.approve(denied.user_code, browser, ann()).error().fault, Fault::conflict);
    EXPECT_EQ(poll(denied), State::denied);
    EXPECT_EQ(poll(denied), State::denied) << "as often as it asks";
}

TEST_F(DeviceTest, codes_are_of_the_letters_that_are_told_apart_and_typed_as_people_type) {
    std::set<std::string> codes;
    std::set<char> letters;
    for (int i = 0; i < 50; ++i) {
        const std::string code = begin().user_code;
        ASSERT_EQ(code.size(), 9U);
        EXPECT_EQ(code[4], '-');
        codes.insert(code);
        letters.insert(code.begin(), code.end());
    }
    EXPECT_EQ(codes.size(), 50U);
    letters.erase('-');
    EXPECT_EQ(std::string(letters.begin(), letters.end()), "BCDFGHJKLMNPQRSTVWXZ") << "each of them turns up";
    const std::string code = begin("10.0.0.3").user_code;
    std::string small = code;
    for (char& c : small)
        if (c != '-') c = static_cast<char>(c - 'A' + 'a');
    for (const std::string& typed : {code, small, code.substr(0, 4) + code.substr(5), " " + code + " "})
        EXPECT_TRUE(grants_.look(typed, browser)) << typed;
    for (const std::string& typed : {code + "B", code.substr(1), std::string("AEIO-UYAE"), std::string()})
        EXPECT_EQ(grants_.look(typed, browser).error().fault, Fault::not_found) << typed;
}

TEST_F(DeviceTest, a_code_ends_after_ten_minutes_and_its_program_is_told_so) {
    const auto begun = begin(), approved_late = begin();
    clock_.advance(minutes(10) - seconds(1));
    EXPECT_EQ(poll(begun), State::pending);
    ASSERT_TRUE(grants_.approve(approved_late.user_code, browser, ann()));
    clock_.advance(seconds(1));
    EXPECT_EQ(poll(begun), State::expired);
    EXPECT_EQ(poll(approved_late), State::expired) << "an approval does not make it live longer";
    EXPECT_EQ(grants_.look(begun.user_code, browser).error().fault, Fault::not_found);
    clock_.advance(minutes(10) - seconds(1));
    EXPECT_EQ(poll(begun), State::expired) << "for a while";
    clock_.advance(seconds(1));
    EXPECT_EQ(poll(begun), State::unknown);
    EXPECT_EQ(grants_.poll("nothing").state, State::unknown);
}

TEST_F(DeviceTest, whoever_asks_too_often_is_slowed_by_five_seconds_each_time) {
    const auto begun = begin();
    EXPECT_EQ(poll(begun), State::pending);
    clock_.advance(std::chrono::milliseconds(4'800));
    EXPECT_EQ(poll(begun), State::pending) << "a little early is in time";
    clock_.advance(seconds(1));
    EXPECT_EQ(poll(begun), State::slow_down);
    clock_.advance(seconds(6));
    EXPECT_EQ(poll(begun), State::slow_down) << "ten seconds from now on";
    clock_.advance(seconds(15));
    EXPECT_EQ(poll(begun), State::pending);
}

TEST_F(DeviceTest, ten_wrong_codes_from_one_address_are_enough) {
    const auto begun = begin();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(grants_.look("BBBB-BBBB", browser).error().fault, Fault::not_found) << i;
    EXPECT_EQ(grants_.look(begun.user_code, browser).error().fault, Fault::locked_out);
    EXPECT_EQ(grants_.approve(begun.user_code, browser, ann()).error().fault, Fault::locked_out);
    EXPECT_EQ(grants_.deny(begun.user_code, browser).error().fault, Fault::locked_out);
    EXPECT_TRUE(grants_.look(begun.user_code, "10.0.0.9")) << "others are not kept out";
    clock_.advance(minutes(10));
    EXPECT_TRUE(grants_.look(begin().user_code, browser));
}

TEST_F(DeviceTest, strangers_cannot_fill_the_memory_nor_keep_others_out_from_one_address) {
    int begun = 0;
    while (grants_.begin("x", "203.0.113.1")) ++begun;
    EXPECT_EQ(begun, 50);
    EXPECT_TRUE(grants_.begin("claude_code", program));
    int all = begun + 1;
    for (int i = 2; i < 100; ++i)
        for (int j = 0; j < 50; ++j)
            if (grants_.begin("x", "203.0.113." + std::to_string(i))) ++all;
    EXPECT_EQ(all, 1'000);
    EXPECT_EQ(grants_.begin("claude_code", program).error().fault, Fault::overloaded);
    clock_.advance(minutes(20));
    EXPECT_TRUE(grants_.begin("claude_code", program));
}

TEST_F(DeviceTest, of_many_programs_with_one_code_one_is_let_in) {
    for (int round = 0; round < 20; ++round) {
        const auto begun = begin("10.1.0." + std::to_string(round));
        ASSERT_TRUE(grants_.approve(begun.user_code, browser, ann()));
        std::atomic<int> let_in = 0;
        {
            std::vector<std::jthread> programs;
            for (int i = 0; i < 4; ++i)
                programs.emplace_back([&] {
                    if (poll(begun) == State::approved) ++let_in;
                });
        }
        EXPECT_EQ(let_in, 1);
    }
}

}  // namespace
}  // namespace bursar::auth
