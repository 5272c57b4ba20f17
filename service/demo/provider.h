#pragma once

#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/demo/bill.h"
#include "service/demo/dialects.h"
#include "service/edge/exchange.h"

#include <atomic>
#include <optional>
#include <string>

namespace bursar::demo {

/// The demo provider behind the edge: credentials, directives, plain and streamed answers, and the bill for each of
/// them. The bill of a whole answer is written before its last bytes go out; a client that leaves in the middle of a
/// stream pays for what was generated until then, one that leaves a plain answer for all of it.
class Provider final : public edge::Handler {
  public:
    struct Settings {
        std::optional<Secret> key;  ///< the only credential that is taken; none: any or no credential
        PriceList prices;
        const LineFile* bill = nullptr;
        const LineFile* log = nullptr;
        bool log_bodies = false;
    };
    Provider(Settings settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}
    Task<void> serve(edge::Exchange& exchange) override;

  private:
    struct Visit;  // one request and what is known of it
    Task<void> answer(Visit& visit);
    Task<void> answer_plain(Visit& visit);
    Task<void> answer_stream(Visit& visit);
    Task<void> refuse(Visit& visit, int status, std::string_view sentence);
    bool knows(const edge::RequestHead& head) const;
    void bill(const Visit& visit, Tokens output, bool complete) const;
    void log(const Visit& visit) const;

    Settings settings_;
    const Clock& clock_;
    std::atomic<std::uint64_t> next_number_{1};
};

/// Which endpoint a path is; nothing if this provider has none such.
std::optional<Endpoint> endpoint_of(std::string_view path);

}  // namespace bursar::demo
