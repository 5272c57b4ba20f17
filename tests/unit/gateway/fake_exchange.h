#pragma once

#include "service/edge/exchange.h"

#include <stdexcept>
#include <string>

namespace bursar::gateway {

/// An exchange that has only a head: for the rooms that look at nothing else.
class HeadOnly final : public edge::Exchange {
  public:
    edge::RequestHead request;
    std::string from = "127.0.0.1";

    const edge::RequestHead& head() const override { return request; }
    const std::string& address() const override { return from; }
    Moment started() const override { return {}; }
    asio::any_io_executor executor() const override { return {}; }
    Task<Result<std::string>> read_body(std::size_t) override { throw std::logic_error("no body here"); }
    Task<Result<void>> respond(const edge::ResponseHead&, std::string_view) override {
        throw std::logic_error("no answer here");
    }
    Task<Result<void>> begin(const edge::ResponseHead&, std::string_view) override {
        throw std::logic_error("no answer here");
    }
    Task<Result<void>> write(std::string_view) override { throw std::logic_error("no answer here"); }
    Task<Result<void>> finish() override { throw std::logic_error("no answer here"); }
    void watch(std::function<void()>) override {}
    Task<Result<edge::Messages*>> upgrade() override { throw std::logic_error("no WebSocket here"); }
    bool draining() const override { return false; }
};

}  // namespace bursar::gateway
