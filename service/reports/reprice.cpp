#include "service/reports/reprice.h"

#include "policies/price.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace bursar::reports {
namespace {

constexpr Tokens million = 1'000'000;

struct Class {
    Tokens Usage::* count;
    Tokens unit;
};
constexpr std::array<Class, 15> all_classes = {{{&Usage::input, million},
                                                {&Usage::cache_read, million},
                                                {&Usage::cache_write_5m, million},
                                                {&Usage::cache_write_1h, million},
                                                {&Usage::output, million},
                                                {&Usage::reasoning, million},
                                                {&Usage::audio_input, million},
                                                {&Usage::audio_output, million},
                                                {&Usage::image_input, million},
                                                {&Usage::image_output, million},
                                                {&Usage::images, 1},
                                                {&Usage::web_searches, 1},
                                                {&Usage::characters, million},
                                                {&Usage::seconds, 100},
                                                {&Usage::search_units, 1}}};

std::unexpected<Error> cannot(const std::string& model, std::string_view why) {
    return fail(Fault::invalid_request, fmt::format("\"as_model\" names {}, {}.", model, why));
}

}  // namespace

Result<Repricing> Repricing::on(const policies::Snapshot& rules, const std::string& model, Timestamp now) {
    const auto found = rules.models.find(model);
    if (found == rules.models.end())
        return cannot(model, "which the policy does not have; see GET /v1/models or bursarctl policy show");
    if (found->second->channels.empty()) return cannot(model, "which stands for other models; name one of those");
    const policies::Channel& channel = found->second->channels.front();
    const policies::Price* price = channel.prices ? channel.prices->at(now) : nullptr;
    if (price == nullptr) return cannot(model, "which has no price today");
    policies::Price plain = *price;
    plain.tiers.clear();
    plain.hours.clear();
    Repricing repricing;
    repricing.per_request_ = policies::cost(plain, {}, {}, now);
    for (std::size_t i = 0; i < classes; ++i) {
        Usage usage;
        usage.*all_classes[i].count = all_classes[i].unit;
        repricing.rates_[i] = policies::cost(plain, usage, {}, now) - repricing.per_request_;
    }
    return repricing;
}

NanoUsd Repricing::cost(const audit::UsageSums& sums) const {
    // What was refused or failed would have cost nothing elsewhere either.
    const std::int64_t served = std::max<std::int64_t>(0, sums.calls - sums.refused - sums.errors);
    __int128 parts = static_cast<__int128>(per_request_.nanos()) * served * million;
    for (std::size_t i = 0; i < classes; ++i)
        parts += static_cast<__int128>(rates_[i].nanos()) * (sums.usage.*all_classes[i].count) *
                 (million / all_classes[i].unit);
    const __int128 nanos = (parts + million - 1) / million;
    return NanoUsd(static_cast<std::int64_t>(std::min<__int128>(nanos, std::numeric_limits<std::int64_t>::max())));
}

}  // namespace bursar::reports
