// Hunts: two messages of one incident at once or in the wrong order, more at once than was said, a delivery whose
// receipt is lost with its connection and that is told again.
#include "integrations/courier/courier.h"

#include <map>

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

/// Senders that end when the test says so.
class Gates {
  public:
    Task<Receipt> send(const Delivery& delivery) {
        began.push_back(delivery.id);
        const std::string id = delivery.id;
        co_await Waiting{*this, id};
        co_return Receipt{.id = id, .outcome = outcomes_[id]};
    }
    void open(const std::string& id, Outcome outcome = Outcome::sent) {
        outcomes_[id] = outcome;
        const auto waiting = waiting_.extract(id);
        ASSERT_FALSE(waiting.empty()) << id << " is not under way";
        waiting.mapped().resume();
    }
    std::vector<std::string> began;

  private:
    struct Waiting {
        Gates& gates;
        std::string id;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) const { gates.waiting_[id] = handle; }
        void await_resume() const noexcept {}
    };
    std::map<std::string, std::coroutine_handle<>> waiting_;
    std::map<std::string, Outcome> outcomes_;
};

class CourierTest : public testing::Test {
  protected:
    void take(const std::string& id, const std::string& target, const std::string& incident) {
        Delivery delivery{.id = id};
        delivery.target.name = target;
        delivery.message.incident = incident;
        courier_.take(std::move(delivery));
    }
    std::vector<std::string> heard() const {
        std::vector<std::string> out;
        for (const Receipt& each : receipts_)
            out.push_back(each.id + (each.outcome == Outcome::sent ? "" : " not sent"));
        return out;
    }
    using Words = std::vector<std::string>;

    ManualClock clock_{Timestamp{}};
    Gates gates_;
    std::vector<Receipt> receipts_;
    Courier courier_{[this](const Delivery& delivery) { return gates_.send(delivery); },
                     [this](const Receipt& receipt) { receipts_.push_back(receipt); }, clock_};
};

TEST_F(CourierTest, OfOneTargetAndIncidentOneIsUnderWay) {
    take("1", "slack", "a");
    take("2", "slack", "a");
    take("3", "jira", "a");
    take("4", "slack", "b");
    EXPECT_EQ(gates_.began, (Words{"1", "3", "4"}));
    EXPECT_EQ(heard(), Words{"2 not sent"});
    gates_.open("1");
    take("2", "slack", "a");
    EXPECT_EQ(gates_.began, (Words{"1", "3", "4", "2"}));
    for (const char* id : {"2", "3", "4"}) gates_.open(id);
    EXPECT_EQ(courier_.under_way(), 0U);
}

TEST_F(CourierTest, NotMoreThanEightAreUnderWay) {
    for (int i = 0; i < 9; ++i) take(std::to_string(i), "slack", std::to_string(i));
    EXPECT_EQ(gates_.began.size(), Courier::at_once_max);
    EXPECT_EQ(heard(), Words{"8 not sent"});
    gates_.open("0");
    take("8", "slack", "8");
    EXPECT_EQ(gates_.began.back(), "8");
    for (int i = 1; i < 9; ++i) gates_.open(std::to_string(i));
}

TEST_F(CourierTest, ADeliveryThatComesAgainWhileItIsUnderWayIsSentOnce) {
    take("1", "slack", "a");
    take("1", "slack", "a");
    gates_.open("1");
    EXPECT_EQ(gates_.began, Words{"1"});
    EXPECT_EQ(heard(), Words{"1"});
}

TEST_F(CourierTest, AReceiptThatGotLostIsGivenAgainInsteadOfASecondMessage) {
    take("1", "slack", "a");
    gates_.open("1");
    take("1", "slack", "a");
    EXPECT_EQ(gates_.began, Words{"1"});
    EXPECT_EQ(heard(), (Words{"1", "1"}));
}

TEST_F(CourierTest, WhatWasNotSentIsTriedAgain) {
    take("1", "slack", "a");
    gates_.open("1", Outcome::later);
    take("1", "slack", "a");
    EXPECT_EQ(gates_.began, (Words{"1", "1"}));
    gates_.open("1");
}

TEST_F(CourierTest, WhenItClosesNothingIsTakenAndWhatIsUnderWayGoesOn) {
    take("1", "slack", "a");
    courier_.close();
    take("2", "slack", "b");
    take("1", "slack", "a");
    EXPECT_EQ(heard(), Words{"2 not sent"});
    gates_.open("1");
    EXPECT_EQ(heard(), (Words{"2 not sent", "1"}));
}

}  // namespace
}  // namespace bursar::courier
