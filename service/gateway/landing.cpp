#include "service/gateway/landing.h"

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

namespace bursar::gateway {

Task<Result<void>> Landing::wait() {
    if (result_) co_return *std::move(result_);
    auto begin = [this](auto handler) { waiting_ = std::move(handler); };
    Result<void> result =
        co_await asio::async_initiate<const asio::deferred_t, void(Result<void>)>(std::move(begin), asio::deferred);
    co_return result;
}

void Landing::land(Result<void> result) {
    if (!waiting_) {
        result_ = std::move(result);
        return;
    }
    auto resume = std::exchange(waiting_, nullptr);
    resume(std::move(result));
}

}  // namespace bursar::gateway
