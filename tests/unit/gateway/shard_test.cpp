// Hunts: a machine that was not allowed to spend for a moment and refuses every call from then on; a stop that a call
// gets around.
#include "service/gateway/shard.h"

#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "tests/unit/gateway/fake_exchange.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

class Shards : public testing::Test {
  protected:
    bool is_told_to_stop() {
        Call call(exchange, shard);
        shard.add(call);
        const bool told = call.stopping;
        shard.remove(call);
        return told;
    }

    asio::io_context context;
    Shard shard{context};
    HeadOnly exchange;
};

TEST_F(Shards, calls_that_were_ended_for_now_are_served_again_when_it_goes_on) {
    EXPECT_FALSE(is_told_to_stop());
    Call under_way(exchange, shard);
    bool cancelled = false;
    under_way.cancel = [&] { cancelled = true; };
    shard.add(under_way);
    shard.end_calls(Ended::for_now);
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(is_told_to_stop()) << "it came after the others were ended";
    shard.go_on();
    EXPECT_FALSE(is_told_to_stop());
    EXPECT_TRUE(under_way.stopping) << "what was ended stays so";
    shard.remove(under_way);
}

TEST_F(Shards, nothing_goes_on_after_a_stop) {
    shard.end_calls(Ended::for_now);
    shard.end_calls(Ended::for_good);
    shard.end_calls(Ended::for_now);
    shard.go_on();
    EXPECT_TRUE(is_told_to_stop());
}

}  // namespace
}  // namespace bursar::gateway
