#pragma once

#include "service/edge/async.h"
#include "service/providers/ticker.h"

#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace bursar::providers {

/// Names to addresses. Lookups run on a thread of Asio's own and are shared by all who ask for the same name; answers
/// are kept for a while, because a lookup per connection would be another round trip. A name server that fails costs
/// nothing as long as an old answer is there.
class Resolver {
  public:
    Resolver(asio::io_context& shard, Ticker& ticker);
    ~Resolver();

    /// At least one address, as text; or what went wrong, for the operator.
    Task<std::expected<std::vector<std::string>, std::string>> addresses(std::string host, Moment deadline,
                                                                         Operation& operation);

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with lookups that end after this is gone
    Ticker& ticker_;
};

}  // namespace bursar::providers
