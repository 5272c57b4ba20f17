#pragma once

#include "service/demo/options.h"
#include "service/edge/exchange.h"

#include <string>
#include <vector>

namespace bursar::demo {

/// The provider of the bench: every request gets the same bytes, made once. Cheap, so that it is not what is measured.
/// Answers chat completions and, under /v1/messages, messages with the same words, plain or streamed; whether a request
/// wants a stream is looked for in its first and last kilobyte.
class BenchProvider final : public edge::Handler {
  public:
    explicit BenchProvider(const Bench& bench);
    Task<void> serve(edge::Exchange& exchange) override;

  private:
    struct Said {
        std::string plain;
        std::vector<std::string> events;
    };
    Task<void> stream(edge::Exchange& exchange, const std::vector<std::string>& events);

    const Bench bench_;
    edge::ResponseHead plain_head_;
    edge::ResponseHead stream_head_;
    Said chat_;
    Said messages_;
};

}  // namespace bursar::demo
