#include "service/gateway/landing.h"

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::gateway {

Task<Result<void>> Landing::wait() {
    if (result_) co_return *std::move(result_);
    auto begin = [this](auto handler) { waiting_ = std::move(handler); };
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result<void>)>(std::move(begin),
                                                                                               asio::use_awaitable);
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
