#pragma once

#include "service/edge/async.h"
#include "service/providers/lookups.h"
#include "service/providers/ticker.h"

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace bursar::providers {

/// Names to addresses. Lookups are shared by all who ask for the same name, and answers are kept: a lookup per
/// connection would be another round trip. A name server that fails or hangs costs next to nothing where an old answer
/// is there.
class Resolver {
  public:
    struct Ages {
        std::chrono::milliseconds fresh{30'000};       ///< after this a new lookup is made
        std::chrono::milliseconds usable{600'000};     ///< up to this the old answer serves without waiting for it
        std::chrono::milliseconds old_waits_max{500};  ///< beyond, it is waited for so long before the old one serves
    };
    Resolver(asio::io_context& shard, Ticker& ticker, Lookup lookup, Ages ages);
    Resolver(asio::io_context& shard, Ticker& ticker) : Resolver(shard, ticker, system_lookup, Ages{}) {}
    ~Resolver();
    /// No lookup reaches the shard after this.
    void stop();

    /// At least one address, as text; or what went wrong, for the operator.
    Task<std::expected<std::vector<std::string>, std::string>> addresses(std::string host, Moment deadline,
                                                                         Operation& operation);

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with those who wait for a name
    Ticker& ticker_;
    const Ages ages_;
};

}  // namespace bursar::providers
