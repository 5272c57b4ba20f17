// Hunts: a courier that gets what is not its own or nothing at all, one that hangs or is not one, and a test of a
// target whose answer nobody sees.
#include "tests/unit/outbox/office.h"

#include <future>

namespace bursar::outbox::test {
namespace {

TEST_F(Office, gives_a_courier_each_message_with_the_secrets_of_its_target_and_takes_the_receipt) {
    FakeCourier courier(socket());
    courier.hello();
    happens("first");
    const auto delivery = courier.next();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->message.title, "first");
    ASSERT_EQ(delivery->target.secrets.size(), 1U);
    EXPECT_TRUE(
        equal_in_constant_time(delivery->target.secrets.at("webhook").reveal(), "https://hooks.example.com/T0/B0"));
    courier.say(integrations::write_receipt(
        {.id = delivery->id, .outcome = integrations::Outcome::sent, .reason = "", .answer = "200 ok"}));
    happens("second");
    const auto next = courier.next();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->message.title, "second");
    Result<Delivery> row = fail(Fault::not_found, "");
    ASSERT_TRUE(store_->read([&](store::Transaction& transaction) -> Result<void> {
        row = read_delivery_row(transaction, delivery->id);
        return {};
    }));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, Delivery::State::sent);
    EXPECT_EQ(row->answer, "200 ok");
}

TEST_F(Office, hands_what_one_courier_had_to_the_next_with_a_mark) {
    happens("once");
    std::string id;
    {
        FakeCourier courier(socket());
        courier.hello();
        const auto delivery = courier.next();
        ASSERT_TRUE(delivery);
        EXPECT_FALSE(delivery->perhaps_sent);
        id = delivery->id;
    }
    FakeCourier second(socket());
    second.hello();
    const auto again = second.next();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, id);
    EXPECT_TRUE(again->perhaps_sent);
    // A third one takes the place of the second.
    FakeCourier third(socket());
    third.hello();
    EXPECT_TRUE(second.is_put_out());
    EXPECT_TRUE(third.next());
}

TEST_F(Office, puts_out_whoever_does_not_speak_as_a_courier_does) {
    FakeCourier other(socket());
    other.say("{\"hello\":1}");
    EXPECT_TRUE(other.is_put_out());
    FakeCourier newer(socket());
    newer.say(R"({"courier":{"wire":99,"version":"9","at_once":8}})");
    EXPECT_TRUE(newer.is_put_out());
    FakeCourier babbles(socket());
    babbles.hello();
    babbles.say("{\"receipt\":");
    EXPECT_TRUE(babbles.is_put_out());
}

TEST_F(Office, takes_nobody_of_another_account) {
    open(static_cast<std::uint32_t>(::getuid()) + 1);
    FakeCourier courier(socket());
    EXPECT_TRUE(courier.is_put_out());
    EXPECT_FALSE(office_->facts().connected);
}

TEST_F(Office, shows_what_the_other_side_said_to_a_test) {
    EXPECT_EQ(office_->test("ops", "operator:ada").error().fault, Fault::conflict) << "no courier is there";
    FakeCourier courier(socket());
    courier.hello();
    happens("sync");  // when it has this, it was taken
    const auto first = courier.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(office_->test("none", "operator:ada").error().fault, Fault::not_found);
    EXPECT_EQ(office_->test("poor", "operator:ada").error().fault, Fault::key_missing);
    auto tried = std::async(std::launch::async, [&] { return office_->test("ops", "operator:ada"); });
    const auto delivery = courier.next();
    ASSERT_TRUE(delivery);
    EXPECT_TRUE(delivery->message.test);
    courier.say(integrations::write_receipt({.id = delivery->id,
                                             .outcome = integrations::Outcome::closed,
                                             .reason = "The webhook is gone.",
                                             .answer = "404 no_service"}));
    const auto result = tried.get();
    ASSERT_TRUE(result) << result.error().for_caller;
    EXPECT_EQ(result->outcome, integrations::Outcome::closed);
    EXPECT_EQ(result->answer, "404 no_service");
}

TEST_F(Office, answers_a_test_whose_courier_goes_away) {
    auto courier = std::make_unique<FakeCourier>(socket());
    courier->hello();
    happens("sync");
    ASSERT_TRUE(courier->next());
    auto tried = std::async(std::launch::async, [&] { return office_->test("ops", "operator:ada"); });
    ASSERT_TRUE(courier->next());
    courier.reset();
    EXPECT_EQ(tried.get().error().fault, Fault::conflict);
    office_->stop();
    EXPECT_EQ(office_->test("ops", "operator:ada").error().fault, Fault::shutting_down);
    EXPECT_FALSE(std::filesystem::exists(socket()));
}

}  // namespace
}  // namespace bursar::outbox::test
